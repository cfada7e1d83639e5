use std::time::Duration;

use openclaw::{
    Approval, ApprovalKind, Call, CallError, Decision, Event, Generation, RunEventKind, RunId,
    SessionKey, ToolCallId, ToolEvent,
};
use sap::UpdateKind;
use serde_json::{Value, json};

use super::super::Input;
use super::harness::{Harness, SESSION};
use crate::Notice;

pub(super) fn approval(
    h: &Harness,
    id: &str,
    run: Option<&RunId>,
    allowed: Vec<Decision>,
) -> Approval {
    Approval {
        id: id.into(),
        kind: ApprovalKind::Exec,
        session_key: Some(SessionKey::new(format!("agent:main:{SESSION}"))),
        run_id: run.cloned(),
        tool_call_id: run.map(|_| ToolCallId::new("call_1")),
        command: Some("rm -rf build".into()),
        cwd: Some("/home/ada/ws".into()),
        host: Some("gateway".into()),
        title: None,
        description: None,
        severity: None,
        warnings: Vec::new(),
        security: None,
        details: None,
        allowed,
        created_at_ms: h.now.unix_ms,
        expires_at_ms: h.now.unix_ms + 1_800_000,
    }
}

pub(super) fn both() -> Vec<Decision> {
    vec![Decision::AllowOnce, Decision::Deny]
}

pub(super) fn asks(h: &mut Harness, approval: Approval) {
    h.feed(Input::Gateway(Event::ApprovalRequested(approval)));
}

pub(super) fn tool_starts(h: &mut Harness, run: &RunId) {
    let args = json!({"command": "rm -rf build"});
    let event = ToolEvent::Started { name: "exec".into(), args };
    h.run(run, RunEventKind::Tool { call_id: ToolCallId::new("call_1"), event });
}

pub(super) fn decisions(h: &Harness) -> Vec<(String, Decision)> {
    let resolves = h.calls.iter().filter_map(|(_, call)| match call {
        Call::ResolveApproval { id, decision, .. } => Some((id.clone(), *decision)),
        _ => None,
    });
    resolves.collect()
}

pub(super) fn is_list(call: &Call) -> bool {
    matches!(call, Call::ListApprovals { kind: ApprovalKind::Exec })
}

pub(super) fn listed(h: &Harness, id: &str) -> Value {
    json!([{
        "id": id,
        "request": {
            "command": "rm -rf build", "sessionKey": format!("agent:main:{SESSION}"),
            "host": "gateway", "allowedDecisions": ["allow-once", "deny"]
        },
        "createdAtMs": h.now.unix_ms,
        "expiresAtMs": h.now.unix_ms + 1_800_000
    }])
}

#[test]
fn a_question_names_the_exact_command_where_it_runs_and_what_a_denial_means() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "clean up");
    let run = h.accept();
    tool_starts(&mut h, &run);
    let question = approval(&h, "appr-12345", Some(&run), both());
    asks(&mut h, question);
    let asked = h.posted("requestApproval")[0].clone();
    assert_eq!(asked["command"], "rm -rf build");
    assert_eq!(asked["approval_id"], "appr-12345");
    assert_eq!(asked["interaction_id"], "int_m1");
    assert_eq!(asked["tool_call_id"], "call_1");
    assert_eq!(asked["action"], "shell.exec");
    assert_eq!(asked["severity"], "medium");
    assert_eq!(asked["host"], "gateway");
    let message = asked["message"].as_str().unwrap();
    assert!(message.contains("/home/ada/ws") && message.contains("If you deny"), "{message}");
}

#[test]
fn decisions_reach_the_gateway_by_the_table() {
    for (decision, allowed, expected) in [
        (sap::Decision::Approve, both(), Decision::AllowOnce),
        (sap::Decision::Deny, both(), Decision::Deny),
        (sap::Decision::ApproveAlways, vec![Decision::AllowAlways], Decision::AllowAlways),
        (sap::Decision::ApproveAlways, both(), Decision::AllowOnce),
    ] {
        let mut h = Harness::with_gateway(Generation::Newer);
        h.say("m1", "clean up");
        let run = h.accept();
        let question = approval(&h, "a1", Some(&run), allowed.clone());
        asks(&mut h, question);
        h.decide("a1", decision);
        h.decide("a1", decision);
        assert_eq!(decisions(&h), [("a1".to_owned(), expected)]);
        let said = h.notices.iter().any(|n| matches!(n, Notice::DecisionChanged { .. }));
        let reduced = decision == sap::Decision::ApproveAlways && expected == Decision::AllowOnce;
        assert_eq!(said, reduced);
    }
}

