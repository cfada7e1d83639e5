//! From a decision, made at the phone, at this computer or by the engine itself, to the gateway.

use openclaw::{ApprovalKind, Call, CallError, Decision};
use serde_json::Value;

use super::act::Purpose;
use super::approvals::{NOT_PENDING, past, tell_changed};
use super::clock::Now;
use super::desk::{Author, Verdict, kind_of};
use super::{Effect, Engine};
use crate::{Decider, Settled};

const ONLY_ONCE: &str = "“Always” is not offered by this gateway for this request: allowed once";

impl Engine {
    /// A person decided at the phone.
    pub(super) fn phone_decided(
        &mut self,
        approval: &str,
        decision: sap::Decision,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        if self.desk.get(approval).is_none() && !self.desk.is_over(approval) {
            // It may only be unknown here so far: the gateway's list decides.
            self.desk.keep_early(approval.to_owned(), decision);
            if self.gateway.is_some() {
                self.list_approvals(kind_of(approval), effects);
            }
            return;
        }
        let decision = match decision {
            sap::Decision::Deny => Decision::Deny,
            sap::Decision::Approve => Decision::AllowOnce,
            sap::Decision::ApproveAlways => Decision::AllowAlways,
        };
        self.person_decided(approval, decision, Decider::Phone, now, effects);
    }

    /// A person decided. The first decision counts; whoever comes later with another is told.
    pub(super) fn person_decided(
        &mut self,
        approval: &str,
        decision: Decision,
        by: Decider,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        // One that the person was never asked is not theirs to decide.
        let Some(pending) = self.desk.get(approval).filter(|p| p.session.is_some()) else {
            return tell_changed(approval, NOT_PENDING, effects);
        };
        let is_reduced = decision == Decision::AllowAlways
            && !pending.approval.allowed.contains(&Decision::AllowAlways);
        let decision = if is_reduced { Decision::AllowOnce } else { decision };
        if let Some(earlier) = pending.verdict {
            if earlier.decision != decision {
                let what = format!("it had been {} already", past(Some(earlier.decision)));
                tell_changed(approval, &what, effects);
            }
            return;
        }
        let verdict = Verdict { decision, author: Author::Person(by) };
        self.decide(approval, verdict, now, effects);
        if is_reduced {
            self.say_only_once(approval, now, effects);
        }
    }

    /// A decision goes to the gateway, now or when it is there.
    pub(super) fn decide(
        &mut self,
        approval: &str,
        verdict: Verdict,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let Some(pending) = self.desk.decide(approval, verdict) else { return };
        let kind = pending.approval.kind;
        let session = pending.session.clone();
        if self.gateway.is_some() {
            effects.push(resolve(approval, kind, verdict.decision));
        }
        if let Some(session) = session
            && let Some(label) = card_label(verdict)
        {
            self.label_card(&session, approval, label, now, effects);
        }
    }

    /// The gateway is there: what it has not confirmed is told it again.
    pub(super) fn decide_again(&self, kind: ApprovalKind, effects: &mut Vec<Effect>) {
        let undelivered = self.desk.undelivered(kind);
        effects.extend(undelivered.iter().map(|(id, decision)| resolve(id, kind, *decision)));
    }

    /// The gateway answered a decision.
    pub(super) fn decision_answered(
        &mut self,
        approval: &str,
        decision: Decision,
        answer: Result<Value, CallError>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let Some(pending) = self.desk.get(approval) else { return };
        // One that was replaced by a lesser one is of no interest any more.
        let Some(verdict) = pending.verdict.filter(|v| v.decision == decision) else { return };
        let kind = pending.approval.kind;
        let is_past_its_end = pending.ends_at_ms <= now.unix_ms;
        let outcome = match answer {
            Ok(_) => verdict.applied(),
            // It is told again when the gateway is back.
            Err(CallError::Disconnected) => return,
            Err(error) if error.is_restarting() => return,
            Err(CallError::TimedOut) => {
                if self.gateway.is_some() {
                    effects.push(resolve(approval, kind, decision));
                }
                return;
            }
            Err(error) if error.allow_always_unavailable() && decision == Decision::AllowAlways => {
                self.desk.decide_instead(approval, Decision::AllowOnce);
                effects.push(resolve(approval, kind, Decision::AllowOnce));
                return self.say_only_once(approval, now, effects);
            }
            Err(error) if error.approval_already_resolved() => {
                Settled::Elsewhere { decision: None }
            }
            Err(error) if error.approval_not_found() && is_past_its_end => Settled::Expired,
            Err(error) if error.approval_not_found() => Settled::Gone,
            Err(error @ CallError::Refused(_)) => Settled::Failed { why: error.to_string() },
        };
        self.settle(approval, outcome, now, effects);
    }

    fn say_only_once(&mut self, approval: &str, now: Now, effects: &mut Vec<Effect>) {
        let session = self.desk.get(approval).and_then(|pending| pending.session.clone());
        if let Some(session) = session {
            self.label_card(&session, approval, ONLY_ONCE, now, effects);
        }
        tell_changed(approval, ONLY_ONCE, effects);
    }
}

/// What the tool card at the phone says once a person has decided.
fn card_label(verdict: Verdict) -> Option<&'static str> {
    let allows = match verdict.decision {
        Decision::AllowOnce | Decision::AllowAlways => true,
        Decision::Deny => false,
    };
    match (verdict.author, allows) {
        (Author::Person(Decider::Phone), true) => Some("Allowed"),
        (Author::Person(Decider::Phone), false) => Some("Denied"),
        (Author::Person(Decider::Computer), true) => Some("Allowed at the computer"),
        (Author::Person(Decider::Computer), false) => Some("Denied at the computer"),
        (Author::Expiry | Author::Stop, _) => None,
    }
}

fn resolve(approval: &str, kind: ApprovalKind, decision: Decision) -> Effect {
    let call = Call::ResolveApproval { id: approval.to_owned(), kind, decision };
    Effect::Gateway(Purpose::Resolve { approval: approval.to_owned(), decision }, call)
}
