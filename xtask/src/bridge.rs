//! The bridge as a child of this program, with a terminal's or a desktop's face, away from this
//! user's settings.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long a bridge may take to end in order.
const ENDING: Duration = Duration::from_secs(6);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(5);
/// How much of what it complained about is shown, in bytes from the end.
const COMPLAINT: usize = 4_000;
/// File of the data folder that takes what it complains about, which is none of its own.
pub(crate) const COMPLAINTS: &str = "complaints.log";

/// What a bridge is started with.
pub(crate) struct Launch<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// Folder for everything that it keeps.
    pub(crate) data_dir: &'a Path,
    /// URL of the cloud.
    pub(crate) cloud: &'a str,
    /// Its token; without one it pairs.
    pub(crate) token: Option<&'a SecretString>,
    /// Name of this computer, as the person sees it.
    pub(crate) host_label: &'a str,
    /// Where the gateway is.
    pub(crate) gateway: GatewayAt<'a>,
    /// What it shows.
    pub(crate) face: Face,
}

/// What a bridge shows of itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// Events on its standard output; no keychain.
    Events,
    /// A tray icon and a window; secrets are in this user's keychain, under a name of their own.
    Desktop,
}

/// Where a gateway is.
pub(crate) enum GatewayAt<'a> {
    /// At a URL, with a shared token.
    Url(&'a str, &'a SecretString),
    /// Where the configuration in this folder says.
    StateDir(&'a Path),
}

/// A running bridge; it is told to end when it is dropped.
pub(crate) struct Bridge {
    child: Child,
    events: UnboundedReceiver<Value>,
    complaints: PathBuf,
}

impl Bridge {
    /// Starts a bridge.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub(crate) fn start(launch: &Launch<'_>) -> anyhow::Result<Self> {
        let complaints = launch.data_dir.join(COMPLAINTS);
        let mut child = command(launch, &complaints)?
            .spawn()
            .with_context(|| format!("{} cannot be started", launch.program.display()))?;
        let (tell, events) = unbounded_channel();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || listen(stdout, &tell));
        }
        Ok(Self { child, events, complaints })
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the next event that it prints; none when it has ended.
    pub(crate) async fn next_event(&mut self) -> Option<Value> {
        self.events.recv().await
    }

    /// Says how it ended; none while it runs.
    ///
    /// # Errors
    /// When the system cannot say.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Forgets the events that it has printed so far.
    pub(crate) fn forget_events(&mut self) {
        while self.events.try_recv().is_ok() {}
    }

    /// Returns the end of what it complained about.
    pub(crate) fn complaints(&self) -> String {
        let said = std::fs::read(&self.complaints).unwrap_or_default();
        let from = said.len().saturating_sub(COMPLAINT);
        String::from_utf8_lossy(&said[from..]).trim().to_owned()
    }

    /// Tells it to end and waits until it has; kills it when that takes longer than 6 s.
    ///
    /// # Errors
    /// When the system cannot say how it ended.
    pub(crate) fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        self.ask_to_end();
        let deadline = Instant::now() + ENDING;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(LOOK);
        }
        self.child.kill()?;
        Ok(self.child.wait()?)
    }

    #[cfg(unix)]
    fn ask_to_end(&self) {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(id) = id {
            // It may have ended already.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
    }

    #[cfg(not(unix))]
    fn ask_to_end(&mut self) {
        // There is no gentle way here; it may have ended already.
        let _ = self.child.kill();
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // Nothing is left to be done about a process that cannot be ended.
            let _ = self.stop();
        }
    }
}

fn command(launch: &Launch<'_>, complaints: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(launch.program);
    for (name, _) in std::env::vars_os() {
        let theirs = name
            .to_str()
            .is_some_and(|name| name.starts_with("SOPHON_") || name.starts_with("OPENCLAW_"));
        if theirs {
            command.env_remove(name);
        }
    }
    command
        .env("SOPHON_BASE_URL", launch.cloud)
        .env("SOPHON_CONFIG_DIR", launch.data_dir)
        .env("SOPHON_HOST_LABEL", launch.host_label)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(complaints)?);
    if launch.face == Face::Events {
        command
            .arg("--json")
            // Without a bus there is no keychain: secrets stay in the data folder.
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .env("XDG_RUNTIME_DIR", launch.data_dir)
            // What belongs to a user whatever the data folder is, stays there as well.
            .env(if cfg!(windows) { "APPDATA" } else { "HOME" }, launch.data_dir)
            .env_remove("XDG_CONFIG_HOME");
    }
    if let Some(token) = launch.token {
        command.env("SOPHON_BOT_TOKEN", token.expose_secret());
    }
    match launch.gateway {
        GatewayAt::Url(url, token) => {
            let nowhere = launch.data_dir.join("no-openclaw");
            command
                .env("OPENCLAW_URL", url)
                .env("OPENCLAW_TOKEN", token.expose_secret())
                .env("OPENCLAW_STATE_DIR", nowhere)
        }
        GatewayAt::StateDir(folder) => command.env("OPENCLAW_STATE_DIR", folder),
    };
    Ok(command)
}

fn listen(stdout: ChildStdout, tell: &UnboundedSender<Value>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let Ok(event) = serde_json::from_str(&line) else { continue };
        if tell.send(event).is_err() {
            return;
        }
    }
}
