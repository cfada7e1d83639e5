use serde::{Deserialize, Serialize};

use crate::Decider;

/// How many requests that ended are remembered.
pub const REMEMBERED: usize = 200;

/// A request that came to its end. What it was about is cut, and what looks like a secret in it is
/// hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRequest {
    /// Names it on this computer: `approval:…`, `device:…`, `node:…` or `sender:…`.
    pub key: String,
    /// What kind of request it was.
    pub kind: RequestKind,
    /// What it was about, in at most 300 characters.
    pub what: String,
    /// When it came to its end: Unix time in milliseconds, by this computer's clock.
    pub ended_at_ms: u64,
    /// How it came to its end.
    pub outcome: Outcome,
}

/// What kind of request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// An agent asks before it acts.
    Approval,
    /// A device wants to join the gateway, or to be allowed more.
    Device,
    /// A device offers commands that agents could run on it.
    Node,
    /// An unknown person wants to talk to the agent.
    Sender,
}

/// How a request came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It was allowed here.
    Allowed {
        /// Whether for good (approvals).
        always: bool,
        /// Where; none: at another surface of the gateway, or by the gateway itself.
        by: Option<Decider>,
    },
    /// It was denied.
    Denied {
        /// Where; none: at another surface of the gateway, or by the gateway itself.
        by: Option<Decider>,
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