#[test]
fn a_decision_made_while_the_gateway_is_away_is_applied_when_it_is_back() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "clean up");
    let run = h.accept();
    let question = approval(&h, "a1", Some(&run), both());
    asks(&mut h, question);
    h.feed(Input::GatewayDown);
    h.decide("a1", sap::Decision::Approve);
    assert!(decisions(&h).is_empty());
    h.gateway_up(Generation::Newer, "boot-1");
    let answer = listed(&h, "a1");
    h.answer(is_list, Ok(answer));
    assert_eq!(decisions(&h), [("a1".to_owned(), Decision::AllowOnce)]);
    assert_eq!(h.posted("requestApproval").len(), 1, "the person is asked once");
}

#[test]
fn a_decision_about_a_question_not_known_yet_waits_for_the_gateways_list() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.decide("a1", sap::Decision::Approve);
    assert!(decisions(&h).is_empty());
    let answer = listed(&h, "a1");
    h.answer(is_list, Ok(answer));
    assert_eq!(decisions(&h), [("a1".to_owned(), Decision::AllowOnce)]);
    h.decide("gone", sap::Decision::Approve);
    h.answer(is_list, Ok(json!([])));
    assert!(h.notices.iter().any(
        |n| matches!(n, Notice::DecisionChanged { approval_id, .. } if approval_id == "gone")
    ));
}

#[test]
fn a_question_that_came_before_its_session_was_known_is_asked_and_decided() {
    let mut h = Harness::with_gateway(Generation::Newer);
    let question = approval(&h, "a1", None, both());
    asks(&mut h, question);
    assert!(h.posted("requestApproval").is_empty());
    h.decide("a1", sap::Decision::Approve);
    assert_eq!(h.posted("requestApproval").len(), 1);
    assert_eq!(decisions(&h), [("a1".to_owned(), Decision::AllowOnce)]);
}

#[test]
fn a_decision_about_another_surfaces_question_is_ignored() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let mut question = approval(&h, "a1", None, both());
    question.session_key = Some(SessionKey::new("agent:main:telegram:7"));
    asks(&mut h, question);
    h.decide("a1", sap::Decision::Approve);
    assert!(decisions(&h).is_empty());
    assert!(h.posted("requestApproval").is_empty());
}

#[test]
fn a_question_answered_elsewhere_is_normal() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "clean up");
    let run = h.accept();
    let question = approval(&h, "a1", Some(&run), both());
    asks(&mut h, question);
    h.decide("a1", sap::Decision::Approve);
    let refusal = openclaw::Refusal {
        code: "INVALID_REQUEST".into(),
        message: "approval already resolved".into(),
        reason: Some("APPROVAL_ALREADY_RESOLVED".into()),
        retryable: false,
        retry_after: None,
    };
    let is_resolve = |call: &Call| matches!(call, Call::ResolveApproval { .. });
    h.answer(is_resolve, Err(CallError::Refused(refusal)));
    h.finish(&run, "done");
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("done"));
}

