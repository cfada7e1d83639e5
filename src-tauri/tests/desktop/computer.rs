use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};
use std::time::Duration;

use desktoplab::{Desktop, DesktopOptions, TrayIcon, WebDriver, eventually};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::SecretString;
use simulator::cloud::{Cloud, CloudOptions};
use simulator::gateway::{Gateway, GatewayOptions, Generation};
use tokio::process::{Child, Command};

/// The app under test.
pub(crate) const APP: &str = env!("CARGO_BIN_EXE_sophon-desktop");
/// What the icon says it is.
pub(crate) const ICON: &str = "at.sophon.desktop";
/// A session of the phone.
pub(crate) const SESSION: &str = "ses_desktop000001";
/// How long the cloud and the gateway may take.
pub(crate) const SOON: Duration = Duration::from_secs(15);

/// A computer with a desktop and a gateway, and the cloud with its owner's phone.
pub(crate) struct Computer {
    pub(crate) desktop: Desktop,
    pub(crate) cloud: Cloud,
    pub(crate) gateway: Gateway,
    inspector: SocketAddr,
}

/// The running app. Dropping it kills it.
pub(crate) struct App {
    child: Child,
}

impl Computer {
    pub(crate) async fn new() -> Self {
        Self::with(DesktopOptions::default()).await
    }

    pub(crate) async fn with(options: DesktopOptions) -> Self {
        let desktop = Desktop::start(options).await.unwrap();
        let cloud = Cloud::start(CloudOptions::default()).await.unwrap();
        let gateway = Gateway::start(GatewayOptions::of(Generation::Newer)).await.unwrap();
        std::fs::write(desktop.home().join("gateway-token"), gateway.token()).unwrap();
        let inspector = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        Self { desktop, cloud, gateway, inspector }
    }

    /// Prepares the app with everything that it must be told here.
    pub(crate) fn app(&self, flags: &[&str]) -> Command {
        self.told(self.desktop.command(APP), flags)
    }

    fn told(&self, mut command: Command, flags: &[&str]) -> Command {
        command
            .env("SOPHON_BASE_URL", self.cloud.base_url())
            .env("SOPHON_CONFIG_DIR", self.data_dir())
            .env("SOPHON_HOST_LABEL", "Den")
            .env("OPENCLAW_URL", self.gateway.url())
            .env("OPENCLAW_TOKEN_FILE", self.desktop.home().join("gateway-token"))
            // So that the window can be driven.
            .env("SOPHON_DESKTOP_AUTOMATION", "1")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("WEBKIT_INSPECTOR_SERVER", self.inspector.to_string())
            .args(flags);
        command
    }

    pub(crate) fn start(&self, flags: &[&str]) -> App {
        App { child: self.app(flags).spawn().unwrap() }
    }

    /// Starts the app by a shell that first does something else.
    pub(crate) fn start_after(&self, first: &str, flags: &[&str]) -> App {
        let mut shell = self.desktop.command("/bin/sh");
        shell.args(["-c", &format!("{first}; exec \"$0\" \"$@\""), APP]);
        App { child: self.told(shell, flags).spawn().unwrap() }
    }

    /// Starts the app without its window, and waits until it knows where it stands.
    pub(crate) async fn start_hidden(&self) -> (App, TrayIcon) {
        let app = self.start(&["--hidden"]);
        let icon = self.icon().await;
        eventually("an end of the start", async || {
            let lines = icon.menu().await?.to_string();
            Ok((!lines.contains("starting…")).then_some(()))
        })
        .await
        .unwrap();
        (app, icon)
    }

    /// Starts the app as one that was paired before.
    pub(crate) async fn start_paired(&self) -> (App, TrayIcon) {
        let (app, icon) = self.start_hidden().await;
        icon.click("Pair this computer…").await.unwrap();
        let code = eventually("a code", async || {
            Ok(self.cloud.pending_pairings().first().map(|pending| pending.code.clone()))
        });
        self.cloud.approve_pairing(&code.await.unwrap());
        icon.wait_for_line(|line| line == "Sophon: connected").await.unwrap();
        icon.wait_for_line(is_gateway_connected).await.unwrap();
        (app, icon)
    }

    pub(crate) async fn icon(&self) -> TrayIcon {
        self.desktop.wait_for_tray_icon(ICON).await.unwrap()
    }

    /// Takes control of the app's window, once it is there.
    pub(crate) async fn window(&self) -> WebDriver {
        WebDriver::attach(&self.desktop, self.inspector).await.unwrap()
    }

    /// Waits until what a window shows is on the screen.
    pub(crate) async fn painted(&self, window: &WebDriver) {
        let painted = "return new Promise(done => \
            requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
        window.execute(painted).await.unwrap();
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.desktop.home().join("sophon data")
    }

    /// Lets an agent ask whether it may run a command; returns the approval's id once the phone
    /// shows it.
    pub(crate) async fn ask(&self, command: &str) -> String {
        self.cloud.say(SESSION, &format!("run: {command}"));
        self.cloud
            .wait_for("request on the phone", SOON, |cloud| {
                let open = |card: &&simulator::cloud::ApprovalCard| card.decided.is_none();
                Some(cloud.approvals(SESSION).iter().find(open)?.approval_id.clone())
            })
            .await
    }

    /// Waits until the gateway has no more questions and the phone shows how the last one ended.
    pub(crate) async fn wait_until_decided(&self) {
        let none_left = async || Ok(self.gateway.pending_approvals().is_empty().then_some(()));
        eventually("an end of the question", none_left).await.unwrap();
    }

    /// Where a picture of the screen belongs; kept when tests are run with a place for them.
    pub(crate) fn picture(&self, name: &str) -> PathBuf {
        let kept = std::env::var_os("SOPHON_TEST_PICTURES").map(PathBuf::from);
        let folder = kept.unwrap_or_else(|| self.desktop.home());
        std::fs::create_dir_all(&folder).unwrap();
        folder.join(format!("{name}.png"))
    }
}

impl App {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Asks it to end as the system does.
    pub(crate) fn terminate(&self) {
        let pid = Pid::from_raw(self.pid().try_into().unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(SOON, self.child.wait()).await.unwrap().unwrap()
    }
}

/// Runs a command to its end.
pub(crate) async fn output(mut command: Command) -> Output {
    tokio::time::timeout(SOON, command.output()).await.unwrap().unwrap()
}

/// Waits until the only file below a folder that can hold it holds a token, and reads it.
pub(crate) fn token_of(folder: &Path) -> Option<SecretString> {
    let content = std::fs::read_to_string(folder.join("secrets.json")).ok()?;
    let from = content.find("inst_")?;
    let token: String = content[from..].chars().take_while(|c| *c != '"').collect();
    Some(token.into())
}

pub(crate) fn is_gateway_connected(line: &str) -> bool {
    line.starts_with("OpenClaw ") && line.ends_with(": connected")
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
