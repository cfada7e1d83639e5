//! From an agent's question to the phone, and from the decision back to the gateway.

use openclaw::{Approval, ApprovalKind, Call, CallError, Decision};
use sap::SessionId;
use serde_json::Value;

use super::act::{Post, Purpose, TurnId};
use super::clock::Now;
use super::conversation::Asker;
use super::desk::{Pending, kind_of};
use super::request::request;
use super::tools::task_id;
use super::{Effect, Engine};
use crate::Notice;

impl Engine {
    /// An agent asks: the person is told if the session is one of ours.
    pub(super) fn approval_requested(
        &mut self,
        approval: Approval,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let key = approval.session_key.as_ref();
        let session = key.and_then(|key| self.by_key.get(key)).cloned();
        if !self.desk.add(approval.clone(), session.clone()) {
            return;
        }
        let Some(session) = session else { return };
        self.ask_person(&approval, &session, now, effects);
        if let Some(decision) = self.desk.take_early(&approval.id) {
            self.phone_decided(&approval.id, decision, now, effects);
        }
    }

    pub(super) fn ask_person(
        &mut self,
        approval: &Approval,
        session: &SessionId,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let session_id = session.clone();
        let call = approval.tool_call_id.clone();
        let mut asker = Asker { turn: TurnId::NONE, interaction_id: None, call };
        self.with(session, now, effects, |conversation, cx, acts| {
            if let Some(turn) = conversation.approval_requested(approval, cx, acts) {
                asker = turn;
            }
        });
        let Asker { turn, interaction_id, call } = asker;
        let task = call.as_ref().map(task_id);
        let call = request(approval, session_id, interaction_id, task, &self.redactor);
        let post = Post::Ready(sap::Call::RequestApproval(call));
        self.outbox.push(session, turn, post, now.instant);
    }

    /// The person decided at the phone.
    pub(super) fn phone_decided(
        &mut self,
        approval: &str,
        decision: sap::Decision,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let Some(pending) = self.desk.get(approval) else {
            // It may only be unknown here so far: the gateway's list decides.
            self.desk.keep_early(approval.to_owned(), decision);
            if self.gateway.is_some() {
                let kind = kind_of(approval);
                effects.push(Effect::Gateway(Purpose::List(kind), Call::ListApprovals { kind }));
            }
            return;
        };
        if pending.session.is_none() {
            // The phone was never asked about it.
            tracing::warn!(approval, "a decision about another surface's approval is ignored");
            return;
        }
        let decision = match decision {
            sap::Decision::Deny => Decision::Deny,
            sap::Decision::Approve => Decision::AllowOnce,
            sap::Decision::ApproveAlways
                if pending.approval.allowed.contains(&Decision::AllowAlways) =>
            {
                Decision::AllowAlways
            }
            sap::Decision::ApproveAlways => {
                self.say_only_once(approval, now, effects);
                Decision::AllowOnce
            }
        };
        self.decide(approval, decision, now, effects);
    }

    /// A decision goes to the gateway, now or when it is there.
    pub(super) fn decide(
        &mut self,
        approval: &str,
        decision: Decision,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let Some(pending) = self.desk.decide(approval, decision) else { return };
        let kind = pending.approval.kind;
        let session = pending.session.clone();
        if self.gateway.is_some() {
            effects.push(resolve(approval, kind, decision));
        }
        let label = match decision {
            Decision::AllowOnce | Decision::AllowAlways => "Allowed",
            Decision::Deny => "Denied",
        };
        self.label_card(session.as_ref(), approval, label, now, effects);
    }

    fn say_only_once(&mut self, approval: &str, now: Now, effects: &mut Vec<Effect>) {
        let what = "“Always” is not offered by this gateway for this request: allowed once";
        let session = self.desk.get(approval).and_then(|pending| pending.session.clone());
        self.label_card(session.as_ref(), approval, what, now, effects);
        let notice =
            Notice::DecisionChanged { approval_id: approval.to_owned(), what: what.to_owned() };
        effects.push(Effect::Notify(notice));
    }

    fn label_card(
        &mut self,
        session: Option<&SessionId>,
        approval: &str,
        label: &str,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(session) = session {
            self.with(session, now, effects, |conversation, cx, acts| {
                conversation.approval_decided(approval, label, cx, acts);
            });
        }
    }

    /// The gateway answered a decision.
    pub(super) fn resolve_answered(
        &mut self,
        approval: &str,
        answer: Result<Value, CallError>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let error = match answer {
            Ok(_) => {
                self.desk.remove(approval);
                return;
            }
            // Undelivered decisions are told again when the gateway is back.
            Err(CallError::Disconnected) => return,
            Err(CallError::TimedOut) => {
                if let Some(pending) = self.desk.get(approval)
                    && let Some(decision) = pending.decision
                    && self.gateway.is_some()
                {
                    effects.push(resolve(approval, pending.approval.kind, decision));
                }
                return;
            }
            Err(error @ CallError::Refused(_)) => error,
        };
        if error.allow_always_unavailable()
            && let Some(pending) = self.desk.decide_instead(approval, Decision::AllowOnce)
        {
            let kind = pending.approval.kind;
            effects.push(resolve(approval, kind, Decision::AllowOnce));
            self.say_only_once(approval, now, effects);
            return;
        }
        self.desk.remove(approval);
        let what = if error.approval_already_resolved() || error.approval_not_found() {
            // One answered at the computer is found resolved: normal (`sap.md`, §6).
            "it had been decided already, or had expired".to_owned()
        } else {
            format!("the gateway did not take the decision: {error}")
        };
        tracing::info!(approval, what, "a decision was not applied");
        let notice = Notice::DecisionChanged { approval_id: approval.to_owned(), what };
        effects.push(Effect::Notify(notice));
    }

    /// A decision was made, here or elsewhere.
    pub(super) fn approval_resolved(
        &mut self,
        approval: &str,
        decision: Option<Decision>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let Some(pending) = self.desk.remove(approval) else { return };
        if pending.decision.is_none() {
            let label = match decision {
                Some(Decision::AllowOnce | Decision::AllowAlways) => "Allowed at the computer",
                Some(Decision::Deny) | None => "Denied at the computer, or expired",
            };
            self.label_card(pending.session.as_ref(), approval, label, now, effects);
        }
    }

    /// The gateway listed its pending questions.
    pub(super) fn approvals_listed(
        &mut self,
        kind: ApprovalKind,
        answer: Result<Value, CallError>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        // No list is not an empty list.
        let Ok(Value::Array(items)) = answer else { return };
        let listed: Vec<Approval> =
            items.iter().filter_map(|item| openclaw::parse_approval(kind, item)).collect();
        for Pending { approval, session, .. } in self.desk.reconcile(kind, &listed) {
            self.label_card(session.as_ref(), &approval.id, "No longer asked", now, effects);
        }
        for (approval, decision) in self.desk.undelivered() {
            if approval.kind == kind {
                effects.push(resolve(&approval.id, kind, decision));
            }
        }
        for approval in listed {
            self.approval_requested(approval, now, effects);
        }
        for approval in self.desk.take_stale(kind) {
            let what = "it is no longer pending: it expired, or OpenClaw restarted".to_owned();
            tracing::info!(approval, "a decision came too late");
            let notice = Notice::DecisionChanged { approval_id: approval, what };
            effects.push(Effect::Notify(notice));
        }
    }
}

fn resolve(approval: &str, kind: ApprovalKind, decision: Decision) -> Effect {
    let call = Call::ResolveApproval { id: approval.to_owned(), kind, decision };
    Effect::Gateway(Purpose::Resolve(approval.to_owned()), call)
}
