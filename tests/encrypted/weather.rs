//! What breaks while an answer is under way.

use flows::{Flow, SOON, end_text};
use simulator::cloud::{CloudView, Cut, Fault, Grant, RecordedCall};
use simulator::gateway::{Gateway, Generation};

use crate::setup::{GENERATIONS, finish, never_taken, seen, start_encrypted, words};

const SESSION: &str = "ses_weather";

#[tokio::test]
async fn a_cloud_connection_that_drops_in_mid_answer_loses_and_doubles_nothing() {
    for generation in GENERATIONS {
        let (gateway, flow) = start_encrypted(generation, SESSION).await;
        let said = flow.cloud.say(SESSION, "slow: 12");
        flow.streamed(SESSION, &said, "w2").await;
        flow.cloud.fault(Fault::DropSocket);
        let bubble = flow.ended(SESSION, &said).await;
        assert_eq!(end_text(&bubble), words(12), "{generation:?}");
        assert!(words(12).starts_with(&bubble.streamed), "{generation:?}: {bubble:#?}");
        let again = flow.ask(SESSION, "say: still here").await;
        assert_eq!(end_text(&again), "still here", "{generation:?}");
        assert_eq!(flow.cloud.bubbles(SESSION).len(), 2, "{generation:?}");
        finish(gateway, flow, &["w0 w1 w2", "still here"]).await;
    }
}

#[tokio::test]
async fn a_gateway_that_goes_away_in_mid_answer_and_comes_back_loses_and_doubles_nothing() {
    for generation in GENERATIONS {
        let (gateway, flow) = start_encrypted(generation, SESSION).await;
        let said = flow.cloud.say(SESSION, "slow: 12");
        flow.streamed(SESSION, &said, "w2").await;
        gateway.drop_connections();
        let bubble = flow.ended(SESSION, &said).await;
        assert_eq!(end_text(&bubble), words(12), "{generation:?}");
        assert!(words(12).starts_with(&bubble.streamed), "{generation:?}: {bubble:#?}");
        assert_eq!(gateway.runs().len(), 1, "{generation:?}");

        let said = flow.cloud.say(SESSION, "slow: 9");
        flow.streamed(SESSION, &said, "w2").await;
        gateway.restart(true);
        let bubble = flow.ended(SESSION, &said).await;
        assert!(end_text(&bubble).ends_with("w7 w8"), "{generation:?}: {bubble:#?}");
        assert_eq!((bubble.ends, flow.cloud.bubbles(SESSION).len()), (1, 2), "{generation:?}");
        finish(gateway, flow, &["w0 w1 w2"]).await;
    }
}

#[tokio::test]
async fn a_bridge_that_is_stopped_in_mid_answer_says_so_to_the_phone_alone_and_goes_on_later() {
    for generation in GENERATIONS {
        let (gateway, flow) = start_encrypted(generation, SESSION).await;
        let said = flow.cloud.say(SESSION, "slow: 100");
        flow.streamed(SESSION, &said, "w2").await;
        let flow = flow.restart().await;
        let bubble = flow.ended(SESSION, &said).await;
        assert!(end_text(&bubble).starts_with("w0 w1 w2"), "{generation:?}: {bubble:#?}");
        assert!(end_text(&bubble).contains("was stopped on the computer"), "{bubble:#?}");
        let after = flow.cloud.say(SESSION, "stop");
        flow.ended(SESSION, &after).await;
        let again = flow.ask(SESSION, "say: still here").await;
        assert_eq!(end_text(&again), "still here", "{generation:?}");
        finish(gateway, flow, &["w0 w1 w2", "stopped on the computer", "still here"]).await;
    }
}

