//! The process ends at some moment, and the next one goes on from what was kept.

use std::time::Duration;

use openclaw::{Approval, ApprovalKind, Call, Decision, Event, Generation, RunEventKind, RunId};
use openclaw::{SessionKey, ToolCallId, ToolEvent};
use sap::UpdateKind;
use serde_json::{Value, json};

use super::super::Input;
use super::harness::{Harness, SESSION};

const SOON: Duration = Duration::from_secs(2);

fn is_history(call: &Call) -> bool {
    matches!(call, Call::ChatHistory { .. })
}

fn is_send(call: &Call) -> bool {
    matches!(call, Call::ChatSend { .. })
}

fn accepted_row(run: &RunId, text: &str) -> Value {
    json!({"role": "user", "content": text, "idempotencyKey": format!("{run}:user")})
}

fn question(id: &str, now_ms: u64) -> Approval {
    Approval {
        id: id.into(),
        kind: ApprovalKind::Exec,
        session_key: Some(SessionKey::new(format!("agent:main:{SESSION}"))),
        run_id: None,
        tool_call_id: None,
        command: Some("ls".into()),
        cwd: None,
        host: None,
        title: None,
        description: None,
        severity: None,
        warnings: Vec::new(),
        security: None,
        details: None,
        allowed: vec![Decision::AllowOnce, Decision::Deny],
        created_at_ms: now_ms,
        expires_at_ms: now_ms + 1_800_000,
    }
}

#[test]
fn an_answer_goes_on_where_it_was_and_ends_once() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.run(&run, RunEventKind::Preamble { item_id: "i1".into(), text: "Let me see.".into() });
    h.text(&run, "one ");
    h.crash(SOON);
    h.gateway_up(Generation::Newer, "boot-1");
    let history = json!({"messages": [accepted_row(&run, "count")],
        "inFlightRun": {"runId": run.as_str(), "text": "one two "},
        "sessionInfo": {"hasActiveRun": true}});
    h.answer(is_history, Ok(history));
    h.finish(&run, "one two three");
    h.wait(SOON);
    let bubbles = h.bubbles();
    assert_eq!(bubbles.len(), 1);
    assert_eq!(bubbles[0].streamed, "Let me see.\n\none two three");
    assert_eq!(bubbles[0].end.as_deref(), Some("Let me see.\n\none two three"));
    assert_eq!(h.sends(), 0);
}

#[test]
fn what_was_said_before_a_tool_call_while_nobody_listened_is_part_of_the_end() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.crash(SOON);
    h.gateway_up(Generation::Newer, "boot-1");
    let running = json!({"messages": [accepted_row(&run, "count")],
        "inFlightRun": {"runId": run.as_str(), "text": ""}});
    h.answer(is_history, Ok(running));
    h.finish(&run, "three");
    assert_eq!(h.bubbles()[0].end, None);
    let row = |text: &str| json!({"role": "assistant", "content": text});
    let rows = json!([accepted_row(&run, "count"), row("Let me see."), row("three")]);
    h.answer(is_history, Ok(json!({"messages": rows})));
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("Let me see.\n\nthree"));
}

#[test]
fn a_gateway_that_stays_away_from_an_answer_is_named_in_the_end() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "count");
    let run = h.accept();
    h.text(&run, "one");
    h.crash(SOON);
    h.wait(Duration::from_secs(28 * 60));
    assert_eq!(h.bubbles()[0].end, None);
    h.wait(Duration::from_secs(2 * 60));
    assert!(h.bubbles()[0].end.as_deref().unwrap().contains("did not come back"));
    h.gateway_up(Generation::Newer, "boot-1");
    h.text(&run, "one two");
    assert_eq!(h.bubbles().len(), 1);
}

#[test]
fn an_answer_that_was_finished_meanwhile_ends_the_bubble() {
    for generation in [Generation::Older, Generation::Newer] {
        let mut h = Harness::with_gateway(generation);
        h.say("m1", "count");
        let run = h.accept();
        h.text(&run, "one");
        h.crash(SOON);
        h.gateway_up(generation, "boot-1");
        let asked = match generation {
            Generation::Newer => accepted_row(&run, "count"),
            Generation::Older => {
                json!({"role": "user", "content": [{"type": "text", "text": "count"}],
                       "timestamp": h.now.unix_ms})
            }
        };
        let said = json!({"role": "assistant", "content": [{"type": "text", "text": "one two"}]});
        h.answer(is_history, Ok(json!({"messages": [asked, said]})));
        assert_eq!(h.bubbles()[0].end.as_deref(), Some("one two"), "{generation:?}");
        assert_eq!(h.sends(), 0);
    }
}

#[test]
fn a_message_that_had_not_left_is_handed_over_once() {
    let mut h = Harness::new();
    h.say("m1", "hello");
    h.say("m2", "and then?");
    h.crash(SOON);
    h.gateway_up(Generation::Newer, "boot-1");
    assert_eq!(h.sends(), 1);
    let first = h.accept();
    h.finish(&first, "hi");
    let second = h.accept();
    h.finish(&second, "bye");
    let ends: Vec<_> = h.bubbles().into_iter().map(|bubble| bubble.end.unwrap()).collect();
    assert_eq!(ends, ["hi", "bye"]);
}

#[test]
fn a_message_of_which_the_gateway_knows_nothing_is_handed_over_again_under_the_same_id() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let run = h.last_run();
    h.crash(SOON);
    h.gateway_up(Generation::Newer, "boot-2");
    assert_eq!(h.sends(), 0, "its history is asked first");
    h.answer(is_history, Ok(json!({"messages": []})));
    assert_eq!(h.accept(), run);
    h.finish(&run, "hi");
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("hi"));
}

