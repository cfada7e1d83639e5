//! Killed, or told to end, at the moments in which something is owed to one side.

use std::time::Duration;

use serde_json::json;
use simulator::cloud::{Bubble, CloudView, Fault};
use simulator::gateway::{Gateway, GatewayOptions, Generation};

use crate::gate::Gate;
use crate::world::World;

const GENERATIONS: [Generation; 2] = [Generation::Older, Generation::Newer];
/// How long answers are held back where the program has to die before it hears one.
const HELD: Duration = Duration::from_millis(400);

async fn behind_a_gate(generation: Generation) -> (World, Gate) {
    let gateway = Gateway::start(GatewayOptions::of(generation)).await.unwrap();
    let gate = Gate::before(gateway.port()).await;
    let url = gate.url();
    (World::around(gateway, url).await, gate)
}

/// The cloud is away for one route, or for all.
fn never_taken(route: &str) -> Fault {
    Fault::Answer {
        route: route.into(),
        status: 503,
        code: "unavailable".into(),
        retry_after_ms: None,
        times: u32::MAX,
    }
}

fn only(bubbles: Vec<Bubble>) -> Bubble {
    let [bubble] = bubbles.try_into().expect("one bubble");
    bubble
}

#[tokio::test]
async fn a_message_that_waited_for_the_gateway_when_the_program_was_killed_is_answered_once() {
    for generation in GENERATIONS {
        let (world, gate) = behind_a_gate(generation).await;
        gate.shut();
        let bridge = world.launch.start();
        let said = world.cloud.say("ses_waits", "say: at last");
        world.seen("an ack", |view| view.is_acked(&said.update_id).then_some(())).await;
        bridge.kill().await;

        gate.open();
        let mut bridge = world.launch.start();
        assert_eq!(world.answer_to("ses_waits", &said).await, "at last", "{generation:?}");
        bridge.ready().await;
        assert_eq!(world.gateway.runs().len(), 1, "{generation:?}");
        assert_eq!(only(world.cloud.bubbles("ses_waits")).ends, 1, "{generation:?}");
        assert!(bridge.end().await.success());
        world.nothing_against_the_wires();
    }
}

#[tokio::test]
async fn an_end_whose_answer_the_program_did_not_live_to_hear_is_repeated_and_stays_one_end() {
    for generation in GENERATIONS {
        let world = World::new(GatewayOptions::of(generation)).await;
        world.cloud.fault(Fault::Delay(HELD));
        let bridge = world.launch.start();
        let said = world.cloud.say("ses_end", "say: the end");
        let ends = "sendMessageEnd";
        let posted = |times: usize| {
            world.seen(ends, move |view| {
                let posts = view.calls().iter().filter(|call| call.route == ends);
                let posts: Vec<_> = posts.cloned().collect();
                (posts.len() >= times).then_some(posts)
            })
        };
        posted(1).await;
        bridge.kill().await;
        world.cloud.fault(Fault::Clear);

        let bridge = world.launch.start();
        let posts = posted(2).await;
        assert_eq!(posts[0].body, posts[1].body, "{generation:?}: the same bytes");
        assert!(posts[1].idempotent, "{generation:?}");
        assert_eq!(world.answer_to("ses_end", &said).await, "the end", "{generation:?}");
        assert_eq!(world.ask("ses_end", "say: more").await, "more", "{generation:?}");
        assert_eq!(posted(3).await.len(), 3, "{generation:?}: one for each message, one repeat");
        assert_eq!(world.gateway.runs().len(), 2, "{generation:?}");
        assert!(bridge.end().await.success());
        world.nothing_against_the_wires();
    }
}

#[tokio::test]
async fn a_decision_that_waited_for_the_gateway_when_the_program_was_killed_is_applied() {
    for generation in GENERATIONS {
        let (world, gate) = behind_a_gate(generation).await;
        let bridge = world.launch.start();
        let said = world.cloud.say("ses_decide", "run: echo DECIDED");
        let asked = world.seen("a request", |view| view.approvals("ses_decide").first().cloned());
        let asked = asked.await;
        gate.shut();
        let is_alone = |gateway: &Gateway| (gateway.connections() == 0).then_some(());
        world.gateway.wait_for(HELD * 10, is_alone).await.expect("the gate is shut");
        world.cloud.decide(&asked.approval_id, "approve");
        // What comes after the decision is acknowledged: so is the decision.
        let after = world.cloud.say("ses_after", "say: after");
        world.seen("an ack", |view| view.is_acked(&after.update_id).then_some(())).await;
        bridge.kill().await;

        gate.open();
        let bridge = world.launch.start();
        let text = world.answer_to("ses_decide", &said).await;
        assert!(text.ends_with("DECIDED") && !text.contains("denied"), "{generation:?}: {text}");
        assert_eq!(world.answer_to("ses_after", &after).await, "after", "{generation:?}");
        let told = world.gateway.calls_of("exec.approval.resolve");
        let told: Vec<_> = told.into_iter().map(|call| call.params).collect();
        let once = json!({"id": asked.approval_id, "decision": "allow-once"});
        assert_eq!(told, [once], "{generation:?}");
        assert_eq!(world.cloud.approvals("ses_decide").len(), 1, "{generation:?}");
        assert!(bridge.end().await.success());
        world.nothing_against_the_wires();
    }
}

#[tokio::test]
async fn ends_that_the_cloud_did_not_take_before_the_program_ended_are_delivered_by_the_next() {
    for generation in GENERATIONS {
        let world = World::new(GatewayOptions::of(generation)).await;
        let mut bridge = world.launch.start();
        bridge.ready().await;
        let long = world.cloud.say("ses_long", "slow: 600");
        world
            .seen("the first words", |view| view.bubbles("ses_long").first()?.first_delta_at)
            .await;
        world.cloud.fault(never_taken("sendMessageEnd"));
        let short = world.cloud.say("ses_short", "say: all of it");
        let refused = |view: &CloudView<'_>| {
            let mut calls = view.calls().iter();
            calls.any(|call| call.body["text"] == "all of it" && call.status == 503).then_some(())
        };
        world.seen("an end that is not taken", refused).await;
        world.cloud.fault(never_taken("*"));
        assert!(bridge.end().await.success());
        let before = only(world.cloud.bubbles("ses_long"));
        assert_eq!(before.end, None, "{generation:?}: the cloud was away");

        world.cloud.fault(Fault::Clear);
        let bridge = world.launch.start();
        assert_eq!(world.answer_to("ses_short", &short).await, "all of it", "{generation:?}");
        let text = world.answer_to("ses_long", &long).await;
        let after = only(world.cloud.bubbles("ses_long"));
        assert!(text.starts_with(after.streamed.trim()), "{generation:?}: {text}");
        assert_eq!(after.ends, 1, "{generation:?}");
        assert_eq!(only(world.cloud.bubbles("ses_short")).ends, 1, "{generation:?}");
        assert!(bridge.end().await.success());
        world.nothing_against_the_wires();
    }
}
