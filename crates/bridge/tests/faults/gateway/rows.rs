//! The rows of a session's history, in the form of each generation.

use openclaw::Generation;
use serde_json::{Value, json};

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Who speaks, and what.
    pub(crate) said: Said,
    /// The message that it belongs to, by its key: nobody is told.
    pub(crate) about: Option<String>,
    /// Unix time in milliseconds.
    pub(crate) timestamp: u64,
    /// The idempotency key, where the gateway keeps one.
    pub(crate) key: Option<String>,
}

/// Who speaks, and what.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// The person.
    User(String),
    /// The gateway in the person's place.
    Injected(String),
    /// The agent.
    Agent(String),
    /// The agent, before it calls a tool.
    Before(String),
    /// The agent calls a tool.
    ToolCall(String),
    /// A tool.
    Tool(String, String),
    /// The model failed.
    Failure(String),
}

impl Row {
    /// Writes the row.
    pub(crate) fn to_json(&self, generation: Generation) -> Value {
        let blocks = |text: &str| json!([{"type": "text", "text": text}]);
        let newer = generation == Generation::Newer;
        let mut row = match &self.said {
            Said::User(text) | Said::Injected(text) if newer => {
                json!({"role": "user", "content": text})
            }
            Said::User(text) | Said::Injected(text) => {
                json!({"role": "user", "content": blocks(text)})
            }
            Said::Agent(text) => {
                json!({"role": "assistant", "content": blocks(text), "stopReason": "stop"})
            }
            Said::Before(text) if newer => json!({"role": "assistant", "content": blocks(text)}),
            Said::Before(text) => {
                json!({"role": "assistant", "content": blocks(text), "stopReason": "toolUse"})
            }
            Said::ToolCall(call) => json!({"role": "assistant", "stopReason": "toolUse",
                "content": [{"type": "toolCall", "id": call, "name": "exec", "arguments": {}}]}),
            Said::Tool(call, text) => json!({"role": "toolResult", "toolCallId": call,
                "toolName": "exec", "content": blocks(text), "isError": false}),
            Said::Failure(text) if newer => json!({"role": "assistant",
                "content": blocks(&format!("⚠️ {text}")), "stopReason": "error"}),
            Said::Failure(text) => json!({"role": "assistant", "content": [],
                "stopReason": "error", "errorMessage": text}),
        };
        row["timestamp"] = self.timestamp.into();
        if let Some(key) = &self.key {
            row["idempotencyKey"] = key.as_str().into();
        }
        row
    }
}
