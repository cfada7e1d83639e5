//! How long a terminal's question may take, and what is said where that was not enough.

use std::time::Duration;

use crate::Refusal;

/// How long the gateways may take to list who may use them before what is known is told.
pub const LISTED_WITHIN: Duration = Duration::from_secs(10);
/// How long a gateway may take to confirm something; it may have been asked for lists before.
pub const CONFIRMED_WITHIN: Duration = Duration::from_secs(25);

impl Refusal {
    /// The gateway has not confirmed the answer to an approval in time; the answer is kept.
    pub fn unconfirmed_decision() -> Self {
        unconfirmed("It counts as soon as OpenClaw can be reached: look at what waits later.")
    }

    /// The gateway has not confirmed in time what was wanted for a device, a node or a sender.
    pub fn unconfirmed_act() -> Self {
        unconfirmed("It may have been done: look at the list before you try again.")
    }
}

fn unconfirmed(remedy: &str) -> Refusal {
    Refusal::new("unconfirmed", "OpenClaw has not confirmed it yet", Some(remedy))
}