#[test]
fn on_the_older_gateway_the_bubble_stays_open_until_the_continuation_ended() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "clean up");
    let run = h.accept();
    h.text(&run, "Let me.");
    tool_starts(&mut h, &run);
    let question = approval(&h, "a1", None, both());
    asks(&mut h, question);
    assert_eq!(h.posted("requestApproval")[0]["tool_call_id"], "call_1");
    let call_id = ToolCallId::new("call_1");
    let blocked = ToolEvent::Blocked { approval_id: Some("a1".into()) };
    h.run(&run, RunEventKind::Tool { call_id, event: blocked });
    h.finish(&run, "Let me.");
    assert!(h.bubbles()[0].end.is_none());
    h.decide("a1", sap::Decision::Approve);
    let follow_up = RunId::new("exec-approval-followup:a1");
    h.run(&follow_up, RunEventKind::Started);
    let history = json!({"messages": [{"role": "user", "content": [{"type": "text", "text":
        "An async command the user already approved has completed.\nExec finished (gateway id=a1, session=s, code 0)\nremoved"}]}]});
    h.answer(|call| matches!(call, Call::ChatHistory { .. }), Ok(history));
    h.text(&follow_up, "Cleaned.");
    h.finish(&follow_up, "Cleaned.");
    h.wait(Duration::from_secs(1));
    let bubble = &h.bubbles()[0];
    assert_eq!(h.bubbles().len(), 1);
    assert_eq!(bubble.end.as_deref(), Some("Let me.\n\nCleaned."));
    assert_eq!(bubble.streamed, "Let me.\n\nCleaned.");
    let cards = h.posted("finishTask");
    assert_eq!((cards.len(), cards[0]["status"].as_str()), (1, Some("completed")));
    assert!(cards[0]["result"].to_string().contains("removed"), "{}", cards[0]);
}

#[test]
fn on_the_older_gateway_a_question_is_denied_just_before_it_would_run_by_itself() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "clean up");
    h.accept();
    let question = approval(&h, "a1", None, both());
    asks(&mut h, question);
    h.wait(Duration::from_secs(29 * 60));
    assert!(decisions(&h).is_empty());
    h.wait(Duration::from_secs(50));
    assert_eq!(decisions(&h), [("a1".to_owned(), Decision::Deny)]);
}

#[test]
fn on_the_newer_gateway_an_expiring_question_is_left_to_the_gateway() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "clean up");
    let run = h.accept();
    let question = approval(&h, "a1", Some(&run), both());
    asks(&mut h, question);
    h.wait(Duration::from_secs(30 * 60));
    assert!(decisions(&h).is_empty());
}

#[test]
fn stopping_a_turn_of_the_older_gateway_denies_what_it_waits_for() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "clean up");
    let run = h.accept();
    let question = approval(&h, "a1", None, both());
    asks(&mut h, question);
    h.finish(&run, "Let me.");
    h.update(SESSION, Some("int_m1"), UpdateKind::Cancelled { reason: None });
    assert_eq!(decisions(&h), [("a1".to_owned(), Decision::Deny)]);
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("Let me."));
    let follow_up = RunId::new("exec-approval-followup:a1");
    h.text(&follow_up, "The user denied it.");
    assert_eq!(h.bubbles().len(), 1, "what follows a stopped question is not shown");
}

#[test]
fn a_continuation_that_nobody_may_stop_is_said_to_run_on() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "clean up");
    let run = h.accept();
    let question = approval(&h, "a1", None, both());
    asks(&mut h, question);
    h.finish(&run, "Let me.");
    h.decide("a1", sap::Decision::Approve);
    let follow_up = RunId::new("exec-approval-followup:a1");
    h.run(&follow_up, RunEventKind::Started);
    h.update(SESSION, None, UpdateKind::Cancelled { reason: None });
    let refusal = openclaw::Refusal {
        code: "INVALID_REQUEST".into(),
        message: "unauthorized".into(),
        reason: None,
        retryable: false,
        retry_after: None,
    };
    let aborts = |call: &Call| matches!(call, Call::ChatAbort { run_id: Some(id), .. } if *id == RunId::new("exec-approval-followup:a1"));
    h.answer(aborts, Err(CallError::Refused(refusal)));
    assert!(h.bubbles()[0].end.clone().unwrap().contains("may still run"));
}

#[test]
fn a_plugin_that_asks_on_the_older_gateway_keeps_no_bubble_open_after_its_run() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "hello");
    let run = h.accept();
    h.text(&run, "one");
    let question =
        Approval { kind: ApprovalKind::Plugin, ..approval(&h, "plugin:1", Some(&run), both()) };
    asks(&mut h, question);
    h.decide("plugin:1", sap::Decision::Approve);
    h.finish(&run, "one two");
    h.wait(Duration::from_secs(1));
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("one two"));
}
