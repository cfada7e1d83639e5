use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::bail;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use crate::config::openclaw_json;
use crate::home::{Home, compiled_code, other_user};
use crate::process::{GatewayProcess, Launch};
use crate::{GatewayOptions, ScriptedModel, ensure_installed};

/// How long a gateway may take until it is ready.
const START: Duration = Duration::from_secs(120);
/// Pause between two questions whether it is ready.
const POLL: Duration = Duration::from_millis(50);
/// How long it may take over one answer to that.
const ANSWER: Duration = Duration::from_secs(5);
/// How many ports are tried when somebody else takes the chosen one first.
const PORTS: u32 = 3;
/// What a gateway prints then.
const PORT_TAKEN: &str = "already listening";

/// A real gateway on the loopback, with a home of its own that is removed with it.
#[derive(Debug)]
pub struct RealGateway {
    // Declared before the home, so that the process is gone when the home is removed.
    process: GatewayProcess,
    launch: Launch,
    port: u16,
    token: SecretString,
    home: Home,
}

impl RealGateway {
    /// Installs the release if necessary, starts it and waits until it is ready for clients.
    ///
    /// # Errors
    /// When it cannot be installed, ends early (with what it printed), or is not ready within
    /// 120 s.
    pub async fn start(options: GatewayOptions, model: &ScriptedModel) -> anyhow::Result<Self> {
        let installed = ensure_installed(options.version, &|line| tracing::info!("{line}")).await?;
        let user = other_user(&options);
        let compiled = compiled_code(&installed, user)?;
        let home = Home::create(user, &compiled)?;
        let (home_path, with_channels) = (home.path().to_owned(), options.with_channels);
        let launch = Launch { home: home_path, user, with_channels, compiled, installed };
        let token = random_token()?;
        let mut tries = 1;
        loop {
            let port = free_port()?;
            let config = openclaw_json(&options, model, home.path(), port, &token);
            home.configure(&config)?;
            let mut process = launch.spawn()?;
            match ready(&mut process, &launch, port).await {
                Ok(()) => return Ok(Self { process, launch, port, token, home }),
                Err(_) if tries < PORTS && launch.log_tail().contains(PORT_TAKEN) => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Its WebSocket address.
    pub fn url(&self) -> Url {
        loopback_url("ws", self.port)
    }

    /// The shared token that its configuration holds.
    pub fn token(&self) -> &SecretString {
        &self.token
    }

    /// The home directory that it runs with.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Its state directory, with `openclaw.json` in it.
    pub fn state_dir(&self) -> PathBuf {
        self.home.state_dir()
    }

    /// The end of what it printed, 16 KiB at most, over all its starts.
    pub fn log_tail(&self) -> String {
        self.launch.log_tail()
    }

    /// Kills it as a crash would (SIGKILL, with its process group), and returns when it is gone.
    pub async fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to stop (SIGTERM) and returns at once; see [`RealGateway::stopped`].
    ///
    /// # Errors
    /// On systems without signals.
    pub fn terminate(&mut self) -> anyhow::Result<()> {
        self.process.terminate()
    }

    /// Waits until its process has ended.
    ///
    /// # Errors
    /// When it still runs after `within`; 2026.9.6 first finishes its turns, up to 315 s.
    pub async fn stopped(&mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        self.process.wait(within).await
    }

    /// Says whether its process runs.
    pub fn is_running(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// Starts it again with the same home, port and token, after killing it if it still runs,
    /// and waits until it is ready.
    ///
    /// # Errors
    /// As [`RealGateway::start`].
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.process.kill();
        self.process = self.launch.spawn()?;
        ready(&mut self.process, &self.launch, self.port).await
    }
}

/// The address of a port on the loopback.
pub(crate) fn loopback_url(scheme: &str, port: u16) -> Url {
    #[expect(clippy::expect_used, reason = "a scheme of ours and a number always make a URL")]
    Url::parse(&format!("{scheme}://127.0.0.1:{port}")).expect("a loopback URL")
}

async fn ready(process: &mut GatewayProcess, launch: &Launch, port: u16) -> anyhow::Result<()> {
    let deadline = Instant::now() + START;
    loop {
        if let Some(status) = process.ended() {
            bail!("the gateway ended with {status}; it printed:\n{}", launch.log_tail());
        }
        if let Ok(Ok(true)) = timeout(ANSWER, says_ready(port)).await {
            return Ok(());
        }
        if Instant::now() >= deadline {
            bail!("the gateway is not ready after {START:?}; it printed:\n{}", launch.log_tail());
        }
        sleep(POLL).await;
    }
}

/// Asks the gateway's readiness probe, which answers 503 until its sidecars have started.
async fn says_ready(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    stream.write_all(b"GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").await?;
    let mut status = [0; b"HTTP/1.1 200".len()];
    stream.read_exact(&mut status).await?;
    Ok(status.ends_with(b" 200"))
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn random_token() -> anyhow::Result<SecretString> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes)?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(text.into())
}
