//! Encrypted sessions: what the phone says is read with its key, and nothing is said without one.

use std::time::Duration;

use openclaw::{Call, Decision, Generation};
use sap::sealed::{ContentKey, DeviceKey};
use sap::{Content, MessageId, Reply, SessionId, UpdateKind, UserMessage};
use serde_json::Value;

use super::super::Input;
use super::approvals::{approval, asks, both, tool_starts};
use super::harness::{Harness, SESSION};
use crate::{Keyring, Notice};

pub(super) const OURS: [u8; 32] = [1; 32];
pub(super) const KEY: [u8; 32] = [7; 32];
pub(super) const NEXT_KEY: [u8; 32] = [8; 32];

pub(super) fn key(bytes: [u8; 32]) -> ContentKey {
    ContentKey::from_bytes(&bytes)
}

pub(super) fn sealed(text: &str, bytes: [u8; 32], session: &str) -> Content {
    let envelope = key(bytes).messages(&SessionId::new(session)).seal(text).unwrap();
    Content::Encrypted(envelope.as_str().to_owned())
}

/// A computer that is registered, with a gateway, and with these keys.
pub(super) fn with_keys(keys: &[(&str, [u8; 32])]) -> Harness {
    let mut h = Harness::with_gateway(Generation::Newer);
    let mut keyring = Keyring::default();
    for (session, bytes) in keys {
        keyring.hold(&SessionId::new(*session), key(*bytes));
    }
    h.kept = Some((OURS, keyring));
    h.take_keys();
    h
}

pub(super) fn say(h: &mut Harness, message: &str, content: Content) {
    let kind = UpdateKind::Message(UserMessage {
        id: MessageId::new(message),
        content,
        attachments: Vec::new(),
        thought_level: None,
    });
    h.update(SESSION, Some(&format!("int_{message}")), kind);
}

fn grant(h: &mut Harness, bytes: [u8; 32]) {
    let wrapped_session_key = DeviceKey::from_bytes(&OURS).public().seal(&key(bytes)).unwrap();
    h.update(SESSION, None, UpdateKind::SessionKeyGranted { device_id: None, wrapped_session_key });
}

fn keys_are_kept(h: &mut Harness) {
    let (number, keyring) = h.keyrings.last().cloned().expect("a keyring to keep");
    h.kept = Some((OURS, keyring));
    h.feed(Input::KeysKept(Ok(number)));
}

fn handed_over(h: &Harness) -> Vec<String> {
    let sends = h.calls.iter().filter_map(|(_, call)| match call {
        Call::ChatSend { message, .. } => Some(message.clone()),
        _ => None,
    });
    sends.collect()
}

/// What the phone reads of the fields with this name, in order.
fn read(h: &Harness, field: &str, bytes: [u8; 32]) -> Vec<String> {
    let opening = key(bytes).messages(&SessionId::new(SESSION));
    let values = h.posts.iter().filter_map(|(_, body)| body[field].as_str());
    values.map(|envelope| opening.open(envelope).unwrap().to_string()).collect()
}

pub(super) fn never_said(h: &Harness, text: &str) {
    for (route, body) in &h.posts {
        assert!(!body.to_string().contains(text), "{route} {body}");
    }
}

