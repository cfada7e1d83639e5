//! A cloud and a gateway in this process, and bridges between them.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
#[cfg(target_os = "linux")]
use secrecy::ExposeSecret as _;
use secrecy::SecretString;
use simulator::cloud::{Cloud, CloudOptions, Dialect, RateTable};
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
pub(super) struct Rig {
    pub(super) cloud: Cloud,
    pub(super) gateway: Gateway,
    program: PathBuf,
    token: SecretString,
    gateway_token: SecretString,
    data_dir: TempDir,
    // Declared last, so that the two stop while there is somebody to stop them.
    _runtimes: [Runtime; 2],
}

impl Rig {
    /// Starts a cloud whose answers take this long, and a gateway.
    pub(super) fn start(program: &Path, round_trip: Duration) -> anyhow::Result<Self> {
        let runtime = || Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let (above, below) = (runtime()?, runtime()?);
        let options = CloudOptions {
            dialect: Dialect::Npm,
            rates: RateTable::lifted(),
            round_trip,
            ..CloudOptions::default()
        };
        let cloud = above.block_on(Cloud::start(options))?;
        let gateway = below.block_on(Gateway::start(GatewayOptions::default()))?;
        let (_, token) = cloud.mint_installation(HOST);
        Ok(Self {
            gateway_token: gateway.token().into(),
            token: token.into(),
            cloud,
            gateway,
            program: program.to_owned(),
            data_dir: tempfile::Builder::new().prefix("sophon-bench-").tempdir()?,
            _runtimes: [above, below],
        })
    }

    /// Starts a bridge; returns it with the time until both sides had accepted it.
    pub(super) fn connect(&self) -> anyhow::Result<(Bridge, Duration)> {
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
    pub(super) fn disconnect(&self, mut bridge: Bridge) -> anyhow::Result<()> {
        bridge.stop()?;
        seen("end of the connections", || (self.connections() == (0, 0)).then_some(()))
    }

    /// Tells a program by its environment where both sides are, and that it is paired.
    #[cfg(target_os = "linux")]
    pub(super) fn tell(&self, program: &mut tokio::process::Command) {
        program
            .env("SOPHON_BASE_URL", self.cloud.base_url())
            .env("SOPHON_BOT_TOKEN", self.token.expose_secret())
            .env("SOPHON_CONFIG_DIR", self.data_dir.path())
            .env("SOPHON_HOST_LABEL", HOST)
            .env("OPENCLAW_URL", self.gateway.url())
            .env("OPENCLAW_TOKEN", self.gateway_token.expose_secret());
    }

    /// How many bridges introduced themselves to the cloud and to the gateway.
    pub(super) fn connections(&self) -> (usize, usize) {
        (self.cloud.look(|view| view.connected()), self.gateway.connections())
    }
}

/// A piece of an answer: one word, and the space before it.
pub(super) fn piece_of_text(number: usize) -> String {
    if number == 0 { "piece0".to_owned() } else { format!(" piece{number}") }
}

/// Waits until something is seen whose time is recorded elsewhere.
///
/// # Errors
/// When it is not seen within a minute.
pub(super) fn seen<T>(what: &str, look: impl Fn() -> Option<T>) -> anyhow::Result<T> {
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
