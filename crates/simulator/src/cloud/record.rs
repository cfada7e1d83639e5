//! What the cloud remembers of a chat, as the tests read it.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A message of the person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Message {
    /// Its text.
    pub text: String,
    /// Text of an encrypted message, base64 of an envelope; it takes the place of `text`.
    pub text_ct: Option<String>,
    /// Files that come with it.
    pub attachments: Vec<Attachment>,
    /// How hard the model should think.
    pub thought_level: Option<String>,
    /// Message that it answers.
    pub reply_to: Option<String>,
}

/// A file that comes with a message; the cloud serves it under a URL of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attachment {
    /// File name.
    pub name: String,
    /// Media type.
    pub mime: String,
    /// Content.
    pub bytes: Vec<u8>,
}

/// What became of a message of the person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Said {
    /// Id of the message.
    pub message_id: String,
    /// Interaction that it opened.
    pub interaction_id: String,
    /// Update that carries it to the bridge, in the form of the dialect.
    pub update_id: Value,
}

/// A bubble of the agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Bubble {
    /// Id that the cloud gave it.
    pub message_id: String,
    /// Interaction that it answers.
    pub interaction_id: Option<String>,
    /// Text that opened it.
    pub opened_with: String,
    /// Deltas in the order of their arrival.
    pub deltas: Vec<String>,
    /// All deltas in one.
    pub streamed: String,
    /// How it ended.
    pub end: Option<End>,
    /// How often its end was called with different keys or bodies; more than 1 is a violation.
    pub ends: usize,
    /// When it was opened.
    pub opened_at: Instant,
    /// When its first delta arrived.
    pub first_delta_at: Option<Instant>,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// Whether it came as ciphertext.
    pub is_encrypted: bool,
    pub(super) opens_blank: bool,
}

/// How a bubble ended.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// Canonical text.
    pub text: Option<String>,
    /// What it cost.
    pub usage: Option<Value>,
    /// Why it ended.
    pub finish_reason: Option<String>,
}

/// A tool card.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The agent's tool-call id.
    pub task_id: String,
    /// Interaction that it belongs to.
    pub interaction_id: Option<String>,
    /// Name of the tool.
    pub kind: String,
    /// What it does now, in one line.
    pub status_label: Option<String>,
    /// Arguments.
    pub args: Option<Value>,
    /// Bodies of the updates.
    pub updates: Vec<Value>,
    /// How it ended.
    pub finish: Option<Finish>,
    /// How often it was created with different keys or bodies.
    pub creates: usize,
    /// When it was created.
    pub created_at: Instant,
    /// Whether its words came as ciphertext.
    pub is_encrypted: bool,
    pub(super) created_with: Map<String, Value>,
}

/// How a tool ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Finish {
    /// `completed`, `failed` or `cancelled`.
    pub status: String,
    /// What went wrong.
    pub error: Option<String>,
    /// What the tool returned.
    pub result: Option<Value>,
    /// When it ended.
    pub at: Instant,
    pub(super) finished_with: Map<String, Value>,
}

/// A question for the person's consent.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovalCard {
    /// The gateway's approval id.
    pub approval_id: String,
    /// Interaction that it belongs to.
    pub interaction_id: Option<String>,
    /// Tool card that waits for it.
    pub tool_call_id: Option<String>,
    /// `shell.exec` or `plugin.invoke`.
    pub action: String,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// One line that names the request.
    pub title: String,
    /// Exact command.
    pub command: Option<String>,
    /// Where it would run.
    pub host: Option<String>,
    /// Plain explanation.
    pub message: String,
    /// What the person decided.
    pub decided: Option<String>,
    /// When it was asked.
    pub asked_at: Instant,
    /// Whether its words came as ciphertext.
    pub is_encrypted: bool,
    pub(super) asked_with: Map<String, Value>,
}

/// A REST call, or an upgrade to a socket, as it arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedCall {
    /// Route below `/v1/bridge/` (`ws` for an upgrade), or `pairing/start` and `pairing/poll`.
    pub route: String,
    /// Body, null where it could not be read; of polls it is left out.
    pub body: Value,
    /// HTTP status of the answer; 0 when the connection was cut before the call took effect.
    pub status: u16,
    /// Whether the answer repeated an earlier one.
    pub idempotent: bool,
    /// When it arrived.
    pub at: Instant,
}

impl Bubble {
    /// Returns what the person reads: the canonical text, or what has come so far.
    pub fn shown(&self) -> &str {
        match self.end.as_ref().and_then(|end| end.text.as_deref()) {
            Some(text) => text,
            None if self.streamed.is_empty() => &self.opened_with,
            None => &self.streamed,
        }
    }

    /// Says whether more text is expected.
    pub fn is_open(&self) -> bool {
        let whole_at_once = self.deltas.is_empty() && !self.opens_blank;
        self.end.is_none() && !whole_at_once
    }
}
