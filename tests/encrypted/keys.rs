//! Keys that come late, change, or are not for this computer.

use bridge::Notice;
use flows::{SOON, end_text};
use simulator::cloud::Grant;
use simulator::gateway::{GatewayOptions, Generation};

use crate::setup::{GENERATIONS, finish, locked, never_taken, seen, start, start_encrypted, words};

const SESSION: &str = "ses_keys";

#[tokio::test]
async fn messages_whose_key_comes_late_are_answered_once_and_in_order() {
    for generation in GENERATIONS {
        let (gateway, mut flow) = start(GatewayOptions::of(generation)).await;
        flow.cloud.encrypt_session_with(SESSION, Grant::Later);
        let first = flow.cloud.say(SESSION, "say: marmalade");
        let second = flow.cloud.say(SESSION, "say: gingerbread");
        locked(&flow, 2).await;
        let waits = async {
            loop {
                let notice = flow.installation.next_notice().await.expect("it runs");
                if matches!(notice, Notice::KeyAwaited { .. }) {
                    return;
                }
            }
        };
        tokio::time::timeout(SOON, waits).await.expect("the computer says what it waits for");
        assert!(gateway.calls_of("chat.send").is_empty(), "{generation:?}");
        assert!(flow.cloud.bubbles(SESSION).is_empty(), "{generation:?}");
        flow.cloud.hand_key(SESSION, Grant::Now);
        assert_eq!(end_text(&flow.ended(SESSION, &first).await), "marmalade", "{generation:?}");
        assert_eq!(end_text(&flow.ended(SESSION, &second).await), "gingerbread");
        assert_eq!(gateway.calls_of("chat.send").len(), 2, "{generation:?}");
        finish(gateway, flow, &["marmalade", "gingerbread"]).await;
    }
}

#[tokio::test]
async fn a_key_that_is_not_for_this_computer_opens_nothing_and_the_right_one_still_does() {
    for grant in [Grant::SealedForAnother, Grant::AddressedToAnother] {
        let (gateway, flow) = start(GatewayOptions::default()).await;
        flow.cloud.encrypt_session_with(SESSION, grant);
        let said = flow.cloud.say(SESSION, "say: marmalade");
        locked(&flow, 1).await;
        assert!(gateway.calls_of("chat.send").is_empty(), "{grant:?}");
        // The other chats do not wait.
        let open = flow.ask("ses_open", "say: meanwhile").await;
        assert_eq!(end_text(&open), "meanwhile", "{grant:?}");
        flow.cloud.hand_key(SESSION, Grant::Now);
        assert_eq!(end_text(&flow.ended(SESSION, &said).await), "marmalade", "{grant:?}");
        finish(gateway, flow, &["marmalade"]).await;
    }
}

#[tokio::test]
async fn a_message_that_waits_for_its_key_when_the_bridge_restarts_is_answered_once() {
    let (gateway, flow) = start(GatewayOptions::default()).await;
    flow.cloud.encrypt_session_with(SESSION, Grant::Later);
    let said = flow.cloud.say(SESSION, "say: marmalade");
    locked(&flow, 1).await;
    seen(&flow, "an acknowledgement", |view| view.is_acked(&said.update_id)).await;
    let flow = flow.restart().await;
    locked(&flow, 1).await;
    flow.cloud.hand_key(SESSION, Grant::Now);
    assert_eq!(end_text(&flow.ended(SESSION, &said).await), "marmalade");
    assert_eq!(gateway.calls_of("chat.send").len(), 1);
    finish(gateway, flow, &["marmalade"]).await;
}

#[tokio::test]
async fn while_a_new_key_is_on_its_way_the_answer_goes_on_under_the_old_one() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    let said = flow.cloud.say(SESSION, "slow: 10");
    flow.streamed(SESSION, &said, "w1").await;
    flow.cloud.rotate_key(SESSION, Grant::Later);
    let next = flow.cloud.say(SESSION, "say: marmalade");
    locked(&flow, 1).await;
    assert_eq!(end_text(&flow.ended(SESSION, &said).await), words(10));
    flow.cloud.hand_key(SESSION, Grant::Now);
    assert_eq!(end_text(&flow.ended(SESSION, &next).await), "marmalade");
    finish(gateway, flow, &["w0 w1", "marmalade"]).await;
}

#[tokio::test]
async fn a_message_under_the_key_before_the_newest_is_still_read() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    flow.ask(SESSION, "say: first").await;
    flow.cloud.fault(simulator::cloud::Fault::DuplicateUpdates(2));
    let said = flow.cloud.say(SESSION, "say: marmalade");
    flow.cloud.rotate_key(SESSION, Grant::Now);
    assert_eq!(end_text(&flow.ended(SESSION, &said).await), "marmalade");
    assert_eq!(gateway.calls_of("chat.send").len(), 2, "one that came twice is answered once");
    finish(gateway, flow, &["marmalade"]).await;
}

#[tokio::test]
async fn the_keys_of_many_sessions_survive_a_restart() {
    let (gateway, flow) = start(GatewayOptions::default()).await;
    let sessions: Vec<String> = (0..20).map(|number| format!("ses_many_{number}")).collect();
    for session in &sessions {
        flow.cloud.encrypt_session(session);
    }
    for session in &sessions {
        assert_eq!(end_text(&flow.ask(session, "say: before").await), "before");
    }
    // Whatever the phone hands over now, it is not these keys.
    let flow = flow.restart().await;
    for session in &sessions {
        assert_eq!(end_text(&flow.ask(session, "say: afterwards").await), "afterwards");
    }
    finish(gateway, flow, &["afterwards"]).await;
}

#[tokio::test]
async fn keys_that_could_not_be_handed_on_before_a_restart_are_handed_on_after_it() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    flow.ask(SESSION, "say: hello there").await;
    flow.cloud.fault(never_taken("*"));
    let tablet = flow.cloud.join_phone("Tablet");
    let is_refused = |view: &simulator::cloud::CloudView<'_>| {
        let mut calls = view.calls().iter();
        calls.any(|call| call.route.ends_with("/recipients") && call.status == 503)
    };
    seen(&flow, "a grant that is not taken", is_refused).await;
    let acked = flow.cloud.acked_up_to();
    assert!(acked.is_some());
    let flow = flow.restart().await;
    flow.cloud.fault(simulator::cloud::Fault::Clear);
    seen(&flow, "the tablet's key", |view| view.holds_key(&tablet, SESSION)).await;
    finish(gateway, flow, &["hello there"]).await;
}
