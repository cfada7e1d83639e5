//! A cloud and a gateway in this process, and bridges between them.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
#[cfg(target_os = "linux")]
use secrecy::ExposeSecret as _;
use secrecy::SecretString;
use simulator::cloud::{Cloud, CloudOptions};
use simulator::gateway::{Gateway, GatewayOptions};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::bridge::{Bridge, Face, GatewayAt, Launch};

/// Name of this computer, as the person sees it.
const HOST: &str = "Measured OpenClaw";
/// How long anything may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked for something whose time is recorded elsewhere.
const LOOK: Duration = Duration::from_millis(2);
/// How often it is looked for something whose time is when it is seen.
const LOOK_CLOSELY: Duration = Duration::from_micros(50);

/// A cloud and a gateway, each with threads of its own, and a folder for the bridge.
pub(crate) struct Rig {
    pub(crate) cloud: Cloud,
    pub(crate) gateway: Gateway,
    program: PathBuf,
    token: SecretString,
    gateway_token: SecretString,
    data_dir: TempDir,
    // Declared last, so that the two stop while there is somebody to stop them.
    _above: Runtime,
    below: Runtime,
}

impl Rig {
    /// Starts a cloud and a gateway for bridges of this program.
    pub(crate) fn start(
        program: &Path,
        cloud: CloudOptions,
        gateway: GatewayOptions,
    ) -> anyhow::Result<Self> {
        let runtime = || Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let (above, below) = (runtime()?, runtime()?);
        let cloud = above.block_on(Cloud::start(cloud))?;
        let gateway = below.block_on(Gateway::start(gateway))?;
        let (_, token) = cloud.mint_installation(HOST);
        Ok(Self {
            gateway_token: gateway.token().into(),
            token: token.into(),
            cloud,
            gateway,
            program: program.to_owned(),
            data_dir: tempfile::Builder::new().prefix("sophon-measured-").tempdir()?,
            _above: above,
            below,
        })
    }

    /// Starts a bridge; returns it with the time until both sides had accepted it.
    pub(crate) fn connect(&self) -> anyhow::Result<(Bridge, Duration)> {
        let gateway_url = self.gateway.url();
        let launch = Launch {
            program: &self.program,
            data_dir: self.data_dir.path(),
            cloud: &self.cloud.base_url(),
            token: Some(&self.token),
            host_label: HOST,
            gateway: GatewayAt::Url(&gateway_url, &self.gateway_token),
            face: Face::Events,
        };
        let started = Instant::now();
        let bridge = Bridge::start(&launch)?;
        let both = || (self.connections() == (1, 1)).then(Instant::now);
        let connected = until("connection to both sides", LOOK_CLOSELY, both)
            .with_context(|| bridge.complaints())?;
        Ok((bridge, connected - started))
    }

    /// Ends a bridge and waits until both sides have noticed.
    pub(crate) fn disconnect(&self, mut bridge: Bridge) -> anyhow::Result<()> {
        bridge.stop()?;
        seen("end of the connections", || (self.connections() == (0, 0)).then_some(()))
    }

    /// Tells a program by its environment where both sides are, and that it is paired.
    #[cfg(target_os = "linux")]
    pub(crate) fn tell(&self, program: &mut tokio::process::Command) {
        program
            .env("SOPHON_BASE_URL", self.cloud.base_url())
            .env("SOPHON_BOT_TOKEN", self.token.expose_secret())
            .env("SOPHON_CONFIG_DIR", self.data_dir.path())
            .env("SOPHON_HOST_LABEL", HOST)
            .env("OPENCLAW_URL", self.gateway.url())
            .env("OPENCLAW_TOKEN", self.gateway_token.expose_secret());
    }

    /// Folder in which the bridge keeps everything.
    pub(crate) fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// Waits for something that the gateway does on its own threads.
    pub(crate) fn at_the_gateway<T>(&self, work: impl Future<Output = T>) -> T {
        self.below.block_on(work)
    }

    /// How many bridges introduced themselves to the cloud and to the gateway.
    pub(crate) fn connections(&self) -> (usize, usize) {
        (self.cloud.look(|view| view.connected()), self.gateway.connections())
    }
}

/// Waits until something is seen whose time is recorded elsewhere.
///
/// # Errors
/// When it is not seen within a minute.
pub(crate) fn seen<T>(what: &str, look: impl Fn() -> Option<T>) -> anyhow::Result<T> {
    until(what, LOOK, look)
}

fn until<T>(what: &str, every: Duration, look: impl Fn() -> Option<T>) -> anyhow::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            bail!("no {what} within {} s", PATIENCE.as_secs());
        }
        sleep(every);
    }
}
