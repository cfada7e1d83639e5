//! A bridge between a cloud and a gateway, with a wire on each side that can be cut or blocked.

use std::time::{Duration, Instant};

use bridge::Snapshot;
use flows::{Flow, end_text};
use gatewaylab::TappedGateway;
use sap::CloudUrl;
use secrecy::SecretString;
use simulator::cloud::{Bubble, CloudOptions, Dialect, RateTable, Said};
use simulator::gateway::{Gateway, GatewayOptions, Generation};
use tokio::time::timeout;
use url::Url;

pub(crate) const GENERATIONS: [Generation; 2] = [Generation::Older, Generation::Newer];
/// How long a state may take to come about that nothing delays.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Rig {
    pub(crate) gateway: Gateway,
    pub(crate) flow: Flow,
    pub(crate) to_gateway: TappedGateway,
    pub(crate) to_cloud: TappedGateway,
}

impl Rig {
    /// Starts everything, and waits until both sides are connected.
    pub(crate) async fn start(gateway: GatewayOptions, cloud: CloudOptions) -> Self {
        let gateway = Gateway::start(gateway).await.unwrap();
        let to_gateway = TappedGateway::start(&url(&gateway.url())).await.unwrap();
        let token = SecretString::from(gateway.token());
        let mut flow = Flow::start(to_gateway.url(), &token, cloud).await;
        let to_cloud = TappedGateway::start(&url(&flow.cloud.base_url())).await.unwrap();
        flow.settings.cloud = CloudUrl::parse(to_cloud.url().as_str()).unwrap();
        let flow = flow.restart().await;
        Self { gateway, flow, to_gateway, to_cloud }
    }

    pub(crate) async fn of(generation: Generation) -> Self {
        Self::start(GatewayOptions::of(generation), fast_cloud()).await
    }

    /// Waits until the bridge's state is as wanted, and tells how long that took.
    pub(crate) async fn until(&self, wanted: impl FnMut(&Snapshot) -> bool) -> Duration {
        let begun = Instant::now();
        let mut snapshot = self.flow.installation.snapshot();
        timeout(PATIENCE, snapshot.wait_for(wanted)).await.expect("it comes to that").unwrap();
        begun.elapsed()
    }

    /// The only bubble of a session, once it has ended: with this text, which is what was streamed
    /// into it, once.
    pub(crate) async fn answered(&self, session: &str, said: &Said, text: &str) -> Bubble {
        let bubble = self.flow.ended(session, said).await;
        assert_eq!(end_text(&bubble), text);
        assert_eq!(bubble.ends, 1);
        assert!(text.starts_with(bubble.streamed.trim_start()), "{:?}", bubble.streamed);
        assert_eq!(self.flow.cloud.bubbles(session).len(), 1);
        bubble
    }

    /// How often the bridge has dialled the cloud's socket so far.
    pub(crate) fn upgrades(&self) -> usize {
        self.flow.cloud.calls().iter().filter(|call| call.route == "ws").count()
    }

    pub(crate) async fn finish(self) {
        self.flow.finish().await;
        let violations = self.gateway.violations();
        assert!(violations.is_empty(), "against the gateway's wire: {violations:#?}");
    }
}

/// A cloud whose buckets nothing reaches.
pub(crate) fn fast_cloud() -> CloudOptions {
    CloudOptions { dialect: Dialect::Npm, rates: RateTable::lifted(), ..CloudOptions::default() }
}

pub(crate) fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

pub(crate) fn words(count: usize) -> String {
    (0..count).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ")
}
