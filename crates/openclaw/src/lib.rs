//! The wire of the OpenClaw gateway, protocols 3 and 4: discovery, device identity, handshake,
//! RPC and events. Both generations come out as one vocabulary; nothing here decides what a run
//! means for a chat.

mod answers;
#[cfg(test)]
mod any_json;
mod call;
mod device;
mod discovery;
mod error;
mod event;
mod frame;
mod handshake;
mod hello;
mod ids;
mod json;
mod link;
mod nesting;
pub mod pairing;
mod parse;
#[doc(hidden)]
pub mod recording;
mod url;

pub use answers::{ExecOutcome, History, HistoryRow, InFlightRun, Role, SendAnswer};
pub use call::{Call, OutgoingAttachment};
pub use device::{DeviceIdentity, NoRandomness};
pub use discovery::{Discovered, DiscoveryError, discover, is_installed};
pub use error::{CallError, ConnectError, Refusal};
pub use event::{
    Approval, ApprovalDetails, ApprovalKind, ApprovalScope, Decision, Event, FailureKind,
    Resolution, RunEvent, RunEventKind, ToolEvent, Usage,
};
pub use frame::{Incoming, NotAFrame};
pub use handshake::{
    CAPABILITIES, Challenge, Credential, Identity, PAIRING_SCOPES, PLATFORM, SCOPES,
};
pub use hello::{Generation, Hello, HelloError};
pub use ids::{DeviceId, DeviceRole, RequestId, RunId, SessionKey, ToolCallId};
pub use link::{Client, Disconnected, Events, Life, PendingAnswer, Target, connect};
pub use parse::{parse_approval, parse_event};
pub use url::{GatewayUrl, GatewayUrlError};