#[tokio::test]
async fn an_end_that_could_not_be_delivered_is_sent_with_the_same_bytes_after_a_restart() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    flow.cloud.fault(never_taken("sendMessageEnd"));
    let said = flow.cloud.say(SESSION, "say: marmalade");
    let refused = |call: &RecordedCall| call.route == "sendMessageEnd" && call.status == 503;
    seen(&flow, "an end that is not taken", |view| view.calls().iter().any(refused)).await;
    // The next process has another key as well; what was sealed before stays as it is.
    flow.cloud.rotate_key(SESSION, Grant::Now);
    let next = flow.cloud.say(SESSION, "say: gingerbread");
    let is_known = |gateway: &Gateway| (gateway.calls_of("chat.send").len() == 2).then_some(());
    gateway.wait_for(SOON, is_known).await.expect("the new key is there");
    let flow = flow.restart().await;
    flow.cloud.fault(Fault::Clear);
    let bubble = flow.ended(SESSION, &said).await;
    assert_eq!((end_text(&bubble), bubble.ends), ("marmalade", 1));
    flow.ended(SESSION, &next).await;
    repeats_have_the_same_bytes(&flow, 2);
    finish(gateway, flow, &["marmalade", "gingerbread"]).await;
}

#[tokio::test]
async fn refused_failed_and_cut_requests_are_repeated_with_the_same_bytes() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    for fault in [
        answer("sendMessageEnd", 500, "internal"),
        answer("sendMessage", 503, "unavailable"),
        answer("sendMessageDelta", 429, "rate_limited"),
        cut("sendMessageEnd", Cut::BeforeApplying),
        cut("sendMessageEnd", Cut::AfterApplying),
        cut("sendMessage", Cut::AfterApplying),
        cut("sendMessageDelta", Cut::AfterApplying),
    ] {
        flow.cloud.fault(fault.clone());
        let bubble = flow.ask(SESSION, "long: 30").await;
        assert_eq!(end_text(&bubble), words(30), "{fault:?}");
        assert_eq!(bubble.ends, 1, "{fault:?}");
        assert!(words(30).starts_with(bubble.streamed.trim_start()), "{fault:?}: {bubble:#?}");
    }
    assert_eq!(flow.cloud.bubbles(SESSION).len(), 7);
    repeats_have_the_same_bytes(&flow, 7);
    finish(gateway, flow, &["w10 w11"]).await;
}

#[tokio::test]
async fn a_key_that_changes_in_mid_answer_leaves_nothing_unread() {
    for generation in GENERATIONS {
        let (gateway, flow) = start_encrypted(generation, SESSION).await;
        let said = flow.cloud.say(SESSION, "slow: 12");
        flow.streamed(SESSION, &said, "w2").await;
        flow.cloud.rotate_key(SESSION, Grant::Now);
        let bubble = flow.ended(SESSION, &said).await;
        assert_eq!(end_text(&bubble), words(12), "{generation:?}");
        assert!(words(12).starts_with(&bubble.streamed), "{generation:?}: {bubble:#?}");
        let flow = flow.restart().await;
        let again = flow.ask(SESSION, "say: under the new key").await;
        assert_eq!(end_text(&again), "under the new key", "{generation:?}");
        finish(gateway, flow, &["w0 w1 w2", "under the new key"]).await;
    }
}

/// Checks that no request was repeated with other bytes, and that at least so many were repeated.
#[track_caller]
fn repeats_have_the_same_bytes(flow: &Flow, at_least: usize) {
    let look = |view: &CloudView<'_>| {
        let mut repeated = 0;
        for (at, call) in view.calls().iter().enumerate() {
            let key = &call.body["idempotency_key"];
            let is_it = |other: &&RecordedCall| other.body["idempotency_key"] == *key;
            let mut earlier = view.calls()[..at].iter().filter(is_it);
            if let Some(other) = earlier.next().filter(|_| key.is_string()) {
                assert_eq!(other.body, call.body, "{} has other bytes", call.route);
                repeated += 1;
            }
        }
        repeated
    };
    let repeated = flow.cloud.look(look);
    assert!(repeated >= at_least, "only {repeated} requests were repeated");
}

fn answer(route: &str, status: u16, code: &str) -> Fault {
    let (route, code) = (route.into(), code.into());
    Fault::Answer { route, status, code, retry_after_ms: Some(50), times: 2 }
}

fn cut(route: &str, when: Cut) -> Fault {
    Fault::DropConnection { route: route.into(), times: 1, when }
}
