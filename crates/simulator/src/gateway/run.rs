//! A run: one turn of an agent, and the frames of its beginning and its end.

use std::collections::VecDeque;
use std::time::Instant;

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::Generation;
use super::ids::now_ms;
use super::keys::AGENT;
use super::sessions::{FollowUp, Message, Row, RowBody, Session};
use super::tool_call::ToolCall;
use super::wire::{Audience, Wire};

/// What a run answers.
#[derive(Clone, Debug)]
pub(super) enum Task {
    Message(Message),
    FollowUp(FollowUp),
}

/// One turn of an agent.
pub(super) struct Run {
    pub(super) id: String,
    /// Canonical key of its session.
    pub(super) session_key: String,
    pub(super) session_id: String,
    pub(super) task: Task,
    /// The gateway started it itself: from its queue, or after a restart.
    pub(super) by_itself: bool,
    /// Messages that came while it ran (older generation): it answers them as well.
    pub(super) steered: VecDeque<Message>,
    pub(super) aborted: bool,
    /// Tells whoever plays it that it is over.
    pub(super) over: CancellationToken,
    /// Tool calls that have not ended.
    pub(super) open_calls: Vec<ToolCall>,
    pub(super) used_tools: bool,
    pub(super) started_at_ms: u64,
    /// Visible text so far.
    pub(super) text: String,
    /// Length of the text that the last `chat` delta carried.
    pub(super) told: usize,
    pub(super) told_at: Option<Instant>,
    pub(super) output_tokens: u64,
    /// Number of the last `agent` event.
    pub(super) seq: u64,
    /// Rows that become history when the run has ended (older generation).
    held_rows: Vec<Row>,
}

impl Run {
    pub(super) fn new(id: &str, session: &Session, task: Task, over: CancellationToken) -> Self {
        Self {
            id: id.to_owned(),
            session_key: session.key.clone(),
            session_id: session.id.clone(),
            task,
            by_itself: false,
            steered: VecDeque::new(),
            aborted: false,
            over,
            open_calls: Vec::new(),
            used_tools: false,
            started_at_ms: now_ms(),
            text: String::new(),
            told: 0,
            told_at: None,
            output_tokens: 0,
            seq: 0,
            held_rows: Vec::new(),
        }
    }

    /// The connection that started it.
    pub(super) fn starter(&self) -> Option<u64> {
        match &self.task {
            Task::Message(message) => message.starter,
            Task::FollowUp(_) => None,
        }
    }

    /// The device that started it.
    pub(super) fn device(&self) -> Option<&str> {
        match &self.task {
            Task::Message(message) => message.device.as_deref(),
            Task::FollowUp(_) => None,
        }
    }

    /// The session key that it was started with.
    pub(super) fn raw_session(&self) -> &str {
        match &self.task {
            Task::Message(message) => &message.raw_session,
            Task::FollowUp(_) => &self.session_key,
        }
    }

    /// Adds a row to the history: at once, or on the older generation when the run ends.
    pub(super) fn record(&mut self, generation: Generation, session: &mut Session, body: RowBody) {
        let row = Row::new(&self.id, body);
        match generation {
            Generation::Older => self.held_rows.push(row),
            Generation::Newer => session.rows.push(row),
        }
    }

    /// Hands over the rows that were held back.
    pub(super) fn release_rows(&mut self, session: &mut Session) {
        session.rows.append(&mut self.held_rows);
    }

    /// Opens an attempt.
    pub(super) fn begin(&mut self, wire: &mut Wire, (provider, model): (&str, &str)) {
        match wire.generation {
            Generation::Older => self.start(wire),
            Generation::Newer => {
                self.prepare(wire, "preparing_context");
                self.start(wire);
                self.prepare(wire, "starting_model");
                self.lifecycle(
                    wire,
                    json!({
                        "phase": "model", "provider": provider, "model": model,
                    }),
                );
            }
        }
    }

    /// Tells how far the run has come before the model speaks (newer generation).
    pub(super) fn prepare(&mut self, wire: &mut Wire, phase: &str) {
        self.seq += 1;
        if !self.by_itself {
            self.chat(wire, "status", &json!({"phase": phase}));
        }
        self.agent(wire, "run_status", json!({"phase": phase}));
    }

    fn start(&mut self, wire: &mut Wire) {
        self.lifecycle(wire, json!({"phase": "start", "startedAt": now_ms()}));
    }

    /// Closes the run with what it said.
    pub(super) fn finish(&mut self, wire: &mut Wire, (provider, model): (&str, &str)) {
        match wire.generation {
            Generation::Older => {
                let mut end =
                    json!({"phase": "end", "livenessState": "working", "endedAt": now_ms()});
                if self.used_tools {
                    end["replayInvalid"] = true.into();
                }
                self.lifecycle(wire, end);
                self.flush(wire);
                self.chat(wire, "final", &self.message_field());
            }
            Generation::Newer => {
                self.flush(wire);
                self.finishing(wire);
                self.detach_model(wire);
                let end = self.settled_end((provider, model));
                self.lifecycle(wire, end);
                let mut last = self.message_field();
                last["stopReason"] = "stop".into();
                if self.by_itself && last["message"].is_object() {
                    last["message"]["usage"] = json!({
                        "input": 10, "output": self.output_tokens,
                        "totalTokens": 10 + self.output_tokens,
                    });
                }
                self.chat(wire, "final", &last);
            }
        }
    }

    /// Tells that the model has said all (newer generation).
    pub(super) fn finishing(&mut self, wire: &mut Wire) {
        self.agent(wire, "usage", json!({"outputTokens": self.output_tokens}));
        let mut finishing = json!({
            "phase": "finishing", "stopReason": "stop", "aborted": false,
            "livenessState": "working", "endedAt": now_ms(),
        });
        if self.used_tools {
            finishing["replayInvalid"] = true.into();
        }
        self.lifecycle(wire, finishing);
    }

