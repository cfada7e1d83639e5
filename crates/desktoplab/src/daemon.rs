use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::timeout;

use crate::packages::cannot_start;
use crate::wait::PATIENCE;

/// How long a daemon may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(1);
/// Pause between two looks at one that should end.
const POLL: Duration = Duration::from_millis(5);

/// A program of the desktop, in a process group of its own that ends with it.
#[derive(Debug)]
pub(crate) struct Daemon {
    program: String,
    child: Child,
    log: PathBuf,
    /// Kept open, because a program may be killed by writing to a pipe that nobody reads.
    _said: Option<BufReader<ChildStdout>>,
}

impl Daemon {
    /// Starts it; what it prints goes to `log`.
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> anyhow::Result<Self> {
        let printed = File::create(&log)?;
        command.stdout(printed.try_clone()?).stderr(printed);
        Self::spawn(command, log)
    }

    /// Starts it, and gives the first line that it prints; its errors go to `log`.
    pub(crate) async fn start_and_hear(
        command: &mut Command,
        log: PathBuf,
    ) -> anyhow::Result<(Self, String)> {
        command.stdout(Stdio::piped()).stderr(File::create(&log)?);
        let mut daemon = Self::spawn(command, log)?;
        let stdout = daemon.child.stdout.take().context("its output is not piped")?;
        let hearing = tokio::task::spawn_blocking(move || {
            let mut said = BufReader::new(stdout);
            let mut line = String::new();
            said.read_line(&mut line).map(|_| (said, line.trim_end().to_owned()))
        });
        let (said, line) = match timeout(PATIENCE, hearing).await {
            Ok(heard) => heard??,
            Err(_) => bail!("{} was not ready after {PATIENCE:?}", daemon.program),
        };
        if line.is_empty() {
            bail!("{} did not start: {}", daemon.program, daemon.messages());
        }
        daemon._said = Some(said);
        Ok((daemon, line))
    }

    fn spawn(command: &mut Command, log: PathBuf) -> anyhow::Result<Self> {
        let program = command.get_program().to_owned();
        let child =
            command.process_group(0).spawn().map_err(|error| cannot_start(&program, error))?;
        let program = OsStr::display(&program).to_string();
        Ok(Self { program, child, log, _said: None })
    }

    /// Its standard input, once, if it is piped.
    pub(crate) fn input(&mut self) -> Option<std::process::ChildStdin> {
        self.child.stdin.take()
    }

    /// Fails when it has ended, with what it printed.
    pub(crate) fn ensure_running(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended with {status}: {}", self.program, self.messages()),
        }
    }

    fn messages(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).trim().to_owned()
    }

    fn signal(&self, signal: Signal) {
        // It may be gone already.
        let _ = kill_process_group(Pid::from_child(&self.child), signal);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let deadline = Instant::now() + GRACE;
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::TERM);
        }
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() >= deadline {
                self.signal(Signal::KILL);
            }
            thread::sleep(POLL);
        }
    }
}
