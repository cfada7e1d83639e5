//! What the whole flows share: an installation between a simulated cloud and a gateway, real or
//! simulated, with the person's side at hand.

#![expect(clippy::expect_used, reason = "a flow that cannot be set up has failed")]

mod keys;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bridge::{GatewaySettings, Installation, KeyStore, Settings};
use dial::Dialer;
use gatewaylab::{FrameValidator, GatewayOptions, RealGateway, ScriptedModel, TappedGateway};
use journal::Journal;
use openclaw::GatewayUrl;
use sap::{BridgeToken, CloudUrl};
use secrecy::SecretString;
use simulator::cloud::{ApprovalCard, Bubble, Cloud, CloudOptions, Said, Task};
use tempfile::TempDir;
use url::Url;

pub use keys::MemoryKeys;

/// How long anything may take before a flow counts as stuck: real gateways are slow to start a
/// first run.
pub const SOON: Duration = Duration::from_secs(60);

/// An installation at work between a cloud and a gateway.
pub struct Flow {
    /// The cloud, with the phone.
    pub cloud: Cloud,
    /// The bridge under test.
    pub installation: Installation,
    /// The keys that the bridge keeps; a later installation may go on with them.
    pub keys: Arc<MemoryKeys>,
    /// What the bridge was started with.
    pub settings: Settings,
    /// The bridge's data folder.
    pub folder: TempDir,
}

impl Flow {
    /// Starts a cloud and an installation for the gateway at this URL, and waits until both sides
    /// are connected.
    pub async fn start(url: &Url, token: &SecretString, options: CloudOptions) -> Self {
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        let cloud = Cloud::start(options).await.expect("the simulated cloud starts");
        let (_, bridge_token) = cloud.mint_installation("Flow OpenClaw");
        let settings = Settings {
            cloud: CloudUrl::parse(&cloud.base_url()).expect("a loopback URL"),
            token: BridgeToken::parse(&bridge_token).expect("a token of the cloud"),
            gateway: GatewaySettings {
                url: Some(GatewayUrl::parse(url.as_str()).expect("a gateway URL")),
                token: Some(token.clone()),
                state_dir: std::env::temp_dir(),
                display_name: "Flow OpenClaw".into(),
            },
            version: "0.0.0-flow".into(),
        };
        let keys = Arc::new(MemoryKeys::default());
        let folder = tempfile::tempdir().expect("a folder");
        let installation = install(&settings, &keys, folder.path()).await;
        let flow = Self { cloud, installation, keys, settings, folder };
        flow.connected().await;
        flow
    }

    /// Waits until both sides are connected.
    pub async fn connected(&self) {
        let mut snapshot = self.installation.snapshot();
        let both = snapshot.wait_for(|now| now.cloud.is_up() && now.gateway.is_up());
        let waited = tokio::time::timeout(SOON, both).await;
        let up = waited.is_ok_and(|waited| waited.is_ok());
        assert!(up, "not connected: {:?}", *self.installation.snapshot().borrow());
    }

    /// Stops the bridge and starts another one with the same keys and token.
    pub async fn restart(self) -> Self {
        let Self { cloud, installation, keys, settings, folder } = self;
        installation.stop().await;
        let installation = install(&settings, &keys, folder.path()).await;
        let flow = Self { cloud, installation, keys, settings, folder };
        flow.connected().await;
        flow
    }

    /// The person writes, and waits for the answer's end.
    pub async fn ask(&self, session: &str, text: &str) -> Bubble {
        let said = self.cloud.say(session, text);
        self.ended(session, &said).await
    }

    /// Waits for the end of the bubble that answers a message.
    pub async fn ended(&self, session: &str, said: &Said) -> Bubble {
        let interaction = Some(said.interaction_id.clone());
        self.cloud
            .wait_for("end of the answer", SOON, |view| {
                let mut bubbles = view.bubbles(session).iter();
                bubbles.find(|b| b.interaction_id == interaction && b.end.is_some()).cloned()
            })
            .await
    }

    /// Waits until an answer has streamed at least this text.
    pub async fn streamed(&self, session: &str, said: &Said, text: &str) -> Bubble {
        let interaction = Some(said.interaction_id.clone());
        self.cloud
            .wait_for("streamed text", SOON, |view| {
                let mut bubbles = view.bubbles(session).iter();
                bubbles
                    .find(|b| b.interaction_id == interaction && b.streamed.contains(text))
                    .cloned()
            })
            .await
    }

    /// Waits for the approval of a session that nobody has decided yet.
    pub async fn asked(&self, session: &str) -> ApprovalCard {
        self.cloud
            .wait_for("approval request", SOON, |view| {
                view.approvals(session).iter().find(|card| card.decided.is_none()).cloned()
            })
            .await
    }

    /// The tool cards of a session, without those that show a queued message.
    pub fn tool_cards(&self, session: &str) -> Vec<Task> {
        self.cloud.tasks(session).into_iter().filter(|task| task.kind != "queue").collect()
    }

    /// Ends the flow: the cloud must not have seen anything against the wire.
    pub async fn finish(self) {
        self.installation.stop().await;
        let violations = self.cloud.violations();
        assert!(violations.is_empty(), "against the wire: {violations:#?}");
        self.cloud.stop().await;
    }
}

/// Starts a bridge with its journal in this folder.
pub async fn install(settings: &Settings, keys: &Arc<MemoryKeys>, folder: &Path) -> Installation {
    let keys = Arc::clone(keys) as Arc<dyn KeyStore>;
    let opened = Journal::open(folder, settings.token.installation_id().as_str());
    let journal = opened.expect("no other bridge has this folder").journal;
    let started = Installation::start(settings.clone(), Dialer::new("flows"), keys, journal);
    started.await.expect("the journal can be read")
}

/// The text that ended a bubble.
pub fn end_text(bubble: &Bubble) -> &str {
    bubble.end.as_ref().and_then(|end| end.text.as_deref()).unwrap_or_default()
}

/// A real gateway behind a tap that sees every frame of the bridge.
pub struct RealSide {
    /// The gateway.
    pub gateway: RealGateway,
    /// What stands between it and the bridge.
    pub tap: TappedGateway,
    /// The scripted model behind the gateway.
    pub model: ScriptedModel,
}

impl RealSide {
    /// Starts a real gateway with the scripted model.
    pub async fn start(options: GatewayOptions) -> anyhow::Result<Self> {
        let model = ScriptedModel::start().await?;
        let gateway = RealGateway::start(options, &model).await?;
        let tap = TappedGateway::start(&gateway.url()).await?;
        Ok(Self { gateway, tap, model })
    }

    /// Checks every frame that the bridge sent against the published schema.
    pub async fn frames_are_valid(&self) -> anyhow::Result<()> {
        let schema = gatewaylab::protocol_schema(&|_| {}).await?;
        let validator = FrameValidator::new(&schema)?;
        let frames = self.tap.frames();
        anyhow::ensure!(!frames.is_empty(), "the bridge sent no frame");
        for frame in frames {
            validator.check(&frame).map_err(|why| anyhow::anyhow!("{why}: {frame}"))?;
        }
        Ok(())
    }
}