#[test]
fn an_encrypted_chat_says_to_the_cloud_nothing_that_can_be_read() {
    let mut h = with_keys(&[(SESSION, KEY)]);
    say(&mut h, "m1", sealed("bake a plum", KEY, SESSION));
    assert_eq!(handed_over(&h), ["bake a plum"]);
    let run = h.accept();
    h.text(&run, "Let me plum");
    tool_starts(&mut h, &run);
    let question = approval(&h, "a-1", Some(&run), both());
    asks(&mut h, question);
    h.finish(&run, "Let me plum that");
    for hidden in ["plum", "rm -rf", "/home/ada", "exec needs"] {
        never_said(&h, hidden);
    }
    assert_eq!(read(&h, "text_ct", KEY), ["", "Let me plum that"]);
    assert_eq!(read(&h, "delta_ct", KEY), ["Let me plum"]);
    let asked = h.posted("requestApproval")[0];
    let session = SessionId::new(SESSION);
    let details = key(KEY).approvals(&session).open(asked["details_ct"].as_str().unwrap()).unwrap();
    let details: Value = serde_json::from_str(&details).unwrap();
    assert_eq!(details["command"], "rm -rf build");
    let card = h.posted("createTask")[0]["args_ct"].as_str().unwrap();
    assert!(key(KEY).tasks(&session).open(card).unwrap().contains("rm -rf build"));
}

#[test]
fn a_message_waits_for_its_key_and_is_handed_over_once() {
    let mut h = with_keys(&[]);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    assert!(h.posts.is_empty() && h.sends() == 0);
    assert_eq!(h.engine.load().locked, 1);
    assert_eq!(h.notices, [Notice::KeyAwaited { session: SessionId::new(SESSION) }]);
    h.wait(Duration::from_secs(59));
    grant(&mut h, KEY);
    assert_eq!(handed_over(&h), ["hello"]);
    assert_eq!(h.engine.load().locked, 0);
    grant(&mut h, KEY);
    h.wait(Duration::from_secs(60));
    assert_eq!(h.sends(), 1);
    assert_eq!(h.notices.len(), 1);
}

#[test]
fn a_grant_and_what_follows_it_is_acknowledged_once_its_key_is_kept() {
    let mut h = with_keys(&[]);
    grant(&mut h, KEY);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    assert!(h.acked.is_empty() && h.sends() == 1);
    h.feed(Input::KeysKept(Err("the keychain is locked".into())));
    h.feed(Input::KeysKept(Err("the keychain is locked".into())));
    let told = h.notices.iter().filter(|notice| matches!(notice, Notice::KeysUnkept { .. }));
    assert_eq!((told.count(), h.acked.len()), (1, 0));
    keys_are_kept(&mut h);
    assert_eq!(h.acked.len(), 1, "the last one acknowledges those before it");
    say(&mut h, "m2", sealed("again", KEY, SESSION));
    assert_eq!(h.acked.len(), 2);
}

#[test]
fn a_key_that_was_not_kept_before_a_crash_is_taken_when_it_is_handed_over_again() {
    let mut h = with_keys(&[]);
    grant(&mut h, KEY);
    h.crash(Duration::from_secs(1));
    h.gateway_up(Generation::Newer, "boot-1");
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    assert_eq!(h.sends(), 0);
    grant(&mut h, KEY);
    assert_eq!(h.sends(), 1);
}

#[test]
fn a_message_whose_key_never_comes_is_given_up_without_a_word_to_the_cloud() {
    let mut h = with_keys(&[]);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    h.wait(Duration::from_secs(60));
    assert!(matches!(h.notices.last(), Some(Notice::MessageRefused { .. })));
    grant(&mut h, KEY);
    assert!(h.posts.is_empty() && h.sends() == 0);
    say(&mut h, "m2", sealed("hello again", KEY, SESSION));
    assert_eq!(handed_over(&h), ["hello again"]);
}

#[test]
fn a_message_that_no_key_fits_is_answered_so_in_the_words_of_the_session() {
    let mut h = with_keys(&[(SESSION, KEY)]);
    say(&mut h, "m1", sealed("hello", NEXT_KEY, SESSION));
    assert!(h.posts.is_empty(), "the phone may be about to hand the key over");
    h.wait(Duration::from_secs(60));
    assert_eq!(h.sends(), 0);
    let end = read(&h, "text_ct", KEY).pop().unwrap();
    assert!(end.contains("could not be decrypted"), "{end}");
    let damaged = Content::Encrypted("AQID".into());
    say(&mut h, "m2", damaged);
    assert_eq!(h.posted("sendMessageEnd").len(), 2, "no key will ever open it");
}

