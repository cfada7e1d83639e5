//! Other sides that take a connection, and then do not do what comes next.

use std::time::{Duration, Instant};

use bridge::Link;
use flows::{SOON, end_text};
use simulator::cloud::{CloudOptions, CloudView, Fault};
use simulator::gateway::GatewayOptions;

use crate::rig::{Rig, fast_cloud, words};

/// Watches the bridge for a while: in no moment it may claim that a side is connected.
async fn nothing_is_claimed(rig: &Rig, time: Duration) {
    let until = tokio::time::Instant::now() + time;
    let mut snapshot = rig.flow.installation.snapshot();
    loop {
        let now = snapshot.borrow_and_update().clone();
        assert!(!now.cloud.is_up() && !now.gateway.is_up(), "{now:?}");
        tokio::select! {
            changed = snapshot.changed() => changed.unwrap(),
            () = tokio::time::sleep_until(until) => return,
        }
    }
}

/// Waits until the cloud was asked to open a bubble.
async fn asked_to_open(rig: &Rig) {
    let asked = |view: &CloudView<'_>| {
        view.calls().iter().any(|call| call.route == "sendMessage").then_some(())
    };
    rig.flow.cloud.wait_for("the opening of a bubble", SOON, asked).await;
}

fn is_waiting(link: &Link) -> bool {
    matches!(link, Link::Down { retry_at: Some(_), .. })
}

#[tokio::test]
async fn sides_that_take_a_connection_and_say_nothing_are_given_up_and_dialled_again() {
    let rig = Rig::start(GatewayOptions::default(), fast_cloud()).await;
    rig.to_cloud.pause();
    rig.to_gateway.pause();
    rig.to_cloud.drop_connections();
    rig.to_gateway.drop_connections();
    rig.until(|now| !now.cloud.is_up() && !now.gateway.is_up()).await;
    let dialled = (rig.to_cloud.connections(), rig.to_gateway.connections());
    nothing_is_claimed(&rig, Duration::from_secs(20)).await;
    assert!(rig.to_cloud.connections() > dialled.0, "the cloud is dialled again");
    assert!(rig.to_gateway.connections() > dialled.1, "the gateway is dialled again");
    rig.to_cloud.resume();
    rig.to_gateway.resume();
    rig.flow.connected().await;
    let bubble = rig.flow.ask("ses_there", "say: there").await;
    assert_eq!(end_text(&bubble), "there");
    rig.finish().await;
}

#[tokio::test]
async fn sides_that_open_the_socket_and_never_greet_are_given_up_and_dialled_again() {
    let rig = Rig::start(GatewayOptions::default(), fast_cloud()).await;
    rig.flow.cloud.fault(Fault::SilenceSocket);
    rig.gateway.stop_answering();
    rig.to_cloud.drop_connections();
    rig.to_gateway.drop_connections();
    rig.until(|now| !now.cloud.is_up() && !now.gateway.is_up()).await;
    let begun = Instant::now();
    let (cloud, gateway) = tokio::join!(
        rig.until(|now| is_waiting(&now.cloud)),
        rig.until(|now| is_waiting(&now.gateway))
    );
    assert!(cloud <= Duration::from_secs(18) && gateway <= Duration::from_secs(18));
    nothing_is_claimed(&rig, Duration::from_secs(18).saturating_sub(begun.elapsed())).await;
    rig.flow.cloud.fault(Fault::Clear);
    rig.gateway.answer_again();
    rig.flow.connected().await;
    let bubble = rig.flow.ask("ses_greeted", "say: there").await;
    assert_eq!(end_text(&bubble), "there");
    rig.finish().await;
}

#[tokio::test]
async fn a_cloud_that_takes_half_a_minute_to_answer_is_waited_for_and_asked_once() {
    let slow = Duration::from_secs(32);
    let rig = Rig::start(GatewayOptions::default(), fast_cloud()).await;
    rig.flow.cloud.fault(Fault::Delay(slow));
    let begun = Instant::now();
    let said = rig.flow.cloud.say("ses_slow", "say: patience");
    asked_to_open(&rig).await;
    rig.flow.cloud.fault(Fault::Clear);
    rig.answered("ses_slow", &said, "patience").await;
    assert!(begun.elapsed() >= slow);
    let calls = rig.flow.cloud.calls();
    let opened = calls.iter().filter(|call| call.route == "sendMessage").count();
    assert_eq!(opened, 1, "what is answered late is not asked again");
    rig.finish().await;
}

#[tokio::test]
async fn requests_that_hang_on_a_wire_that_leads_nowhere_are_repeated_with_the_same_bytes() {
    let rig = Rig::start(GatewayOptions::default(), fast_cloud()).await;
    rig.flow.cloud.fault(Fault::Delay(Duration::from_secs(3)));
    let said = rig.flow.cloud.say("ses_hangs", "say: on a new wire");
    asked_to_open(&rig).await;
    // The request has arrived, but its answer does not come back.
    rig.to_cloud.pause();
    rig.flow.cloud.fault(Fault::Clear);
    let lost = rig.until(|now| !now.cloud.is_up()).await;
    assert!(lost <= Duration::from_secs(31), "{lost:?}");
    rig.to_cloud.drop_connections();
    rig.to_cloud.resume();
    let resumed = Instant::now();
    rig.answered("ses_hangs", &said, "on a new wire").await;
    assert!(resumed.elapsed() < Duration::from_secs(20), "{:?}", resumed.elapsed());
    let calls = rig.flow.cloud.calls();
    let openings: Vec<_> = calls.iter().filter(|call| call.route == "sendMessage").collect();
    assert!(openings.len() >= 2);
    assert!(openings.iter().all(|call| call.body == openings[0].body), "{openings:#?}");
    rig.finish().await;
}

#[tokio::test]
async fn a_cloud_that_crawls_gets_every_answer_whole() {
    let cloud = CloudOptions { round_trip: Duration::from_secs(2), ..fast_cloud() };
    let rig = Rig::start(GatewayOptions::default(), cloud).await;
    let said = rig.flow.cloud.say("ses_crawl", "long: 2000");
    rig.answered("ses_crawl", &said, &words(2000)).await;
    rig.finish().await;
}
