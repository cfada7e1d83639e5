//! What the bridge says to the cloud: one struct a route of `POST /v1/bridge/<route>`.

mod sealed;

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sealed::{GrantSessionKey, NotifyToolFile, RegisterDevice};
use crate::{ApprovalId, IdempotencyKey, InteractionId, MessageId, SessionId, TaskId};

pub use self::sealed::SessionSeal;

/// One call to the cloud, without its idempotency key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Call {
    /// Opens a bubble, or sends a whole message.
    SendMessage(SendMessage),
    /// Appends text to an open bubble.
    SendMessageDelta(SendMessageDelta),
    /// Closes a bubble with its canonical text.
    SendMessageEnd(SendMessageEnd),
    /// Shows a tool card.
    CreateTask(CreateTask),
    /// Changes a tool card that still runs.
    UpdateTask(UpdateTask),
    /// Ends a tool card.
    FinishTask(FinishTask),
    /// Asks the person for a decision.
    RequestApproval(RequestApproval),
    /// Makes this bridge a device that others can seal keys for.
    RegisterDevice(RegisterDevice),
    /// Hands a session's key to devices.
    GrantSessionKey {
        /// Session whose key it is.
        session_id: SessionId,
        /// The key, sealed for each device.
        grant: GrantSessionKey,
    },
    /// Lists a file that the agent touched.
    NotifyToolFile(NotifyToolFile),
}

/// The rate bucket of the cloud that a call draws from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// `sendMessage` and `sendMessageEnd`: 30 at once, 10 a second.
    Message,
    /// `sendMessageDelta`: 200 at once, 100 a second.
    Delta,
    /// The three task routes: 60 at once, 30 a second.
    Task,
    /// `requestApproval`: 10 at once, 2 a second.
    Approval,
    /// All other routes: 30 at once, 10 a second.
    Other,
}

/// Body of `sendMessage`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SendMessage {
    /// Session that the message belongs to.
    pub session_id: SessionId,
    /// Interaction that the message answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interaction_id: Option<InteractionId>,
    /// Text so far; empty opens a bubble that is streamed into.
    pub text: String,
}

/// Body of `sendMessageDelta`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SendMessageDelta {
    /// Bubble that the text is appended to.
    pub message_id: MessageId,
    /// Text to append.
    pub delta: String,
}

/// Body of `sendMessageEnd`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SendMessageEnd {
    /// Bubble that ends.
    pub message_id: MessageId,
    /// Whole canonical text: the cloud does not store deltas.
    pub text: String,
    /// What the answer cost, as far as the gateway says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Why the answer ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<FinishReason>,
}

/// What one answer cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read by the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens written by the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Estimated price in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_cost_usd: Option<f64>,
    /// Name of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Name of the model's provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model finished, or the person stopped it.
    Stop,
    /// The model ran out of room.
    Length,
    /// The provider refused the content.
    ContentFilter,
    /// The answer ended in a tool call.
    ToolCall,
}

/// Body of `createTask`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreateTask {
    /// Session that the card belongs to.
    pub session_id: SessionId,
    /// Interaction that the card belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interaction_id: Option<InteractionId>,
    /// The agent's tool-call id.
    pub task_id: TaskId,
    /// Name of the tool.
    pub kind: String,
    /// One line about what the tool does now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_label: Option<String>,
    /// Arguments of the tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<Value>,
}

/// Body of `updateTask`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateTask {
    /// Session that the card belongs to.
    pub session_id: SessionId,
    /// Interaction that the card belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interaction_id: Option<InteractionId>,
    /// The agent's tool-call id.
    pub task_id: TaskId,
    /// One line about what the tool does now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_label: Option<String>,
    /// Output so far; it replaces what the card showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial_result: Option<Value>,
}

/// Body of `finishTask`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FinishTask {
    /// Session that the card belongs to.
    pub session_id: SessionId,
    /// Interaction that the card belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interaction_id: Option<InteractionId>,
    /// The agent's tool-call id.
    pub task_id: TaskId,
    /// Name of the tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How the tool ended.
    pub status: TaskStatus,
    /// One line about how it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_label: Option<String>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the tool returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
}

/// How a tool ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// It did what it was asked.
    Completed,
    /// It failed or was denied.
    Failed,
    /// The turn was stopped before it ended.
    Cancelled,
}

