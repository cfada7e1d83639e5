//! Connections that break in the middle of an answer.

use std::time::Duration;

use bridge::Link;
use flows::SOON;
use simulator::gateway::{Gateway, GatewayOptions, Generation, RunOutcome};

use crate::rig::{GENERATIONS, Rig, fast_cloud, words};

#[tokio::test]
async fn a_gateway_connection_that_drops_during_an_answer_loses_and_doubles_nothing() {
    for generation in GENERATIONS {
        let rig = Rig::of(generation).await;
        let said = rig.flow.cloud.say("ses_drop", "slow: 15");
        rig.flow.streamed("ses_drop", &said, "w2").await;
        rig.to_gateway.drop_connections();
        rig.answered("ses_drop", &said, &words(15)).await;
        assert_eq!(rig.gateway.runs().len(), 1, "{generation:?}");
        rig.finish().await;
    }
}

#[tokio::test]
async fn an_answer_that_ends_while_the_gateway_is_out_of_reach_is_told_when_it_is_back() {
    for generation in GENERATIONS {
        let rig = Rig::of(generation).await;
        let said = rig.flow.cloud.say("ses_away", "slow: 12");
        rig.flow.streamed("ses_away", &said, "w2").await;
        rig.to_gateway.pause();
        rig.to_gateway.drop_connections();
        let ended = |gateway: &Gateway| {
            gateway.runs().iter().all(|run| run.outcome == RunOutcome::Final).then_some(())
        };
        rig.gateway.wait_for(SOON, ended).await.expect("the run ends meanwhile");
        rig.to_gateway.resume();
        rig.answered("ses_away", &said, &words(12)).await;
        assert_eq!(rig.gateway.calls_of("chat.send").len(), 1, "{generation:?}");
        rig.finish().await;
    }
}

#[tokio::test]
async fn both_connections_that_drop_again_and_again_lose_and_double_nothing() {
    for generation in GENERATIONS {
        let rig = Rig::of(generation).await;
        let said = rig.flow.cloud.say("ses_both", "slow: 40");
        for seen in ["w2", "w12", "w22"] {
            rig.flow.streamed("ses_both", &said, seen).await;
            rig.to_gateway.drop_connections();
            rig.to_cloud.drop_connections();
        }
        rig.answered("ses_both", &said, &words(40)).await;
        assert_eq!(rig.gateway.runs().len(), 1, "{generation:?}");
        rig.finish().await;
    }
}

#[tokio::test]
async fn messages_of_the_time_without_any_connection_are_answered_once_in_their_order() {
    for generation in GENERATIONS {
        let rig = Rig::of(generation).await;
        rig.to_gateway.pause();
        rig.to_cloud.pause();
        rig.to_gateway.drop_connections();
        rig.to_cloud.drop_connections();
        let texts = ["one", "two", "three"];
        let said = texts.map(|text| rig.flow.cloud.say("ses_gap", &format!("say: {text}")));
        rig.to_cloud.resume();
        rig.to_gateway.resume();
        for said in &said {
            rig.flow.ended("ses_gap", said).await;
        }
        let bubbles = rig.flow.cloud.bubbles("ses_gap");
        let ends: Vec<_> = bubbles.iter().map(flows::end_text).collect();
        assert_eq!(ends, texts, "{generation:?}");
        assert_eq!(rig.gateway.runs().len(), 3, "{generation:?}");
        rig.finish().await;
    }
}

#[tokio::test]
async fn a_gateway_that_is_killed_during_an_answer_and_starts_again_answers_once() {
    for generation in GENERATIONS {
        let rig = Rig::of(generation).await;
        let said = rig.flow.cloud.say("ses_killed", "slow: 12");
        rig.flow.streamed("ses_killed", &said, "w2").await;
        rig.gateway.restart(true);
        rig.answered("ses_killed", &said, &words(12)).await;
        // The newer one takes the turn up by itself, the older one has forgotten it.
        let sends = if generation == Generation::Newer { 1 } else { 2 };
        assert_eq!(rig.gateway.calls_of("chat.send").len(), sends, "{generation:?}");
        rig.finish().await;
    }
}

#[tokio::test]
async fn a_gateway_that_restarts_in_good_order_during_an_answer_answers_once() {
    for generation in GENERATIONS {
        let rig = Rig::of(generation).await;
        let said = rig.flow.cloud.say("ses_orderly", "slow: 12");
        rig.flow.streamed("ses_orderly", &said, "w2").await;
        rig.gateway.restart_gracefully().await;
        rig.answered("ses_orderly", &said, &words(12)).await;
        rig.finish().await;
    }
}

#[tokio::test]
async fn a_gateway_that_is_killed_while_the_cloud_is_away_answers_once() {
    for generation in GENERATIONS {
        let rig = Rig::of(generation).await;
        let said = rig.flow.cloud.say("ses_worst", "slow: 12");
        rig.flow.streamed("ses_worst", &said, "w2").await;
        rig.to_cloud.pause();
        rig.to_cloud.drop_connections();
        rig.gateway.restart(true);
        let is_back = |gateway: &Gateway| (gateway.connections() > 0).then_some(());
        rig.gateway.wait_for(SOON, is_back).await.expect("the gateway is back");
        rig.to_cloud.resume();
        rig.answered("ses_worst", &said, &words(12)).await;
        rig.finish().await;
    }
}

#[tokio::test]
async fn connected_is_not_claimed_for_long_over_wires_that_lead_nowhere() {
    let tick_every = Duration::from_secs(10);
    let gateway = GatewayOptions { tick_every, ..GatewayOptions::default() };
    let rig = Rig::start(gateway, fast_cloud()).await;
    let said = rig.flow.cloud.say("ses_nowhere", "slow: 3");
    rig.answered("ses_nowhere", &said, &words(3)).await;
    rig.to_gateway.pause();
    rig.to_cloud.pause();
    let (to_cloud, to_gateway) =
        tokio::join!(rig.until(|now| !now.cloud.is_up()), rig.until(|now| !now.gateway.is_up()));
    assert!(to_cloud <= Duration::from_secs(31), "{to_cloud:?}");
    assert!(to_gateway <= tick_every * 3 / 2 + Duration::from_secs(1), "{to_gateway:?}");
    assert_eq!(rig.flow.installation.pulse(), bridge::Pulse::default());
    let snapshot = rig.flow.installation.snapshot().borrow().clone();
    let is_down = |link: &Link| matches!(link, Link::Down { .. } | Link::Connecting { .. });
    assert!(is_down(&snapshot.cloud) && is_down(&snapshot.gateway), "{snapshot:?}");

    let said = rig.flow.cloud.say("ses_back", "say: back again");
    rig.to_cloud.resume();
    rig.to_gateway.resume();
    rig.answered("ses_back", &said, "back again").await;
    rig.finish().await;
}
