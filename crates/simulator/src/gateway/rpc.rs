//! The methods of the gateway: who may call them, and what they take.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::approvals::Kind;
use super::house::State;
use super::ids::now_ms;
use super::observe::RecordedCall;
use super::schema::{self, Field};
use super::wire::Credential;
use super::{Generation, RpcError};

/// Who calls.
pub(super) struct Caller {
    pub(super) connection: u64,
    pub(super) device: Option<String>,
    pub(super) display_name: String,
    pub(super) credential: Credential,
    pub(super) is_admin: bool,
}

type Params = Map<String, Value>;
type Answer = fn(&mut State, &Caller, &Params) -> Result<Value, RpcError>;

struct Method {
    name: &'static str,
    takes: &'static [Field],
    /// Scope that it needs on the older and on the newer generation; none where it is unknown.
    scopes: [Option<&'static str>; 2],
    answer: Answer,
}

const READ: Option<&str> = Some("operator.read");
const WRITE: Option<&str> = Some("operator.write");
const APPROVE: Option<&str> = Some("operator.approvals");
const PAIR: Option<&str> = Some("operator.pairing");
const ADMIN: Option<&str> = Some("operator.admin");

const fn method(
    name: &'static str,
    takes: &'static [Field],
    scopes: [Option<&'static str>; 2],
    answer: Answer,
) -> Method {
    Method { name, takes, scopes, answer }
}

/// A method that is not listed.
const SETUP_CODE: &str = "device.pair.setupCode";

const METHODS: &[Method] = &[
    method("health", schema::NOTHING, [READ, READ], |_, _, _| {
        Ok(json!({"ok": true, "ts": now_ms()}))
    }),
    method("chat.send", schema::CHAT_SEND, [WRITE, WRITE], State::chat_send),
    method("chat.abort", schema::CHAT_ABORT, [WRITE, WRITE], State::chat_abort),
    method("chat.history", schema::CHAT_HISTORY, [READ, READ], State::chat_history),
    method("exec.approval.list", schema::NOTHING, [APPROVE, APPROVE], |state, by, _| {
        Ok(state.list_approvals(by, Kind::Exec))
    }),
    method("exec.approval.resolve", schema::APPROVAL_RESOLVE, [APPROVE, APPROVE], |s, by, p| {
        s.resolve_approval(by, p, Kind::Exec)
    }),
    method("plugin.approval.list", schema::NOTHING, [APPROVE, APPROVE], |state, by, _| {
        Ok(state.list_approvals(by, Kind::Plugin))
    }),
    method("plugin.approval.resolve", schema::APPROVAL_RESOLVE, [APPROVE, APPROVE], |s, by, p| {
        s.resolve_approval(by, p, Kind::Plugin)
    }),
    method("models.list", schema::MODELS_LIST, [READ, READ], State::list_models),
    method("sessions.patch", schema::SESSIONS_PATCH, [ADMIN, WRITE], State::patch_session),
    method("cron.list", schema::CRON_LIST, [READ, READ], State::cron_list),
    method("cron.status", schema::NOTHING, [READ, READ], State::cron_status),
    method("cron.runs", schema::CRON_RUNS, [READ, READ], State::cron_runs),
    method("cron.add", schema::CRON_ADD, [ADMIN, ADMIN], State::cron_add),
    method("cron.update", schema::CRON_UPDATE, [ADMIN, ADMIN], State::cron_update),
    method("cron.remove", schema::CRON_REMOVE, [ADMIN, ADMIN], State::cron_remove),
    method("cron.run", schema::CRON_RUN, [ADMIN, ADMIN], State::cron_run),
    method("device.pair.list", schema::NOTHING, [PAIR, PAIR], State::list_devices),
    method("device.pair.approve", schema::REQUEST_ID, [PAIR, PAIR], State::approve_device),
    method("device.pair.reject", schema::REQUEST_ID, [PAIR, PAIR], State::reject_device),
    method("device.pair.remove", schema::DEVICE_ID, [PAIR, PAIR], State::remove_device),
    method("device.pair.rename", schema::DEVICE_LABEL, [None, PAIR], State::rename_device),
    method("device.token.rotate", schema::DEVICE_ROLE, [PAIR, PAIR], State::rotate_token),
    method("device.token.revoke", schema::DEVICE_ROLE, [PAIR, PAIR], State::revoke_token),
    method("node.pair.list", schema::NOTHING, [PAIR, PAIR], State::list_nodes),
    method("node.pair.approve", schema::REQUEST_ID, [PAIR, PAIR], State::approve_node),
    method("node.pair.reject", schema::REQUEST_ID, [PAIR, PAIR], State::reject_node),
    method("node.pair.remove", schema::NODE_ID, [PAIR, PAIR], State::remove_node),
    method(SETUP_CODE, schema::SETUP_CODE, [None, ADMIN], State::make_setup_code),
    method("channels.pairing.list", schema::SENDERS_LIST, [None, PAIR], State::list_senders),
    method("channels.pairing.approve", schema::SENDER_APPROVE, [None, PAIR], State::approve_sender),
    method("channels.pairing.dismiss", schema::SENDER_DISMISS, [None, PAIR], State::dismiss_sender),
];

impl Method {
    fn scope(&self, generation: Generation) -> Option<&'static str> {
        match generation {
            Generation::Older => self.scopes[0],
            Generation::Newer => self.scopes[1],
        }
    }
}

/// Lists the methods that a generation has and tells of.
pub(super) fn method_names(generation: Generation) -> Vec<&'static str> {
    let known = METHODS.iter().filter(|method| method.scope(generation).is_some());
    known.map(|method| method.name).filter(|name| *name != SETUP_CODE).collect()
}

