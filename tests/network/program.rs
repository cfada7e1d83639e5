//! The program as a process of its own, whose memory can be measured and which can be put to sleep.

use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use simulator::cloud::Cloud;
use tempfile::TempDir;
use tokio::process::{Child, Command};

pub(crate) struct Program {
    child: Child,
    _folder: TempDir,
}

impl Program {
    /// Starts the program between a cloud at this address and a gateway.
    pub(crate) fn start(cloud: &str, token: &str, gateway: (&str, &str)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new(Path::new(env!("CARGO_BIN_EXE_sophon-bridge-in-flows")))
            .args(["--data-dir", "data", "--sophon-base", cloud, "--openclaw-url", gateway.0])
            .current_dir(folder.path())
            .env_clear()
            .env("SOPHON_BOT_TOKEN", token)
            .env("OPENCLAW_TOKEN", gateway.1)
            .env("HOME", folder.path())
            // Without a session bus there is no keychain: keys stay in the data folder.
            .env("XDG_RUNTIME_DIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { child, _folder: folder }
    }

    /// Starts the program for a new installation of this cloud.
    pub(crate) fn start_at(cloud: &Cloud, gateway: (&str, &str)) -> Self {
        let (_, token) = cloud.mint_installation("Flow OpenClaw");
        Self::start(&cloud.base_url(), &token, gateway)
    }

    /// The most memory that it has had so far, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = format!("/proc/{}/status", self.pid().as_raw_nonzero());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kilobytes * 1024
    }

    /// Stops it in the middle of whatever it does, as a computer that falls asleep.
    pub(crate) fn freeze(&self) {
        kill_process(self.pid(), Signal::STOP).unwrap();
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        kill_process(self.pid(), Signal::CONT).unwrap();
    }

    fn pid(&self) -> Pid {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        id.and_then(Pid::from_raw).expect("it runs")
    }
}
