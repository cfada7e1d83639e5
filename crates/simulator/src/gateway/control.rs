//! What a test or a demo can make a gateway do.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use super::approvals::Kind;
use super::house::Phase;
use super::ids::{now_ms, uuid};
use super::keys::canonical;
use super::rpc::Caller;
use super::run::Task;
use super::sessions::{Message, RowBody};
use super::wire::{Audience, Credential, MAX_BUFFERED_BYTES, Outgoing};
use super::{ConnectRefusal, Gateway};

/// Bytes of one frame of a flood.
const FLOOD_FRAME: usize = 8_192;
/// How long a gateway lets its runs end before it restarts.
const DRAIN: Duration = Duration::from_secs(315);

impl Gateway {
    /// Cuts every connection without a closing handshake.
    pub fn drop_connections(&self) {
        self.house.with(|state| state.wire.cut_all());
    }

    /// Is killed and started again on the same port: connections, runs, approvals and the memory
    /// of idempotency keys are gone; devices stay. With its history the newer generation takes up
    /// the turns that were interrupted, and the older one has lost them.
    pub fn restart(&self, keep_history: bool) {
        let boot = self.house.stop.child_token();
        self.house.with(|state| state.reboot(boot, keep_history));
    }

    /// Is told to stop, and started again on the same port. The newer generation lets its runs
    /// end first, for at most 315 s, and takes nothing new meanwhile; the older one drops them.
    pub async fn restart_gracefully(&self) {
        let drains = self.house.with(|state| {
            let newer = state.generation.is_newer();
            if newer {
                state.phase = Phase::Draining;
            }
            newer
        });
        if drains {
            let idle = || self.house.look(|state| (!state.is_busy()).then_some(()));
            // What has not ended by then is dropped.
            let _ = tokio::time::timeout(DRAIN, self.house.until(idle)).await;
        }
        self.house.with(|state| {
            state.announce_shutdown();
            for run in state.runs.values_mut() {
                run.aborted = true;
            }
        });
        self.restart(true);
    }

    /// Refuses the next attempt to connect; several calls refuse several attempts.
    pub fn refuse_next_connect(&self, refusal: ConnectRefusal) {
        self.house.with(|state| state.refusals.push_back(refusal));
    }

    /// Takes connections and frames, and says nothing any more.
    pub fn stop_answering(&self) {
        self.house.with(|state| state.wire.mute = true);
    }

    /// Speaks again; what it did not say meanwhile is lost.
    pub fn answer_again(&self) {
        self.house.with(|state| state.wire.mute = false);
    }

    /// Keeps the answers to calls back; events go out.
    pub fn hold_answers(&self) {
        self.house.with(|state| state.wire.hold());
    }

    /// Sends the answers that were kept back, and answers at once again.
    pub fn release_answers(&self) {
        self.house.with(|state| state.wire.release());
    }

    /// Sends a text to every client, whatever it is.
    pub fn emit_raw(&self, text: &str) {
        self.house.with(|state| {
            for connection in state.wire.connections.values() {
                connection.outbox.send(Outgoing::Text(text.to_owned()));
            }
        });
    }

    /// Sends a binary frame to every client.
    pub fn emit_binary(&self, bytes: &[u8]) {
        self.house.with(|state| {
            for connection in state.wire.connections.values() {
                connection.outbox.send(Outgoing::Binary(bytes.to_vec()));
            }
        });
    }

    /// Sends events that matter to nobody, this many bytes or a little more to every client, as
    /// fast as the slowest client reads them.
    pub async fn flood(&self, bytes: usize) {
        let payload = json!({"ok": true, "ts": now_ms(), "padding": "x".repeat(FLOOD_FRAME)});
        let mut sent = 0;
        while sent < bytes {
            let waiting = self.house.with(|state| {
                state.wire.event("health", &payload, Audience::Everyone);
                let waiting = state.wire.connections.values();
                let waiting = waiting.map(|c| c.outbox.waiting.load(Ordering::Relaxed));
                waiting.max().unwrap_or_default()
            });
            sent += FLOOD_FRAME;
            if waiting > MAX_BUFFERED_BYTES / 4 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            } else {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Starts a run on behalf of another surface, such as the gateway's own page, and tells its
    /// id. In a busy session it waits, as any message does.
    ///
    /// # Panics
    /// When the session key means nothing to a gateway.
    pub fn start_foreign_run(&self, session_key: &str, message: &str) -> String {
        let session_key = self.canonical(session_key);
        let run_id = uuid();
        self.house.with(|state| {
            let message = Message {
                text: message.to_owned(),
                has_image: false,
                key: Some(run_id.clone()),
                starter: None,
                device: None,
                raw_session: session_key.clone(),
                at_ms: now_ms(),
            };
            if state.session(&session_key).current.is_some() {
                state.queue_message(&session_key, message);
            } else {
                state.start_run(&run_id, &session_key, Task::Message(message), false);
            }
        });
        run_id
    }

    /// Lets a run say some more, at once; tells whether it has not ended.
    pub fn emit_delta(&self, run_id: &str, more: &str) -> bool {
        let said = self.house.with(|state| {
            state.on_run(run_id, |run, wire, _| {
                run.say(wire, more);
                run.flush(wire);
            })
        });
        said.is_some()
    }

    /// Sends an event of a run's `agent` channel; tells whether the run has not ended.
    pub fn emit_agent_event(&self, run_id: &str, stream: &str, data: Value) -> bool {
        let sent = self
            .house
            .with(|state| state.on_run(run_id, |run, wire, _| run.agent(wire, stream, data)));
        sent.is_some()
    }

    /// Closes a run with what it has said; tells whether it had not ended.
    pub fn finish_run(&self, run_id: &str) -> bool {
        self.house.with(|state| {
            let noted = state.on_run(run_id, |run, wire, session| {
                let row = RowBody::Assistant {
                    thinking: None,
                    text: run.text.clone(),
                    calls: Vec::new(),
                    output_tokens: run.output_tokens.max(1),
                };
                run.record(wire.generation, session, row);
            });
            state.finish_run(run_id);
            noted.is_some()
        })
    }

    /// Lets a plugin ask for an approval; tells its id.
    ///
    /// # Panics
    /// When the session key means nothing to a gateway.
    pub fn ask_plugin_approval(&self, session_key: &str, title: &str, description: &str) -> String {
        let session_key = self.canonical(session_key);
        self.house.with(|state| state.ask_for_plugin(&session_key, title, description))
    }

    /// Decides an approval on another surface; tells whether that was possible.
    pub fn decide_elsewhere(&self, approval_id: &str, decision: &str) -> bool {
        let params = json!({"id": approval_id, "decision": decision});
        let kind = if approval_id.starts_with("plugin:") { Kind::Plugin } else { Kind::Exec };
        self.house.with(|state| {
            let params = params.as_object().cloned().unwrap_or_default();
            state.resolve_approval(&owner(), &params, kind).is_ok()
        })
    }

    fn canonical(&self, session_key: &str) -> String {
        match canonical(session_key) {
            Ok(key) => key,
            Err(error) => panic!("{session_key:?} is no session key: {}", error.0["message"]),
        }
    }
}

/// The owner at another surface, who may do anything.
pub(super) fn owner() -> Caller {
    Caller {
        connection: 0,
        device: None,
        display_name: "Another surface".to_owned(),
        credential: Credential::Shared,
        is_admin: true,
    }
}
