//! What the bridge asks of the gateway. Parameter objects are closed on the other side: a field
//! that a generation does not know fails the call, so only fields of both are sent.

use serde_json::{Map, Value, json};

use crate::{ApprovalKind, Decision, RunId, SessionKey};

/// One RPC.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// Starts a run; its id will be the idempotency key.
    ChatSend {
        /// Session, in canonical form.
        session_key: SessionKey,
        /// The person's words.
        message: String,
        /// Idempotency key, and id of the run.
        run_id: RunId,
        /// Files that came with the message.
        attachments: Vec<OutgoingAttachment>,
        /// How hard the model should think, in the gateway's words.
        thinking: Option<String>,
    },
    /// Stops a run, or whatever runs in the session.
    ChatAbort {
        /// Session, byte for byte as it was sent.
        session_key: SessionKey,
        /// Run to stop.
        run_id: Option<RunId>,
    },
    /// Reads the last messages of a session.
    ChatHistory {
        /// Session, in canonical form.
        session_key: SessionKey,
        /// How many messages.
        limit: u32,
    },
    /// Decides an approval.
    ResolveApproval {
        /// The approval's whole id.
        id: String,
        /// Its kind.
        kind: ApprovalKind,
        /// The decision.
        decision: Decision,
    },
    /// Lists pending approvals.
    ListApprovals {
        /// Kind to list.
        kind: ApprovalKind,
    },
    /// Chooses a session's model; none means the default.
    SetModel {
        /// Session, in canonical form.
        session_key: SessionKey,
        /// `provider/model`.
        model: Option<String>,
    },
    /// Asks something on behalf of the phone: `models.list` and `cron.*`.
    Query {
        /// Method of the gateway.
        method: &'static str,
        /// Its parameters.
        params: Value,
    },
}

/// A file on its way to the model.
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingAttachment {
    /// Media type, such as `image/png`.
    pub mime: String,
    /// File name.
    pub name: String,
    /// Content in base64.
    pub content: String,
}

impl std::fmt::Debug for OutgoingAttachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutgoingAttachment")
            .field("mime", &self.mime)
            .field("name", &self.name)
            .field("content", &format_args!("{} characters", self.content.len()))
            .finish()
    }
}

impl Call {
    /// Names the gateway's method.
    pub fn method(&self) -> &'static str {
        match self {
            Self::ChatSend { .. } => "chat.send",
            Self::ChatAbort { .. } => "chat.abort",
            Self::ChatHistory { .. } => "chat.history",
            Self::ResolveApproval { kind: ApprovalKind::Exec, .. } => "exec.approval.resolve",
            Self::ResolveApproval { kind: ApprovalKind::Plugin, .. } => "plugin.approval.resolve",
            Self::ListApprovals { kind: ApprovalKind::Exec } => "exec.approval.list",
            Self::ListApprovals { kind: ApprovalKind::Plugin } => "plugin.approval.list",
            Self::SetModel { .. } => "sessions.patch",
            Self::Query { method, .. } => method,
        }
    }

    /// Says whether the gateway answers without reading, fetching or preparing anything, so that
    /// the time until its answer is that of the way there and back.
    pub(crate) fn is_answered_at_once(&self) -> bool {
        match self {
            Self::ChatAbort { .. } | Self::ResolveApproval { .. } | Self::ListApprovals { .. } => {
                true
            }
            Self::ChatSend { .. }
            | Self::ChatHistory { .. }
            | Self::SetModel { .. }
            | Self::Query { .. } => false,
        }
    }

    /// Builds the parameter object.
    pub fn params(&self) -> Value {
        match self {
            Self::ChatSend { session_key, message, run_id, attachments, thinking } => {
                let mut params = Map::new();
                params.insert("sessionKey".into(), session_key.as_str().into());
                params.insert("message".into(), message.as_str().into());
                params.insert("idempotencyKey".into(), run_id.as_str().into());
                if !attachments.is_empty() {
                    let attachments = attachments.iter().map(attachment).collect();
                    params.insert("attachments".into(), Value::Array(attachments));
                }
                if let Some(thinking) = thinking {
                    params.insert("thinking".into(), thinking.as_str().into());
                }
                Value::Object(params)
            }
            Self::ChatAbort { session_key, run_id: Some(run_id) } => {
                json!({"sessionKey": session_key, "runId": run_id})
            }
            Self::ChatAbort { session_key, run_id: None } => json!({"sessionKey": session_key}),
            Self::ChatHistory { session_key, limit } => {
                json!({"sessionKey": session_key, "limit": limit})
            }
            Self::ResolveApproval { id, decision, .. } => json!({"id": id, "decision": decision}),
            Self::ListApprovals { .. } => json!({}),
            Self::SetModel { session_key, model } => json!({"key": session_key, "model": model}),
            Self::Query { params, .. } => params.clone(),
        }
    }
}

fn attachment(file: &OutgoingAttachment) -> Value {
    let kind = if file.mime.starts_with("image/") { "image" } else { "file" };
    json!({"type": kind, "mimeType": file.mime, "fileName": file.name, "content": file.content})
}
