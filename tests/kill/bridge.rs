//! The program as a child of this one, which may be killed at any moment.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::diary::Diary;

/// How long the program may take to say something that it has to say.
const SOON: Duration = Duration::from_secs(20);
/// How long it may take to end in order.
const ENDING: Duration = Duration::from_secs(8);

/// What every start of the program is told.
pub(crate) struct Launch {
    /// Folder for everything that it keeps.
    pub(crate) data: PathBuf,
    /// A folder that stands for its user's home.
    pub(crate) home: PathBuf,
    pub(crate) cloud: String,
    pub(crate) token: String,
    pub(crate) gateway: String,
    pub(crate) gateway_token: String,
    pub(crate) diary: Diary,
}

/// The program at work.
pub(crate) struct Bridge {
    child: Child,
    events: UnboundedReceiver<Value>,
    diary: Diary,
}

impl Launch {
    /// Starts the program.
    pub(crate) fn start(&self) -> Bridge {
        self.start_as(Command::new(program()))
    }

    /// Starts the program through a shell that first does something else.
    #[cfg(target_os = "linux")]
    pub(crate) fn start_after(&self, first: &str) -> Bridge {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(format!("{first}; exec \"$0\" \"$@\"")).arg(program());
        self.start_as(shell)
    }

    fn start_as(&self, mut command: Command) -> Bridge {
        let mut child = command
            .args(["--json", "--verbose", "--data-dir"])
            .arg(&self.data)
            .args(["--sophon-base", &self.cloud, "--openclaw-url", &self.gateway])
            .env_clear()
            .env("SOPHON_BOT_TOKEN", &self.token)
            .env("OPENCLAW_TOKEN", &self.gateway_token)
            .env("NO_COLOR", "1")
            .env("HOME", &self.home)
            // Without a session bus there is no keychain: keys stay in the data folder.
            .env("XDG_RUNTIME_DIR", &self.home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        self.diary.note(format!("started {}", child.id().unwrap_or_default()));
        let events = listen(child.stdout.take().unwrap(), self.diary.clone());
        drop(listen(child.stderr.take().unwrap(), self.diary.clone()));
        Bridge { child, events, diary: self.diary.clone() }
    }
}

impl Bridge {
    /// Kills it, without a warning, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
        self.diary.note("KILLED");
    }

    /// Waits until it says that both sides are connected.
    pub(crate) async fn ready(&mut self) {
        self.event("ready").await;
    }

    /// Waits for an event, over all others.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        self.event_that(name, |event| event["event"] == name).await
    }

    /// Waits for an event that is as wanted, over all others.
    pub(crate) async fn event_that(
        &mut self,
        what: &str,
        is_wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let wanted = async {
            loop {
                let event = self.events.recv().await?;
                if is_wanted(&event) {
                    return Some(event);
                }
            }
        };
        let found = timeout(SOON, wanted).await.ok().flatten();
        found.unwrap_or_else(|| self.diary.fail(&format!("the program never said: {what}")))
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn end(mut self) -> ExitStatus {
        kill_process(self.pid(), Signal::TERM).unwrap();
        self.diary.note("asked to end");
        let ended = timeout(ENDING, self.child.wait()).await;
        let status = ended.unwrap_or_else(|_| self.diary.fail("it was asked to end, and did not"));
        self.diary.note("ended");
        status.unwrap()
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Pid {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        id.and_then(Pid::from_raw).expect("it runs")
    }
}

/// The program of `crates/cli`, built for this test.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_sophon-bridge-in-flows"))
}

/// Notes every line, and hands on those that are JSON.
fn listen(from: impl AsyncRead + Send + Unpin + 'static, diary: Diary) -> UnboundedReceiver<Value> {
    let (tell, told) = unbounded_channel();
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Ok(event) = serde_json::from_str(&line) {
                // Not everybody listens.
                let _ = tell.send(event);
            }
            diary.note(format!("    {line}"));
        }
    });
    told
}
