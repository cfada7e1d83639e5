//! The next process finds a turn in the middle, and the gateway or the person has gone on meanwhile.

use std::time::Duration;

use simulator::cloud::CloudView;
use simulator::gateway::{Gateway, GatewayOptions, Generation, RunOutcome};

use crate::world::World;

const GENERATIONS: [Generation; 2] = [Generation::Older, Generation::Newer];
/// How long the gateway may take for what it does by itself.
const SOON: Duration = Duration::from_secs(20);
const SESSION: &str = "ses_middle";
const KEY: &str = "agent:main:ses_middle";

async fn world(generation: Generation) -> World {
    World::new(GatewayOptions::of(generation)).await
}

/// Waits until the gateway shows something.
async fn at_gateway(world: &World, what: &str, look: impl Fn(&Gateway) -> bool) {
    let seen = world.gateway.wait_for(SOON, |gateway| look(gateway).then_some(())).await;
    seen.unwrap_or_else(|| world.fail(&format!("never at the gateway: {what}")));
}

/// Waits until some words of an answer were streamed.
async fn streamed(world: &World, bubble: usize, word: &str) {
    let seen = |view: &CloudView<'_>| {
        view.bubbles(SESSION).get(bubble)?.streamed.contains(word).then_some(())
    };
    world.seen("streamed words", seen).await;
}

/// Waits for the first approval, and gives its id.
async fn asked(world: &World) -> String {
    let card = |view: &CloudView<'_>| view.approvals(SESSION).first().cloned();
    world.seen("a request", card).await.approval_id
}

fn what_was_streamed(world: &World) -> String {
    world.cloud.bubbles(SESSION).remove(0).streamed
}

#[tokio::test]
async fn an_answer_that_is_stopped_while_nobody_is_there_keeps_what_was_streamed() {
    for generation in GENERATIONS {
        let world = world(generation).await;
        let bridge = world.launch.start();
        let said = world.cloud.say(SESSION, "slow: 100");
        streamed(&world, 0, "w3").await;
        bridge.kill().await;
        world.cloud.cancel(SESSION, Some(&said.interaction_id));

        let _bridge = world.launch.start();
        let text = world.answer_to(SESSION, &said).await;
        let streamed = what_was_streamed(&world);
        assert!(text.starts_with(&streamed), "{generation:?}: {text:?} after {streamed:?}");
        let runs = world.gateway.runs();
        assert_eq!(runs.len(), 1, "{generation:?}");
        assert_eq!(runs[0].outcome, RunOutcome::Aborted, "{generation:?}");
    }
}

