//! Other phones of the person.

use flows::end_text;
use simulator::cloud::{CloudView, Fault, Grant};
use simulator::gateway::Generation;

use crate::setup::{finish, never_taken, seen, start_encrypted};

const SESSION: &str = "ses_phones";
const OTHER: &str = "ses_phones_other";

#[tokio::test]
async fn a_phone_that_joins_gets_every_key_and_reads_what_is_said_from_then_on() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    flow.cloud.encrypt_session(OTHER);
    for session in [SESSION, OTHER] {
        flow.ask(session, "say: before it joined").await;
    }
    let tablet = flow.cloud.join_phone("Tablet");
    for session in [SESSION, OTHER] {
        seen(&flow, "the tablet's key", |view| view.holds_key(&tablet, session)).await;
        // It holds the newest key, with which everything is sealed from now on.
        let bubble = flow.ask(session, "say: marmalade").await;
        assert_eq!(end_text(&bubble), "marmalade");
    }
    flow.cloud.rotate_key(SESSION, Grant::Now);
    flow.cloud.encrypt_session("ses_phones_new");
    for session in [SESSION, "ses_phones_new"] {
        assert_eq!(end_text(&flow.ask(session, "say: gingerbread").await), "gingerbread");
        assert!(flow.cloud.look(|view| view.holds_key(&tablet, session)), "{session}");
    }
    finish(gateway, flow, &["marmalade", "gingerbread", "before it joined"]).await;
}

#[tokio::test]
async fn a_phone_that_joins_while_a_session_has_just_got_another_key_is_handed_the_newer() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    flow.ask(SESSION, "say: hello there").await;
    flow.cloud.rotate_key(SESSION, Grant::Now);
    let tablet = flow.cloud.join_phone("Tablet");
    seen(&flow, "the newest key", |view| view.holds_key(&tablet, SESSION)).await;
    finish(gateway, flow, &["hello there"]).await;
}

#[tokio::test]
async fn a_phone_that_is_revoked_before_it_got_the_keys_gets_none() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    flow.ask(SESSION, "say: hello there").await;
    flow.cloud.fault(never_taken("*"));
    let tablet = flow.cloud.join_phone("Tablet");
    let is_refused = |view: &CloudView<'_>| {
        let mut calls = view.calls().iter();
        calls.any(|call| call.route.ends_with("/recipients") && call.status == 503)
    };
    seen(&flow, "a grant that is not taken", is_refused).await;
    flow.cloud.revoke_device(&tablet);
    let update = flow.cloud.push_update(SESSION, "party", serde_json::json!({}));
    seen(&flow, "what came after it is acknowledged", |view| view.is_acked(&update)).await;
    let granted = |view: &CloudView<'_>| {
        view.calls().iter().filter(|call| call.route.ends_with("/recipients")).count()
    };
    let before = flow.cloud.look(granted);
    flow.cloud.fault(Fault::Clear);
    // It goes the same way as the grant would, after it.
    assert_eq!(end_text(&flow.ask(SESSION, "say: marmalade").await), "marmalade");
    assert!(!flow.cloud.look(|view| view.holds_key(&tablet, SESSION)));
    assert!(flow.cloud.look(granted) <= before + 1, "at most the one that was on its way");
    finish(gateway, flow, &["marmalade"]).await;
}

#[tokio::test]
async fn a_phone_that_is_revoked_later_gets_no_key_that_comes_after() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    flow.ask(SESSION, "say: hello there").await;
    let tablet = flow.cloud.join_phone("Tablet");
    seen(&flow, "the tablet's key", |view| view.holds_key(&tablet, SESSION)).await;
    flow.cloud.revoke_device(&tablet);
    flow.cloud.rotate_key(SESSION, Grant::Now);
    flow.cloud.encrypt_session(OTHER);
    for session in [SESSION, OTHER] {
        assert_eq!(end_text(&flow.ask(session, "say: marmalade").await), "marmalade");
        assert!(!flow.cloud.look(|view| view.holds_key(&tablet, session)), "{session}");
    }
    finish(gateway, flow, &["marmalade"]).await;
}
