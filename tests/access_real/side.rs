//! What the tests share: an installation at a real gateway, and devices that ask there.

use bridge::{
    AccessAct, AccessDone, AccessError, AccessSnapshot, AccessStanding, Attention, Notice, Outcome,
    PastRequest,
};
use dial::Dialer;
use flows::{Flow, RealSide, SOON};
use gatewaylab::{Admission, Application, GatewayOptions, LabDevice, Membership};
use openclaw::pairing::{DeviceRequest, NodeRequest, PairedDevice, Pairing};
use openclaw::{Credential, GatewayUrl, Identity, RequestId, Target};
use simulator::cloud::{CloudOptions, Dialect};
use tokio::time::timeout;

/// What it takes to decide about devices that ask for what a bridge asks for.
pub(crate) const DECIDING: [&str; 4] =
    ["operator.pairing", "operator.read", "operator.write", "operator.approvals"];

/// An installation at a real gateway.
pub(crate) struct World {
    pub(crate) real: RealSide,
    pub(crate) flow: Flow,
}

impl World {
    pub(crate) async fn attending(options: GatewayOptions) -> Self {
        let real = RealSide::start(options).await.unwrap();
        let cloud = CloudOptions { dialect: Dialect::Npm, ..CloudOptions::default() };
        let flow = Flow::start(real.tap.url(), real.gateway.token(), cloud).await;
        flow.installation.attend(Attention::Shown);
        let world = Self { real, flow };
        world.until(is_listed).await;
        world
    }

    pub(crate) async fn until(
        &self,
        wanted: impl FnMut(&AccessSnapshot) -> bool,
    ) -> AccessSnapshot {
        let mut access = self.flow.installation.access();
        let waited = timeout(SOON, access.wait_for(wanted)).await;
        match waited {
            Ok(found) => found.unwrap().clone(),
            Err(_) => panic!("it did not come: {:#?}", *self.flow.installation.access().borrow()),
        }
    }

    pub(crate) async fn act(&self, act: AccessAct) -> Result<AccessDone, AccessError> {
        timeout(SOON, self.flow.installation.act(act)).await.unwrap()
    }

    pub(crate) async fn does(&self, act: AccessAct) {
        self.act(act.clone()).await.unwrap_or_else(|error| panic!("{act:?}: {error:?}"));
    }

    /// Waits for the notice that a request has ended.
    pub(crate) async fn ended(&mut self, key: &str) -> PastRequest {
        let ended = async {
            loop {
                if let Notice::RequestEnded(past) = self.next_notice().await
                    && past.key == key
                {
                    return past;
                }
            }
        };
        timeout(SOON, ended).await.unwrap()
    }

    /// Waits for the notice that a code was used, and returns the code's id.
    pub(crate) async fn setup_used(&mut self) -> String {
        let used = async {
            loop {
                if let Notice::SetupUsed { id, name, is_certain } = self.next_notice().await {
                    assert_eq!((name.as_deref(), is_certain), (Some("Pocket"), true));
                    return id;
                }
            }
        };
        timeout(SOON, used).await.unwrap()
    }

    async fn next_notice(&mut self) -> Notice {
        self.flow.installation.next_notice().await.unwrap()
    }

    /// Waits until it is shown, and in the history, that a request ended like this.
    pub(crate) async fn ended_as(&mut self, key: &str, outcome: Outcome) {
        let past = self.ended(key).await;
        assert_eq!(past.outcome, outcome, "{key}");
        let mut snapshot = self.flow.installation.snapshot();
        let is_kept = |past: &PastRequest| past.key == key && past.outcome == outcome;
        let kept = snapshot.wait_for(|now| now.history.iter().any(is_kept));
        timeout(SOON, kept).await.unwrap().unwrap();
    }

    /// Lets a device ask at the gateway, where it must wait.
    pub(crate) async fn must_wait(&self, device: &LabDevice, wish: &Application) -> RequestId {
        match self.apply(device, wish).await {
            Admission::Refused(details) => RequestId::new(details["requestId"].as_str().unwrap()),
            Admission::Joined(_) => panic!("it joined without approval"),
        }
    }

    pub(crate) async fn joins(&self, device: &LabDevice, wish: &Application) -> Membership {
        match self.apply(device, wish).await {
            Admission::Joined(membership) => *membership,
            Admission::Refused(details) => panic!("it was refused: {details}"),
        }
    }

    async fn apply(&self, device: &LabDevice, wish: &Application) -> Admission {
        let gateway = &self.real.gateway;
        device.apply(&gateway.url(), gateway.token(), wish).await.unwrap()
    }

    /// Another surface of the gateway that may decide.
    pub(crate) async fn elsewhere(&self) -> Pairing {
        let gateway = &self.real.gateway;
        let url = GatewayUrl::parse(gateway.url().as_str()).unwrap();
        let identity = Identity::new("Another surface", "0.0.0-flow");
        let credential = Credential::Shared(gateway.token().clone());
        let (url, identity, credential, scopes) = (&url, &identity, &credential, &DECIDING[..]);
        let target = Target { url, identity, device: None, credential, scopes };
        let (hello, client, mut events) =
            openclaw::connect(&Dialer::new("flows"), target).await.unwrap();
        tokio::spawn(async move { while events.next().await.is_ok() {} });
        Pairing::new(client, &hello)
    }

    pub(crate) async fn finish(self) {
        self.flow.finish().await;
        self.real.frames_are_valid().await.unwrap();
    }
}

fn is_listed(now: &AccessSnapshot) -> bool {
    let is_up = matches!(now.standing, AccessStanding::Up { .. });
    is_up && now.devices.is_some() && now.nodes.is_some() && now.own_device.is_some()
}

pub(crate) fn operator(scopes: &[&'static str]) -> Application {
    Application {
        name: "Kitchen".into(),
        is_node: false,
        scopes: scopes.to_vec(),
        commands: Vec::new(),
        from_web_page: true,
    }
}

pub(crate) fn request(now: &AccessSnapshot, id: &RequestId) -> Option<DeviceRequest> {
    let devices = now.devices.as_ref()?;
    devices.pending.iter().find(|request| request.id == *id).cloned()
}

pub(crate) fn offer(now: &AccessSnapshot, device: &LabDevice) -> Option<NodeRequest> {
    let nodes = now.nodes.as_ref()?;
    nodes.pending.iter().find(|request| request.node.as_str() == device.id()).cloned()
}

pub(crate) fn joined(now: &AccessSnapshot, device: &LabDevice) -> Option<PairedDevice> {
    let devices = now.devices.as_ref()?;
    devices.paired.iter().find(|known| known.id.as_str() == device.id()).cloned()
}
