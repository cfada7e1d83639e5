//! The program as a child of this one, with everything that it says.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

/// Everything that a program has said so far.
pub(crate) type Said = Arc<Mutex<Vec<u8>>>;

/// What every start of the program is told.
pub(crate) struct Launch<'a> {
    pub(crate) home: &'a Path,
    pub(crate) cloud: &'a str,
    pub(crate) token: &'a str,
    pub(crate) gateway: &'a str,
    pub(crate) gateway_token: &'a str,
    /// Where it goes what every one of them says.
    pub(crate) said: Said,
}

/// The program at work.
pub(crate) struct Program {
    child: Child,
    listening: JoinSet<()>,
}

impl Launch<'_> {
    /// Starts the program with all that it can be told to log.
    pub(crate) fn start(&self) -> Program {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sophon-bridge-in-flows"))
            .args(["--json", "--verbose", "--data-dir"])
            .arg(self.home.join("data"))
            .args(["--sophon-base", self.cloud, "--openclaw-url", self.gateway])
            .env_clear()
            .env("SOPHON_BOT_TOKEN", self.token)
            .env("OPENCLAW_TOKEN", self.gateway_token)
            .env("RUST_LOG", "trace")
            .env("HOME", self.home)
            // Without a session bus there is no keychain: keys stay in the data folder.
            .env("XDG_RUNTIME_DIR", self.home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut listening = JoinSet::new();
        listening.spawn(listen(child.stdout.take().unwrap(), Arc::clone(&self.said)));
        listening.spawn(listen(child.stderr.take().unwrap(), Arc::clone(&self.said)));
        Program { child, listening }
    }
}

impl Program {
    /// Kills it, without a warning, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
        self.listening.join_all().await;
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn end(mut self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        kill_process(id.and_then(Pid::from_raw).expect("it runs"), Signal::TERM).unwrap();
        assert!(self.child.wait().await.unwrap().success());
        self.listening.join_all().await;
    }
}

async fn listen(mut from: impl AsyncRead + Unpin, said: Said) {
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        said.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&piece[..length]);
    }
}
