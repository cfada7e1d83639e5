//! What is planned to happen in a world.

use std::borrow::Cow;

use bridge::Keyring;
use bytes::Bytes;
use openclaw::{CallError, Decision, Event};
use sap::{Reply, UpdateId};
use serde_json::Value;

use crate::clock::Millis;
use crate::schedule::Step;

/// Something that is planned to happen.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A step of the schedule.
    Step(Step),
    /// The bridge's process starts.
    Starts,
    /// The bridge's process, which quits, is gone; it is started again later.
    Gone { life: u32, away: Millis },
    /// The cloud's socket opens.
    SocketOpens { life: u32 },
    /// An update reaches the bridge.
    Update { socket: u32, place: usize },
    /// An acknowledgement reaches the cloud.
    Ack { socket: u32, id: UpdateId },
    /// The cloud delivers again what was not acknowledged.
    Again { socket: u32 },
    /// A request reaches the cloud.
    Request { life: u32, id: bridge::engine::DispatchId, fate: Fate, sent: Sent },
    /// A request of which nobody waits for the answer reaches the cloud.
    Stray { sent: Sent },
    /// An answer of the cloud reaches the bridge.
    Reply { life: u32, id: bridge::engine::DispatchId, reply: Reply },
    /// The connection to the gateway opens.
    LineOpens { life: u32 },
    /// The connection to the gateway is found dead.
    LineDies { line: u32 },
    /// A call reaches the gateway.
    Call { line: u32, number: u64, call: openclaw::Call },
    /// The bridge does not wait for an answer any longer.
    Fails { life: u32, number: u64, error: CallError },
    /// A frame leaves the gateway.
    Leaves { line: u32, frame: Frame },
    /// A frame reaches the bridge.
    Arrives { line: u32, frame: Frame },
    /// The gateway shows that it lives.
    GatewayTicks { line: u32 },
    /// The store kept the keys of the bridge, or could not.
    KeysSaved { life: u32, number: u64, keyring: Keyring },
    /// The person decides; at the computer, or at the phone.
    Decides { approval: String, decision: Decision, here: bool },
    /// Somebody else decides.
    Other { approval: String, decision: Decision },
}

/// A frame of the gateway.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// When its content was put together.
    pub(crate) made: Millis,
    /// What it says.
    pub(crate) content: Content,
}

/// What a frame of the gateway says.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Something happened.
    Event(Box<Event>),
    /// The answer to a call.
    Answer { number: u64, answer: Result<Value, CallError> },
}

/// A request as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// Its route.
    pub(crate) route: Cow<'static, str>,
    /// Its body.
    pub(crate) body: Bytes,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// It is carried out, and the answer comes.
    Answered,
    /// It is carried out, and the answer is lost.
    Unanswered,
    /// It never arrives.
    Lost,
    /// The cloud asks to wait.
    Busy,
    /// The cloud fails.
    Broken,
}

/// Where something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the computer: it sleeps with it.
    Computer,
    /// Elsewhere.
    Elsewhere,
}

impl Happening {
    /// Where it happens.
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Starts
            | Self::Gone { .. }
            | Self::SocketOpens { .. }
            | Self::Update { .. }
            | Self::Reply { .. }
            | Self::LineOpens { .. }
            | Self::LineDies { .. }
            | Self::Call { .. }
            | Self::Fails { .. }
            | Self::Leaves { .. }
            | Self::Arrives { .. }
            | Self::GatewayTicks { .. }
            | Self::KeysSaved { .. }
            | Self::Other { .. } => Place::Computer,
            Self::Step(step) => match step {
                Step::Another { .. }
                | Step::GatewayLineBreaks { .. }
                | Step::Kill
                | Step::Terminate
                | Step::Crash { .. }
                | Step::Quit { .. } => Place::Computer,
                Step::Say { .. }
                | Step::Stop { .. }
                | Step::Delete { .. }
                | Step::Weather(_)
                | Step::CloudAway { .. }
                | Step::Keys(_)
                | Step::Sleep { .. } => Place::Elsewhere,
            },
            Self::Ack { .. }
            | Self::Again { .. }
            | Self::Request { .. }
            | Self::Stray { .. }
            | Self::Decides { .. } => Place::Elsewhere,
        }
    }

    /// Says whether it happens in a quiet world as well.
    pub(crate) fn is_routine(&self) -> bool {
        matches!(self, Self::Again { .. } | Self::Fails { .. } | Self::GatewayTicks { .. })
    }
}