impl State {
    /// Answers one frame of a connection that has been let in.
    pub(super) fn take_frame(&mut self, connection: u64, frame: &Value) {
        let (Some("req"), Some(method)) = (frame["type"].as_str(), frame["method"].as_str()) else {
            self.record.violate(format!("a frame is no request: {}", shortened(frame)));
            return;
        };
        if !frame["id"].is_string() {
            self.record.violate(format!("a request of {method} has no id"));
            return;
        }
        let params = frame.get("params").cloned().unwrap_or_else(|| json!({}));
        self.record.calls.push(RecordedCall {
            connection,
            method: method.to_owned(),
            params: params.clone(),
            at: Instant::now(),
        });
        let answer = self.call(connection, method, &params);
        self.wire.answer(connection, &frame["id"], answer);
        self.think_on();
    }

    fn call(&mut self, connection: u64, name: &str, params: &Value) -> Result<Value, RpcError> {
        let generation = self.generation;
        let Some(calling) = self.wire.connections.get(&connection) else {
            return Err(RpcError::invalid("not connected"));
        };
        let may = |scope: &str| calling.may(scope);
        let known = METHODS.iter().find(|method| method.name == name);
        let Some((method, scope)) = known.and_then(|m| Some((m, m.scope(generation)?))) else {
            return Err(if may("operator.admin") {
                RpcError::invalid(&format!("unknown method: {name}"))
            } else {
                RpcError::missing_scope(generation, "operator.admin")
            });
        };
        if !may(scope) {
            return Err(RpcError::missing_scope(generation, scope));
        }
        let caller = Caller {
            connection,
            device: calling.device_id.clone(),
            display_name: calling.display_name.clone(),
            credential: calling.credential,
            is_admin: may("operator.admin"),
        };
        match schema::check(method.takes, params, generation) {
            Ok(params) => (method.answer)(self, &caller, &params),
            Err(problem) => {
                let message = format!("invalid {name} params: {problem}");
                self.record.violate(message.clone());
                Err(RpcError::invalid(&message))
            }
        }
    }
}

fn shortened(frame: &Value) -> String {
    frame.to_string().chars().take(120).collect()
}
