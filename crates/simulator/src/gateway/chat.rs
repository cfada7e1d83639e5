//! The calls of a conversation: `chat.send`, `chat.abort` and `chat.history`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::house::{Phase, Remembered, State};
use super::ids::now_ms;
use super::keys::canonical;
use super::rpc::Caller;
use super::run::{Task, dispatch, message};
use super::sessions::{Message, Session};
use super::{Generation, RpcError};

/// Rows that `chat.history` gives when it is not told how many.
const DEFAULT_ROWS: u64 = 200;
/// Slash commands that the gateway answers itself.
const COMMANDS: [&str; 8] =
    ["/status", "/help", "/commands", "/whoami", "/model", "/models", "/new", "/compact"];

type Params = Map<String, Value>;

impl State {
    /// Answers `chat.send`.
    pub(super) fn chat_send(&mut self, by: &Caller, params: &Params) -> Result<Value, RpcError> {
        if self.phase == Phase::Draining {
            return Err(RpcError::restarting("chat.send"));
        }
        let raw_session = self.session_param(params, "sessionKey")?;
        let session_key = canonical(&raw_session)?;
        let text = text_of(params, "message");
        let key = text_of(params, "idempotencyKey");
        let has_image = check_attachments(params)?;
        if text.trim().is_empty() && !has_attachments(params) {
            return Err(RpcError::invalid("message or attachment required"));
        }
        if let Some(known) = self.remembered(&key, &session_key, &text)? {
            return Ok(known);
        }
        if matches!(text.trim(), "stop" | "/stop") {
            return self.abort_session(by, &raw_session, &session_key, "stop");
        }
        let message = Message {
            text: text.clone(),
            has_image,
            key: Some(key.clone()),
            starter: Some(by.connection),
            device: by.device.clone(),
            raw_session,
            at_ms: now_ms(),
        };
        let remembered =
            Remembered { session_key: session_key.clone(), message: text, ended: false };
        self.memory.insert(key.clone(), remembered);
        if is_command(&message.text) {
            self.answer_command(&key, &session_key, &message.text);
        } else if self.session(&session_key).current.is_some() {
            self.queue_message(&session_key, message);
            self.end_at_once(&key, &session_key, json!({}));
        } else {
            self.start_run(&key, &session_key, Task::Message(message), false);
        }
        Ok(json!({"runId": key, "status": "started"}))
    }

    /// What the gateway answers to a key that it has seen since it started.
    fn remembered(
        &self,
        key: &str,
        session_key: &str,
        text: &str,
    ) -> Result<Option<Value>, RpcError> {
        let Some(known) = self.memory.get(key) else { return Ok(None) };
        let same = known.session_key == session_key && known.message == text;
        if !same && self.generation.is_newer() {
            return Err(RpcError::because(
                "This message ID was already used for different input. Check the conversation \
                 history and use a new message ID to send again.",
                "chat-request-conflict",
            ));
        }
        let status = if known.ended { "ok" } else { "in_flight" };
        Ok(Some(json!({"runId": key, "status": status})))
    }

    /// Ends a message that no run answers under its own key, once it was acknowledged.
    fn end_at_once(&mut self, key: &str, session_key: &str, fields: Value) {
        let (key, session_key) = (key.to_owned(), session_key.to_owned());
        self.afterthoughts.push(Box::new(move |state| {
            dispatch(&mut state.wire, &key, &session_key, "final", &fields);
            if let Some(remembered) = state.memory.get_mut(&key) {
                remembered.ended = true;
            }
        }));
    }

    fn answer_command(&mut self, key: &str, session_key: &str, text: &str) {
        let command = text.split_whitespace().next().unwrap_or_default();
        if command == "/new" && self.generation == Generation::Older {
            return self.end_at_once(key, session_key, json!({}));
        }
        let said = message(&format!("⚙️ {command} (simulated)"));
        self.end_at_once(key, session_key, json!({"message": said}));
        if command == "/compact" && self.generation.is_newer() {
            let said = message("⚙️ Compaction finished (simulated)");
            self.end_at_once(key, session_key, json!({"message": said}));
        }
    }

    /// Answers `chat.abort`.
    pub(super) fn chat_abort(&mut self, by: &Caller, params: &Params) -> Result<Value, RpcError> {
        let raw_session = self.session_param(params, "sessionKey")?;
        let session_key = canonical(&raw_session)?;
        let Some(run_id) = params.get("runId").and_then(Value::as_str) else {
            return self.abort_session(by, &raw_session, &session_key, "rpc");
        };
        let Some(run) = self.runs.get(run_id).filter(|run| !run.aborted) else {
            return Ok(json!({"ok": true, "aborted": false, "runIds": []}));
        };
        if self.generation == Generation::Older && run.raw_session() != raw_session {
            return Err(RpcError::invalid("runId does not match sessionKey"));
        }
        if !self.may_stop(by, run_id) {
            return Err(RpcError::invalid("unauthorized"));
        }
        self.stop_run(run_id, "rpc");
        Ok(json!({"ok": true, "aborted": true, "runIds": [run_id]}))
    }

