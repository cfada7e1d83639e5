//! Generated schedules: whatever happens in whatever order, each question is put to the person once
//! and ends for them exactly once, and a decision counts as applied only if the gateway said so.

use std::collections::BTreeSet;
use std::time::Duration;

use openclaw::{
    ApprovalKind, Call, CallError, Decision, Event, Generation, Refusal, Resolution, RunId,
};
use proptest::prelude::*;
use proptest::sample::select;
use sap::UpdateKind;
use serde_json::{Value, json};

use super::super::{Input, Purpose};
use super::approvals::{approval, asks};
use super::harness::{Harness, SESSION};
use crate::{Outcome, Settled};

const DECISIONS: [Decision; 3] = [Decision::AllowOnce, Decision::AllowAlways, Decision::Deny];
const REFUSALS: [&str; 4] = [
    "APPROVAL_ALREADY_RESOLVED",
    "APPROVAL_NOT_FOUND",
    "APPROVAL_ALLOW_ALWAYS_UNAVAILABLE",
    "gateway-restarting",
];

#[derive(Clone, Debug)]
enum Step {
    Ask(usize, Vec<Decision>),
    DecideHere(usize, Decision),
    DecideAtPhone(usize, sap::Decision),
    Confirm,
    Refuse(&'static str),
    Resolved(usize, Option<Decision>, Resolution),
    List { names: BTreeSet<usize> },
    LoseAnswers,
    TimeOut,
    GatewayTick,
    GatewayDown,
    GatewayUp { restarted: bool },
    Cancel,
    Wait { seconds: u64 },
    Revoke,
}

fn step() -> impl Strategy<Value = Step> {
    let id = || 0usize..4;
    let at_phone = vec![sap::Decision::Approve, sap::Decision::ApproveAlways, sap::Decision::Deny];
    let how = vec![Resolution::Decided, Resolution::Expired, Resolution::Withdrawn];
    let decision = || select(DECISIONS.to_vec());
    prop_oneof![
        40 => (id(), proptest::sample::subsequence(DECISIONS.to_vec(), 1..=3))
            .prop_map(|(id, allowed)| Step::Ask(id, allowed)),
        30 => (id(), decision()).prop_map(|(id, decision)| Step::DecideHere(id, decision)),
        30 => (id(), select(at_phone)).prop_map(|(id, decision)| Step::DecideAtPhone(id, decision)),
        30 => Just(Step::Confirm),
        20 => select(REFUSALS.to_vec()).prop_map(Step::Refuse),
        15 => (id(), proptest::option::of(decision()), select(how))
            .prop_map(|(id, decision, how)| Step::Resolved(id, decision, how)),
        20 => proptest::collection::btree_set(id(), 0..4).prop_map(|names| Step::List { names }),
        10 => Just(Step::LoseAnswers),
        5 => Just(Step::TimeOut),
        5 => Just(Step::GatewayTick),
        10 => Just(Step::GatewayDown),
        20 => any::<bool>().prop_map(|restarted| Step::GatewayUp { restarted }),
        5 => Just(Step::Cancel),
        15 => (0u64..900).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Revoke),
    ]
}

struct Play {
    h: Harness,
    generation: Generation,
    run: RunId,
    boot: u32,
    is_up: bool,
    asked: BTreeSet<String>,
    /// What the gateway said was applied.
    confirmed: Vec<(String, Decision)>,
}

impl Play {
    fn new(generation: Generation) -> Self {
        let mut h = Harness::with_gateway(generation);
        h.say("m1", "clean up");
        let run = h.accept();
        let (asked, confirmed) = (BTreeSet::new(), Vec::new());
        Self { h, generation, run, boot: 1, is_up: true, asked, confirmed }
    }

    fn step(&mut self, step: Step) {
        if self.h.revoked.is_some() {
            // The engine has stopped: nothing can be asked any more.
            return;
        }
        match step {
            Step::Ask(id, allowed) if self.is_up => {
                let newer = self.generation == Generation::Newer;
                let question = approval(&self.h, &name(id), newer.then_some(&self.run), allowed);
                asks(&mut self.h, question);
                self.asked.insert(name(id));
            }
            Step::DecideHere(id, decision) => self.h.decide_here(&name(id), decision),
            Step::DecideAtPhone(id, decision) => self.h.decide(&name(id), decision),
            Step::Confirm if self.is_up => {
                if let Some((id, decision)) = self.answer(Ok(json!({"ok": true}))) {
                    self.confirmed.push((id, decision));
                }
            }
            Step::Refuse(reason) if self.is_up => {
                self.answer(Err(refusal(reason)));
            }
            Step::TimeOut if self.is_up => {
                self.answer(Err(CallError::TimedOut));
            }
            Step::Resolved(id, decision, how) if self.is_up => {
                self.confirmed.extend(decision.map(|decision| (name(id), decision)));
                let event = Event::ApprovalResolved { id: name(id), decision, how };
                self.h.feed(Input::Gateway(event));
            }
            Step::List { names } if self.is_up => self.list(&names),
            Step::GatewayTick if self.is_up => self.h.feed(Input::Gateway(Event::Tick)),
            Step::LoseAnswers => self.lose_answers(),
            Step::GatewayDown if self.is_up => {
                self.is_up = false;
                self.h.feed(Input::GatewayDown);
                self.lose_answers();
            }
            Step::GatewayUp { restarted } if !self.is_up => {
                self.is_up = true;
                self.boot += u32::from(restarted);
                let boot = format!("boot-{}", self.boot);
                self.h.gateway_up(self.generation, &boot);
            }
            Step::Cancel => {
                self.h.update(SESSION, None, UpdateKind::Cancelled { reason: None });
            }
            Step::Wait { seconds } => self.h.wait(Duration::from_secs(seconds)),
            Step::Revoke => self.h.feed(Input::CloudRevoked { code: "invalid_token".into() }),
            _ => {}
        }
    }

