//! Approvals: what agents ask their owner, and what he decides.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::house::{Errand, State};
use super::ids::{millis, now_ms, uuid};
use super::keys::AGENT;
use super::rpc::Caller;
use super::tool_call::{FOLDER, ToolCall};
use super::wire::Audience;
use super::{Generation, RpcError};

/// Kind of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Exec,
    Plugin,
}

impl Kind {
    fn event(self, what: &str) -> String {
        match self {
            Self::Exec => format!("exec.approval.{what}"),
            Self::Plugin => format!("plugin.approval.{what}"),
        }
    }
}

/// What became of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    Denied,
    /// Nobody decided in time.
    TimedOut,
    /// The run that asked was stopped.
    Withdrawn,
}

/// A question of an agent.
pub(super) struct Approval {
    pub(super) kind: Kind,
    pub(super) command: String,
    pub(super) session_key: String,
    /// Device whose run asks.
    device: Option<String>,
    run_id: Option<String>,
    call_id: Option<String>,
    request: Value,
    created_at_ms: u64,
    pub(super) expires_at_ms: u64,
    /// The decision, once there is one.
    decision: Option<String>,
    pub(super) verdict: Option<Verdict>,
    waiting: Option<oneshot::Sender<Verdict>>,
}

/// All questions since the gateway started.
pub(super) type Approvals = BTreeMap<String, Approval>;

impl Approval {
    fn describe(&self, id: &str, generation: Generation) -> Value {
        let mut description = json!({
            "id": id, "request": self.request, "createdAtMs": self.created_at_ms,
            "expiresAtMs": self.expires_at_ms,
        });
        if generation.is_newer() && self.kind == Kind::Exec {
            description["approvalKind"] = "exec".into();
        }
        description
    }

    fn is_pending(&self) -> bool {
        self.verdict.is_none()
    }
}

