//! What the gateway answers.

use openclaw::{Call, CallError, Generation, RunEventKind, RunId, SessionKey};
use serde_json::{Value, json};

use super::questions::By;
use super::rows::{Row, Said};
use super::truth::{Asked, Outcome};
use super::{Gateway, Power, refused};
use crate::clock::{Millis, unix_ms};

type Answer = Result<Value, CallError>;

impl Gateway {
    /// Takes a call of the bridge; the answer leaves after `think`, before anything that the call
    /// begins.
    pub(crate) fn take(&mut self, call: &Call, think: Millis, now: Millis) -> Answer {
        self.now = now;
        match call {
            Call::ChatSend { session_key, message, run_id, .. } => {
                self.send(session_key, message, run_id, think)
            }
            Call::ChatAbort { session_key, run_id } => {
                self.abort(session_key.as_str(), run_id.as_ref())
            }
            Call::ChatHistory { session_key, limit } => {
                Ok(self.history(session_key.as_str(), usize::try_from(*limit).unwrap()))
            }
            Call::ResolveApproval { id, decision, .. } => self.resolve(id, *decision, By::Bridge),
            Call::ListApprovals { kind } => Ok(self.list(*kind)),
            Call::SetModel { .. } | Call::Query { .. } => Ok(json!({})),
        }
    }

    fn send(&mut self, key: &SessionKey, text: &str, run: &RunId, think: Millis) -> Answer {
        if matches!(self.power, Power::Draining { .. }) {
            let message = "chat.send unavailable during gateway restart";
            return Err(refused("gateway-restarting", message, true));
        }
        let (session, run) = (key.as_str().to_owned(), run.as_str().to_owned());
        if let Some(known) = self.keys.get(&run) {
            if known != text {
                self.violations.push(format!("one key, other words: {run} {known:?} {text:?}"));
            }
            let state = self.sessions.entry(session).or_default();
            let runs = state.active.as_ref().is_some_and(|active| active.id == run);
            return Ok(json!({"runId": run, "status": if runs { "in_flight" } else { "ok" }}));
        }
        if matches!(text.trim(), "stop" | "/stop") {
            let aborted = self.stop(&session);
            return Ok(json!({"ok": true, "aborted": aborted, "runIds": []}));
        }
        self.keys.insert(run.clone(), text.to_owned());
        let asked = Asked {
            key: run.clone(),
            session: session.clone(),
            text: text.to_owned(),
            shares: false,
            attempts: Vec::new(),
        };
        self.asked.entry(run.clone()).or_insert(asked);
        if self.sessions.entry(session.clone()).or_default().active.is_some() {
            self.send_while_busy(&session, &run);
        } else {
            self.begun.insert(run.clone());
            let after = think + self.rng.u64(1..900);
            self.begin(&session, &run, &run, after);
        }
        Ok(json!({"runId": run, "status": "started"}))
    }

    /// A message that finds its session busy is queued (newer) or steers the run (older); its own
    /// run ends at once, empty.
    fn send_while_busy(&mut self, session: &str, key: &str) {
        match self.generation {
            Generation::Newer => {
                let state = self.sessions.entry(session.to_owned()).or_default();
                state.waiting.push_back(key.to_owned());
            }
            Generation::Older => self.steer(session, key),
        }
        let empty = RunEventKind::Final { text: None, stop_reason: None, usage: None };
        self.tell_run(session, key, empty);
    }

    fn abort(&mut self, session: &str, run: Option<&RunId>) -> Answer {
        let idle = json!({"ok": true, "aborted": false, "runIds": []});
        let Some(state) = self.sessions.get(session) else { return Ok(idle) };
        let Some(active) = &state.active else { return Ok(idle) };
        if run.is_some_and(|run| run.as_str() != active.id) {
            return Ok(idle);
        }
        if active.follows.is_some() {
            return Err(refused("", "unauthorized", false));
        }
        let id = active.id.clone();
        self.stop(session);
        Ok(json!({"ok": true, "aborted": true, "runIds": [id]}))
    }

    /// Stops what runs in a session.
    fn stop(&mut self, session: &str) -> bool {
        let Some(run) = self.sessions.get_mut(session).and_then(|s| s.active.take()) else {
            return false;
        };
        let partial = Some(run.chat.clone()).filter(|text| !text.is_empty());
        let told = RunEventKind::Aborted { text: partial.clone(), stop_reason: Some("rpc".into()) };
        self.tell_run(session, &run.id, told);
        self.tell_run(session, &run.id, RunEventKind::AttemptEnded { aborted: true });
        if self.generation == Generation::Newer {
            self.withdraw(&run.id);
        }
        let timestamp = unix_ms(self.now);
        let rows = &mut self.sessions.entry(session.to_owned()).or_default().rows;
        rows.extend(run.unsaved);
        if let Some(text) = partial {
            let about = run.speaks_to;
            let kept =
                |key| Row { said: Said::Agent(text.clone()), about: about.clone(), timestamp, key };
            if self.generation == Generation::Older {
                rows.push(kept(None));
            }
            rows.push(kept(Some(format!("{}:assistant", run.id))));
        }
        if let Some(asked) = run.about.and_then(|about| self.asked.get_mut(&about)) {
            asked.settle(Outcome::Stopped, self.now);
        }
        // Who steered the run gets what was said by then.
        for key in run.steered {
            if let Some(asked) = self.asked.get_mut(&key) {
                asked.settle(Outcome::Answered, self.now);
            }
        }
        true
    }

    fn history(&self, session: &str, limit: usize) -> Value {
        let generation = self.generation;
        let Some(state) = self.sessions.get(session) else {
            return json!({"sessionKey": session, "messages": []});
        };
        let skipped = state.rows.len().saturating_sub(limit);
        let rows = state.rows[skipped..].iter().map(|row| row.to_json(generation));
        let mut history = json!({"sessionKey": session, "messages": rows.collect::<Vec<_>>()});
        if generation == Generation::Older {
            history["thinkingLevel"] = "off".into();
            return history;
        }
        let resumes = self.resumes.iter().filter(|resume| resume.session == session).count();
        let pending = resumes + state.waiting.len();
        let active = state.active.is_some() || pending > 0;
        history["pendingInputs"] = json!({"items": [], "total": pending});
        history["sessionInfo"] = json!({"hasActiveRun": active});
        if let Some(run) = &state.active {
            history["inFlightRun"] = json!({"runId": run.id, "text": run.chat});
        }
        history
    }
}
