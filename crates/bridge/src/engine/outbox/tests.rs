use sap::{FinishReason, IdempotencyKey};
use serde_json::json;

use super::*;
use crate::engine::Now;
use crate::engine::ledger::Ledger;

fn session(n: u32) -> SessionId {
    SessionId::new(format!("ses_{n}"))
}

fn open() -> Post {
    Post::Open { about: "m1".into(), interaction_id: None }
}

fn end(text: &str) -> Post {
    Post::End { text: text.into(), usage: None, finish_reason: FinishReason::Stop }
}

fn accepted(result: serde_json::Value) -> Reply {
    Reply { outcome: Ok(Accepted { result, idempotent: false }), rate: None, request_id: None }
}

fn refused(refusal: Refusal) -> Reply {
    Reply { outcome: Err(refusal), rate: None, request_id: None }
}

fn opened() -> Reply {
    accepted(json!({"message_id": "msg_9"}))
}

fn body(dispatch: &Dispatch) -> serde_json::Value {
    serde_json::from_slice(&dispatch.body).unwrap()
}

const T: TurnId = TurnId(1);

fn with_open_bubble(now: Instant) -> Outbox {
    let mut outbox = Outbox::new(1);
    outbox.push(&session(1), T, open(), now);
    let first = outbox.poll(now);
    assert_eq!(first.len(), 1);
    assert!(outbox.settle(first[0].id, opened(), now).is_empty());
    outbox
}

#[test]
fn one_request_of_a_session_is_in_flight_and_text_gathers_meanwhile() {
    let now = Instant::now();
    let mut outbox = Outbox::new(1);
    outbox.push(&session(1), T, open(), now);
    let first = outbox.poll(now);
    for word in ["a", "b", "c"] {
        outbox.push(&session(1), T, Post::Text(word.into()), now);
    }
    assert!(outbox.poll(now).is_empty());
    outbox.settle(first[0].id, opened(), now);
    let second = outbox.poll(now);
    assert_eq!(second.len(), 1);
    assert_eq!(body(&second[0])["delta"], "abc");
    assert_eq!(body(&second[0])["message_id"], "msg_9");
}

#[test]
fn the_end_replaces_text_that_waits_and_never_overtakes_text_in_flight() {
    let now = Instant::now();
    let mut outbox = with_open_bubble(now);
    outbox.push(&session(1), T, Post::Text("a".into()), now);
    let delta = outbox.poll(now);
    outbox.push(&session(1), T, Post::Text("b".into()), now);
    outbox.push(&session(1), T, end("abc"), now);
    assert!(outbox.poll(now).is_empty());
    outbox.settle(delta[0].id, accepted(json!({})), now);
    let last = outbox.poll(now);
    assert_eq!((last.len(), &*last[0].route), (1, "sendMessageEnd"));
    outbox.settle(last[0].id, accepted(json!({})), now);
    assert!(outbox.poll(now).is_empty() && outbox.is_empty());
    outbox.keep(Now { instant: now, unix_ms: 0 }, &mut Ledger::default());
    assert!(outbox.lanes.is_empty(), "a lane with nothing to say is forgotten");
}

#[test]
fn the_end_does_not_wait_for_text_that_rests() {
    let now = Instant::now();
    let mut outbox = with_open_bubble(now);
    outbox.push(&session(1), T, Post::Text("a".into()), now);
    let first = outbox.poll(now);
    let after = Duration::from_secs(60);
    outbox.settle(first[0].id, refused(Refusal::Wait { after }), now);
    outbox.push(&session(1), T, end("ab"), now);
    let last = outbox.poll(now);
    assert_eq!((last.len(), &*last[0].route), (1, "sendMessageEnd"));
}