impl State {
    /// Decisions that an approval of a command offers; `[ask=always]` before the command takes
    /// `allow-always` away.
    pub(super) fn offered_decisions(&self, command: &str) -> Vec<&'static str> {
        if self.options.allow_always && !asks_always(command) && !self.options.unanswered_runs {
            vec!["allow-once", "allow-always", "deny"]
        } else {
            vec!["allow-once", "deny"]
        }
    }

    /// Asks for a command of a run. Tells the approval's id, and what becomes of it.
    pub(super) fn ask_to_run(
        &mut self,
        run: &str,
        call: &ToolCall,
    ) -> Option<(String, oneshot::Receiver<Verdict>)> {
        let asking = self.runs.get(run)?;
        let (session_key, device) =
            (asking.session_key.clone(), asking.device().map(str::to_owned));
        let request = self.exec_request(&session_key, run, call);
        let (sender, receiver) = oneshot::channel();
        let approval = Approval {
            kind: Kind::Exec,
            command: call.command.clone(),
            session_key,
            device,
            run_id: self.generation.is_newer().then(|| run.to_owned()),
            call_id: Some(call.id.clone()),
            request,
            created_at_ms: now_ms(),
            expires_at_ms: now_ms() + millis(self.options.approval_ttl),
            decision: None,
            verdict: None,
            waiting: Some(sender),
        };
        let id = self.open_approval(uuid(), approval);
        self.tell_run_of_approval(&id, "waiting-approval");
        Some((id, receiver))
    }

    /// Asks on behalf of a plugin.
    pub(super) fn ask_for_plugin(&mut self, session_key: &str, title: &str, text: &str) -> String {
        let request = json!({
            "pluginId": "simulated-plugin", "title": title, "description": text,
            "severity": "warning", "toolName": "simulated_tool", "toolCallId": null,
            "allowedDecisions": ["allow-once", "allow-always", "deny"],
            "agentId": AGENT, "sessionKey": session_key,
        });
        let current = self.sessions.get(session_key).and_then(|session| session.current.clone());
        let running = current.and_then(|id| self.runs.get(&id));
        let approval = Approval {
            kind: Kind::Plugin,
            command: String::new(),
            session_key: session_key.to_owned(),
            device: running.and_then(|run| run.device().map(str::to_owned)),
            run_id: None,
            call_id: None,
            request,
            created_at_ms: now_ms(),
            expires_at_ms: now_ms() + millis(self.options.approval_ttl),
            decision: None,
            verdict: None,
            waiting: None,
        };
        self.open_approval(format!("plugin:{}", uuid()), approval)
    }

    fn open_approval(&mut self, id: String, approval: Approval) -> String {
        let payload = approval.describe(&id, self.generation);
        let audience = Audience::Approvers { device: approval.device.as_deref() };
        self.wire.event(&approval.kind.event("requested"), &payload, audience);
        self.errands.push(Errand::Expire(id.clone(), self.options.approval_ttl));
        self.approvals.insert(id.clone(), approval);
        id
    }

    fn exec_request(&self, session_key: &str, run: &str, call: &ToolCall) -> Value {
        let always = asks_always(&call.command) || self.options.unanswered_runs;
        let offered = self.offered_decisions(&call.command);
        let mut request = json!({
            "command": call.command, "systemRunBinding": null, "systemRunPlan": null,
            "cwd": FOLDER, "nodeId": null, "host": "gateway",
            "security": if self.options.unanswered_runs { "full" } else { "allowlist" },
            "ask": if always { "always" } else { "on-miss" },
            "warningText": null,
            "commandAnalysis": {
                "commandCount": call.command.split([';', '&', '|']).count(),
                "nestedCommandCount": 0, "riskKinds": [], "warningLines": [],
            },
            "allowedDecisions": offered, "agentId": AGENT,
            "resolvedPath": resolved_path(&call.command),
            "sessionKey": session_key, "turnSourceChannel": "webchat", "turnSourceTo": null,
            "turnSourceAccountId": null, "turnSourceThreadId": null,
        });
        if self.generation.is_newer() {
            request["scope"] = Value::Null;
            request["sessionId"] = Value::Null;
            request["runId"] = run.into();
            request["toolCallId"] = call.id.as_str().into();
            request["turnSourceTo"] = session_key.into();
            request["cronExecutionSource"] = Value::Null;
            request["cronOperationBinding"] = Value::Null;
            if !offered.contains(&"allow-always") {
                request["unavailableDecisions"] = json!(["allow-always"]);
            }
        }
        request
    }

    /// Answers `exec.approval.list` and `plugin.approval.list`.
    pub(super) fn list_approvals(&self, caller: &Caller, kind: Kind) -> Value {
        let shown = self.approvals.iter().filter(|(_, approval)| {
            approval.kind == kind && approval.is_pending() && self.may_decide(caller, approval)
        });
        shown.map(|(id, approval)| approval.describe(id, self.generation)).collect()
    }

    /// Answers `exec.approval.resolve` and `plugin.approval.resolve`.
    pub(super) fn resolve_approval(
        &mut self,
        caller: &Caller,
        params: &Map<String, Value>,
        kind: Kind,
    ) -> Result<Value, RpcError> {
        let text = |field: &str| params.get(field).and_then(Value::as_str).unwrap_or_default();
        let decision = text("decision");
        if !matches!(decision, "allow-once" | "allow-always" | "deny") {
            return Err(RpcError::invalid("invalid decision"));
        }
        let id = self.find_approval(text("id"), caller, kind)?;
        let Some(approval) = self.approvals.get_mut(&id) else {
            return Err(RpcError::approval_not_found());
        };
        match (&approval.decision, approval.verdict) {
            (Some(earlier), _) if earlier == decision => return Ok(json!({"ok": true})),
            (_, Some(Verdict::TimedOut)) => return Err(RpcError::approval_not_found()),
            (_, Some(_)) => {
                let reason = "APPROVAL_ALREADY_RESOLVED";
                return Err(RpcError::because("approval already resolved", reason));
            }
            (_, None) => {}
        }
        let offered = approval.request["allowedDecisions"].as_array();
        if !offered.is_some_and(|offered| offered.iter().any(|one| one == decision)) {
            let message = "allow-always is unavailable for this command";
            return Err(RpcError::because(message, "APPROVAL_ALLOW_ALWAYS_UNAVAILABLE"));
        }
        if decision == "allow-always" {
            self.allowed_commands.insert(approval.command.clone());
        }
        let verdict = if decision == "deny" { Verdict::Denied } else { Verdict::Allowed };
        self.settle_approval(&id, decision, verdict, Some(&caller.display_name));
        Ok(json!({"ok": true}))
    }

    /// Withdraws what a stopped run has asked (newer generation).
    pub(super) fn withdraw_approvals(&mut self, run: &str) {
        let asked = |approval: &Approval| approval.run_id.as_deref() == Some(run);
        let open = self.approvals.iter().filter(|(_, a)| a.is_pending() && asked(a));
        for id in open.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.settle_approval(&id, "deny", Verdict::Withdrawn, Some("approval-scope-closed"));
        }
    }

    /// Lets an approval expire. The older generation tells nobody.
    pub(super) fn expire_approval(&mut self, id: &str) {
        match (self.approvals.get_mut(id), self.generation) {
            (Some(approval), Generation::Older) if approval.is_pending() => {
                approval.verdict = Some(Verdict::TimedOut);
                let is_exec = approval.kind == Kind::Exec;
                approval.waiting = None;
                if is_exec {
                    self.errands.push(Errand::FollowUp(id.to_owned()));
                }
            }
            (Some(approval), Generation::Newer) if approval.is_pending() => {
                self.settle_approval(id, "deny", Verdict::TimedOut, None);
            }
            (Some(_) | None, Generation::Older | Generation::Newer) => {}
        }
    }

    fn settle_approval(&mut self, id: &str, decision: &str, verdict: Verdict, by: Option<&str>) {
        let Some(approval) = self.approvals.get_mut(id) else { return };
        approval.verdict = Some(verdict);
        approval.decision = Some(decision.to_owned());
        let waiting = approval.waiting.take();
        let payload = json!({
            "id": id, "decision": decision, "resolvedBy": by, "ts": now_ms(),
            "request": approval.request,
        });
        let name = approval.kind.event("resolved");
        let is_exec = approval.kind == Kind::Exec;
        let audience = Audience::Approvers { device: approval.device.as_deref() };
        self.wire.event(&name, &payload, audience);
        self.tell_run_of_approval(id, "approval-resolved");
        if let Some(waiting) = waiting {
            // A run that was stopped waits no more.
            let _ = waiting.send(verdict);
        }
        if is_exec && self.generation == Generation::Older {
            self.errands.push(Errand::FollowUp(id.to_owned()));
        }
    }

    fn tell_run_of_approval(&mut self, id: &str, phase: &str) {
        let Some(approval) = self.approvals.get(id) else { return };
        let data =
            json!({"phase": phase, "approvalId": id, "toolCallId": approval.call_id.clone()});
        if let Some(run) = approval.run_id.as_ref().and_then(|run| self.runs.get_mut(run)) {
            run.lifecycle(&mut self.wire, data);
        }
    }

    fn may_decide(&self, caller: &Caller, approval: &Approval) -> bool {
        caller.is_admin || self.wire.decides(caller.connection, approval.device.as_deref())
    }

    /// Finds an approval by its id, or by the beginning of it if only one begins so.
    fn find_approval(&self, id: &str, caller: &Caller, kind: Kind) -> Result<String, RpcError> {
        let mut found = self.approvals.iter().filter(|(known, approval)| {
            let named = known.as_str() == id || id.len() >= 8 && known.starts_with(id);
            named && approval.kind == kind && self.may_decide(caller, approval)
        });
        match (found.next(), found.next()) {
            (Some((found, _)), None) => Ok(found.clone()),
            (Some(_) | None, _) => Err(RpcError::approval_not_found()),
        }
    }
}

/// Where the first word of a command would be found.
fn resolved_path(command: &str) -> String {
    format!("/usr/bin/{}", command.split_whitespace().next().unwrap_or_default())
}

/// Tells whether a command is marked to be asked for every time.
fn asks_always(command: &str) -> bool {
    command.starts_with("[ask=always]")
}
