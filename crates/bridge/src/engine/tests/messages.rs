use std::time::Duration;

use openclaw::{Call, CallError, FailureKind, Generation, RunEventKind, RunId};
use sap::{UpdateId, UpdateKind};
use serde_json::json;

use super::super::Input;
use super::harness::{Harness, SESSION};

fn final_without_text() -> RunEventKind {
    RunEventKind::Final { text: None, stop_reason: None, usage: None }
}

#[test]
fn a_message_leaves_for_the_gateway_before_its_bubble_is_open() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.held = true;
    h.say("m1", "hello");
    assert_eq!(h.sends(), 1);
    assert_eq!(h.waiting[0].route, "sendMessage");
    assert_eq!(h.acked.len(), 1);
}

#[test]
fn an_answer_is_streamed_and_ended_once_with_its_whole_text() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let run = h.accept();
    h.text(&run, "Hel");
    h.text(&run, "Hello");
    h.finish(&run, "Hello!");
    let bubbles = h.bubbles();
    assert_eq!(bubbles.len(), 1);
    assert_eq!(bubbles[0].streamed, "Hello");
    assert_eq!(bubbles[0].end.as_deref(), Some("Hello!"));
    assert_eq!(bubbles[0].reason, "stop");
    let open = h.posted("sendMessage")[0].clone();
    assert_eq!(open["interaction_id"], "int_m1");
    assert_eq!(open["text"], "");
}

#[test]
fn a_repeated_update_or_message_is_acknowledged_and_not_answered_again() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    h.say("m1", "hello");
    assert_eq!((h.sends(), h.acked.len()), (1, 2));
    let again = sap::Update {
        id: h.acked[0].clone(),
        session_id: Some(sap::SessionId::new(SESSION)),
        interaction_id: None,
        kind: UpdateKind::SessionStarted,
    };
    h.feed(Input::Update(again));
    assert_eq!((h.sends(), h.acked.len()), (1, 3));
}

#[test]
fn the_same_message_has_the_same_run_id_in_every_process() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let mut h = Harness::with_gateway(Generation::Newer);
        h.say("m1", "hello");
        runs.push(h.last_run());
    }
    assert_eq!(runs[0], runs[1]);
}

#[test]
fn a_second_message_waits_its_turn_shown_as_queued() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "first");
    let first = h.accept();
    h.say("m2", "second");
    assert_eq!(h.sends(), 0, "the first send was answered, the second must wait");
    let card = h.posted("createTask")[0].clone();
    assert_eq!((&card["kind"], &card["task_id"]), (&json!("queue"), &json!("queued-m2")));
    assert_eq!(h.posted("sendMessage").len(), 2);
    h.finish(&first, "one");
    assert_eq!(h.sends(), 1);
    assert_eq!(h.posted("finishTask")[0]["status"], "completed");
    let second = h.accept();
    h.finish(&second, "two");
    let ends: Vec<_> = h.bubbles().into_iter().map(|bubble| bubble.end.unwrap()).collect();
    assert_eq!(ends, ["one", "two"]);
}

#[test]
fn a_queued_message_that_is_cancelled_never_reaches_the_gateway() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "first");
    let first = h.accept();
    h.say("m2", "second");
    h.update(SESSION, Some("int_m2"), UpdateKind::Cancelled { reason: None });
    h.finish(&first, "one");
    assert_eq!(h.sends(), 0);
    assert_eq!(h.posted("finishTask")[0]["status"], "cancelled");
    let bubbles = h.bubbles();
    assert_eq!(bubbles.len(), 2);
    assert!(bubbles.iter().any(|bubble| bubble.end.as_deref() == Some("Stopped.")));
}

#[test]
fn stopping_an_answer_aborts_its_run_and_keeps_its_text() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "write a book");
    let run = h.accept();
    h.text(&run, "Once upon");
    h.update(SESSION, Some("int_m1"), UpdateKind::Cancelled { reason: None });
    let (_, abort) = h.calls.last().unwrap();
    assert!(matches!(abort, Call::ChatAbort { run_id: Some(id), .. } if *id == run));
    assert!(h.bubbles()[0].end.is_none());
    let text = Some("Once upon a".into());
    h.run(&run, RunEventKind::Aborted { text, stop_reason: Some("rpc".into()) });
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("Once upon a"));
}

