//! From an agent's question to the person, and to its end.

use openclaw::{Approval, ApprovalKind, Call, CallError, Decision, Resolution};
use sap::SessionId;
use serde_json::Value;

use super::act::{Post, Purpose, TurnId};
use super::clock::Now;
use super::conversation::Asker;
use super::desk::{Author, Verdict};
use super::history::past_approval;
use super::request::request;
use super::tools::task_id;
use super::turn::Heard;
use super::{Effect, Engine};
use crate::{Notice, Settled};

impl Engine {
    /// An agent asks: the person is told if the session is one of ours.
    pub(super) fn approval_requested(
        &mut self,
        approval: &Approval,
        heard: Heard,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let key = approval.session_key.as_ref();
        let session = key.and_then(|key| self.by_key.get(key)).cloned();
        if !self.desk.add(approval, session.as_ref(), now) {
            return;
        }
        let Some(session) = session else { return };
        self.recent.note(&session, now);
        self.ask_person(approval, heard, &session, now, effects);
        if let Some(decision) = self.desk.take_early(&approval.id) {
            self.phone_decided(&approval.id, decision, now, effects);
        }
    }

    pub(super) fn ask_person(
        &mut self,
        approval: &Approval,
        heard: Heard,
        session: &SessionId,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let session_id = session.clone();
        let call = approval.tool_call_id.clone();
        let mut asker = Asker { turn: TurnId::NONE, interaction_id: None, call };
        self.with(session, now, effects, |conversation, cx, acts| {
            if let Some(turn) = conversation.approval_requested(approval, heard, cx, acts) {
                asker = turn;
            }
        });
        let Asker { turn, interaction_id, call } = asker;
        let task = call.as_ref().map(task_id);
        let call = request(approval, session_id, interaction_id, task, &self.redactor);
        let post = Post::Ready(sap::Call::RequestApproval(call));
        self.outbox.push(session, turn, post, now.instant);
    }

    /// Asks the gateway what is pending.
    pub(super) fn list_approvals(&self, kind: ApprovalKind, effects: &mut Vec<Effect>) {
        let purpose = Purpose::List { kind, known: self.desk.known() };
        effects.push(Effect::Gateway(purpose, Call::ListApprovals { kind }));
    }

    /// The gateway listed what is pending; of what it was asked after, the first `known` questions
    /// had come.
    pub(super) fn approvals_listed(
        &mut self,
        kind: ApprovalKind,
        known: u64,
        answer: Result<Value, CallError>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        if matches!(answer, Err(CallError::TimedOut)) && self.gateway.is_some() {
            return self.list_approvals(kind, effects);
        }
        // No list is not an empty list.
        let Ok(Value::Array(items)) = answer else { return };
        let listed: Vec<Approval> =
            items.iter().filter_map(|item| openclaw::parse_approval(kind, item)).collect();
        for approval in self.desk.unlisted(kind, known, &listed) {
            self.settle(&approval, Settled::Gone, now, effects);
        }
        self.decide_again(kind, effects);
        for approval in &listed {
            self.approval_requested(approval, Heard::Later, now, effects);
        }
        for approval in self.desk.take_stale(kind) {
            tell_changed(&approval, NOT_PENDING, effects);
        }
    }

    /// A decision was made, here or elsewhere, or nobody made one in time.
    pub(super) fn approval_resolved(
        &mut self,
        approval: &str,
        decision: Option<Decision>,
        how: Resolution,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let Some(pending) = self.desk.get(approval) else { return };
        let outcome = match (pending.verdict, decision, how) {
            (Some(verdict), Some(decision), _) if verdict.decision == decision => verdict.applied(),
            // The answer to our own decision tells whether it is the one.
            (Some(_), None, _) => return,
            (_, decision, Resolution::Decided) => Settled::Elsewhere { decision },
            (_, _, Resolution::Expired) => Settled::Expired,
            (_, _, Resolution::Withdrawn) => Settled::Gone,
        };
        self.settle(approval, outcome, now, effects);
    }

