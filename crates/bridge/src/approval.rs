use openclaw::Decision;
use sap::{SessionId, Severity};
use serde::{Deserialize, Serialize};

/// An agent's question that the person was asked and that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingApproval {
    /// The gateway's id: a UUID, or `plugin:<uuid>`.
    pub id: String,
    /// What it is about, in a few words.
    pub title: String,
    /// What a plugin says about it.
    pub message: Option<String>,
    /// The exact command, however long; only this bridge's own secrets are hidden in it.
    pub command: Option<String>,
    /// Program that the command would start, as the gateway found it.
    pub binary: Option<String>,
    /// Folder that the command would run in.
    pub cwd: Option<String>,
    /// Where the command would run (`gateway`, `node`, …).
    pub host: Option<String>,
    /// Id of the agent that asks.
    pub agent: Option<String>,
    /// Session that the question belongs to.
    pub session: SessionId,
    /// The gateway's name of that session.
    pub session_key: Option<String>,
    /// What the gateway warns about.
    pub warnings: Vec<String>,
    /// What the gateway found out about the command, as sentence fragments.
    pub analysis: Vec<String>,
    /// What [`Decision::AllowAlways`] leaves behind, as a sentence; only where it is offered.
    pub grant: Option<String>,
    /// How much is at stake.
    pub severity: Severity,
    /// Decisions that the gateway takes.
    pub offers: Vec<Decision>,
    /// When it was asked: Unix time in milliseconds, by the gateway's clock.
    pub created_at_ms: u64,
    /// When it ends by itself: Unix time in milliseconds, by this computer's clock.
    pub expires_at_ms: u64,
    /// What was decided here and the gateway has not confirmed.
    pub deciding: Option<Decision>,
}

/// Where a person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decider {
    /// At this computer.
    Computer,
    /// At the phone.
    Phone,
}

/// How an approval that the person was asked about came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The gateway confirmed what the person decided.
    Applied {
        /// What was decided.
        decision: Decision,
        /// Where it was decided.
        by: Decider,
    },
    /// It was decided at another surface of the gateway.
    Elsewhere {
        /// What was decided, where it is known.
        decision: Option<Decision>,
    },
    /// Nobody decided in time. The older gateway may then run what nobody allowed, so there the
    /// question is denied 15 s before its end, and counts as expired from then on.
    Expired,
    /// Nobody waits for the decision any more: the answer was stopped, OpenClaw restarted, or this
    /// installation was revoked.
    Gone,
    /// The gateway did not take the decision.
    Failed {
        /// Why, as a sentence fragment.
        why: String,
    },
}