#[test]
fn messages_keep_their_order_while_one_of_them_waits_for_its_key() {
    let mut h = with_keys(&[(SESSION, KEY)]);
    say(&mut h, "m1", sealed("first", NEXT_KEY, SESSION));
    say(&mut h, "m2", sealed("second", KEY, SESSION));
    assert_eq!(h.sends(), 0);
    grant(&mut h, NEXT_KEY);
    let run = h.accept();
    h.finish(&run, "one");
    assert_eq!(handed_over(&h).last().map(String::as_str), Some("second"));
}

#[test]
fn a_message_that_waits_for_its_key_outlives_the_process() {
    let mut h = with_keys(&[]);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    h.crash(Duration::from_secs(20));
    h.gateway_up(Generation::Newer, "boot-1");
    assert_eq!(h.engine.load().locked, 1);
    grant(&mut h, KEY);
    assert_eq!(handed_over(&h), ["hello"]);

    let mut h = with_keys(&[]);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    h.crash(Duration::from_secs(10 * 60));
    assert_eq!(h.engine.load().locked, 1, "no key could come meanwhile");
    h.wait(Duration::from_secs(50));
    h.feed(Input::CloudUp);
    h.wait(Duration::from_secs(50));
    assert_eq!(h.engine.load().locked, 1);
    h.crash(Duration::from_secs(20 * 60));
    grant(&mut h, KEY);
    assert_eq!((h.sends(), h.engine.load().locked), (0, 0), "its interaction is over");
}

#[test]
fn a_message_that_is_stopped_while_it_waits_for_its_key_is_never_handed_over() {
    let mut h = with_keys(&[]);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    say(&mut h, "m2", sealed("world", KEY, SESSION));
    h.update(SESSION, Some("int_m1"), UpdateKind::Cancelled { reason: None });
    h.crash(Duration::ZERO);
    h.gateway_up(Generation::Newer, "boot-1");
    grant(&mut h, KEY);
    assert_eq!(handed_over(&h), ["world"]);
    h.update(SESSION, None, UpdateKind::SessionEnded);
}

#[test]
fn a_request_keeps_its_bytes_when_its_session_has_got_another_key() {
    let mut h = with_keys(&[(SESSION, KEY)]);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    let run = h.accept();
    h.held = true;
    h.text(&run, "one");
    let before = h.waiting.pop().unwrap();
    grant(&mut h, NEXT_KEY);
    keys_are_kept(&mut h);
    let failed = Err(sap::Refusal::Server { status: 500 });
    let reply = Reply { outcome: failed, rate: None, request_id: None };
    h.feed(Input::Posted(before.id, reply));
    h.wait(Duration::from_secs(31));
    assert_eq!(h.waiting.last().unwrap().body, before.body);
    h.crash(Duration::from_secs(1));
    assert_eq!(h.waiting.pop().unwrap().body, before.body);
}

#[test]
fn another_key_of_the_session_seals_from_then_on_and_what_the_old_one_sealed_is_still_read() {
    let mut h = with_keys(&[(SESSION, KEY)]);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    let run = h.accept();
    h.text(&run, "one");
    grant(&mut h, NEXT_KEY);
    h.posts.clear();
    h.text(&run, "one two");
    h.finish(&run, "one two");
    assert_eq!(read(&h, "text_ct", NEXT_KEY), ["one two"]);
    h.calls.clear();
    say(&mut h, "m2", sealed("on its way before", KEY, SESSION));
    assert_eq!(handed_over(&h), ["on its way before"]);
}

#[test]
fn plain_text_in_an_encrypted_session_reaches_no_agent() {
    let mut h = with_keys(&[(SESSION, KEY)]);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    let run = h.accept();
    h.finish(&run, "hi");
    h.posts.clear();
    h.calls.clear();
    say(&mut h, "m2", Content::Plain("open the door".into()));
    assert_eq!(h.sends(), 0);
    let end = read(&h, "text_ct", KEY).pop().unwrap();
    assert!(end.contains("without encryption"), "{end}");
}

