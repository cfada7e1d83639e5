//! What schedules of every fault found wrong, each as plainly as it can be told.

use std::time::Duration;

use openclaw::{Call, CallError, Decision, Generation, RunEventKind, RunId, ToolCallId, ToolEvent};
use serde_json::{Value, json};

use super::super::Input;
use super::approvals::{approval, asks, both, decisions, is_list};
use super::harness::{Harness, SESSION};

pub(super) const SOON: Duration = Duration::from_secs(2);

pub(super) fn is_history(call: &Call) -> bool {
    matches!(call, Call::ChatHistory { .. })
}

fn is_send(call: &Call) -> bool {
    matches!(call, Call::ChatSend { .. })
}

fn asked(run: &RunId, text: &str) -> Value {
    json!({"role": "user", "content": text, "idempotencyKey": format!("{run}:user")})
}

pub(super) fn said(text: &str) -> Value {
    json!({"role": "assistant", "stopReason": "stop", "content": [{"type": "text", "text": text}]})
}

/// The older gateway keeps no ids, but when something was said.
pub(super) fn asked_at(text: &str, at_ms: u64) -> Value {
    json!({"role": "user", "content": text, "timestamp": at_ms})
}

pub(super) fn history(rows: &[Value]) -> Value {
    json!({"messages": rows})
}

pub(super) fn ends(h: &Harness) -> Vec<Option<String>> {
    h.bubbles().into_iter().map(|bubble| bubble.end).collect()
}

pub(super) fn end(h: &Harness) -> String {
    h.bubbles()[0].end.clone().expect("an end")
}

#[test]
fn what_waits_for_the_cloud_is_asked_for_in_the_same_order_by_the_next_process() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.held = true;
    let messages: Vec<String> = (1..=12).map(|number| format!("m{number}")).collect();
    for message in &messages {
        h.say(message, "count");
        let run = h.accept();
        h.text(&run, "I say ");
        h.finish(&run, &format!("I say {message}"));
    }
    h.crash(SOON);
    h.held = false;
    h.deliver();
    let expected: Vec<_> = messages.iter().map(|name| Some(format!("I say {name}"))).collect();
    assert_eq!(ends(&h), expected);
    for (body, name) in h.posted("sendMessage").into_iter().zip(&messages) {
        assert_eq!(body["interaction_id"], format!("int_{name}"));
    }
}

#[test]
fn a_failure_that_the_history_tells_is_not_taken_for_the_answer() {
    for generation in [Generation::Older, Generation::Newer] {
        let mut h = Harness::with_gateway(generation);
        h.say("m1", "count");
        let run = h.accept();
        h.crash(SOON);
        h.gateway_up(generation, "boot-1");
        let ours = match generation {
            Generation::Older => asked_at("count", h.now.unix_ms),
            Generation::Newer => asked(&run, "count"),
        };
        let failed = json!({"role": "assistant", "stopReason": "error", "content": [],
            "errorMessage": "401 Incorrect API key provided"});
        h.answer(is_history, Ok(history(&[ours, failed])));
        assert!(end(&h).contains("⚠️"), "{}", end(&h));
        assert_eq!(h.sends(), 0, "it is not asked again");
    }
}

#[test]
fn a_run_of_another_person_in_the_session_is_not_taken_for_ours() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.crash(SOON);
    h.gateway_up(Generation::Newer, "boot-1");
    let other = RunId::new("other");
    let mut rows = history(&[asked(&run, "count"), said("one"), asked(&other, "hello")]);
    rows["inFlightRun"] = json!({"runId": "other", "text": "Hi th"});
    h.answer(is_history, Ok(rows));
    assert_eq!(end(&h), "one");
}

#[test]
fn an_answer_of_no_words_is_known_from_the_older_gateways_history() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "remember this");
    h.accept();
    h.crash(SOON);
    h.gateway_up(Generation::Older, "boot-1");
    let ours = asked_at("remember this", h.now.unix_ms);
    h.answer(is_history, Ok(history(&[ours])));
    assert_eq!(h.sends(), 0, "what it writes down has ended");
    assert!(h.bubbles()[0].end.is_some());
}

#[test]
fn other_words_are_not_spliced_onto_what_was_streamed_by_the_process_before() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.text(&run, "one two");
    h.crash(SOON);
    h.gateway_up(Generation::Newer, "boot-2");
    let mut going_on = history(&[asked(&run, "count")]);
    going_on["inFlightRun"] = json!({"runId": "resumed", "text": "Uno"});
    h.answer(is_history, Ok(going_on));
    let resumed = RunId::new("resumed");
    h.text(&resumed, "Uno, dos, tres");
    h.finish(&resumed, "Uno, dos, tres");
    h.wait(SOON);
    assert_eq!(h.bubbles()[0].streamed, "one two");
    assert_eq!(end(&h), "Uno, dos, tres");
}

#[test]
fn a_resumption_that_takes_its_time_is_looked_for_again() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.feed(Input::GatewayDown);
    h.gateway_up(Generation::Newer, "boot-2");
    let mut active = history(&[asked(&run, "count")]);
    active["sessionInfo"] = json!({"hasActiveRun": true});
    for _ in 0..10 {
        h.answer(is_history, Ok(active.clone()));
        h.wait(Duration::from_secs(21));
    }
    assert_eq!(ends(&h), [None]);
    h.answer(is_history, Ok(history(&[asked(&run, "count"), said("one")])));
    assert_eq!(end(&h), "one");
}

