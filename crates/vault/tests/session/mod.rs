//! A private session bus with GNOME Keyring on it, away from the keychain of whoever runs the tests.

use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// Set in the process that runs inside the private session.
const INSIDE: &str = "VAULT_TEST_SESSION";
const PASSWORD: &[u8] = b"a password of the tests";
const DEADLINE: Duration = Duration::from_secs(20);
const MISSING: &str = "the keychain tests need Debian's packages dbus and gnome-keyring: apt-get install dbus gnome-keyring";

/// Runs `body` with a session bus of its own. The environment of a running process cannot be changed
/// safely, so this test program is started once more for the one test, on the new bus.
pub(crate) fn on_private_bus<F: Future<Output = ()>>(test: &str, body: impl FnOnce(Session) -> F) {
    if let Some(root) = env::var_os(INSIDE) {
        let session = Session { root: root.into(), keyring: None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(body(session));
    }
    let root = tempfile::tempdir().unwrap();
    for folder in ["run", "home"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    let config = root.path().join("bus.conf");
    fs::write(&config, bus_config(root.path())).unwrap();
    let output = environment(Command::new("dbus-run-session"), root.path())
        .arg("--config-file")
        .arg(config)
        .arg("--")
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, root.path())
        .output()
        .expect(MISSING);
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{failed}");
}

/// The inside of a private session.
pub(crate) struct Session {
    root: PathBuf,
    keyring: Option<Child>,
}

impl Session {
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.root.join("data")
    }

    pub(crate) fn start_keyring(&mut self) {
        let control = self.root.join("run/keyring");
        let mut keyring = environment(Command::new("gnome-keyring-daemon"), &self.root)
            .args(["--foreground", "--components=secrets", "--unlock"])
            .arg("--control-directory")
            .arg(control)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect(MISSING);
        keyring.stdin.take().unwrap().write_all(PASSWORD).unwrap();
        self.keyring = Some(keyring);
        self.wait_for_keyring(true);
    }

    pub(crate) fn stop_keyring(&mut self) {
        let mut keyring = self.keyring.take().unwrap();
        keyring.kill().unwrap();
        keyring.wait().unwrap();
        self.wait_for_keyring(false);
    }

    pub(crate) fn lock_keyring(&self) {
        let answer = self.ask(
            "org.freedesktop.secrets",
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            "array:objpath:/org/freedesktop/secrets/collection/login",
        );
        assert!(answer.contains("collection/login"), "{answer}");
    }

    fn wait_for_keyring(&self, wanted: bool) {
        let until = Instant::now() + DEADLINE;
        let bus = "org.freedesktop.DBus";
        let method = "org.freedesktop.DBus.NameHasOwner";
        while self
            .ask(bus, "/org/freedesktop/DBus", method, "string:org.freedesktop.secrets")
            .contains("true")
            != wanted
        {
            assert!(Instant::now() < until, "the keychain daemon did not come or go");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn ask(&self, service: &str, path: &str, method: &str, argument: &str) -> String {
        let output = Command::new("dbus-send")
            .args(["--session", "--print-reply", &format!("--dest={service}")])
            .args([path, method, argument])
            .output()
            .expect(MISSING);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(keyring) = &mut self.keyring {
            // It may be gone already.
            let _ = keyring.kill();
            let _ = keyring.wait();
        }
    }
}

fn environment(mut command: Command, root: &Path) -> Command {
    command
        .env("HOME", root.join("home"))
        .env("XDG_RUNTIME_DIR", root.join("run"))
        .env("XDG_DATA_HOME", root.join("home/data"))
        .env("XDG_CONFIG_HOME", root.join("home/config"))
        .env("XDG_CACHE_HOME", root.join("home/cache"))
        .env_remove("GNOME_KEYRING_CONTROL")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY");
    command
}

/// No service is started on demand: what is not started by the test is absent.
fn bus_config(root: &Path) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><keep_umask/><listen>unix:dir={}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"#,
        root.join("run").display()
    )
}
