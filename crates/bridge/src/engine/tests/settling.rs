use std::time::Duration;

use openclaw::{Call, CallError, Decision, Event, Generation, Refusal, Resolution};
use sap::UpdateKind;
use serde_json::json;

use super::super::Input;
use super::approvals::{approval, asks, both, decisions, is_list, listed, tool_starts};
use super::harness::{Harness, SESSION};
use crate::{Decider, Settled};

/// A message is being answered, and its agent asks about `a1`.
fn asked(generation: Generation, allowed: Vec<Decision>) -> Harness {
    let mut h = Harness::with_gateway(generation);
    h.say("m1", "clean up");
    let run = h.accept();
    tool_starts(&mut h, &run);
    let newer = generation == Generation::Newer;
    let question = approval(&h, "a1", newer.then_some(&run), allowed);
    asks(&mut h, question);
    h
}

fn is_resolve(call: &Call) -> bool {
    matches!(call, Call::ResolveApproval { .. })
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

fn resolved(h: &mut Harness, decision: Option<Decision>, how: Resolution) {
    h.feed(Input::Gateway(Event::ApprovalResolved { id: "a1".into(), decision, how }));
}

fn last_label(h: &Harness) -> String {
    let labels = h.posted("updateTask");
    labels.last().unwrap()["status_label"].as_str().unwrap().to_owned()
}

#[test]
fn a_decision_is_applied_once_the_gateway_confirmed_it_and_not_before() {
    for generation in [Generation::Older, Generation::Newer] {
        for (by, by_event) in [
            (Decider::Computer, false),
            (Decider::Computer, true),
            (Decider::Phone, false),
            (Decider::Phone, true),
        ] {
            let mut h = asked(generation, both());
            match by {
                Decider::Computer => h.decide_here("a1", Decision::AllowOnce),
                Decider::Phone => h.decide("a1", sap::Decision::Approve),
            }
            assert_eq!(h.engine.approvals()[0].deciding, Some(Decision::AllowOnce));
            assert_eq!(h.settled(), []);
            if by_event {
                resolved(&mut h, Some(Decision::AllowOnce), Resolution::Decided);
            }
            h.answer(is_resolve, Ok(json!({"ok": true})));
            let applied = Settled::Applied { decision: Decision::AllowOnce, by };
            assert_eq!(h.settled(), [("a1", &applied)]);
            assert_eq!(h.changed(), [""; 0]);
            assert!(h.engine.approvals().is_empty());
        }
    }
}

#[test]
fn the_phone_is_told_what_was_decided_at_the_computer() {
    for (decision, label) in [
        (Decision::AllowOnce, "Allowed at the computer"),
        (Decision::Deny, "Denied at the computer"),
    ] {
        let mut h = asked(Generation::Newer, both());
        assert_eq!(last_label(&h), "Waiting for your approval");
        h.decide_here("a1", decision);
        assert_eq!(last_label(&h), label);
    }
}

#[test]
fn of_two_decisions_the_first_counts_and_who_made_the_second_is_told() {
    let mut h = asked(Generation::Newer, both());
    h.decide("a1", sap::Decision::Deny);
    h.decide_here("a1", Decision::AllowOnce);
    assert_eq!(h.changed(), ["it had been denied already"]);
    let mut h = asked(Generation::Newer, both());
    h.decide_here("a1", Decision::AllowOnce);
    h.decide("a1", sap::Decision::Deny);
    assert_eq!(h.changed(), ["it had been allowed once already"]);
    h.answer(is_resolve, Ok(json!({"ok": true})));
    h.decide("a1", sap::Decision::Deny);
    assert_eq!(h.changed().len(), 2, "one that comes after the end is told as well");
    assert_eq!(decisions(&h), [], "only the first decision went to the gateway");
    assert_eq!(h.settled().len(), 1);
}

#[test]
fn the_same_decision_from_both_sides_is_no_conflict() {
    let mut h = asked(Generation::Newer, both());
    h.decide_here("a1", Decision::AllowOnce);
    h.decide("a1", sap::Decision::ApproveAlways);
    assert_eq!(decisions(&h).len(), 1);
    assert_eq!(h.changed(), [""; 0]);
}

#[test]
fn a_local_decision_about_what_is_not_pending_is_answered() {
    let mut h = asked(Generation::Newer, both());
    h.decide_here("a2", Decision::AllowOnce);
    assert!(h.changed()[0].starts_with("it is no longer pending"), "{:?}", h.changed());
    assert!(decisions(&h).is_empty());
}

#[test]
fn always_where_it_is_not_offered_allows_once_and_says_so_here_and_at_the_phone() {
    let mut h = asked(Generation::Newer, both());
    h.decide_here("a1", Decision::AllowAlways);
    assert_eq!(decisions(&h), [("a1".to_owned(), Decision::AllowOnce)]);
    assert!(h.changed()[0].contains("not offered"), "{:?}", h.changed());
    assert_eq!(last_label(&h), h.changed()[0]);
}

#[test]
fn always_that_the_gateway_takes_back_allows_once() {
    let mut h = asked(Generation::Newer, vec![Decision::AllowAlways]);
    h.decide_here("a1", Decision::AllowAlways);
    h.answer(is_resolve, Err(refusal("APPROVAL_ALLOW_ALWAYS_UNAVAILABLE")));
    assert_eq!(h.changed().len(), 1);
    h.answer(is_resolve, Ok(json!({"ok": true})));
    let applied = Settled::Applied { decision: Decision::AllowOnce, by: Decider::Computer };
    assert_eq!(h.settled(), [("a1", &applied)]);
}

#[test]
fn an_end_that_the_gateway_tells_is_told_with_its_cause() {
    let deny = Some(Decision::Deny);
    for (decision, how, outcome, label) in [
        (deny, Resolution::Decided, Settled::Elsewhere { decision: deny }, "Denied elsewhere"),
        (None, Resolution::Decided, Settled::Elsewhere { decision: None }, "Decided elsewhere"),
        (deny, Resolution::Expired, Settled::Expired, "Nobody answered in time"),
        (deny, Resolution::Withdrawn, Settled::Gone, "No longer asked"),
    ] {
        let mut h = asked(Generation::Newer, both());
        resolved(&mut h, decision, how);
        resolved(&mut h, decision, how);
        assert_eq!(h.settled(), [("a1", &outcome)]);
        assert_eq!(last_label(&h), label);
        assert_eq!(h.changed(), [""; 0]);
    }
}

#[test]
fn a_decision_that_lost_against_another_surface_is_told_to_whoever_made_it() {
    let mut h = asked(Generation::Newer, both());
    h.decide_here("a1", Decision::AllowOnce);
    resolved(&mut h, Some(Decision::Deny), Resolution::Decided);
    h.answer(is_resolve, Err(refusal("APPROVAL_ALREADY_RESOLVED")));
    let outcome = Settled::Elsewhere { decision: Some(Decision::Deny) };
    assert_eq!(h.settled(), [("a1", &outcome)]);
    assert_eq!(h.changed(), ["it had been denied elsewhere"]);
}

#[test]
fn a_refusal_tells_how_the_question_ended() {
    for (reason, outcome) in [
        ("APPROVAL_ALREADY_RESOLVED", Settled::Elsewhere { decision: None }),
        ("APPROVAL_NOT_FOUND", Settled::Gone),
        ("MISSING_SCOPE", Settled::Failed { why: "the gateway refused: no".into() }),
    ] {
        let mut h = asked(Generation::Newer, both());
        h.decide_here("a1", Decision::AllowOnce);
        h.answer(is_resolve, Err(refusal(reason)));
        assert_eq!(h.settled(), [("a1", &outcome)]);
        assert_eq!(h.changed().len(), 1);
    }
}

#[test]
fn a_gateway_that_is_too_busy_for_a_decision_is_told_it_again() {
    let mut h = asked(Generation::Newer, both());
    h.decide_here("a1", Decision::AllowOnce);
    let busy = CallError::Refused(Refusal {
        code: "UNAVAILABLE".into(),
        message: "draining".into(),
        reason: None,
        retryable: true,
        retry_after: None,
    });
    h.answer(is_resolve, Err(busy));
    assert_eq!(h.settled(), []);
    h.feed(Input::Gateway(Event::Tick));
    h.answer(is_resolve, Err(CallError::TimedOut));
    h.answer(is_resolve, Ok(json!({"ok": true})));
    assert_eq!(h.settled().len(), 1);
}

#[test]
fn a_question_is_over_shortly_after_its_end_even_where_no_gateway_says_so() {
    for is_away in [false, true] {
        let mut h = asked(Generation::Newer, both());
        if is_away {
            h.feed(Input::GatewayDown);
        }
        h.wait(Duration::from_secs(30 * 60));
        assert_eq!(h.engine.approvals().len(), 1);
        h.wait(Duration::from_secs(5));
        assert!(h.engine.approvals().is_empty());
        assert_eq!(h.settled(), [("a1", &Settled::Expired)]);
        resolved(&mut h, Some(Decision::Deny), Resolution::Expired);
        assert_eq!(h.settled().len(), 1, "the gateway's own word comes too late");
    }
}

#[test]
fn a_decision_that_expires_on_its_way_is_told_to_whoever_made_it() {
    let mut h = asked(Generation::Newer, both());
    h.feed(Input::GatewayDown);
    h.decide("a1", sap::Decision::Approve);
    h.wait(Duration::from_secs(30 * 60 + 5));
    assert_eq!(h.settled(), [("a1", &Settled::Expired)]);
    assert_eq!(h.changed().len(), 1);
}

#[test]
fn what_the_engine_denies_before_the_older_gateway_runs_it_has_expired() {
    let mut h = asked(Generation::Older, both());
    h.wait(Duration::from_secs(30 * 60 - 15));
    assert_eq!(decisions(&h), [("a1".to_owned(), Decision::Deny)]);
    h.answer(is_resolve, Ok(json!({"ok": true})));
    h.wait(Duration::from_secs(60));
    assert_eq!(h.settled(), [("a1", &Settled::Expired)]);
    assert_eq!(h.changed(), [""; 0], "nobody decided, so nobody is told");
}

#[test]
fn a_question_that_died_with_its_gateway_is_gone() {
    let mut h = asked(Generation::Newer, both());
    h.feed(Input::GatewayDown);
    assert_eq!(h.engine.approvals().len(), 1, "it may still be there when the gateway is back");
    h.gateway_up(Generation::Newer, "boot-2");
    h.answer(is_list, Ok(json!([])));
    assert_eq!(h.settled(), [("a1", &Settled::Gone)]);
}

#[test]
fn a_decision_whose_answer_was_lost_is_told_again_and_settled_by_the_answer() {
    for (answer, outcome) in [
        (
            Ok(json!({"ok": true})),
            Settled::Applied { decision: Decision::Deny, by: Decider::Computer },
        ),
        (Err(refusal("APPROVAL_NOT_FOUND")), Settled::Gone),
    ] {
        let mut h = asked(Generation::Newer, both());
        h.decide_here("a1", Decision::Deny);
        h.feed(Input::GatewayDown);
        h.answer(is_resolve, Err(CallError::Disconnected));
        h.gateway_up(Generation::Newer, "boot-1");
        h.answer(is_list, Ok(json!([])));
        assert_eq!(h.settled(), []);
        h.answer(is_resolve, answer);
        assert_eq!(h.settled(), [("a1", &outcome)]);
    }
}

#[test]
fn a_list_that_was_asked_for_before_a_question_came_does_not_end_it() {
    let mut h = asked(Generation::Newer, both());
    h.feed(Input::GatewayDown);
    h.gateway_up(Generation::Newer, "boot-1");
    let later = approval(&h, "a2", None, both());
    asks(&mut h, later);
    let only_the_first = listed(&h, "a1");
    h.answer(is_list, Ok(only_the_first));
    assert_eq!(h.settled(), []);
    assert_eq!(h.engine.approvals().len(), 2);
}

#[test]
fn a_question_that_is_over_is_not_asked_again() {
    let mut h = asked(Generation::Newer, both());
    h.decide_here("a1", Decision::AllowOnce);
    h.answer(is_resolve, Ok(json!({"ok": true})));
    h.feed(Input::GatewayDown);
    h.gateway_up(Generation::Newer, "boot-1");
    let late = listed(&h, "a1");
    h.answer(is_list, Ok(late));
    assert_eq!(h.posted("requestApproval").len(), 1);
    assert!(h.engine.approvals().is_empty());
}

#[test]
fn nobody_waits_for_a_question_whose_answer_was_stopped() {
    let mut h = asked(Generation::Older, both());
    h.update(SESSION, Some("int_m1"), UpdateKind::Cancelled { reason: None });
    h.answer(is_resolve, Ok(json!({"ok": true})));
    assert_eq!(h.settled(), [("a1", &Settled::Gone)]);
}

#[test]
fn a_revoked_installation_waits_for_nothing() {
    let mut h = asked(Generation::Newer, both());
    h.feed(Input::CloudRevoked { code: "invalid_token".into() });
    assert_eq!(h.settled(), [("a1", &Settled::Gone)]);
    assert!(h.engine.approvals().is_empty());
    assert_eq!(h.engine.deadline(h.now), None);
}

#[test]
fn another_surfaces_question_ends_without_a_word() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let mut question = approval(&h, "a1", None, both());
    question.session_key = Some(openclaw::SessionKey::new("agent:main:telegram:7"));
    asks(&mut h, question);
    h.decide_here("a1", Decision::AllowOnce);
    assert_eq!(h.changed().len(), 1, "it is not the person's to decide");
    resolved(&mut h, Some(Decision::Deny), Resolution::Decided);
    assert_eq!(h.settled(), []);
    assert!(decisions(&h).is_empty());
}
