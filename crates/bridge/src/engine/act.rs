//! What the state machines want done. They never do it themselves.

use openclaw::Call;
use sap::{Attachment, FinishReason, InteractionId, SessionId, Usage};
use serde::{Deserialize, Serialize};

/// Names a turn of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TurnId(pub(crate) u64);

impl TurnId {
    /// Stands for no turn.
    pub(crate) const NONE: Self = Self(0);
}

/// What a conversation wants done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    /// Tell the cloud.
    Post { turn: TurnId, post: Post },
    /// Ask the gateway.
    Call { purpose: Purpose, call: Call },
    /// Fetch the files that came with a message.
    Fetch { turn: TurnId, attachments: Vec<Attachment> },
    /// Deny these approvals: nobody waits for what they would allow.
    Deny { approvals: Vec<String> },
}

/// What the cloud is told about a turn. The bubble's id is filled in when it is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Post {
    /// Open the bubble.
    Open {
        /// What the idempotency key derives from: the message that is answered, or the run.
        about: String,
        interaction_id: Option<InteractionId>,
    },
    /// Append to the bubble.
    Text(String),
    /// Close the bubble.
    End { text: String, usage: Option<Usage>, finish_reason: FinishReason },
    /// Something with an id of its own: a tool card or an approval.
    Ready(sap::Call),
}

/// What a call to the gateway is for: it comes back with the answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Purpose {
    /// Hands a message over.
    Send(SessionId, TurnId),
    /// Stops a run.
    Abort(SessionId, TurnId),
    /// Looks what became of a turn.
    Check(SessionId, TurnId),
    /// Looks what the whole answer of a turn is.
    Whole(SessionId, TurnId),
    /// Looks what a turn cost.
    Cost(SessionId, TurnId),
    /// Looks what an approved command did (older generation).
    Outcome(SessionId, TurnId, String),
    /// Decides an approval.
    Resolve {
        /// Id of the approval.
        approval: String,
        /// The decision that was sent.
        decision: openclaw::Decision,
    },
    /// Lists pending approvals.
    List {
        /// Kind to list.
        kind: openclaw::ApprovalKind,
        /// How many approvals had come before the gateway was asked.
        known: u64,
    },
    /// Changes a session's model.
    Model(SessionId),
    /// Answers a question of the phone.
    Question {
        /// The question's correlation id, echoed.
        req_id: serde_json::Value,
        /// The question's type.
        kind: String,
    },
}