#[tokio::test]
async fn an_answer_keeps_what_was_streamed_when_who_stopped_it_did_not_live_to_hear_of_it() {
    for generation in GENERATIONS {
        let world = world(generation).await;
        let bridge = world.launch.start();
        let said = world.cloud.say(SESSION, "slow: 100");
        streamed(&world, 0, "w3").await;
        world.gateway.stop_answering();
        world.cloud.cancel(SESSION, Some(&said.interaction_id));
        let is_stopped = |gateway: &Gateway| !gateway.calls_of("chat.abort").is_empty();
        at_gateway(&world, "a stop", is_stopped).await;
        bridge.kill().await;
        world.gateway.answer_again();

        let _bridge = world.launch.start();
        let text = world.answer_to(SESSION, &said).await;
        let streamed = what_was_streamed(&world);
        assert!(text.starts_with(&streamed), "{generation:?}: {text:?} after {streamed:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_stopped_while_the_gateway_restarts_is_not_resumed_in_another_bubble() {
    let world = world(Generation::Newer).await;
    let bridge = world.launch.start();
    let said = world.cloud.say(SESSION, "slow: 100");
    streamed(&world, 0, "w3").await;
    bridge.kill().await;
    world.cloud.cancel(SESSION, Some(&said.interaction_id));
    world.gateway.restart(true);

    let _bridge = world.launch.start();
    world.answer_to(SESSION, &said).await;
    let is_quiet =
        |gateway: &Gateway| gateway.runs().iter().all(|run| run.outcome != RunOutcome::Running);
    at_gateway(&world, "an end of the resumed run", is_quiet).await;
    let resumed = world.gateway.runs().remove(1);
    assert_eq!(resumed.outcome, RunOutcome::Aborted, "the person stopped it");
    assert_eq!(world.cloud.bubbles(SESSION).len(), 1);
}

#[tokio::test]
async fn what_came_of_a_stopped_command_is_no_part_of_the_next_answer() {
    let world = world(Generation::Older).await;
    let bridge = world.launch.start();
    let stopped = world.cloud.say(SESSION, "run: echo untouched");
    let approval = asked(&world).await;
    let next = world.cloud.say(SESSION, "slow: 5");
    world.cloud.cancel(SESSION, Some(&stopped.interaction_id));
    streamed(&world, 1, "w0").await;
    bridge.kill().await;
    let is_told = |gateway: &Gateway| {
        let mut runs = gateway.runs().into_iter();
        runs.any(|run| run.run_id.ends_with(&approval) && run.outcome == RunOutcome::Final)
    };
    at_gateway(&world, "the end of what follows the denial", is_told).await;

    let _bridge = world.launch.start();
    assert_eq!(world.answer_to(SESSION, &next).await, "w0 w1 w2 w3 w4");
}

#[tokio::test]
async fn what_was_said_before_an_approval_is_part_of_an_answer_that_nobody_heard_begin() {
    for generation in GENERATIONS {
        let world = world(generation).await;
        let bridge = world.launch.start();
        let said = world.cloud.say(SESSION, "run: echo DONE");
        at_gateway(&world, "a run", |gateway| !gateway.runs().is_empty()).await;
        bridge.kill().await;

        let _bridge = world.launch.start();
        // Where nobody was there to be asked, the newer gateway did not ask.
        let is_over = |view: &CloudView<'_>| {
            let over = view.bubbles(SESSION).first().is_some_and(|it| it.end.is_some());
            let asked = view.approvals(SESSION).first().map(|card| card.approval_id.clone());
            (over || asked.is_some()).then_some(asked)
        };
        if let Some(approval) = world.seen("a request, or the end", is_over).await {
            world.cloud.decide(&approval, "approve");
        }
        let text = world.answer_to(SESSION, &said).await;
        assert!(text.starts_with("Let me run that."), "{generation:?}: {text:?}");
        let streamed = what_was_streamed(&world);
        assert!(text.starts_with(&streamed), "{generation:?}: {text:?} after {streamed:?}");
    }
}

#[tokio::test]
async fn a_message_that_is_answered_inside_another_run_is_waited_for() {
    for generation in GENERATIONS {
        let world = world(generation).await;
        let mut bridge = world.launch.start();
        bridge.ready().await;
        world.ask(SESSION, "say: before").await;
        world.gateway.start_foreign_run(KEY, "slow: 15");
        let said = world.cloud.say(SESSION, "say: inside");
        let is_sent = |gateway: &Gateway| gateway.calls_of("chat.send").len() == 2;
        at_gateway(&world, "the message", is_sent).await;
        bridge.kill().await;

        let _bridge = world.launch.start();
        let text = world.answer_to(SESSION, &said).await;
        assert!(text.contains("inside"), "{generation:?}: {text:?}");
        let heard = world.gateway.answers_to(KEY, "say: inside");
        assert_eq!(heard, [["inside"]], "{generation:?}");
    }
}

#[tokio::test]
async fn an_answer_whose_approval_died_with_the_gateway_ends() {
    for generation in GENERATIONS {
        let world = world(generation).await;
        let bridge = world.launch.start();
        let said = world.cloud.say(SESSION, "run: echo NEVER");
        let approval = asked(&world).await;
        bridge.kill().await;
        world.gateway.restart(true);
        world.cloud.decide(&approval, "deny");

        let _bridge = world.launch.start();
        let text = world.answer_to(SESSION, &said).await;
        assert!(!text.is_empty(), "{generation:?}");
        assert_eq!(world.cloud.bubbles(SESSION).len(), 1, "{generation:?}");
        assert!(world.cloud.tasks(SESSION).iter().all(|task| task.finish.is_some()));
    }
}

#[tokio::test]
async fn an_answer_that_nobody_heard_begin_and_whose_approval_died_with_the_gateway_ends() {
    let world = world(Generation::Older).await;
    let bridge = world.launch.start();
    let said = world.cloud.say(SESSION, "run: echo NEVER");
    at_gateway(&world, "a run", |gateway| !gateway.runs().is_empty()).await;
    bridge.kill().await;
    let bridge = world.launch.start();
    let approval = asked(&world).await;
    bridge.kill().await;
    world.gateway.restart(true);
    world.cloud.decide(&approval, "deny");

    let _bridge = world.launch.start();
    assert!(!world.answer_to(SESSION, &said).await.is_empty());
    assert_eq!(world.cloud.bubbles(SESSION).len(), 1);
}
