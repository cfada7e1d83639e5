//! A gateway as a process of the operating system.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::{Instant, sleep};
use url::Url;

use crate::Installed;

/// How much of the log is shown, in bytes from its end.
const LOG_TAIL: u64 = 16 * 1024;
/// Pause between two looks at a process that should end.
const POLL: Duration = Duration::from_millis(20);
/// What a gateway keeps of this process's environment: where programs are, and what Windows
/// cannot do without.
const INHERITED: [&str; 5] = ["PATH", "LANG", "TZ", "SystemRoot", "ComSpec"];
/// Keeps the gateway on the loopback, and in one process.
const SETTINGS: [(&str, &str); 8] = [
    ("OPENCLAW_SKIP_BROWSER_CONTROL_SERVER", "1"),
    ("OPENCLAW_SKIP_GMAIL_WATCHER", "1"),
    ("OPENCLAW_DISABLE_BONJOUR", "1"),
    ("OPENCLAW_EXEC_SHELL_SNAPSHOT", "0"),
    ("OPENCLAW_NO_AUTO_UPDATE", "1"),
    ("OPENCLAW_NO_RESPAWN", "1"),
    ("OPENCLAW_PACKAGED_COMPILE_CACHE_RESPAWNED", "1"),
    ("DO_NOT_TRACK", "1"),
];

/// Keeps a gateway from starting channels.
const NO_CHANNELS: (&str, &str) = ("OPENCLAW_SKIP_CHANNELS", "1");

/// Ends the gateway with this process, and keeps it from looking up other hosts.
const PRELOAD: &str = include_str!("preload.mjs");

/// What to start, and where.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) installed: Installed,
    pub(crate) home: PathBuf,
    /// User and group to run as, when not this process's.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix starts programs as somebody"))]
    pub(crate) user: Option<u32>,
    /// Whether the channels of the configuration start.
    pub(crate) with_channels: bool,
    /// Where Node.js keeps compiled code between starts.
    pub(crate) compiled: PathBuf,
}

impl Launch {
    pub(crate) fn spawn(&self) -> anyhow::Result<GatewayProcess> {
        let preload = self.home.join("preload.mjs");
        std::fs::write(&preload, PRELOAD)?;
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut command = Command::new(&self.installed.node);
        command
            .arg("--import")
            .arg(file_url(&preload)?.as_str())
            .arg(&self.installed.entry)
            .args(["gateway", "run"])
            .current_dir(&self.home)
            .env_clear()
            .envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(SETTINGS)
            .envs((!self.with_channels).then_some(NO_CHANNELS))
            .envs(["HOME", "USERPROFILE"].map(|name| (name, &self.home)))
            .envs(["TMPDIR", "TEMP", "TMP"].map(|name| (name, self.home.join("tmp"))))
            .env("NODE_COMPILE_CACHE", &self.compiled)
            .env("GATEWAY_OWNER", std::process::id().to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.place(&mut command);
        let child = command.spawn().with_context(|| {
            format!(
                "cannot start {} with {}",
                self.installed.entry.display(),
                self.installed.node.display()
            )
        })?;
        Ok(GatewayProcess { child })
    }

    #[cfg(unix)]
    fn place(&self, command: &mut Command) {
        use std::os::unix::process::CommandExt as _;
        command.process_group(0);
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
    }

    #[cfg(not(unix))]
    fn place(&self, _command: &mut Command) {}

    /// The end of what the gateway printed, over all its starts.
    pub(crate) fn log_tail(&self) -> String {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(self.log())?;
            let from = file.metadata()?.len().saturating_sub(LOG_TAIL);
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
    }

    fn log(&self) -> PathBuf {
        self.home.join("printed.log")
    }
}

fn file_url(path: &Path) -> anyhow::Result<Url> {
    let url = Url::from_file_path(path);
    url.map_err(|()| anyhow::anyhow!("{} is not an absolute path", path.display()))
}

/// A running gateway; dropping it kills its process group.
#[derive(Debug)]
pub(crate) struct GatewayProcess {
    child: Child,
}

impl GatewayProcess {
    /// Its exit status, once it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end.
    pub(crate) async fn wait(&mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.ended() {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                bail!("the gateway still runs after {} s", within.as_secs());
            }
            sleep(POLL).await;
        }
    }

    #[cfg(unix)]
    pub(crate) fn terminate(&mut self) -> anyhow::Result<()> {
        if self.ended().is_none() {
            rustix::process::kill_process(self.pid(), rustix::process::Signal::TERM)?;
        }
        Ok(())
    }

    #[cfg(not(unix))]
    pub(crate) fn terminate(&mut self) -> anyhow::Result<()> {
        bail!("this system has no SIGTERM")
    }

    /// Kills it with everything that it started in its group.
    pub(crate) fn kill(&mut self) {
        #[cfg(unix)]
        if self.ended().is_none() {
            let _ = rustix::process::kill_process_group(self.pid(), rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    #[cfg(unix)]
    fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }
}

impl Drop for GatewayProcess {
    fn drop(&mut self) {
        self.kill();
    }
}