    fn abort_session(
        &mut self,
        by: &Caller,
        raw_session: &str,
        session_key: &str,
        stop_reason: &'static str,
    ) -> Result<Value, RpcError> {
        let older = self.generation == Generation::Older;
        let here = self.runs.values().filter(|run| {
            let named = !older || run.raw_session() == raw_session;
            run.session_key == session_key && !run.aborted && named
        });
        let here: Vec<String> = here.map(|run| run.id.clone()).collect();
        let (may, may_not): (Vec<_>, Vec<_>) =
            here.into_iter().partition(|run| self.may_stop(by, run));
        if may.is_empty() && !may_not.is_empty() {
            return Err(RpcError::invalid("unauthorized"));
        }
        for run in &may {
            self.stop_run(run, stop_reason);
        }
        Ok(json!({"ok": true, "aborted": !may.is_empty(), "runIds": may}))
    }

    /// A run may be stopped by the device that started it, by the connection that started it if
    /// it has no device, and by an administrator.
    fn may_stop(&self, by: &Caller, run: &str) -> bool {
        let Some(run) = self.runs.get(run) else { return false };
        let same = match run.device() {
            Some(device) => by.device.as_deref() == Some(device),
            None => run.starter() == Some(by.connection),
        };
        same || by.is_admin
    }

    /// Answers `chat.history`.
    pub(super) fn chat_history(&mut self, _: &Caller, params: &Params) -> Result<Value, RpcError> {
        let raw_session = self.session_param(params, "sessionKey")?;
        let session_key = canonical(&raw_session)?;
        let limit = params.get("limit").and_then(Value::as_u64).unwrap_or(DEFAULT_ROWS);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let session = self.sessions.get(&session_key);
        let (messages, total) = session
            .map_or_else(|| (Vec::new(), 0), |session| session.render(self.generation, limit));
        let shown = messages.len();
        let mut history = json!({"sessionKey": raw_session, "messages": messages});
        if let Some(session) = session {
            history["sessionId"] = session.id.as_str().into();
        }
        match self.generation {
            Generation::Older => history["thinkingLevel"] = "off".into(),
            Generation::Newer => {
                history["hasMore"] = (shown < total).into();
                history["totalMessages"] = total.into();
                self.add_live_state(&mut history, session);
            }
        }
        Ok(history)
    }

    /// What only the newer generation tells: what runs, and what waits.
    fn add_live_state(&self, history: &mut Value, session: Option<&Session>) {
        let waiting = session.map_or_else(Vec::new, Session::describe_waiting);
        history["pendingInputs"] = json!({"total": waiting.len(), "items": waiting});
        let Some(session) = session else { return };
        let run = session.current.as_ref().and_then(|id| self.runs.get(id));
        let mut info = json!({"key": session.key, "hasActiveRun": run.is_some()});
        info["status"] = if run.is_some() { "running" } else { "done" }.into();
        match run {
            Some(run) => {
                history["inFlightRun"] = json!({
                    "runId": run.id, "text": run.text.trim(), "startedAt": run.started_at_ms,
                    "events": [],
                });
            }
            None => info["activeRunIds"] = json!([]),
        }
        history["sessionInfo"] = info;
    }

    /// Reads a session key; one that is not canonical is noted.
    pub(super) fn session_param(&mut self, params: &Params, at: &str) -> Result<String, RpcError> {
        let raw = text_of(params, at);
        if canonical(&raw)? != raw {
            self.record.violate(format!("session key {raw:?} is not in its canonical form"));
        }
        Ok(raw)
    }
}

impl Session {
    fn describe_waiting(&self) -> Vec<Value> {
        let messages = self.waiting.iter().filter_map(|waiting| match waiting {
            super::sessions::Waiting::Message(message) => Some(message),
            super::sessions::Waiting::FollowUp(_) => None,
        });
        messages
            .map(|message| {
                json!({
                    "id": message.key, "acceptedAt": message.at_ms, "state": "queued",
                    "message": {"role": "user", "content": message.text},
                })
            })
            .collect()
    }
}

fn is_command(text: &str) -> bool {
    COMMANDS.contains(&text.split_whitespace().next().unwrap_or_default())
}

fn has_attachments(params: &Params) -> bool {
    params.get("attachments").and_then(Value::as_array).is_some_and(|files| !files.is_empty())
}

/// Checks the attachments; tells whether there is an image.
fn check_attachments(params: &Params) -> Result<bool, RpcError> {
    let files = match params.get("attachments") {
        None => return Ok(false),
        Some(Value::Array(files)) => files,
        Some(_) => {
            let message = "invalid chat.send params: at /attachments: must be array";
            return Err(RpcError::invalid(message));
        }
    };
    for file in files {
        let name = file["fileName"].as_str().unwrap_or("attachment");
        let content = file["content"].as_str().unwrap_or_default();
        let data = content.split_once("base64,").map_or(content, |(_, data)| data);
        if data.is_empty() || STANDARD.decode(data).is_err() {
            let message = format!("Error: attachment {name}: invalid base64 content");
            return Err(RpcError::invalid(&message));
        }
    }
    Ok(files.iter().any(|file| file["type"] == "image"))
}

fn text_of(params: &Params, field: &str) -> String {
    params.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}
