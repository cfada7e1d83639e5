//! What the tests share: an installation that attends to its gateway, and strangers who ask.

use std::time::Duration;

use bridge::{
    AccessAct, AccessDone, AccessError, AccessSnapshot, AccessStanding, Attention, Installation,
    Notice, Outcome, PastRequest, SendersSnapshot,
};
use flows::Flow;
use openclaw::RequestId;
use openclaw::pairing::{NodeRequest, SenderRequest};
use secrecy::SecretString;
use simulator::cloud::{CloudOptions, Dialect, RateTable};
use simulator::gateway::{
    AccessDecision, AskingDevice, AskingSender, Gateway, GatewayOptions, Generation, OfferingNode,
};
use tokio::time::timeout;
use url::Url;

pub(crate) const GENERATIONS: [Generation; 2] = [Generation::Older, Generation::Newer];
/// How long anything may take that is told of, or looked for every few seconds.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A kind of stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Device,
    Node,
    Sender,
}

/// Somebody's request, as the gateway and this computer name it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) key: String,
}

/// An installation, and its gateway.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) flow: Flow,
}

impl Kind {
    /// Those that a generation tells of.
    pub(crate) fn of(generation: Generation) -> &'static [Self] {
        match generation {
            Generation::Older => &[Self::Device, Self::Node],
            Generation::Newer => &[Self::Device, Self::Node, Self::Sender],
        }
    }

    /// Lets one of this kind ask, for what takes no more than the standing connection has.
    pub(crate) fn asks(self, gateway: &Gateway, name: &str) -> Asked {
        self.asks_since(gateway, name, Duration::ZERO)
    }

    /// Lets one of this kind have asked some time ago.
    pub(crate) fn asks_since(self, gateway: &Gateway, name: &str, waited: Duration) -> Asked {
        match self {
            Self::Device => {
                let device = AskingDevice::new(name).asking_for(&["operator.pairing"]);
                Asked::device(gateway.device_asks(&AskingDevice { waited, ..device }))
            }
            Self::Node => {
                let node = OfferingNode { waited, ..OfferingNode::new(name, &[]) };
                Asked::node(gateway.node_offers(&node))
            }
            Self::Sender => {
                let sender = AskingSender { waited, ..AskingSender::new(name, name) };
                Asked::sender(&sender, gateway.sender_writes(&sender).unwrap())
            }
        }
    }
}

impl Asked {
    pub(crate) fn device(id: String) -> Self {
        Self { kind: Kind::Device, key: format!("device:{id}"), id }
    }

    pub(crate) fn node(id: String) -> Self {
        Self { kind: Kind::Node, key: format!("node:{id}"), id }
    }

    pub(crate) fn sender(sender: &AskingSender, id: String) -> Self {
        let key = format!("sender:{}:{}:{id}", sender.channel, sender.account);
        Self { kind: Kind::Sender, key, id }
    }

    /// What answers it.
    pub(crate) fn answer(&self, installation: &Installation, allow: bool) -> AccessAct {
        let id = RequestId::new(self.id.as_str());
        match (self.kind, allow) {
            (Kind::Device, true) => AccessAct::ApproveDevice(id),
            (Kind::Device, false) => AccessAct::RejectDevice(id),
            (Kind::Node, true) => {
                let offer = offer_of(&installation.access().borrow(), &self.id);
                AccessAct::ApproveNode(Box::new(offer))
            }
            (Kind::Node, false) => AccessAct::RejectNode(id),
            (Kind::Sender, allow) => {
                let request = Box::new(sender_of(&installation.access().borrow(), &self.id));
                if allow {
                    AccessAct::ApproveSender { request, notify: false }
                } else {
                    AccessAct::DismissSender(request)
                }
            }
        }
    }
}

impl World {
    /// Starts both, and lets the installation attend.
    pub(crate) async fn attending(generation: Generation) -> Self {
        let world = Self::start(GatewayOptions::of(generation)).await;
        world.attend(Attention::Shown).await;
        world
    }

    pub(crate) async fn start(options: GatewayOptions) -> Self {
        let gateway = Gateway::start(options).await.unwrap();
        let url = Url::parse(&gateway.url()).unwrap();
        let token = SecretString::from(gateway.token());
        let rates = RateTable::lifted();
        let cloud = CloudOptions { dialect: Dialect::Npm, rates, ..CloudOptions::default() };
        let flow = Flow::start(&url, &token, cloud).await;
        Self { gateway, flow }
    }

    /// Lets the installation attend, and waits until everything was listed.
    pub(crate) async fn attend(&self, attention: Attention) {
        self.flow.installation.attend(attention);
        self.until(is_listed).await;
    }

    pub(crate) async fn until(
        &self,
        wanted: impl FnMut(&AccessSnapshot) -> bool,
    ) -> AccessSnapshot {
        until(&self.flow.installation, wanted).await
    }

    /// Waits until these requests wait here, and no others.
    pub(crate) async fn waiting(&self, asked: &[&Asked]) -> AccessSnapshot {
        let mut wanted: Vec<_> = asked.iter().map(|asked| asked.key.clone()).collect();
        wanted.sort();
        self.until(|now| keys(now) == wanted).await
    }

