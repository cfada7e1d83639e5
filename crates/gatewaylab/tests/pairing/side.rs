//! What the tests share: a real gateway, our side of it, and devices that ask.

use std::time::Duration;

use dial::Dialer;
use gatewaylab::{
    Admission, Application, FrameValidator, GatewayOptions, LabDevice, Membership, RealGateway,
    ScriptedModel, TappedGateway, protocol_schema,
};
use openclaw::pairing::{
    DeviceRequest, Devices, NodeRequest, PairedDevice, Pairing, PairingEvent, Senders, Subject,
    Verdict,
};
use openclaw::{
    Credential, DeviceIdentity, Event, Events, GatewayUrl, Identity, RequestId, Target,
};
use tokio::time::timeout;

/// How long anything may take that a gateway is to tell of.
const SOON: Duration = Duration::from_secs(30);
/// What it takes to decide about devices that ask for what a bridge asks for.
pub(super) const DECIDING: [&str; 4] =
    ["operator.pairing", "operator.read", "operator.write", "operator.approvals"];

/// A real gateway behind a tap that sees what our side sends.
pub(super) struct RealSide {
    pub(super) gateway: RealGateway,
    pub(super) tap: TappedGateway,
    _model: ScriptedModel,
}

impl RealSide {
    pub(super) async fn start(options: GatewayOptions) -> Self {
        let model = ScriptedModel::start().await.unwrap();
        let gateway = RealGateway::start(options, &model).await.unwrap();
        let tap = TappedGateway::start(&gateway.url()).await.unwrap();
        Self { gateway, tap, _model: model }
    }

    pub(super) async fn frames_are_valid(&self) {
        let schema = protocol_schema(&|line| println!("{line}")).await.unwrap();
        let validator = FrameValidator::new(&schema).unwrap();
        let frames = self.tap.frames();
        assert!(!frames.is_empty());
        for frame in frames {
            validator.check(&frame).unwrap();
        }
    }
}

/// One side that sees who joins, and what it is told.
pub(super) struct Desk {
    pub(super) pairing: Pairing,
    events: Events,
}

impl Desk {
    pub(super) async fn open(
        real: &RealSide,
        device: Option<&DeviceIdentity>,
        scopes: &[&str],
    ) -> Self {
        let url = GatewayUrl::parse(real.tap.url().as_str()).unwrap();
        let identity = Identity::new("Sophon devices 1a2b", "0.0.0-flow");
        let credential = Credential::Shared(real.gateway.token().clone());
        let (url, identity, credential) = (&url, &identity, &credential);
        let target = Target { url, identity, device, credential, scopes };
        let (hello, client, events) =
            openclaw::connect(&Dialer::new("flows"), target).await.unwrap();
        Self { pairing: Pairing::new(client, &hello), events }
    }

    pub(super) async fn told<T>(&mut self, wanted: impl Fn(PairingEvent) -> Option<T>) -> T {
        let told = async {
            loop {
                if let Event::Pairing(event) = self.events.next().await.unwrap()
                    && let Some(found) = wanted(*event)
                {
                    return found;
                }
            }
        };
        timeout(SOON, told).await.unwrap()
    }

    pub(super) async fn verdict(&mut self, subject: Subject, request: &RequestId) -> Verdict {
        self.told(|event| match event {
            PairingEvent::Resolved { subject: of, request: Some(ended), verdict, .. }
                if of == subject && ended == *request =>
            {
                Some(verdict)
            }
            PairingEvent::Resolved { .. }
            | PairingEvent::DeviceRequested(_)
            | PairingEvent::NodeRequested(_)
            | PairingEvent::Changed
            | PairingEvent::SetupUsed(_) => None,
        })
        .await
    }

    pub(super) async fn pending(&self, device: &LabDevice) -> Option<DeviceRequest> {
        let mut pending = self.devices().await.pending.into_iter();
        pending.find(|request| request.device.as_str() == device.id())
    }

    pub(super) async fn paired(&self, device: &LabDevice) -> Option<PairedDevice> {
        let mut paired = self.devices().await.paired.into_iter();
        paired.find(|known| known.id.as_str() == device.id())
    }

    /// Asks until so many senders wait: nothing tells of them.
    pub(super) async fn senders(&self, waiting: usize) -> Senders {
        let listed = async {
            loop {
                let senders = self.pairing.senders().await.unwrap();
                if senders.pending.len() == waiting {
                    return senders;
                }
            }
        };
        timeout(SOON, listed).await.unwrap()
    }

    pub(super) async fn devices(&self) -> Devices {
        let devices = self.pairing.devices().await.unwrap();
        assert_eq!(devices.unreadable, 0);
        devices
    }
}

pub(super) fn operator(name: &str, scopes: &[&'static str]) -> Application {
    Application {
        name: name.into(),
        is_node: false,
        scopes: scopes.to_vec(),
        commands: Vec::new(),
        from_web_page: true,
    }
}

pub(super) async fn apply(
    real: &RealSide,
    device: &LabDevice,
    application: &Application,
) -> Admission {
    let gateway = real.gateway.url();
    device.apply(&gateway, real.gateway.token(), application).await.unwrap()
}

pub(super) async fn must_wait(
    real: &RealSide,
    device: &LabDevice,
    application: &Application,
) -> RequestId {
    match apply(real, device, application).await {
        Admission::Refused(details) => RequestId::new(details["requestId"].as_str().unwrap()),
        Admission::Joined(_) => panic!("it joined without approval"),
    }
}

pub(super) async fn joins(
    real: &RealSide,
    device: &LabDevice,
    application: &Application,
) -> Membership {
    match apply(real, device, application).await {
        Admission::Joined(membership) => *membership,
        Admission::Refused(details) => panic!("it was refused: {details}"),
    }
}

pub(super) async fn asked(desk: &mut Desk) -> NodeRequest {
    desk.told(|event| match event {
        PairingEvent::NodeRequested(request) => Some(request),
        PairingEvent::DeviceRequested(_)
        | PairingEvent::Resolved { .. }
        | PairingEvent::Changed
        | PairingEvent::SetupUsed(_) => None,
    })
    .await
}
