use std::sync::Arc;
use std::time::Duration;

use journal::{Change, Firmness, Table};
use openclaw::{Call, CallError, Decision, Event, Generation, Refusal, Resolution, SessionKey};
use serde_json::{Value, json};

use super::super::Input;
use super::approvals::{approval, asks, both};
use super::harness::{Harness, SESSION};
use crate::{Decider, Notice, Outcome, PastRequest, RequestKind};

fn asked(id: &str, allowed: Vec<Decision>) -> Harness {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "clean up");
    let question = approval(&h, id, None, allowed);
    asks(&mut h, question);
    h
}

fn is_resolve(call: &Call) -> bool {
    matches!(call, Call::ResolveApproval { .. })
}

fn outcomes(h: &mut Harness) -> Vec<Outcome> {
    h.engine.history().iter().map(|past| past.outcome.clone()).collect()
}

fn resolved(h: &mut Harness, decision: Option<Decision>, how: Resolution) {
    h.feed(Input::Gateway(Event::ApprovalResolved { id: "a1".into(), decision, how }));
}

#[test]
fn what_a_person_decided_is_remembered_with_the_place_where_they_did() {
    let every = vec![Decision::AllowOnce, Decision::AllowAlways, Decision::Deny];
    for (decision, outcome) in [
        (Decision::AllowOnce, Outcome::Allowed { always: false, by: Some(Decider::Computer) }),
        (Decision::AllowAlways, Outcome::Allowed { always: true, by: Some(Decider::Computer) }),
        (Decision::Deny, Outcome::Denied { by: Some(Decider::Computer) }),
    ] {
        let mut h = asked("a1", every.clone());
        h.decide_here("a1", decision);
        assert!(h.engine.history().is_empty(), "the gateway has not confirmed it");
        h.answer(is_resolve, Ok(json!({"ok": true})));
        let expected = PastRequest {
            key: "approval:a1".into(),
            kind: RequestKind::Approval,
            what: "rm -rf build".into(),
            ended_at_ms: h.now.unix_ms,
            outcome,
        };
        assert_eq!(*h.engine.history(), [expected]);
    }
    let mut h = asked("a1", every);
    h.decide("a1", sap::Decision::Deny);
    h.answer(is_resolve, Ok(json!({"ok": true})));
    assert_eq!(outcomes(&mut h), [Outcome::Denied { by: Some(Decider::Phone) }]);
}

#[test]
fn how_a_question_ended_otherwise_is_remembered_as_well() {
    for (decision, how, outcome) in [
        (
            Some(Decision::AllowAlways),
            Resolution::Decided,
            Outcome::Allowed { always: true, by: None },
        ),
        (Some(Decision::Deny), Resolution::Decided, Outcome::Denied { by: None }),
        (None, Resolution::Decided, Outcome::Decided),
        (Some(Decision::Deny), Resolution::Expired, Outcome::Expired),
        (Some(Decision::Deny), Resolution::Withdrawn, Outcome::Gone),
    ] {
        let mut h = asked("a1", both());
        resolved(&mut h, decision, how);
        resolved(&mut h, decision, how);
        assert_eq!(outcomes(&mut h), [outcome]);
    }
    let mut h = asked("a1", both());
    h.decide_here("a1", Decision::AllowOnce);
    let refusal = Refusal {
        code: "INVALID_REQUEST".into(),
        message: "missing scope".into(),
        reason: Some("MISSING_SCOPE".into()),
        retryable: false,
        retry_after: None,
    };
    h.answer(is_resolve, Err(CallError::Refused(refusal)));
    let why = "the gateway refused: missing scope".to_owned();
    assert_eq!(outcomes(&mut h), [Outcome::Failed { why }]);
}

#[test]
fn of_three_deciders_the_one_whom_the_gateway_confirmed_is_remembered() {
    let mut h = asked("a1", both());
    h.decide("a1", sap::Decision::Approve);
    h.decide_here("a1", Decision::Deny);
    assert_eq!(h.engine.approvals()[0].deciding, Some(Decision::AllowOnce));
    assert_eq!(h.changed(), ["it had been allowed once already"], "the computer is told");
    resolved(&mut h, Some(Decision::Deny), Resolution::Decided);
    assert_eq!(outcomes(&mut h), [Outcome::Denied { by: None }]);
    assert_eq!(h.changed().len(), 2, "so is the phone, which lost against a third surface");
    assert!(h.engine.approvals().is_empty());
}

#[test]
fn a_question_that_the_person_was_never_asked_is_not_theirs_to_remember() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let mut question = approval(&h, "a1", None, both());
    question.session_key = Some(SessionKey::new("agent:main:telegram:7"));
    asks(&mut h, question);
    resolved(&mut h, Some(Decision::Deny), Resolution::Decided);
    assert!(h.engine.history().is_empty());
}