#[test]
fn a_stop_that_the_gateway_does_not_confirm_ends_the_bubble_within_five_seconds() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "write a book");
    let run = h.accept();
    h.text(&run, "Once");
    h.update(SESSION, None, UpdateKind::Cancelled { reason: None });
    h.wait(Duration::from_secs(5));
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("Once"));
    h.finish(&run, "Once upon a time");
    assert_eq!(h.bubbles().len(), 1, "the late end belongs to nobody");
}

#[test]
fn the_word_stop_stops_what_runs_instead_of_waiting_behind_it() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "write a book");
    let run = h.accept();
    h.say("m2", " Stop ");
    assert!(h.calls.iter().any(|(_, call)| matches!(call, Call::ChatAbort { .. })));
    h.run(&run, RunEventKind::Aborted { text: None, stop_reason: None });
    assert_eq!(h.bubbles().iter().filter(|b| b.end.as_deref() == Some("Stopped.")).count(), 2);
    assert_eq!(h.sends(), 0);
}

#[test]
fn a_failed_run_ends_once_with_a_sentence_and_a_remedy() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let run = h.accept();
    for message in ["Authentication failed (HTTP 401).", "⚠️ Agent failed before reply."] {
        let kind = FailureKind::Auth;
        h.run(&run, RunEventKind::Failed { message: message.into(), kind });
    }
    let bubbles = h.bubbles();
    assert_eq!(bubbles.len(), 1);
    let end = bubbles[0].end.clone().unwrap();
    assert!(end.contains("Check the API key") && end.contains("HTTP 401"), "{end}");
}

#[test]
fn a_message_that_the_gateway_refuses_says_why() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let refusal = openclaw::Refusal {
        code: "INVALID_REQUEST".into(),
        message: "Agent \"other\" no longer exists".into(),
        reason: None,
        retryable: false,
        retry_after: None,
    };
    h.answer(|call| matches!(call, Call::ChatSend { .. }), Err(CallError::Refused(refusal)));
    assert!(h.bubbles()[0].end.clone().unwrap().contains("no longer exists"));
}

#[test]
fn a_gateway_that_drains_is_asked_again() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let refusal = openclaw::Refusal {
        code: "UNAVAILABLE".into(),
        message: "restarting".into(),
        reason: None,
        retryable: true,
        retry_after: Some(Duration::from_secs(1)),
    };
    h.answer(|call| matches!(call, Call::ChatSend { .. }), Err(CallError::Refused(refusal)));
    assert_eq!(h.sends(), 0);
    h.wait(Duration::from_secs(1));
    assert_eq!(h.sends(), 1);
    assert!(h.bubbles()[0].end.is_none());
}

#[test]
fn runs_of_other_sessions_never_reach_the_phone() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let run = h.accept();
    let foreign = RunId::new("foreign");
    let text = RunEventKind::Text { text: "secret of another chat".into() };
    h.run_in("agent:main:telegram:42", &foreign, text);
    h.finish(&run, "hi");
    assert_eq!(h.bubbles().len(), 1);
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("hi"));
}

#[test]
fn a_run_of_our_session_that_nobody_asked_for_gets_a_bubble_of_its_own() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let run = h.accept();
    h.text(&run, "mine");
    let other = RunId::new("scheduled-job");
    h.text(&other, "reminder");
    h.finish(&run, "mine");
    h.finish(&other, "reminder!");
    let ends: Vec<_> = h.bubbles().into_iter().map(|bubble| bubble.end.unwrap()).collect();
    assert_eq!(ends, ["mine", "reminder!"]);
    assert!(h.posted("sendMessage")[1]["interaction_id"].is_null());
}