    /// Time passed: what nobody decided ends.
    pub(super) fn expire_approvals(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if let Some(facts) = &self.gateway {
            for approval in self.desk.about_to_expire(facts.generation, now) {
                let verdict = Verdict { decision: Decision::Deny, author: Author::Expiry };
                self.decide(&approval, verdict, now, effects);
            }
        }
        for approval in self.desk.expired(now) {
            self.settle(&approval, Settled::Expired, now, effects);
        }
    }

    /// A question is over: whoever was asked is told so once, and why a decision of theirs was
    /// not applied.
    pub(super) fn settle(
        &mut self,
        approval: &str,
        outcome: Settled,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let Some(pending) = self.desk.remove(approval) else { return };
        let Some(session) = pending.session else { return };
        let past = past_approval(&pending.approval, &outcome, now.unix_ms);
        self.history.record(past, &self.redactor, &mut self.ledger);
        if let Some(label) = card_label(&outcome) {
            self.label_card(&session, approval, label, now, effects);
        }
        let is_persons =
            pending.verdict.is_some_and(|verdict| matches!(verdict.author, Author::Person(_)));
        if is_persons && let Some(what) = not_applied(&outcome) {
            tell_changed(approval, &what, effects);
        }
        let approval_id = approval.to_owned();
        effects.push(Effect::Notify(Notice::ApprovalSettled { approval_id, outcome }));
    }

    pub(super) fn label_card(
        &mut self,
        session: &SessionId,
        approval: &str,
        label: &str,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        self.with(session, now, effects, |conversation, cx, acts| {
            conversation.approval_decided(approval, label, cx, acts);
        });
    }
}

/// Why a decision finds nothing to decide.
pub(super) const NOT_PENDING: &str =
    "it is no longer pending: it was decided already, has expired, or OpenClaw restarted";

/// Tells a person that their decision was not applied, or not as they made it.
pub(super) fn tell_changed(approval: &str, what: &str, effects: &mut Vec<Effect>) {
    tracing::info!(approval, what, "a decision was not applied as it was made");
    let notice =
        Notice::DecisionChanged { approval_id: approval.to_owned(), what: what.to_owned() };
    effects.push(Effect::Notify(notice));
}

/// What the tool card at the phone says at the end; what the person decided it says already.
fn card_label(outcome: &Settled) -> Option<&'static str> {
    match outcome {
        Settled::Applied { .. } => None,
        Settled::Elsewhere { decision: Some(Decision::AllowOnce | Decision::AllowAlways) } => {
            Some("Allowed elsewhere")
        }
        Settled::Elsewhere { decision: Some(Decision::Deny) } => Some("Denied elsewhere"),
        Settled::Elsewhere { decision: None } => Some("Decided elsewhere"),
        Settled::Expired => Some("Nobody answered in time"),
        Settled::Gone => Some("No longer asked"),
        Settled::Failed { .. } => Some("The decision could not be applied"),
    }
}

/// Why a decision was not applied; none if it was.
fn not_applied(outcome: &Settled) -> Option<String> {
    Some(match outcome {
        Settled::Applied { .. } => return None,
        // One answered at the computer is found resolved: normal (`sap.md`, §6).
        Settled::Elsewhere { decision } => format!("it had been {} elsewhere", past(*decision)),
        Settled::Expired => "it had expired before the gateway took the decision".into(),
        Settled::Gone => "nobody waits for it any more: it expired, or OpenClaw restarted".into(),
        Settled::Failed { why } => format!("the gateway did not take the decision: {why}"),
    })
}

/// A decision as a participle.
pub(super) fn past(decision: Option<Decision>) -> &'static str {
    match decision {
        Some(Decision::AllowOnce) => "allowed once",
        Some(Decision::AllowAlways) => "allowed for good",
        Some(Decision::Deny) => "denied",
        None => "decided",
    }
}