#[test]
fn a_session_stays_encrypted_when_nothing_was_said_in_it_for_days() {
    let mut h = with_keys(&[(SESSION, KEY)]);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    let run = h.accept();
    h.finish(&run, "hi");
    h.wait(Duration::from_secs(3 * 24 * 60 * 60));
    h.crash(Duration::from_secs(60));
    h.posts.clear();
    say(&mut h, "m2", Content::Plain("open the door".into()));
    never_said(&h, "\"text\"");
    assert_eq!(h.sends(), 0);
}

#[test]
fn a_session_without_its_key_says_nothing_at_all() {
    let mut h = with_keys(&[(SESSION, KEY)]);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    let run = h.accept();
    h.kept = Some((OURS, Keyring::default()));
    h.posts.clear();
    h.crash(Duration::from_secs(1));
    h.gateway_up(Generation::Newer, "boot-1");
    h.finish(&run, "hi");
    h.wait(Duration::from_secs(60));
    assert!(h.posts.is_empty(), "{:?}", h.posts);
    grant(&mut h, KEY);
    assert!(!h.posts.is_empty());
    never_said(&h, "hi");
}

#[test]
fn a_session_that_is_not_encrypted_goes_on_beside_one_that_is() {
    let mut h = with_keys(&[(SESSION, KEY)]);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    let run = h.accept();
    h.finish(&run, "hi");
    h.posts.clear();
    h.say_in("ses_plain", "m2", "open words");
    let run = h.accept();
    h.run_in(
        "agent:main:ses_plain",
        &run,
        openclaw::RunEventKind::Final {
            text: Some("open answer".into()),
            stop_reason: None,
            usage: None,
        },
    );
    assert_eq!(h.posted("sendMessageEnd")[0]["text"], "open answer");
}

#[test]
fn decisions_of_the_phone_reach_the_gateway_from_an_encrypted_session_too() {
    let mut h = with_keys(&[(SESSION, KEY)]);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    let run = h.accept();
    let question = approval(&h, "a-1", Some(&run), both());
    asks(&mut h, question);
    h.decide("a-1", sap::Decision::Approve);
    let told = super::approvals::decisions(&h);
    assert_eq!(told, [("a-1".to_owned(), Decision::AllowOnce)]);
}

#[test]
fn a_session_whose_key_is_here_says_nothing_in_plain_text_whatever_else_was_forgotten() {
    let mut h = with_keys(&[(SESSION, KEY)]);
    h.update(SESSION, None, UpdateKind::ModelChanged { model: Some("talker".into()) });
    let run = openclaw::RunId::new("cron-1");
    h.text(&run, "plum for tea");
    let question = approval(&h, "a-1", Some(&run), both());
    asks(&mut h, question);
    h.finish(&run, "plum for tea");
    assert_eq!(read(&h, "text_ct", KEY), ["", "plum for tea"]);
    for hidden in ["plum", "rm -rf"] {
        never_said(&h, hidden);
    }
    say(&mut h, "m1", Content::Plain("repeat what I told you".into()));
    assert_eq!(h.sends(), 0);
}

#[test]
fn a_long_answer_holds_back_nothing_that_follows_what_cannot_be_streamed_of_it() {
    let mut h = with_keys(&[(SESSION, KEY)]);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    let run = h.accept();
    h.held = true;
    let long = "é".repeat(24_600);
    h.text(&run, &long);
    h.deliver();
    h.text(&run, &format!("{long} and more"));
    tool_starts(&mut h, &run);
    h.held = false;
    h.deliver();
    h.wait(Duration::from_secs(1));
    assert_eq!(h.posted("createTask").len(), 1);
}
