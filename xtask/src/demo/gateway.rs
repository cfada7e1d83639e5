//! The gateway of a demonstration: the one that runs already, a real one, or a simulated one.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use gatewaylab::{RealGateway, ScriptedModel, Version, ensure_installed};
use openclaw::{GatewayUrl, discover};
use secrecy::SecretString;
use simulator::gateway::Gateway;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use super::Options;
use crate::bridge::{Bridge, Face, GatewayAt, Launch};

/// The release that `--real` starts.
const RELEASE: Version = Version::V2026_9_6;
/// How long a gateway on this computer may take to accept a connection.
const KNOCK: Duration = Duration::from_millis(500);
/// How the computer is named on the phone.
const HOST_LABEL: &str = "Demonstration OpenClaw";

/// The gateway of a demonstration; it stops when it is dropped, unless it is the person's own.
pub(super) enum DemoGateway {
    /// The one that this person runs.
    Theirs {
        /// Its address.
        url: GatewayUrl,
        /// Folder of its configuration.
        state_dir: PathBuf,
    },
    /// A real one, in a home of its own.
    Real {
        /// The gateway.
        gateway: Box<RealGateway>,
        /// Its address.
        url: String,
        /// What stands in for a model.
        _model: ScriptedModel,
    },
    /// A simulated one.
    Simulated {
        /// The gateway.
        _gateway: Gateway,
        /// Its address.
        url: String,
        /// Its shared token.
        token: SecretString,
    },
}

impl DemoGateway {
    /// Takes what the options ask for, otherwise the person's own gateway if it runs and no
    /// script would talk to their model, otherwise a simulated one.
    pub(super) async fn choose(options: &Options) -> anyhow::Result<Self> {
        if options.real {
            return Self::install_and_start().await;
        }
        match theirs().await {
            Some(Self::Theirs { url, .. }) if options.scripted => {
                println!("      the one at {url} is left alone: the script is not for its model");
            }
            Some(theirs) => return Ok(theirs),
            None => println!("      none runs here; `--real` installs and starts one"),
        }
        let gateway = Gateway::start(simulator::gateway::GatewayOptions::default()).await?;
        let (url, token) = (gateway.url(), SecretString::from(gateway.token()));
        Ok(Self::Simulated { _gateway: gateway, url, token })
    }

    async fn install_and_start() -> anyhow::Result<Self> {
        if !RELEASE.is_installed()? {
            let question = format!(
                "OpenClaw {} and the Node.js for it are installed from npm into a cache \
                 (about 800 MB). Go on?",
                RELEASE.as_str()
            );
            if !confirmed(&question)? {
                bail!("nothing was installed; without --real a simulated gateway is used");
            }
        }
        let say = |line: &str| println!("      {line}");
        ensure_installed(RELEASE, &say).await?;
        println!("      starting OpenClaw {} (some seconds)", RELEASE.as_str());
        let model = ScriptedModel::start().await?;
        let options = gatewaylab::GatewayOptions::new(RELEASE);
        let gateway = Box::new(RealGateway::start(options, &model).await?);
        let url = gateway.url().to_string();
        Ok(Self::Real { gateway, url, _model: model })
    }

    /// Says in one line what it is.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Theirs { url, .. } => format!("yours, at {url}"),
            Self::Real { url, .. } => {
                format!("a real OpenClaw {} with a scripted model, at {url}", RELEASE.as_str())
            }
            Self::Simulated { url, .. } => format!("a simulated one, at {url}"),
        }
    }

    /// Says whether the model behind it follows the script words.
    pub(super) fn follows_script(&self) -> bool {
        match self {
            Self::Theirs { .. } => false,
            Self::Real { .. } | Self::Simulated { .. } => true,
        }
    }

    /// Starts a bridge for it.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub(super) fn start_bridge(
        &self,
        program: &Path,
        data_dir: &Path,
        cloud: &str,
        face: Face,
    ) -> anyhow::Result<Bridge> {
        let gateway = match self {
            Self::Theirs { state_dir, .. } => GatewayAt::StateDir(state_dir),
            Self::Real { gateway, url, .. } => GatewayAt::Url(url, gateway.token()),
            Self::Simulated { url, token, .. } => GatewayAt::Url(url, token),
        };
        let host_label = HOST_LABEL;
        let token = None;
        Bridge::start(&Launch { program, data_dir, cloud, token, host_label, gateway, face })
    }
}

/// The gateway that is set up for this user, if it runs.
async fn theirs() -> Option<DemoGateway> {
    let state_dir = match std::env::var_os("OPENCLAW_STATE_DIR") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        Some(_) | None => std::env::home_dir()?.join(".openclaw"),
    };
    let url = discover(&state_dir).ok()?.url;
    let port = Url::parse(&url.to_string()).ok()?.port_or_known_default()?;
    let knock = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    timeout(KNOCK, knock).await.ok()?.ok()?;
    Some(DemoGateway::Theirs { url, state_dir })
}

/// Asks the person; where nobody can be asked, says what is done and goes on.
fn confirmed(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        println!("      {question} Nobody can be asked here: yes.");
        return Ok(true);
    }
    print!("      {question} [Y/n] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("the answer cannot be read")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}