#[test]
fn what_was_said_before_an_approval_outlives_the_process() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "clean up");
    let run = h.accept();
    h.text(&run, "Let me.");
    let question = approval(&h, "a1", None, both());
    asks(&mut h, question);
    let blocked = ToolEvent::Blocked { approval_id: Some("a1".into()) };
    let call_id = ToolCallId::new("call_1");
    h.run(&run, RunEventKind::Tool { call_id, event: blocked });
    h.finish(&run, "Let me.");
    h.decide("a1", sap::Decision::Approve);
    assert_eq!(decisions(&h), [("a1".to_owned(), Decision::AllowOnce)]);
    h.crash(SOON);
    h.gateway_up(Generation::Older, "boot-1");
    assert_eq!(ends(&h), [None]);
    let follow_up = RunId::new("exec-approval-followup:a1");
    h.run(&follow_up, RunEventKind::Started);
    h.finish(&follow_up, "Cleaned.");
    h.wait(SOON);
    assert_eq!(ends(&h), [Some("Let me.\n\nCleaned.".to_owned())]);
}

#[test]
fn a_message_that_an_unnoticed_restart_of_the_older_gateway_lost_is_answered_after_all() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "count");
    let run = h.accept();
    h.text(&run, "one");
    h.feed(Input::GatewayDown);
    h.gateway_up(Generation::Older, "boot-1");
    h.answer(is_history, Ok(history(&[])));
    let started = json!({"runId": run.as_str(), "status": "started"});
    h.answer(is_send, Ok(started));
    h.run(&run, RunEventKind::Started);
    h.finish(&run, "uno");
    h.wait(SOON);
    assert_eq!(ends(&h), [Some("uno".to_owned())]);
    assert_eq!(h.bubbles()[0].streamed, "one");
}

#[test]
fn approvals_are_listed_again_where_the_list_did_not_come() {
    let mut h = Harness::new();
    h.gateway_up(Generation::Newer, "boot-1");
    h.answer(is_list, Err(CallError::TimedOut));
    h.wait(Duration::from_secs(60));
    assert!(h.calls.iter().any(|(_, call)| is_list(call)));
}

#[test]
fn the_history_is_asked_again_where_it_did_not_come() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.crash(SOON);
    h.gateway_up(Generation::Newer, "boot-1");
    h.answer(is_history, Err(CallError::TimedOut));
    h.answer(is_history, Ok(history(&[asked(&run, "count"), said("one")])));
    assert_eq!(end(&h), "one");
}

#[test]
fn a_question_asked_while_nobody_listened_belongs_to_the_message_handed_over_before() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "clean up");
    let run = h.accept();
    h.wait(SOON);
    let question = approval(&h, "a1", None, both());
    h.crash(SOON);
    h.gateway_up(Generation::Older, "boot-1");
    h.answer(is_history, Ok(history(&[])));
    let going_on = json!({"runId": run.as_str(), "status": "in_flight"});
    h.answer(is_send, Ok(going_on));
    let list = json!([{"id": "a1", "createdAtMs": question.created_at_ms,
        "expiresAtMs": question.expires_at_ms, "request": {"command": "rm -rf build",
            "sessionKey": format!("agent:main:{SESSION}"), "allowedDecisions": ["deny"]}}]);
    h.answer(is_list, Ok(list));
    h.finish(&run, "Let me.");
    h.wait(SOON);
    assert_eq!(ends(&h), [None], "it goes on once that is decided");
}

#[test]
fn a_stop_that_took_effect_unheard_ends_the_bubble_as_soon_as_the_history_is_known() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "clean up");
    let run = h.accept();
    let question = approval(&h, "a1", Some(&run), both());
    asks(&mut h, question);
    h.update(SESSION, None, sap::UpdateKind::Cancelled { reason: None });
    h.crash(SOON);
    h.gateway_up(Generation::Newer, "boot-1");
    assert_eq!(ends(&h), [None]);
    let calls_tool = json!({"role": "assistant", "stopReason": "toolUse", "content": []});
    h.answer(is_history, Ok(history(&[asked(&run, "clean up"), calls_tool])));
    assert_eq!(end(&h), "Stopped.");
}

#[test]
fn quitting_while_the_end_is_on_its_way_tells_the_end() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.feed(Input::GatewayDown);
    h.gateway_up(Generation::Newer, "boot-1");
    let mut going_on = history(&[asked(&run, "count")]);
    going_on["inFlightRun"] = json!({"runId": run.as_str(), "text": "one"});
    h.answer(is_history, Ok(going_on));
    h.finish(&run, "one two");
    assert_eq!(ends(&h), [None], "the whole answer is looked up");
    h.feed(Input::Quit);
    assert_eq!(end(&h), "one two");
}

#[test]
fn quitting_while_an_answer_is_stopped_says_that_it_was_stopped() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.text(&run, "one");
    h.update(SESSION, None, sap::UpdateKind::Cancelled { reason: None });
    h.feed(Input::Quit);
    assert_eq!(end(&h), "one");
}