#[test]
fn the_end_does_not_wait_until_text_may_leave_again() {
    let now = Instant::now();
    let mut outbox = with_open_bubble(now);
    outbox.push(&session(2), TurnId(2), open(), now);
    let second = outbox.poll(now);
    outbox.settle(second[0].id, opened(), now);
    outbox.push(&session(2), TurnId(2), Post::Text("a".into()), now);
    let text = outbox.poll(now);
    let after = Duration::from_secs(60);
    outbox.settle(text[0].id, refused(Refusal::Wait { after }), now);
    outbox.push(&session(1), T, Post::Text("b".into()), now);
    assert!(outbox.poll(now).is_empty(), "no text may leave");
    outbox.push(&session(1), T, end("b"), now);
    let last = outbox.poll(now);
    assert_eq!((last.len(), &*last[0].route), (1, "sendMessageEnd"));
}

#[test]
fn an_approval_and_text_do_not_wait_for_each_other() {
    let now = Instant::now();
    let mut outbox = with_open_bubble(now);
    outbox.push(&session(1), T, Post::Ready(approval()), now);
    let asked = outbox.poll(now);
    let after = Duration::from_secs(600);
    outbox.settle(asked[0].id, refused(Refusal::Wait { after }), now);
    outbox.push(&session(1), T, Post::Text("a".into()), now);
    assert_eq!(outbox.poll(now)[0].route, "sendMessageDelta");
}

fn approval() -> Call {
    Call::RequestApproval(sap::RequestApproval {
        session_id: session(1),
        interaction_id: None,
        approval_id: sap::ApprovalId::new("a1"),
        approval_slug: None,
        action: sap::Action::ShellExec,
        tool_call_id: None,
        title: "Run a command".into(),
        severity: sap::Severity::Medium,
        command: Some("ls".into()),
        host: None,
        message: "Really?".into(),
    })
}

#[test]
fn sessions_do_not_wait_for_each_other() {
    let now = Instant::now();
    let mut outbox = Outbox::new(1);
    for n in 0..3 {
        outbox.push(&session(n), TurnId(n.into()), open(), now);
    }
    assert_eq!(outbox.poll(now).len(), 3);
}

#[test]
fn a_retry_after_a_failure_sends_the_same_bytes() {
    let now = Instant::now();
    let mut outbox = with_open_bubble(now);
    outbox.push(&session(1), T, end("abc"), now);
    let first = outbox.poll(now);
    outbox.settle(first[0].id, refused(Refusal::Server { status: 500 }), now);
    assert!(outbox.poll(now).is_empty());
    let later = outbox.deadline().unwrap();
    let again = outbox.poll(later);
    assert_eq!((again.len(), &again[0].body), (1, &first[0].body));
}

#[test]
fn a_wait_that_the_cloud_asks_for_is_kept() {
    let now = Instant::now();
    let mut outbox = with_open_bubble(now);
    outbox.push(&session(1), T, Post::Text("a".into()), now);
    let first = outbox.poll(now);
    let after = Duration::from_secs(3);
    outbox.settle(first[0].id, refused(Refusal::Wait { after }), now);
    assert!(outbox.poll(now + after - Duration::from_millis(1)).is_empty());
    let again = outbox.poll(now + after + MAX_JITTER);
    assert_eq!(again[0].body, first[0].body);
}

#[test]
fn a_dialect_that_refuses_empty_text_gets_a_space_from_then_on() {
    let now = Instant::now();
    let mut outbox = Outbox::new(1);
    outbox.push(&session(1), T, open(), now);
    let first = outbox.poll(now);
    assert_eq!(body(&first[0])["text"], "");
    let fields = vec!["text: too_small".to_owned()];
    let refusal = Refusal::Invalid { code: "validation_failed".into(), fields };
    assert!(outbox.settle(first[0].id, refused(refusal), now).is_empty());
    let second = outbox.poll(now);
    assert_eq!(body(&second[0])["text"], " ");
    assert_ne!(body(&second[0])["idempotency_key"], body(&first[0])["idempotency_key"]);
    outbox.push(&session(2), TurnId(2), open(), now);
    assert_eq!(body(&outbox.poll(now)[0])["text"], " ");
}