#[test]
fn the_history_outlives_the_process_and_a_question_that_ends_meanwhile_joins_it() {
    let mut h = asked("a1", both());
    let question = approval(&h, "a2", None, both());
    asks(&mut h, question);
    h.decide_here("a1", Decision::Deny);
    h.answer(is_resolve, Ok(json!({"ok": true})));
    h.crash(Duration::from_secs(31 * 60));
    let history = h.engine.history();
    let ended: Vec<(&str, &Outcome)> =
        history.iter().map(|past| (past.key.as_str(), &past.outcome)).collect();
    let denied = Outcome::Denied { by: Some(Decider::Computer) };
    assert_eq!(ended, [("approval:a2", &Outcome::Expired), ("approval:a1", &denied)]);
    h.crash(Duration::from_secs(1));
    assert_eq!(h.engine.history().len(), 2);
}

#[test]
fn a_journal_from_before_there_was_a_history_is_read_as_it_is() {
    let mut h = asked("a1", both());
    for row in h.journal.rows().unwrap() {
        if row.table == Table::Approvals {
            let mut value: Value = serde_json::from_slice(&row.value).unwrap();
            let approval = value["pending"]["approval"].as_object_mut().unwrap();
            assert!(approval.remove("details").is_some());
            let value = serde_json::to_vec(&value).unwrap();
            let change = Change::Put { table: row.table, key: row.key, value };
            h.journal.commit(&[change], Firmness::Process).unwrap();
        }
    }
    h.crash(Duration::from_secs(1));
    let shown = h.engine.approvals()[0].clone();
    assert_eq!(shown.command.as_deref(), Some("rm -rf build"));
    assert_eq!((shown.analysis, shown.grant), (Vec::new(), None), "nothing is made up");
    assert!(h.engine.history().is_empty());
}

#[test]
fn what_another_part_brings_joins_the_history_once() {
    let mut h = asked("a1", both());
    resolved(&mut h, Some(Decision::Deny), Resolution::Decided);
    let device = |outcome| PastRequest {
        key: "device:r1".into(),
        kind: RequestKind::Device,
        what: format!("a phone with ghp_{}", "a".repeat(36)),
        ended_at_ms: 5,
        outcome,
    };
    h.feed(Input::Recorded(device(Outcome::Expired)));
    let shown = h.engine.history();
    h.feed(Input::Recorded(device(Outcome::Gone)));
    assert!(Arc::ptr_eq(&shown, &h.engine.history()));
    assert_eq!((shown[0].key.as_str(), &shown[0].outcome), ("device:r1", &Outcome::Expired));
    assert_eq!(shown[0].what, "a phone with [secret hidden by Sophon]");
    h.crash(Duration::from_secs(1));
    assert_eq!(*h.engine.history(), *shown);
}

#[test]
fn whoever_watches_is_told_of_an_end_once_and_as_it_is_remembered() {
    let mut h = Harness::with_gateway(Generation::Newer);
    let device = |outcome| PastRequest {
        key: "device:r1".into(),
        kind: RequestKind::Device,
        what: format!("{}ghp_{}{}", "x".repeat(280), "a".repeat(36), "y".repeat(400)),
        ended_at_ms: 5,
        outcome,
    };
    for outcome in [Outcome::Expired, Outcome::Gone, Outcome::Denied { by: None }] {
        h.feed(Input::Recorded(device(outcome)));
    }
    let told: Vec<_> = h
        .notices
        .iter()
        .filter_map(|notice| match notice {
            Notice::RequestEnded(past) => Some(past.clone()),
            _ => None,
        })
        .collect();
    let outcomes: Vec<_> = told.iter().map(|past| &past.outcome).collect();
    assert_eq!(outcomes, [&Outcome::Expired, &Outcome::Denied { by: None }]);
    assert_eq!(told[1..], *h.engine.history());
    assert!(told.iter().all(|past| past.what.chars().count() <= 300));
    assert!(!format!("{told:?}").contains("ghp_"));
}

#[test]
fn a_plugins_question_is_remembered_by_its_title() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "pay");
    let mut question = approval(&h, "plugin:1", None, both());
    question.kind = openclaw::ApprovalKind::Plugin;
    (question.command, question.title) = (None, Some("Pay invoice".into()));
    asks(&mut h, question);
    h.update(SESSION, None, sap::UpdateKind::SessionEnded);
    h.feed(Input::CloudRevoked { code: "invalid_token".into() });
    let history = h.engine.history();
    assert_eq!((history[0].what.as_str(), &history[0].outcome), ("Pay invoice", &Outcome::Gone));
    assert!(h.journal.rows().unwrap().is_empty(), "nothing of a revoked installation is kept");
}
