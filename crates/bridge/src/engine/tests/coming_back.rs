use std::time::Duration;

use openclaw::{Call, CallError, Generation, RunEventKind, RunId};
use serde_json::{Value, json};

use super::super::Input;
use super::harness::Harness;

fn is_history(call: &Call) -> bool {
    matches!(call, Call::ChatHistory { .. })
}

fn accepted_row(run: &RunId, text: &str) -> Value {
    json!({"role": "user", "content": text, "idempotencyKey": format!("{run}:user")})
}

fn assistant_row(text: &str) -> Value {
    json!({"role": "assistant", "content": [{"type": "text", "text": text}]})
}

#[test]
fn a_run_that_goes_on_after_a_reconnect_heals_by_its_next_text() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.text(&run, "one");
    h.feed(Input::GatewayDown);
    h.gateway_up(Generation::Newer, "boot-1");
    let history = json!({"messages": [accepted_row(&run, "count")],
        "inFlightRun": {"runId": run.as_str(), "text": "one two"},
        "sessionInfo": {"hasActiveRun": true}});
    h.answer(is_history, Ok(history));
    h.finish(&run, "one two three");
    h.wait(Duration::from_secs(2));
    let bubble = &h.bubbles()[0];
    assert_eq!(bubble.streamed, "one two three");
    assert_eq!(bubble.end.as_deref(), Some("one two three"));
    assert_eq!(h.sends(), 0);
}

#[test]
fn an_answer_that_was_finished_meanwhile_is_taken_from_the_history() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.text(&run, "one");
    h.feed(Input::GatewayDown);
    h.gateway_up(Generation::Newer, "boot-1");
    let history = json!({"messages": [accepted_row(&run, "count"), assistant_row("one two")],
        "sessionInfo": {"hasActiveRun": false}});
    h.answer(is_history, Ok(history));
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("one two"));
}

#[test]
fn a_message_whose_hand_over_was_interrupted_is_handed_over_once() {
    for known in [false, true] {
        let mut h = Harness::with_gateway(Generation::Newer);
        h.say("m1", "count");
        let run = h.last_run();
        h.feed(Input::GatewayDown);
        h.answer(|call| matches!(call, Call::ChatSend { .. }), Err(CallError::Disconnected));
        h.gateway_up(Generation::Newer, "boot-1");
        assert_eq!(h.sends(), 0, "the history is asked first");
        let rows = if known { vec![accepted_row(&run, "count")] } else { Vec::new() };
        let history = json!({"messages": rows, "sessionInfo": {"hasActiveRun": known}});
        h.answer(is_history, Ok(history));
        assert_eq!(h.sends(), usize::from(!known));
        h.finish(&run, "one");
        h.wait(Duration::from_secs(2));
        assert_eq!(h.bubbles()[0].end.as_deref(), Some("one"));
    }
}

#[test]
fn the_newer_gateways_own_resumption_after_a_restart_is_adopted() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.text(&run, "one");
    h.feed(Input::GatewayDown);
    h.gateway_up(Generation::Newer, "boot-2");
    let history = json!({"messages": [accepted_row(&run, "count")],
        "sessionInfo": {"hasActiveRun": true}});
    h.answer(is_history, Ok(history));
    let resumed = RunId::new("resumed");
    h.wait(Duration::from_secs(1));
    h.text(&resumed, "one");
    let history = json!({"messages": [accepted_row(&run, "count")],
        "inFlightRun": {"runId": "resumed", "text": "one"},
        "sessionInfo": {"hasActiveRun": true}});
    h.answer(is_history, Ok(history));
    h.finish(&resumed, "one two");
    h.wait(Duration::from_secs(2));
    assert_eq!(h.sends(), 0);
    assert_eq!(h.bubbles().len(), 1);
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("one two"));
}

#[test]
fn a_resumption_that_is_heard_before_the_history_is_not_a_second_answer() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.text(&run, "one tw");
    h.feed(Input::GatewayDown);
    h.gateway_up(Generation::Newer, "boot-2");
    let resumed = RunId::new("resumed");
    h.text(&resumed, "one");
    let history = json!({"messages": [accepted_row(&run, "count")],
        "inFlightRun": {"runId": "resumed", "text": "one two"},
        "sessionInfo": {"hasActiveRun": true}});
    h.answer(is_history, Ok(history));
    h.finish(&resumed, "one two three");
    h.wait(Duration::from_secs(2));
    let bubbles = h.bubbles();
    assert_eq!(bubbles.len(), 1);
    assert_eq!(bubbles[0].streamed, "one two three", "repeated words are not shown twice");
    assert_eq!(bubbles[0].end.as_deref(), Some("one two three"));
}

