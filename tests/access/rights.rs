use bridge::{AccessAct, AccessStanding, Attention};
use openclaw::SCOPES;
use openclaw::pairing::SetupAccess;
use simulator::gateway::{
    AskingDevice, Connected, Gateway, GatewayOptions, OfferingNode, RecordedConnect,
};

use crate::rig::{Asked, GENERATIONS, Kind, SOON, World, is_listed, is_up};

/// What the standing connection may ask for.
const STANDING: [&str; 1] = ["operator.pairing"];

/// Connections that came from no device: those that look after who may use the gateway.
fn looking_after(gateway: &Gateway) -> Vec<Connected> {
    gateway.connected().into_iter().filter(|it| it.device_id.is_none()).collect()
}

fn attempts(gateway: &Gateway) -> Vec<RecordedConnect> {
    gateway.connects().into_iter().filter(|it| it.device_id.is_none()).collect()
}

/// Waits until only the standing connection is left of those.
async fn only_the_standing_one(world: &World) {
    let lone = |gateway: &Gateway| match looking_after(gateway).as_slice() {
        [standing] if standing.scopes == STANDING => Some(()),
        _ => None,
    };
    let waited = world.gateway.wait_for(SOON, lone).await;
    assert!(waited.is_some(), "{:#?}", world.gateway.connected());
}

#[tokio::test]
async fn there_is_no_second_connection_before_anybody_attends_and_none_afterwards() {
    for generation in GENERATIONS {
        let world = World::start(GatewayOptions::of(generation)).await;
        assert!(attempts(&world.gateway).is_empty());
        for attention in [Attention::Background, Attention::Shown] {
            world.attend(attention).await;
            only_the_standing_one(&world).await;
        }
        assert_eq!(attempts(&world.gateway).len(), 1, "turning to a page connects nothing anew");
        world.flow.installation.attend(Attention::Off);
        let closed = |gateway: &Gateway| looking_after(gateway).is_empty().then_some(());
        world.gateway.wait_for(SOON, closed).await.unwrap();
        world.until(|now| now.standing == AccessStanding::Off).await;
        assert!(world.flow.installation.snapshot().borrow().gateway.is_up(), "the link stays");
        world.finish().await;
    }
}

#[tokio::test]
async fn turning_away_for_a_moment_connects_nothing_anew() {
    let world = World::attending(simulator::gateway::Generation::Newer).await;
    for _ in 0..3 {
        world.flow.installation.attend(Attention::Off);
        world.flow.installation.attend(Attention::Shown);
    }
    let asked = Kind::Device.asks(&world.gateway, "Kitchen");
    world.waiting(&[&asked]).await;
    assert_eq!(attempts(&world.gateway).len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_right_that_an_answer_takes_is_asked_for_alone_and_given_back() {
    for generation in GENERATIONS {
        let mut world = World::attending(generation).await;
        let device = AskingDevice::new("Kitchen").asking_for(&["operator.write"]);
        let device = Asked::device(world.gateway.device_asks(&device));
        let node =
            Asked::node(world.gateway.node_offers(&OfferingNode::new("Attic", &["system.run"])));
        world.waiting(&[&device, &node]).await;
        for (asked, wide) in [(&device, "operator.write"), (&node, "operator.admin")] {
            let before = attempts(&world.gateway).len();
            world.answer(asked, true).await.unwrap();
            world.ended(asked).await;
            only_the_standing_one(&world).await;
            let mut scopes: Vec<_> =
                attempts(&world.gateway)[before..].iter().map(|it| it.scopes.clone()).collect();
            assert_eq!(scopes.len(), 1, "{generation:?}: {scopes:?}");
            scopes[0].sort();
            let mut wanted = vec!["operator.pairing".to_owned(), wide.to_owned()];
            wanted.sort();
            assert_eq!(scopes[0], wanted, "{generation:?}: nothing more than it takes");
        }
        // Turning somebody down takes nothing more.
        let before = attempts(&world.gateway).len();
        let device = AskingDevice::new("Cellar").asking_for(&["operator.admin"]);
        let device = Asked::device(world.gateway.device_asks(&device));
        world.waiting(&[&device]).await;
        world.answer(&device, false).await.unwrap();
        world.ended(&device).await;
        assert_eq!(attempts(&world.gateway).len(), before);
        world.finish().await;
    }
}

#[tokio::test]
async fn scopes_that_are_none_of_an_operator_are_never_asked_for() {
    for generation in GENERATIONS {
        let world = World::attending(generation).await;
        let strange = ["root", "operator.\u{1b}[31m", "operator.read operator.admin", ""];
        let device = AskingDevice::new("Kitchen").asking_for(&strange);
        let asked = Asked::device(world.gateway.device_asks(&device));
        world.waiting(&[&asked]).await;
        let refused = world.answer(&asked, true).await.unwrap_err();
        assert!(!refused.is_gone, "{refused:?}");
        world.waiting(&[&asked]).await;
        for attempt in attempts(&world.gateway) {
            let is_known =
                |scope: &String| scope == "operator.pairing" || SCOPES.contains(&scope.as_str());
            assert!(attempt.scopes.iter().all(is_known), "{:?}", attempt.scopes);
        }
        world.finish().await;
    }
}

#[tokio::test]
async fn the_bridges_own_link_never_gets_more_than_it_needs() {
    for generation in GENERATIONS {
        let world = World::attending(generation).await;
        world.gateway.restart(true);
        world.until(|now| !is_up(now)).await;
        world.until(is_listed).await;
        world.flow.connected().await;
        let of_devices = world.gateway.connects().into_iter().filter(|it| it.device_id.is_some());
        let mut count = 0;
        for connect in of_devices {
            count += 1;
            assert_eq!(connect.scopes, SCOPES, "{generation:?}");
        }
        assert!(count >= 2, "it came back after the restart");
        for attempt in attempts(&world.gateway) {
            assert_eq!(attempt.scopes, STANDING);
            let client = (&attempt.client["id"], &attempt.client["mode"]);
            assert_eq!(client, (&"gateway-client".into(), &"backend".into()));
        }
        world.finish().await;
    }
}

#[tokio::test]
async fn a_code_for_a_phone_takes_an_administrator_for_a_moment() {
    let public_url = Some("wss://gateway.example".to_owned());
    let world = World::start(GatewayOptions { public_url, ..GatewayOptions::default() }).await;
    world.attend(Attention::Shown).await;
    world.act(AccessAct::SetUp(SetupAccess::Limited)).await.unwrap();
    only_the_standing_one(&world).await;
    let last = attempts(&world.gateway).pop().unwrap();
    assert!(last.scopes.contains(&"operator.admin".to_owned()), "{:?}", last.scopes);
    world.finish().await;
}
