//! What waits for a person on this computer and who may use its gateway, as plain values; and the
//! local socket over which a terminal asks the running program for them.

mod access;
mod ask;
pub mod channel;
mod consequence;
mod deed;
mod ending;
mod foreign;
mod gateway;
mod history;
mod look_alikes;
mod patience;
mod pending;
mod requests;
#[cfg(test)]
mod samples;
mod scope;
mod seen;
mod sentence;
mod visible;
mod waits;

pub use access::{
    Access, AccountOfSenders, Device, DeviceAct, NodeOfDevice, Problem, SendersStanding, Setup,
    SetupLevel, Standing, Token,
};
pub use ask::{Answer, Ask, InstallationState, InstallationSummary, Refusal};
pub use consequence::done;
pub use deed::{Deed, Undecidable, deed, device_deed};
pub use ending::{history, past, settled};
pub use gateway::{access, device_act};
pub use history::{By, Outcome, PastRequest};
pub use look_alikes::{marked, marked_lines};
pub use patience::{CONFIRMED_WITHIN, LISTED_WITHIN};
pub use pending::{
    Approval, DeviceChange, DeviceRequest, Foreign, NodeRequest, Pending, RequestKind, Scope,
    SenderRequest, Severity, Slot, Subject, Verdict,
};
pub use requests::pending;
pub use sentence::sentence;
pub use visible::visible;
pub use waits::Waits;