#[test]
fn an_empty_final_right_after_the_hand_over_is_not_an_answer() {
    for generation in [Generation::Older, Generation::Newer] {
        let mut h = Harness::with_gateway(generation);
        h.say("m1", "hello");
        let run = h.last_run();
        let started = json!({"runId": run.as_str(), "status": "started"});
        h.answer(|call| matches!(call, Call::ChatSend { .. }), Ok(started));
        h.run(&run, final_without_text());
        assert!(h.bubbles()[0].end.is_none());
        let elsewhere = RunId::new("busy-run");
        h.wait(Duration::from_secs(1));
        h.text(&elsewhere, "the answer");
        if generation == Generation::Newer {
            // Runs of others go on as well: its history tells whose run it is.
            let key = format!("{run}:user");
            let asked = json!({"role": "user", "content": "hello", "idempotencyKey": key});
            let history = json!({"messages": [asked],
                "inFlightRun": {"runId": "busy-run", "text": "the answer"}});
            h.answer(|call| matches!(call, Call::ChatHistory { .. }), Ok(history));
        }
        h.finish(&elsewhere, "the answer.");
        h.wait(Duration::from_secs(2));
        assert_eq!(h.bubbles().len(), 1);
        assert_eq!(h.bubbles()[0].end.as_deref(), Some("the answer."));
    }
}

#[test]
fn a_silent_reply_ends_the_bubble() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let run = h.accept();
    h.run(&run, final_without_text());
    assert_eq!(h.bubbles()[0].end.as_deref(), Some(""));
}

#[test]
fn a_message_that_came_before_the_gateway_waits_for_it() {
    let mut h = Harness::new();
    h.say("m1", "hello");
    assert_eq!(h.sends(), 0);
    assert_eq!(h.posted("sendMessage").len(), 1);
    h.gateway_up(Generation::Newer, "boot-1");
    assert_eq!(h.sends(), 1);
    let run = h.accept();
    h.finish(&run, "hi");
    assert_eq!(h.bubbles()[0].end.as_deref(), Some("hi"));
}

#[test]
fn a_gateway_that_stays_away_for_half_an_hour_is_named_in_the_bubble() {
    let mut h = Harness::new();
    h.say("m1", "hello");
    h.wait(Duration::from_secs(30 * 60));
    assert!(h.bubbles()[0].end.clone().unwrap().contains("could not be reached"));
    h.gateway_up(Generation::Newer, "boot-1");
    assert_eq!(h.sends(), 0);
}

#[test]
fn a_revoked_installation_stops_its_runs_and_says_nothing_more() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    h.accept();
    let before = h.posts.len();
    h.feed(Input::CloudRevoked { code: "invalid_token".into() });
    assert!(h.calls.iter().any(|(_, call)| matches!(call, Call::ChatAbort { .. })));
    assert_eq!(h.revoked.as_deref(), Some("invalid_token"));
    h.say("m2", "still there?");
    assert_eq!(h.posts.len(), before);
}

#[test]
fn quitting_closes_every_bubble_honestly() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "first");
    let run = h.accept();
    h.text(&run, "half an ans");
    h.say("m2", "second");
    h.feed(Input::Quit);
    let ends: Vec<_> = h.bubbles().into_iter().map(|bubble| bubble.end.unwrap()).collect();
    assert!(ends[0].starts_with("half an ans\n\n⚠️"), "{ends:?}");
    assert!(ends[1].contains("handed over"), "{ends:?}");
}

#[test]
fn own_secrets_leave_in_no_text() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.engine.keep_secret(&"gateway-token-0123".into());
    h.say("m1", "what is the token?");
    let run = h.accept();
    h.text(&run, "It is gateway-token-0123.");
    h.finish(&run, "It is gateway-token-0123.");
    let all = format!("{:?}", h.posts);
    assert!(!all.contains("gateway-token-0123"), "{all}");
}

#[test]
fn updates_that_cannot_be_read_or_are_unknown_are_acknowledged() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.update(SESSION, None, UpdateKind::Unknown { name: "party".into() });
    let kind = UpdateKind::Malformed { name: "session.message".into(), problem: "no id".into() };
    h.update(SESSION, None, kind);
    assert_eq!(h.acked.len(), 2);
    assert!(matches!(h.acked[0], UpdateId::Text(_)));
    assert!(h.posts.is_empty());
}