    /// Tells that the run is stopped; what the stop interrupts is told by `settle`.
    pub(super) fn stop(&mut self, wire: &mut Wire, stop_reason: &str) {
        let mut fields = self.message_field();
        fields["stopReason"] = stop_reason.into();
        if wire.generation == Generation::Older {
            fields["sessionKey"] = self.raw_session().into();
        }
        self.chat(wire, "aborted", &fields);
        self.lifecycle(
            wire,
            json!({
                "phase": "end", "status": "cancelled", "aborted": true, "stopReason": stop_reason,
                "startedAt": self.started_at_ms, "endedAt": now_ms(),
            }),
        );
    }

    /// Tells what the stop interrupted.
    pub(super) fn settle(&mut self, wire: &mut Wire) {
        match wire.generation {
            Generation::Older => {
                self.seq = 0;
                self.lifecycle(
                    wire,
                    json!({
                        "phase": "end", "endedAt": now_ms(), "aborted": true,
                        "livenessState": "blocked",
                    }),
                );
            }
            Generation::Newer => {
                for call in std::mem::take(&mut self.open_calls) {
                    self.tool_aborted(wire, &call);
                }
                self.detach_model(wire);
                self.lifecycle(
                    wire,
                    json!({
                        "phase": "error", "endedAt": now_ms(), "startedAt": self.started_at_ms,
                        "error": "This operation was aborted", "aborted": true,
                        "stopReason": "aborted", "executionSettled": true,
                    }),
                );
            }
        }
    }

    pub(super) fn detach_model(&mut self, wire: &mut Wire) {
        self.lifecycle(wire, json!({"phase": "model", "provider": null, "model": null}));
    }

    fn settled_end(&self, (provider, model): (&str, &str)) -> Value {
        let tools: &[&str] = if self.used_tools { &["exec"] } else { &[] };
        json!({
            "phase": "end", "stopReason": "stop", "aborted": false, "livenessState": "working",
            "endedAt": now_ms(), "startedAt": self.started_at_ms,
            "replayInvalid": self.used_tools,
            "terminalReply": {"disposition": "visible", "text": self.text.trim()},
            "terminalReceipt": {
                "runId": self.id, "sessionId": self.session_id, "turnId": self.id,
                "requested": {"provider": provider, "model": model},
                "effective": {"provider": provider, "model": model},
                "successfulToolNames": tools, "rerouted": false,
                "terminalDisposition": "visible",
            },
            "executionSettled": true,
        })
    }

    pub(super) fn lifecycle(&mut self, wire: &mut Wire, data: Value) {
        self.agent(wire, "lifecycle", data);
    }

    /// Sends an event of the `agent` channel.
    pub(super) fn agent(&mut self, wire: &mut Wire, stream: &str, data: Value) {
        let payload = self.agent_payload(wire.generation, stream, data);
        wire.event("agent", &payload, Audience::Readers);
    }

    /// Sends an event of the `tool` stream, which only the connection that started the run hears.
    pub(super) fn agent_tool(&mut self, wire: &mut Wire, data: Value) {
        let mut payload = self.agent_payload(wire.generation, "tool", data);
        payload["session"] =
            json!({"key": self.session_key, "kind": "direct", "sessionId": self.session_id});
        wire.event("agent", &payload, Audience::Starter(self.starter()));
    }

    fn agent_payload(&mut self, generation: Generation, stream: &str, data: Value) -> Value {
        self.seq += 1;
        let mut payload = json!({
            "runId": self.id, "stream": stream, "data": data, "sessionKey": self.session_key,
            "seq": self.seq, "ts": now_ms(),
        });
        if generation.is_newer() {
            payload["agentId"] = AGENT.into();
            payload["isHeartbeat"] = false.into();
            if stream == "lifecycle" {
                payload["sessionId"] = self.session_id.as_str().into();
            }
        }
        payload
    }

    /// Sends an event of the `chat` channel; the fields may name another session key.
    pub(super) fn chat(&self, wire: &mut Wire, state: &str, fields: &Value) {
        let mut payload = Map::new();
        payload.insert("runId".into(), self.id.as_str().into());
        payload.insert("sessionKey".into(), self.session_key.as_str().into());
        if wire.generation.is_newer() && !(self.by_itself && state == "final") {
            payload.insert("agentId".into(), AGENT.into());
        }
        payload.insert("seq".into(), self.seq.into());
        payload.insert("state".into(), state.into());
        if let Some(fields) = fields.as_object() {
            payload.extend(fields.clone());
        }
        wire.event("chat", &Value::Object(payload), Audience::Readers);
    }

    /// The `message` of a `chat` event, absent when nothing visible was said.
    fn message_field(&self) -> Value {
        match self.text.trim() {
            "" => json!({}),
            text => json!({"message": message(text)}),
        }
    }
}

/// A `chat` event that the gateway sends for a message that no run answers: a slash command, or
/// one that waits for its turn.
pub(super) fn dispatch(wire: &mut Wire, run: &str, session: &str, state: &str, fields: &Value) {
    let mut payload = json!({"runId": run, "sessionKey": session, "seq": 1, "state": state});
    if let (Some(payload), Some(fields)) = (payload.as_object_mut(), fields.as_object()) {
        payload.extend(fields.clone());
    }
    wire.event("chat", &payload, Audience::Readers);
}

/// A message of the model.
pub(super) fn message(text: &str) -> Value {
    json!({
        "role": "assistant",
        "content": [{"type": "text", "text": text}],
        "timestamp": now_ms(),
    })
}