    /// Does something, and waits for what came of it.
    pub(crate) async fn act(&self, act: AccessAct) -> Result<AccessDone, AccessError> {
        timeout(SOON, self.flow.installation.act(act)).await.unwrap()
    }

    /// Answers a request here.
    pub(crate) async fn answer(
        &self,
        asked: &Asked,
        allow: bool,
    ) -> Result<AccessDone, AccessError> {
        self.act(asked.answer(&self.flow.installation, allow)).await
    }

    /// Waits for the next notice of a request's end.
    pub(crate) async fn next_end(&mut self) -> PastRequest {
        loop {
            let notice = timeout(SOON, self.flow.installation.next_notice()).await;
            if let Notice::RequestEnded(past) = notice.unwrap().unwrap() {
                return past;
            }
        }
    }

    /// Waits until a request ended, alone and told once, and stands in the history.
    pub(crate) async fn ended(&mut self, asked: &Asked) -> Outcome {
        let past = self.next_end().await;
        assert_eq!(past.key, asked.key);
        self.remembered(&asked.key).await;
        self.until(|now| !keys(now).contains(&asked.key)).await;
        past.outcome
    }

    /// Waits until the history has a request.
    pub(crate) async fn remembered(&self, key: &str) -> PastRequest {
        let mut snapshot = self.flow.installation.snapshot();
        let has_it = snapshot.wait_for(|now| now.history.iter().any(|past| past.key == key));
        let now = timeout(SOON, has_it).await.unwrap().unwrap().clone();
        now.history.iter().find(|past| past.key == key).unwrap().clone()
    }

    /// What was decided at the gateway, without the surface that decided.
    pub(crate) fn decisions(&self) -> Vec<(String, bool)> {
        let decisions = self.gateway.access_decisions().into_iter();
        decisions.map(|AccessDecision { request_id, allowed, .. }| (request_id, allowed)).collect()
    }

    /// Ends the world: nothing happened against a wire, and nothing more has ended.
    pub(crate) async fn finish(mut self) {
        let mut rest = Vec::new();
        while let Ok(Some(notice)) =
            timeout(Duration::ZERO, self.flow.installation.next_notice()).await
        {
            if let Notice::RequestEnded(past) = notice {
                rest.push(past);
            }
        }
        assert_eq!(rest, [], "ended without being expected to");
        self.flow.finish().await;
        let violations = self.gateway.violations();
        assert!(violations.is_empty(), "against the gateway's wire: {violations:#?}");
    }
}

pub(crate) async fn until(
    installation: &Installation,
    mut wanted: impl FnMut(&AccessSnapshot) -> bool,
) -> AccessSnapshot {
    let mut access = installation.access();
    let waited = timeout(SOON, access.wait_for(|now| wanted(now))).await;
    match waited {
        Ok(found) => found.unwrap().clone(),
        Err(_) => panic!("it never came about: {:#?}", *installation.access().borrow()),
    }
}

/// Whether everything was listed over a connection.
pub(crate) fn is_listed(now: &AccessSnapshot) -> bool {
    let senders = match now.senders {
        SendersSnapshot::Unknown | SendersSnapshot::Failed { .. } => false,
        SendersSnapshot::NotOffered { .. } | SendersSnapshot::Listed(_) => true,
    };
    is_up(now) && now.devices.is_some() && now.nodes.is_some() && senders
}

pub(crate) fn is_up(now: &AccessSnapshot) -> bool {
    matches!(now.standing, AccessStanding::Up { .. })
}

/// The keys of the requests that wait, sorted.
pub(crate) fn keys(now: &AccessSnapshot) -> Vec<String> {
    let devices = now.devices.iter().flat_map(|all| &all.pending);
    let nodes = now.nodes.iter().flat_map(|all| &all.pending);
    let mut keys: Vec<_> = devices
        .map(|request| format!("device:{}", request.id))
        .chain(nodes.map(|request| format!("node:{}", request.id)))
        .chain(senders(now).iter().map(|request| {
            let account = &request.account;
            format!("sender:{}:{}:{}", account.channel, account.account, request.id)
        }))
        .collect();
    keys.sort();
    keys
}

pub(crate) fn senders(now: &AccessSnapshot) -> &[SenderRequest] {
    match &now.senders {
        SendersSnapshot::Listed(senders) => &senders.pending,
        SendersSnapshot::Unknown
        | SendersSnapshot::NotOffered { .. }
        | SendersSnapshot::Failed { .. } => &[],
    }
}

pub(crate) fn offer_of(now: &AccessSnapshot, id: &str) -> NodeRequest {
    let offers = now.nodes.iter().flat_map(|all| &all.pending);
    offers.into_iter().find(|offer| offer.id.as_str() == id).unwrap().clone()
}

fn sender_of(now: &AccessSnapshot, id: &str) -> SenderRequest {
    senders(now).iter().find(|request| request.id.as_str() == id).unwrap().clone()
}
