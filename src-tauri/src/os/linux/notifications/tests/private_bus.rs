//! A session bus away from that of whoever runs the tests; no service is started on demand.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::super::bus::Address;

const MISSING: &str = "the notification tests need Debian's package dbus: apt-get install dbus";

/// A bus with an address of its own, running or not.
pub(super) struct PrivateBus {
    folder: TempDir,
    daemon: Option<Child>,
}

impl PrivateBus {
    pub(super) async fn start() -> Self {
        let mut bus = Self::prepare();
        bus.run().await;
        bus
    }

    /// Chooses an address at which nothing runs yet.
    pub(super) fn prepare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bus = Self { folder, daemon: None };
        fs::write(bus.config(), bus.configuration()).unwrap();
        bus
    }

    pub(super) async fn run(&mut self) {
        let mut daemon = Command::new("dbus-daemon")
            .args(["--nofork", "--nopidfile", "--print-address"])
            .arg(format!("--config-file={}", self.config().display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect(MISSING);
        let mut said = BufReader::new(daemon.stdout.take().unwrap()).lines();
        // It says its address when it listens.
        assert!(said.next_line().await.unwrap().is_some(), "the bus did not start");
        self.daemon = Some(daemon);
    }

    pub(super) async fn stop(&mut self) {
        self.daemon.take().unwrap().kill().await.unwrap();
        fs::remove_file(self.socket()).unwrap();
    }

    pub(super) fn address(&self) -> Address {
        Address::At(self.listen())
    }

    pub(super) async fn connect(&self) -> zbus::Connection {
        zbus::connection::Builder::address(self.listen().as_str()).unwrap().build().await.unwrap()
    }

    fn listen(&self) -> String {
        format!("unix:path={}", self.socket().display())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("bus")
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("bus.conf")
    }

    fn configuration(&self) -> String {
        format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>{}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"#,
            self.listen()
        )
    }
}