#[test]
fn the_older_gateway_still_working_on_it_is_found_by_sending_it_again() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "hello");
    let run = h.accept();
    h.text(&run, "he");
    h.crash(SOON);
    h.gateway_up(Generation::Older, "boot-1");
    h.answer(is_history, Ok(json!({"messages": []})));
    let is_running = json!({"runId": run.as_str(), "status": "in_flight"});
    h.answer(is_send, Ok(is_running));
    h.finish(&run, "hello");
    assert_eq!(h.bubbles()[0].streamed, "hello");
    h.wait(SOON);
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("hello"));
}

#[test]
fn an_update_is_known_and_only_acknowledged_when_it_comes_again() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let run = h.accept();
    h.finish(&run, "hi");
    h.crash(SOON);
    h.gateway_up(Generation::Newer, "boot-1");
    let before = h.acked.len();
    h.say("m1", "hello");
    assert_eq!((h.acked.len(), h.sends()), (before + 1, 0));
    assert_eq!(h.bubbles().len(), 1);
}

#[test]
fn an_end_that_was_under_way_is_sent_again_with_the_same_bytes() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let run = h.accept();
    h.held = true;
    h.finish(&run, "hi");
    let first = h.waiting[0].clone();
    assert_eq!(first.route, "sendMessageEnd");
    h.crash(SOON);
    assert_eq!(h.waiting.len(), 1);
    assert_eq!((&h.waiting[0].route, &h.waiting[0].body), (&first.route, &first.body));
    h.held = false;
    h.deliver();
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("hi"));
    h.crash(SOON);
    assert!(h.waiting.is_empty(), "what was delivered is kept no more");
}

#[test]
fn a_card_that_was_open_is_finished_once() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "look");
    let run = h.accept();
    let call_id = ToolCallId::new("call-1");
    let started = ToolEvent::Started { name: "exec".into(), args: json!({"command": "ls"}) };
    h.run(&run, RunEventKind::Tool { call_id: call_id.clone(), event: started });
    h.crash(SOON);
    h.gateway_up(Generation::Newer, "boot-1");
    let history = json!({"messages": [accepted_row(&run, "look")],
        "inFlightRun": {"runId": run.as_str(), "text": ""}});
    h.answer(is_history, Ok(history));
    let ended = ToolEvent::CommandEnded { output: "a b".into(), exit_code: Some(0), failed: false };
    h.run(&run, RunEventKind::Tool { call_id, event: ended });
    h.finish(&run, "two files");
    assert_eq!(h.posted("createTask").len(), 1);
    assert_eq!(h.posted("finishTask").len(), 1);
    assert_eq!(h.posted("finishTask")[0]["status"], "completed");
}

#[test]
fn a_question_is_asked_once_and_a_decision_reaches_the_gateway_that_was_away() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "look");
    h.accept();
    let approval = question("a-1", h.now.unix_ms);
    h.feed(Input::Gateway(Event::ApprovalRequested(approval)));
    h.feed(Input::GatewayDown);
    h.decide("a-1", sap::Decision::Approve);
    h.crash(SOON);
    assert_eq!(h.engine.approvals()[0].deciding, Some(Decision::AllowOnce));
    h.gateway_up(Generation::Newer, "boot-1");
    let listed = json!([{"id": "a-1", "request": {"command": "ls",
        "sessionKey": format!("agent:main:{SESSION}")},
        "createdAtMs": h.now.unix_ms, "expiresAtMs": h.now.unix_ms + 1_000_000}]);
    h.answer(|call| matches!(call, Call::ListApprovals { kind: ApprovalKind::Exec }), Ok(listed));
    let allow =
        |call: &Call| matches!(call, Call::ResolveApproval { decision: Decision::AllowOnce, .. });
    h.answer(allow, Ok(json!({"ok": true})));
    assert_eq!(h.posted("requestApproval").len(), 1);
    assert_eq!(h.settled().len(), 1);
}

#[test]
fn a_stop_is_made_good_by_the_next_process() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "write a book");
    let run = h.accept();
    h.text(&run, "Once");
    h.update(SESSION, None, UpdateKind::Cancelled { reason: None });
    h.crash(SOON);
    h.gateway_up(Generation::Newer, "boot-1");
    let stops =
        |call: &Call| matches!(call, Call::ChatAbort { run_id: Some(id), .. } if *id == run);
    h.answer(stops, Ok(json!({"ok": true, "aborted": true})));
    h.run(&run, RunEventKind::Aborted { text: Some("Once upon".into()), stop_reason: None });
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("Once upon"));
}

#[test]
fn a_model_that_was_chosen_is_told_the_gateway_by_the_next_process() {
    let mut h = Harness::new();
    h.update(SESSION, None, UpdateKind::ModelChanged { model: Some("p/m".into()) });
    h.crash(SOON);
    h.gateway_up(Generation::Newer, "boot-1");
    let chosen =
        |call: &Call| matches!(call, Call::SetModel { model: Some(name), .. } if name == "p/m");
    h.answer(chosen, Ok(json!({})));
    h.crash(SOON);
    h.gateway_up(Generation::Newer, "boot-1");
    assert!(!h.calls.iter().any(|(_, call)| chosen(call)));
}

#[test]
fn late_frames_of_a_run_that_ended_before_belong_to_nobody() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let run = h.accept();
    h.finish(&run, "hi");
    h.crash(SOON);
    h.gateway_up(Generation::Newer, "boot-1");
    h.text(&run, "hi");
    assert_eq!(h.bubbles().len(), 1);
}

#[test]
fn a_revoked_installation_leaves_nothing_behind() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    h.accept();
    h.feed(Input::CloudRevoked { code: "invalid_token".into() });
    assert!(h.journal.rows().unwrap().is_empty());
}
