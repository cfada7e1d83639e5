//! A computer of its own for every test: a home folder, a search path, and the program on it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use simulator::cloud::{Cloud, CloudOptions};
use simulator::gateway::{Gateway, GatewayOptions};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(20);
/// Nothing listens there.
pub(crate) const CLOSED: &str = "http://127.0.0.1:9";
pub(crate) const GATEWAY_TOKEN: &str = "a-gateway-token-of-the-tests";

/// A computer without a keychain and, at first, without OpenClaw.
pub(crate) struct Computer {
    root: TempDir,
}

/// A cloud, a computer with a gateway, and a token of an installation.
pub(super) async fn set_up() -> (Cloud, Gateway, Computer, String) {
    let cloud = Cloud::start(CloudOptions::default()).await.unwrap();
    let gateway = Gateway::start(GatewayOptions::default()).await.unwrap();
    let computer = Computer::new();
    computer.serve(&gateway);
    let (_, token) = cloud.mint_installation("Den");
    (cloud, gateway, computer, token)
}

impl Computer {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["bin", "run"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        Self { root }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.path("data").join(name)
    }

    /// Files of the data folder with something of a pairing, apart from locks, which name an
    /// installation and nothing secret.
    pub(crate) fn left_of_a_pairing(&self) -> Vec<String> {
        let files = fs::read_dir(self.path("data")).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.is_file());
        let files = files.filter(|path| path.extension().is_none_or(|it| it != "lock"));
        let named = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let holds = |path: &PathBuf| {
            let content = fs::read(path).unwrap();
            named(path).contains("inst_") || content.windows(5).any(|bytes| bytes == b"inst_")
        };
        files.filter(holds).map(|path| named(&path)).collect()
    }

    pub(crate) fn install_openclaw(&self) {
        let program = self.path("bin/openclaw");
        fs::write(&program, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn set_up_openclaw(&self, port: u16, token: Option<&str>) {
        fs::create_dir_all(self.path(".openclaw")).unwrap();
        let config = json!({"gateway": {"port": port, "auth": {"mode": "token", "token": token}}});
        fs::write(self.path(".openclaw/openclaw.json"), config.to_string()).unwrap();
    }

    pub(crate) fn serve(&self, gateway: &Gateway) {
        self.set_up_openclaw(gateway.port(), Some(gateway.token()));
    }

    pub(crate) fn command(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sophon-bridge"));
        command
            .args(flags)
            .env_clear()
            .env("HOME", self.root.path())
            .env("PATH", self.path("bin"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("SOPHON_CONFIG_DIR", self.path("data"))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs the program to its end.
    pub(crate) async fn finish(&self, flags: &[&str]) -> Finished {
        finish(self.command(flags)).await
    }

    /// Starts the program with `--json` beside a cloud.
    pub(crate) fn start(&self, cloud: &Cloud, flags: &[&str]) -> Running {
        let base = cloud.base_url();
        let mut command = self.command(&[&["--json", "--sophon-base", &base], flags].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Running { child, lines }
    }
}

pub(crate) async fn finish(mut command: Command) -> Finished {
    let output = timeout(DEADLINE, command.output()).await.expect("the program ends").unwrap();
    Finished {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    pub(crate) fn events(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn event(&self, name: &str) -> Value {
        let found = self.events().into_iter().find(|event| event["event"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }
}

/// A program at work.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Waits for an event, over all others.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        let mut seen = Vec::new();
        let found = timeout(DEADLINE, async {
            loop {
                let line = self.lines.next_line().await.unwrap()?;
                let event: Value = serde_json::from_str(&line).unwrap();
                if event["event"] == name {
                    return Some(event);
                }
                seen.push(line);
            }
        })
        .await;
        found.ok().flatten().unwrap_or_else(|| panic!("no {name} among {seen:#?}"))
    }

    /// Waits for an event with a text in one of its fields.
    pub(crate) async fn event_with(&mut self, name: &str, field: &str, text: &str) -> Value {
        loop {
            let event = self.event(name).await;
            if event[field].as_str().is_some_and(|it| it.contains(text)) {
                return event;
            }
        }
    }

    /// Everything that it still tells until it ends.
    pub(crate) async fn rest(mut self) -> Vec<Value> {
        let mut told = Vec::new();
        let whole = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                told.push(serde_json::from_str(&line).unwrap());
            }
        };
        timeout(DEADLINE, whole).await.expect("the program ends");
        told
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end; returns what was said on standard error.
    pub(crate) async fn ended(mut self, within: Duration) -> (ExitStatus, String) {
        let status = timeout(within, self.child.wait()).await.expect("the program ends").unwrap();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
        (status, said)
    }
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}
