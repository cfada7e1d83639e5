//! The Sophon wire (SAP), version 0.1: what the cloud accepts and sends, and nothing else.
//!
//! Pairing mints a [`BridgeToken`]; with it a [`Socket`] carries updates in, and [`Rest`] carries
//! [`Call`]s out. Nothing here decides what a message means.

mod call;
mod endpoint;
mod envelope;
mod exchange;
mod frame;
mod ids;
mod one_line;
pub mod pairing;
mod rate_report;
mod rates;
mod reply;
mod rest;
mod retry_after;
pub mod sealed;
mod silence;
mod socket;
mod token;
mod update;

#[cfg(test)]
mod test_cloud;

pub use call::{
    Action, Bucket, Call, CreateTask, FinishReason, FinishTask, RequestApproval, SendMessage,
    SendMessageDelta, SendMessageEnd, SessionSeal, Severity, TaskStatus, UpdateTask, Usage,
};
pub use endpoint::{CloudUrl, DEFAULT_CLOUD, InvalidCloudUrl};
pub use exchange::Answer;
pub use frame::{AnswerError, Incoming, MalformedFrame, Outgoing, Question};
pub use ids::{
    ApprovalId, DeviceId, IdempotencyKey, InstallationId, InteractionId, MessageId, SessionId,
    TaskId, UpdateId,
};
pub use pairing::{PairingCode, PairingError, PollOutcome, Ticket};
pub use rate_report::RateReport;
pub use rates::Rates;
pub use reply::{Accepted, Refusal, Reply};
pub use rest::Rest;
pub use socket::{Closed, ConnectError, Socket};
pub use token::{BridgeToken, InvalidToken};
pub use update::{Attachment, Content, Decision, Update, UpdateKind, UserMessage};
