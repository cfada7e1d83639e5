//! Conversations, and their history in the shapes of both generations.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::Generation;
use super::ids::{now_ms, uuid};

/// A conversation.
pub(super) struct Session {
    pub(super) key: String,
    pub(super) id: String,
    pub(super) rows: Vec<Row>,
    /// `provider/model`, where it is not the default.
    pub(super) model: Option<String>,
    /// The run that has the floor.
    pub(super) current: Option<String>,
    pub(super) waiting: VecDeque<Waiting>,
}

/// What waits until the session is idle.
pub(super) enum Waiting {
    /// A message, on the newer generation.
    Message(Message),
    /// What came of an approval, on the older one.
    FollowUp(FollowUp),
}

/// A message on its way to the model.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) has_image: bool,
    /// Idempotency key it came with; absent when the gateway speaks.
    pub(super) key: Option<String>,
    pub(super) starter: Option<u64>,
    pub(super) device: Option<String>,
    /// Session key as it was sent.
    pub(super) raw_session: String,
    pub(super) at_ms: u64,
}

/// What came of an approval that the older generation asked for.
#[derive(Clone, Debug)]
pub(super) struct FollowUp {
    pub(super) approval_id: String,
    /// What the agent is told, in the gateway's words.
    pub(super) told: String,
    /// The part of it that says what happened.
    pub(super) report: String,
}

/// One row of a conversation.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) run_id: String,
    pub(super) at_ms: u64,
    pub(super) body: RowBody,
}

/// What a row holds.
#[derive(Clone, Debug)]
pub(super) enum RowBody {
    /// A person's words, or what the gateway says in their place.
    User { text: String, key: Option<String> },
    /// What the model said and called.
    Assistant { thinking: Option<String>, text: String, calls: Vec<Call>, output_tokens: u64 },
    /// What the model had said when it was stopped.
    Partial { text: String, origin: &'static str },
    /// That the model failed: the provider's words, and the gateway's.
    Failure { raw: String, told: String },
    /// What a tool answered.
    ToolResult { call_id: String, text: String, is_error: bool },
}

/// A tool call as the model makes it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) command: String,
}

impl Session {
    pub(super) fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            id: uuid(),
            rows: Vec::new(),
            model: None,
            current: None,
            waiting: VecDeque::new(),
        }
    }

    /// The provider and the model that answer here.
    pub(super) fn model(&self) -> (&str, &str) {
        let chosen = self.model.as_deref().and_then(|model| model.split_once('/'));
        chosen.unwrap_or(("simulated", "talker"))
    }

    /// Renders the last rows, and tells how many there are in all.
    pub(super) fn render(&self, generation: Generation, limit: usize) -> (Vec<Value>, usize) {
        let model = self.model();
        let mut rendered: Vec<Value> =
            self.rows.iter().flat_map(|row| row.render(generation, model)).collect();
        for (index, row) in rendered.iter_mut().enumerate() {
            row["__openclaw"]["seq"] = (index + 1).into();
        }
        let total = rendered.len();
        rendered.drain(..total.saturating_sub(limit));
        (rendered, total)
    }
}

impl Row {
    pub(super) fn new(run_id: &str, body: RowBody) -> Self {
        Self { run_id: run_id.to_owned(), at_ms: now_ms(), body }
    }

    /// The newer generation keeps the text before a tool call in a row of its own.
    fn render(&self, generation: Generation, model: (&str, &str)) -> Vec<Value> {
        if let RowBody::Assistant { text, calls, thinking, output_tokens } = &self.body
            && generation.is_newer()
            && !calls.is_empty()
            && !text.is_empty()
        {
            let body = RowBody::Assistant {
                thinking: thinking.clone(),
                text: String::new(),
                calls: calls.clone(),
                output_tokens: *output_tokens,
            };
            let said = json!({
                "role": "assistant",
                "content": [{"type": "text", "text": text}],
                "timestamp": self.at_ms,
                "__openclaw": self.origin(generation),
            });
            return vec![said, Self { body, ..self.clone() }.render_one(generation, model)];
        }
        vec![self.render_one(generation, model)]
    }

    fn render_one(&self, generation: Generation, (provider, model): (&str, &str)) -> Value {
        let mut row = match &self.body {
            RowBody::User { text, key } => user(generation, text, key.as_deref()),
            RowBody::Assistant { thinking, text, calls, output_tokens } => {
                let reason = if calls.is_empty() { "stop" } else { "toolUse" };
                let content = content(thinking.as_deref(), text, calls);
                assistant(content, (provider, model), reason, *output_tokens)
            }
            RowBody::Partial { text, origin } => {
                let content = content(None, text, &[]);
                let mut row = assistant(content, ("openclaw", "gateway-injected"), "stop", 0);
                row["idempotencyKey"] = format!("{}:assistant", self.run_id).into();
                row["openclawAbort"] =
                    json!({"aborted": true, "origin": origin, "runId": self.run_id});
                row
            }
            RowBody::Failure { raw, told } => {
                let said = if generation.is_newer() { told.as_str() } else { "" };
                let content = content(None, said, &[]);
                let mut row = assistant(content, (provider, model), "error", 0);
                match generation {
                    Generation::Older => row["errorMessage"] = raw.as_str().into(),
                    Generation::Newer => {
                        row["idempotencyKey"] = format!("{}:terminal-error", self.run_id).into();
                    }
                }
                row
            }
            RowBody::ToolResult { call_id, text, is_error } => json!({
                "role": "toolResult",
                "toolCallId": call_id,
                "toolName": "exec",
                "content": [{"type": "text", "text": text}],
                "isError": is_error,
            }),
        };
        row["timestamp"] = self.at_ms.into();
        row["__openclaw"] = self.origin(generation);
        row
    }

    fn origin(&self, generation: Generation) -> Value {
        match generation {
            Generation::Older => json!({"id": &uuid()[..8]}),
            Generation::Newer => json!({"id": uuid(), "runId": self.run_id}),
        }
    }
}

fn user(generation: Generation, text: &str, key: Option<&str>) -> Value {
    match generation {
        Generation::Older => json!({"role": "user", "content": [{"type": "text", "text": text}]}),
        Generation::Newer => {
            let mut row = json!({"role": "user", "content": text});
            if let Some(key) = key {
                row["idempotencyKey"] = format!("{key}:user").into();
            }
            row
        }
    }
}

fn content(thinking: Option<&str>, text: &str, calls: &[Call]) -> Vec<Value> {
    let thinking = thinking.map(|thought| json!({"type": "thinking", "thinking": thought}));
    let text = (!text.is_empty()).then(|| json!({"type": "text", "text": text}));
    let calls = calls.iter().map(|call| {
        let arguments = json!({"command": call.command});
        json!({"type": "toolCall", "id": call.id, "name": "exec", "arguments": arguments})
    });
    thinking.into_iter().chain(text).chain(calls).collect()
}

fn assistant(
    content: Vec<Value>,
    (provider, model): (&str, &str),
    stop_reason: &str,
    output_tokens: u64,
) -> Value {
    let input_tokens = if output_tokens == 0 { 0 } else { 10 };
    json!({
        "role": "assistant",
        "content": content,
        "api": "openai-completions",
        "provider": provider,
        "model": model,
        "usage": {
            "input": input_tokens,
            "output": output_tokens,
            "totalTokens": input_tokens + output_tokens,
            "cacheRead": 0,
            "cacheWrite": 0,
            "cost": {"total": 0},
        },
        "stopReason": stop_reason,
    })
}
