//! An installation between a simulated cloud and a simulated gateway.

use bridge::Snapshot;
use flows::{Flow, SOON};
use secrecy::SecretString;
use simulator::cloud::{CloudOptions, CloudView, Dialect, Fault, RateTable};
use simulator::gateway::{Gateway, GatewayOptions, Generation};
use tokio::time::timeout;
use url::Url;

pub(crate) const GENERATIONS: [Generation; 2] = [Generation::Older, Generation::Newer];

pub(crate) async fn start(gateway: GatewayOptions) -> (Gateway, Flow) {
    let gateway = Gateway::start(gateway).await.unwrap();
    let url = Url::parse(&gateway.url()).unwrap();
    let token = SecretString::from(gateway.token());
    let flow = Flow::start(&url, &token, cloud_options()).await;
    (gateway, flow)
}

/// Starts everything, with one session that is encrypted.
pub(crate) async fn start_encrypted(generation: Generation, session: &str) -> (Gateway, Flow) {
    let (gateway, flow) = start(GatewayOptions::of(generation)).await;
    flow.cloud.encrypt_session(session);
    (gateway, flow)
}

pub(crate) fn cloud_options() -> CloudOptions {
    CloudOptions { dialect: Dialect::Npm, rates: RateTable::lifted(), ..CloudOptions::default() }
}

/// Ends everything: nobody broke the rules of a wire, and nothing of this came to the cloud as it
/// is.
pub(crate) async fn finish(gateway: Gateway, flow: Flow, hidden: &[&str]) {
    for words in hidden {
        assert!(!flow.cloud.received_contains(words.as_bytes()), "the cloud can read {words:?}");
    }
    flow.finish().await;
    let violations = gateway.violations();
    assert!(violations.is_empty(), "against the gateway's wire: {violations:#?}");
}

/// Waits until the bridge is in a state.
pub(crate) async fn until(flow: &Flow, wanted: impl FnMut(&Snapshot) -> bool) -> Snapshot {
    let mut snapshot = flow.installation.snapshot();
    timeout(SOON, snapshot.wait_for(wanted)).await.unwrap().unwrap().clone()
}

/// Waits until so many messages wait to be read.
pub(crate) async fn locked(flow: &Flow, count: usize) {
    until(flow, |now| now.load.locked == count).await;
}

/// Waits until something is seen at the cloud.
pub(crate) async fn seen(flow: &Flow, what: &str, is_seen: impl Fn(&CloudView<'_>) -> bool) {
    flow.cloud.wait_for(what, SOON, |view| is_seen(view).then_some(())).await;
}

/// The cloud is away for one route, or for all.
pub(crate) fn never_taken(route: &str) -> Fault {
    Fault::Answer {
        route: route.into(),
        status: 503,
        code: "unavailable".into(),
        retry_after_ms: None,
        times: u32::MAX,
    }
}

pub(crate) fn words(count: usize) -> String {
    (0..count).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ")
}