#[test]
fn an_interaction_that_is_over_takes_its_turn_with_it_and_not_its_session() {
    let now = Instant::now();
    let mut outbox = with_open_bubble(now);
    outbox.push(&session(1), T, Post::Text("a".into()), now);
    let first = outbox.poll(now);
    outbox.push(&session(1), T, end("a"), now);
    outbox.push(&session(1), TurnId(2), open(), now);
    let gone = Refusal::SessionGone { code: "interaction_expired".into() };
    let deliveries = outbox.settle(first[0].id, refused(gone), now);
    assert!(matches!(&deliveries[0], Delivery::TurnRefused { turn: T, .. }));
    let next = outbox.poll(now);
    assert_eq!((next.len(), &*next[0].route), (1, "sendMessage"));
}

#[test]
fn a_revoked_token_is_told_at_the_first_answer() {
    let now = Instant::now();
    let mut outbox = Outbox::new(1);
    outbox.push(&session(1), T, open(), now);
    let first = outbox.poll(now);
    let refusal = Refusal::Revoked { code: "invalid_token".into() };
    let deliveries = outbox.settle(first[0].id, refused(refusal), now);
    assert_eq!(deliveries, [Delivery::Revoked { code: "invalid_token".into() }]);
}

#[test]
fn an_end_that_is_too_large_is_cut_and_sent_once_more() {
    let now = Instant::now();
    let mut outbox = with_open_bubble(now);
    outbox.push(&session(1), T, end(&"x".repeat(60_000)), now);
    let first = outbox.poll(now);
    outbox.settle(first[0].id, refused(Refusal::TooLarge), now);
    let second = outbox.poll(now);
    assert!(body(&second[0])["text"].as_str().unwrap().contains("cut by Sophon"));
    let deliveries = outbox.settle(second[0].id, refused(Refusal::TooLarge), now);
    assert!(matches!(&deliveries[0], Delivery::Refused { .. }));
}

#[test]
fn the_rate_buckets_hold_requests_back_instead_of_meeting_a_refusal() {
    let now = Instant::now();
    let mut outbox = Outbox::new(1);
    for n in 0..50 {
        outbox.push(&session(n), TurnId(n.into()), open(), now);
    }
    assert_eq!(outbox.poll(now).len(), 30, "the bucket holds 30");
    let later = outbox.deadline().unwrap();
    assert!(later > now && later <= now + Duration::from_millis(200));
    assert!(!outbox.poll(later).is_empty());
}

#[test]
fn keys_fit_the_wire() {
    let key = IdempotencyKey::derive(&["open", "ses_1", "m1", ""]);
    assert!(key.as_str().len() <= 64);
}

#[test]
fn what_no_message_asked_for_waits_longer_for_a_cloud_that_is_away() {
    let start = Instant::now();
    let mut outbox = Outbox::new(1);
    let asked =
        Post::Open { about: "m1".into(), interaction_id: Some(sap::InteractionId::new("int_1")) };
    outbox.push(&session(1), T, asked, start);
    outbox.push(&session(2), TurnId(2), open(), start);
    let mut now = start;
    let mut given_up = Vec::new();
    while now < start + Duration::from_secs(31 * 60) {
        for dispatch in outbox.poll(now) {
            let away = refused(Refusal::Network("away".into()));
            given_up.extend(outbox.settle(dispatch.id, away, now));
        }
        now = outbox.deadline().unwrap_or(now + Duration::from_secs(60));
    }
    assert!(matches!(&given_up[..], [Delivery::TurnRefused { turn: T, .. }]), "{given_up:?}");
    assert!(!outbox.is_empty());
}

#[test]
fn a_cloud_that_is_back_gets_at_once_what_rests_after_a_failure_but_not_what_it_asked_to_wait_for()
{
    let now = Instant::now();
    let mut outbox = Outbox::new(1);
    outbox.push(&session(1), T, open(), now);
    let first = outbox.poll(now);
    outbox.settle(first[0].id, refused(Refusal::Network("away".into())), now);
    assert!(outbox.poll(now).is_empty());
    outbox.wake_all();
    let again = outbox.poll(now);
    assert_eq!((again.len(), &again[0].body), (1, &first[0].body));
    let after = Duration::from_secs(60);
    outbox.settle(again[0].id, refused(Refusal::Wait { after }), now);
    outbox.wake_all();
    assert!(outbox.poll(now).is_empty());
}