    /// Answers the oldest decision that was sent; gives what it was.
    fn answer(&mut self, answer: Result<Value, CallError>) -> Option<(String, Decision)> {
        let is_resolve =
            |(purpose, _): &(Purpose, Call)| matches!(purpose, Purpose::Resolve { .. });
        let index = self.h.calls.iter().position(is_resolve)?;
        let (purpose, _) = self.h.calls.remove(index);
        let Purpose::Resolve { approval, decision } = purpose.clone() else { return None };
        self.h.feed(Input::Answered(purpose, answer));
        Some((approval, decision))
    }

    fn list(&mut self, names: &BTreeSet<usize>) {
        let is_list =
            |call: &Call| matches!(call, Call::ListApprovals { kind: ApprovalKind::Exec });
        if !self.h.calls.iter().any(|(_, call)| is_list(call)) {
            return;
        }
        let now = self.h.now.unix_ms;
        let items = names.iter().map(|id| {
            json!({
                "id": name(*id), "createdAtMs": now, "expiresAtMs": now + 1_800_000,
                "request": {"command": "ls", "sessionKey": format!("agent:main:{SESSION}")}
            })
        });
        let items: Value = items.collect();
        self.asked.extend(names.iter().copied().map(name));
        self.h.answer(is_list, Ok(items));
    }

    fn lose_answers(&mut self) {
        for (purpose, _) in std::mem::take(&mut self.h.calls) {
            self.h.feed(Input::Answered(purpose, Err(CallError::Disconnected)));
        }
    }

    fn settled(&self) -> Vec<String> {
        self.h.settled().iter().map(|(id, _)| (*id).to_owned()).collect()
    }
}

fn name(id: usize) -> String {
    format!("a{id}")
}

fn refusal(reason: &str) -> CallError {
    CallError::Refused(Refusal {
        code: "INVALID_REQUEST".into(),
        message: "no".into(),
        reason: Some(reason.into()),
        retryable: false,
        retry_after: None,
    })
}

/// Says whether the history tells the end that the person was told.
fn shows(past: &Outcome, told: &Settled) -> bool {
    match told {
        Settled::Applied { decision: Decision::Deny, by } => {
            *past == Outcome::Denied { by: Some(*by) }
        }
        Settled::Applied { decision, by } => {
            let always = *decision == Decision::AllowAlways;
            *past == Outcome::Allowed { always, by: Some(*by) }
        }
        Settled::Elsewhere { decision: None } => *past == Outcome::Decided,
        Settled::Elsewhere { decision: Some(Decision::Deny) } => {
            *past == Outcome::Denied { by: None }
        }
        Settled::Elsewhere { decision: Some(decision) } => {
            let always = *decision == Decision::AllowAlways;
            *past == Outcome::Allowed { always, by: None }
        }
        Settled::Expired => *past == Outcome::Expired,
        Settled::Gone => *past == Outcome::Gone,
        Settled::Failed { .. } => matches!(past, Outcome::Failed { .. }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_question_that_a_person_was_asked_ends_for_them_exactly_once(
        steps in proptest::collection::vec(step(), 1..60),
        newer in any::<bool>(),
    ) {
        let generation = if newer { Generation::Newer } else { Generation::Older };
        let mut play = Play::new(generation);
        for step in steps {
            play.step(step);
            let shown: Vec<String> =
                play.h.engine.approvals().iter().map(|one| one.id.clone()).collect();
            let settled = play.settled();
            for id in &play.asked {
                let ends = settled.iter().filter(|ended| *ended == id).count();
                let is_shown = usize::from(shown.contains(id));
                prop_assert_eq!(ends + is_shown, 1, "{}: ended {} times", id, ends);
            }
        }
        play.step(Step::Wait { seconds: 31 * 60 });
        let settled: BTreeSet<String> = play.settled().into_iter().collect();
        prop_assert_eq!(&settled, &play.asked, "all have ended, and no others");
        prop_assert!(play.h.engine.approvals().is_empty());
        for (id, outcome) in play.h.settled() {
            if let Settled::Applied { decision, .. } = outcome {
                let applied = (id.to_owned(), *decision);
                prop_assert!(play.confirmed.contains(&applied), "{:?} was not confirmed", applied);
            }
        }
        let past = play.h.engine.history();
        let remembered: BTreeSet<String> = past.iter().map(|past| past.key.clone()).collect();
        let asked: BTreeSet<String> =
            play.asked.iter().map(|id| format!("approval:{id}")).collect();
        prop_assert_eq!(past.len(), asked.len(), "each is remembered once");
        prop_assert_eq!(remembered, asked);
        for (id, outcome) in play.h.settled() {
            let past = past.iter().find(|past| past.key.ends_with(id));
            prop_assert_eq!(past.map(|past| shows(&past.outcome, outcome)), Some(true));
        }
        if play.h.revoked.is_none() {
            prop_assert_eq!(play.h.posted("requestApproval").len(), play.asked.len());
        }
    }
}
