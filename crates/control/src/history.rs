//! What was decided.

use serde::{Deserialize, Serialize};
#[cfg(feature = "typescript")]
use ts_rs::TS;

use crate::{RequestKind, Slot};

/// A request that came to its end. What it was about is cut, and what looks like a secret in it is
/// hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct PastRequest {
    /// Names it on this computer, as it did while it waited.
    pub key: String,
    /// Installation that it came through.
    pub slot: Slot,
    /// What kind of request it was.
    pub kind: RequestKind,
    /// What it was about, in at most 300 characters.
    pub what: String,
    /// When it came to its end.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub ended_at_ms: u64,
    /// How it came to its end.
    pub outcome: Outcome,
}

/// How a request came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(TS))]
pub enum Outcome {
    /// It was allowed.
    Allowed {
        /// Whether for good (approvals).
        always: bool,
        /// By whom.
        by: By,
    },
    /// It was denied.
    Denied {
        /// By whom.
        by: By,
    },
    /// It was decided, but how is not known.
    Decided,
    /// Nobody answered in time.
    Expired,
    /// Nobody waits for an answer any more.
    Gone,
    /// The answer could not be applied.
    Failed {
        /// Why, as a sentence fragment.
        why: String,
    },
}

/// Where a request was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(TS))]
pub enum By {
    /// At this computer.
    Computer,
    /// At the phone.
    Phone,
    /// At another surface of the gateway, or by the gateway itself.
    Elsewhere,
}
