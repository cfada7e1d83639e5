//! Killed at the moments in which a key, or something sealed with it, is under way.

use std::time::Duration;

use serde_json::json;
use simulator::cloud::{CloudView, Fault, Grant, RecordedCall};
use simulator::gateway::{GatewayOptions, Generation};

use crate::world::World;

const GENERATIONS: [Generation; 2] = [Generation::Older, Generation::Newer];
/// How long answers are held back where the program has to die before it hears one.
const HELD: Duration = Duration::from_millis(400);
const SESSION: &str = "ses_sealed";

#[tokio::test]
async fn a_message_that_waited_for_its_key_when_the_program_was_killed_is_answered_once() {
    for generation in GENERATIONS {
        let world = World::new(GatewayOptions::of(generation)).await;
        world.cloud.encrypt_session_with(SESSION, Grant::Later);
        let bridge = world.launch.start();
        let said = world.cloud.say(SESSION, "say: at last");
        world.seen("an ack", |view| view.is_acked(&said.update_id).then_some(())).await;
        bridge.kill().await;

        let mut bridge = world.launch.start();
        bridge.ready().await;
        assert!(world.gateway.runs().is_empty(), "{generation:?}");
        world.cloud.hand_key(SESSION, Grant::Now);
        assert_eq!(world.answer_to(SESSION, &said).await, "at last", "{generation:?}");
        assert_eq!(world.gateway.runs().len(), 1, "{generation:?}");
        let bubbles = world.cloud.bubbles(SESSION);
        assert_eq!((bubbles.len(), bubbles[0].ends), (1, 1), "{generation:?}");
        assert!(bridge.end().await.success());
        world.nothing_against_the_wires();
    }
}

#[tokio::test]
async fn a_key_that_was_acknowledged_is_there_after_a_kill() {
    let world = World::new(GatewayOptions::default()).await;
    world.cloud.encrypt_session(SESSION);
    let bridge = world.launch.start();
    let registered = |view: &CloudView<'_>| view.bridge_device().map(drop);
    world.seen("the computer's key", registered).await;
    // The phone hands the key over before this leaves.
    let after = world.cloud.push_update(SESSION, "party", json!({}));
    world.seen("an ack", |view| view.is_acked(&after).then_some(())).await;
    bridge.kill().await;

    let bridge = world.launch.start();
    assert_eq!(world.ask(SESSION, "say: still readable").await, "still readable");
    let devices = |call: &&RecordedCall| call.route == "devices";
    let keys: Vec<_> = world
        .cloud
        .calls()
        .iter()
        .filter(devices)
        .map(|call| call.body["pubkey"].clone())
        .collect();
    assert!(keys.len() >= 2 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert!(bridge.end().await.success());
    world.nothing_against_the_wires();
}

#[tokio::test]
async fn what_was_sealed_before_a_kill_is_repeated_with_the_same_bytes_under_another_key() {
    for route in ["sendMessage", "sendMessageEnd", "requestApproval"] {
        let world = World::new(GatewayOptions::default()).await;
        world.cloud.encrypt_session(SESSION);
        let bridge = world.launch.start();
        world.ask(SESSION, "say: before").await;
        world.cloud.clear_calls();
        world.cloud.fault(Fault::Delay(HELD));
        let said = world.cloud.say(SESSION, "run: echo SEALED");
        if route == "sendMessageEnd" {
            let asked = world.seen("a request", |view| view.approvals(SESSION).first().cloned());
            let approval = asked.await.approval_id;
            world.cloud.decide(&approval, "approve");
        }
        let first = posted(&world, route, 1).await;
        bridge.kill().await;
        world.cloud.fault(Fault::Clear);
        world.cloud.rotate_key(SESSION, Grant::Now);

        let bridge = world.launch.start();
        if route != "sendMessageEnd" {
            let asked = world.seen("a request", |view| view.approvals(SESSION).first().cloned());
            let approval = asked.await.approval_id;
            world.cloud.decide(&approval, "approve");
        }
        let text = world.answer_to(SESSION, &said).await;
        assert!(text.contains("SEALED"), "{route}: {text}");
        let posts = posted(&world, route, 2).await;
        assert_eq!(posts[0].body, first[0].body, "{route}");
        assert_eq!(posts[1].body, posts[0].body, "{route}: the same bytes");
        assert!(posts[1].idempotent, "{route}");
        assert_eq!(world.ask(SESSION, "say: more").await, "more", "{route}");
        assert!(bridge.end().await.success());
        world.nothing_against_the_wires();
    }
}

/// Waits until a route was called so often.
async fn posted(world: &World, route: &str, times: usize) -> Vec<RecordedCall> {
    let posts = |view: &CloudView<'_>| {
        let posts = view.calls().iter().filter(|call| call.route == route);
        let posts: Vec<_> = posts.cloned().collect();
        (posts.len() >= times).then_some(posts)
    };
    world.seen(route, posts).await
}