/// Body of `requestApproval`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestApproval {
    /// Session whose agent asks.
    pub session_id: SessionId,
    /// Interaction whose agent asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interaction_id: Option<InteractionId>,
    /// The gateway's approval id.
    pub approval_id: ApprovalId,
    /// Short form of the approval id that the gateway shows elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_slug: Option<String>,
    /// What kind of thing is asked for.
    pub action: Action,
    /// Tool card that waits for the decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<TaskId>,
    /// One line that names the request.
    pub title: String,
    /// How much is at stake.
    pub severity: Severity,
    /// Exact command, unshortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Where the command would run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Plain explanation, and what a denial means; never empty.
    pub message: String,
}

/// What kind of thing an approval asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// A command on a computer.
    #[serde(rename = "shell.exec")]
    ShellExec,
    /// An action of a gateway plugin.
    #[serde(rename = "plugin.invoke")]
    PluginInvoke,
}

/// How much an approval puts at stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing that matters.
    Low,
    /// An ordinary command.
    Medium,
    /// The gateway warns about it.
    High,
    /// It may not be undone.
    Critical,
}

impl Call {
    /// Names the route below `/v1/bridge/`.
    pub fn route(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::SendMessage(_) => "sendMessage",
            Self::SendMessageDelta(_) => "sendMessageDelta",
            Self::SendMessageEnd(_) => "sendMessageEnd",
            Self::CreateTask(_) => "createTask",
            Self::UpdateTask(_) => "updateTask",
            Self::FinishTask(_) => "finishTask",
            Self::RequestApproval(_) => "requestApproval",
            Self::RegisterDevice(_) => RegisterDevice::ROUTE,
            Self::NotifyToolFile(_) => NotifyToolFile::ROUTE,
            Self::GrantSessionKey { session_id, .. } => {
                return Cow::Owned(GrantSessionKey::route(session_id));
            }
        })
    }

    /// Names the rate bucket that the call draws from.
    pub fn bucket(&self) -> Bucket {
        match self {
            Self::SendMessage(_) | Self::SendMessageEnd(_) => Bucket::Message,
            Self::SendMessageDelta(_) => Bucket::Delta,
            Self::CreateTask(_) | Self::UpdateTask(_) | Self::FinishTask(_) => Bucket::Task,
            Self::RequestApproval(_) => Bucket::Approval,
            Self::RegisterDevice(_) | Self::GrantSessionKey { .. } | Self::NotifyToolFile(_) => {
                Bucket::Other
            }
        }
    }

    /// Writes the body; a retry sends these very bytes again.
    pub fn body(&self, key: &IdempotencyKey) -> Bytes {
        let bytes = match self {
            Self::SendMessage(body) => keyed(body, key),
            Self::SendMessageDelta(body) => keyed(body, key),
            Self::SendMessageEnd(body) => keyed(body, key),
            Self::CreateTask(body) => keyed(body, key),
            Self::UpdateTask(body) => keyed(body, key),
            Self::FinishTask(body) => keyed(body, key),
            Self::RequestApproval(body) => keyed(body, key),
            Self::RegisterDevice(body) => keyed(body, key),
            Self::GrantSessionKey { grant, .. } => keyed(grant, key),
            Self::NotifyToolFile(body) => keyed(body, key),
        };
        Bytes::from(bytes)
    }
}

fn keyed(body: &impl Serialize, key: &IdempotencyKey) -> Vec<u8> {
    #[derive(Serialize)]
    struct Keyed<'a, T> {
        #[serde(flatten)]
        body: &'a T,
        idempotency_key: &'a IdempotencyKey,
    }
    // Plain structs of strings, numbers and JSON values always serialise.
    serde_json::to_vec(&Keyed { body, idempotency_key: key }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_has_snake_case_fields_its_key_and_no_nulls() {
        let call = Call::SendMessageEnd(SendMessageEnd {
            message_id: MessageId::new("msg_1"),
            text: "done".into(),
            usage: Some(Usage { output_tokens: Some(20), ..Usage::default() }),
            finish_reason: Some(FinishReason::ContentFilter),
        });
        let key = IdempotencyKey::derive(&["x"]);
        let body: Value = serde_json::from_slice(&call.body(&key)).unwrap();
        assert_eq!(
            body,
            json!({"message_id": "msg_1", "text": "done", "usage": {"output_tokens": 20},
                   "finish_reason": "content_filter", "idempotency_key": key.as_str()})
        );
    }
}