#[test]
fn a_turn_that_a_restarted_gateway_never_resumes_is_failed_honestly() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.feed(Input::GatewayDown);
    h.gateway_up(Generation::Newer, "boot-2");
    let history = json!({"messages": [accepted_row(&run, "count")],
        "sessionInfo": {"hasActiveRun": false}});
    h.answer(is_history, Ok(history.clone()));
    h.wait(Duration::from_secs(90));
    h.answer(is_history, Ok(history));
    assert!(h.bubbles()[0].end.clone().unwrap().contains("lost track"));
}

#[test]
fn a_turn_that_the_older_gateway_lost_by_a_restart_is_sent_again() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "count");
    let run = h.accept();
    h.text(&run, "one");
    h.wait(Duration::from_secs(10));
    h.feed(Input::GatewayDown);
    h.gateway_up(Generation::Older, "boot-2");
    h.answer(is_history, Ok(json!({"messages": []})));
    assert_eq!(h.sends(), 1);
    let again = h.accept();
    assert_eq!(again, run);
    h.finish(&again, "one two");
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("one two"));
}

#[test]
fn a_turn_of_the_older_gateway_goes_on_after_a_mere_reconnect() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "count");
    let run = h.accept();
    h.text(&run, "one");
    h.feed(Input::GatewayDown);
    h.gateway_up(Generation::Older, "boot-1");
    h.answer(is_history, Ok(json!({"messages": []})));
    let running = json!({"runId": run.as_str(), "status": "in_flight"});
    h.answer(|call| matches!(call, Call::ChatSend { .. }), Ok(running));
    h.finish(&run, "one two");
    h.wait(Duration::from_secs(2));
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("one two"));
}

#[test]
fn an_answer_given_before_is_found_in_the_history_instead_of_run_again() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.last_run();
    let done = json!({"runId": run.as_str(), "status": "ok"});
    h.answer(|call| matches!(call, Call::ChatSend { .. }), Ok(done));
    let history = json!({"messages": [accepted_row(&run, "count"), assistant_row("one")],
        "sessionInfo": {"hasActiveRun": false}});
    h.answer(is_history, Ok(history));
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("one"));
    assert_eq!(h.sends(), 0);
}

#[test]
fn a_stop_while_the_gateway_is_away_is_made_good_when_it_is_back() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.text(&run, "one");
    h.feed(Input::GatewayDown);
    h.update(super::harness::SESSION, None, sap::UpdateKind::Cancelled { reason: None });
    h.wait(Duration::from_secs(6));
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("one"));
    h.gateway_up(Generation::Newer, "boot-1");
    let aborted = h
        .calls
        .iter()
        .any(|(_, call)| matches!(call, Call::ChatAbort { run_id: Some(id), .. } if *id == run));
    assert!(aborted);
    h.run(&run, RunEventKind::Text { text: "one two".into() });
    assert_eq!(h.bubbles().len(), 1);
}

#[test]
fn usage_of_the_older_gateway_comes_from_its_history_with_the_end() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "count");
    let run = h.accept();
    h.text(&run, "one");
    h.run(&run, RunEventKind::AttemptEnded { aborted: false });
    h.finish(&run, "one");
    assert!(h.bubbles()[0].end.is_none(), "the end waits a moment for the usage");
    let row = json!({"role": "assistant", "content": [{"type": "text", "text": "one"}],
        "provider": "p", "model": "m",
        "usage": {"input": 10, "output": 20, "cost": {"total": 0.5}}});
    let history = json!({"messages": [{"role": "user", "content": "count"}, row]});
    h.answer(is_history, Ok(history));
    let bubble = &h.bubbles()[0];
    assert_eq!(bubble.end.as_deref(), Some("one"));
    assert_eq!(bubble.usage["input_tokens"], 10);
    assert_eq!(bubble.usage["estimated_cost_usd"], 0.5);
}
