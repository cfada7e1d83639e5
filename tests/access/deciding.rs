use bridge::{Attention, Decider, Outcome};
use flows::{MemoryKeys, install};
use openclaw::pairing::Notification;
use simulator::gateway::{AskingDevice, AskingSender, Generation, OfferingNode};
use std::sync::Arc;

use crate::rig::{Asked, GENERATIONS, Kind, World, is_listed, keys, offer_of, until};

const HERE: Option<Decider> = Some(Decider::Computer);

fn ends_as(allow: bool, by: Option<Decider>) -> Outcome {
    if allow { Outcome::Allowed { always: false, by } } else { Outcome::Denied { by } }
}

#[tokio::test]
async fn each_kind_is_allowed_and_denied_here() {
    for generation in GENERATIONS {
        for kind in Kind::of(generation) {
            for allow in [true, false] {
                let mut world = World::attending(generation).await;
                let asked = kind.asks(&world.gateway, "Kitchen");
                world.waiting(&[&asked]).await;
                world.answer(&asked, allow).await.unwrap();
                let outcome = world.ended(&asked).await;
                assert_eq!(outcome, ends_as(allow, HERE), "{generation:?} {kind:?}");
                assert_eq!(world.decisions(), [(asked.id, allow)]);
                assert!(world.gateway.access_decisions()[0].connection.is_some());
                world.finish().await;
            }
        }
    }
}

#[tokio::test]
async fn what_is_decided_elsewhere_is_withdrawn() {
    for generation in GENERATIONS {
        for kind in Kind::of(generation) {
            for allow in [true, false] {
                let mut world = World::attending(generation).await;
                let asked = kind.asks(&world.gateway, "Kitchen");
                world.waiting(&[&asked]).await;
                assert!(world.gateway.decide_request_elsewhere(&asked.id, allow));
                let outcome = world.ended(&asked).await;
                // No gateway tells how a sender was answered.
                match kind {
                    Kind::Device | Kind::Node => assert_eq!(outcome, ends_as(allow, None)),
                    Kind::Sender => {
                        assert!(matches!(outcome, Outcome::Gone | Outcome::Decided), "{outcome:?}")
                    }
                }
                world.finish().await;
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_told_so_and_changes_nothing() {
    for generation in GENERATIONS {
        for kind in Kind::of(generation) {
            let mut world = World::attending(generation).await;
            let asked = kind.asks(&world.gateway, "Kitchen");
            world.waiting(&[&asked]).await;
            let answer = asked.answer(&world.flow.installation, true);
            assert!(world.gateway.decide_request_elsewhere(&asked.id, false));
            let late = world.act(answer).await.unwrap_err();
            assert!(late.is_gone, "{generation:?} {kind:?}: {late:?}");
            let outcome = world.ended(&asked).await;
            assert_ne!(outcome, ends_as(true, HERE), "{generation:?} {kind:?}");
            assert_eq!(world.decisions(), [(asked.id, false)]);
            world.finish().await;
        }
    }
}

#[tokio::test]
async fn of_two_who_decide_at_once_one_wins_and_the_other_is_told() {
    for generation in GENERATIONS {
        for kind in Kind::of(generation) {
            let mut world = World::attending(generation).await;
            let (cloud, folder) = (&world.flow.cloud, tempfile::tempdir().unwrap());
            let (_, token) = cloud.mint_installation("Another computer");
            let mut settings = world.flow.settings.clone();
            settings.token = sap::BridgeToken::parse(&token).unwrap();
            let keys_kept = Arc::new(MemoryKeys::default());
            let other = install(&settings, &keys_kept, folder.path()).await;
            other.attend(Attention::Shown);
            until(&other, is_listed).await;

            let asked = kind.asks(&world.gateway, "Kitchen");
            world.waiting(&[&asked]).await;
            until(&other, |now| keys(now) == [asked.key.clone()]).await;
            let (here, there) = tokio::join!(
                world.act(asked.answer(&world.flow.installation, true)),
                other.act(asked.answer(&other, false)),
            );
            let decided = world.decisions();
            assert_eq!(decided.len(), 1, "{generation:?} {kind:?}: {decided:?}");
            let lost = if decided[0].1 {
                here.unwrap();
                there.unwrap_err()
            } else {
                there.unwrap();
                here.unwrap_err()
            };
            assert!(lost.is_gone, "{generation:?} {kind:?}: {lost:?}");
            let outcome = world.ended(&asked).await;
            assert_eq!(outcome == ends_as(true, HERE), decided[0].1, "{outcome:?}");
            other.stop().await;
            world.finish().await;
        }
    }
}

#[tokio::test]
async fn the_same_answer_twice_decides_once_and_another_one_meanwhile_is_refused() {
    for generation in GENERATIONS {
        let mut world = World::attending(generation).await;
        let asked = Kind::Device.asks(&world.gateway, "Kitchen");
        world.waiting(&[&asked]).await;
        world.gateway.hold_answers();
        let installation = &world.flow.installation;
        let first = tokio::spawn(installation.act(asked.answer(installation, true)));
        world.until(|now| !now.doing.is_empty()).await;
        let again = tokio::spawn(installation.act(asked.answer(installation, true)));
        let refused = installation.act(asked.answer(installation, false)).await.unwrap_err();
        assert!(!refused.is_gone && !refused.what.is_empty(), "{refused:?}");
        world.gateway.release_answers();
        first.await.unwrap().unwrap();
        // It may also be told that it was decided by the first.
        let again = again.await.unwrap();
        assert!(again.as_ref().err().is_none_or(|error| error.is_gone), "{again:?}");
        assert_eq!(world.ended(&asked).await, ends_as(true, HERE));
        world.until(|now| now.doing.is_empty()).await;
        assert_eq!(world.decisions(), [(asked.id, true)]);
        world.finish().await;
    }
}

#[tokio::test]
async fn a_person_is_told_when_wished() {
    let mut world = World::attending(Generation::Newer).await;
    for (notify, told) in [(true, Notification::Sent), (false, Notification::NotRequested)] {
        let sender = AskingSender::new("7001", "alice");
        let asked = Asked::sender(&sender, world.gateway.sender_writes(&sender).unwrap());
        world.waiting(&[&asked]).await;
        let answer = asked.answer(&world.flow.installation, true);
        let bridge::AccessAct::ApproveSender { request, .. } = answer else {
            panic!("another act: {answer:?}")
        };
        let done = world.act(bridge::AccessAct::ApproveSender { request, notify }).await.unwrap();
        assert!(matches!(done, bridge::AccessDone::Told(it) if it == told), "{done:?}");
        world.ended(&asked).await;
    }
    world.finish().await;
}

#[tokio::test]
async fn whoever_asks_for_more_than_the_standing_connection_has_is_let_in_all_the_same() {
    for generation in GENERATIONS {
        let mut world = World::attending(generation).await;
        let device = AskingDevice::new("Kitchen").asking_for(&["operator.read", "operator.write"]);
        let device = Asked::device(world.gateway.device_asks(&device));
        let admin = AskingDevice::new("Admin").asking_for(&["operator.admin"]);
        let admin = Asked::device(world.gateway.device_asks(&admin));
        let runner = OfferingNode::new("Attic", &["system.run"]);
        let runner = Asked::node(world.gateway.node_offers(&runner));
        let viewer = OfferingNode::new("Cellar", &["camera.snap"]);
        let viewer = Asked::node(world.gateway.node_offers(&viewer));
        world.waiting(&[&device, &admin, &runner, &viewer]).await;
        for asked in [&device, &admin, &runner, &viewer] {
            world.answer(asked, true).await.unwrap();
            assert_eq!(world.ended(asked).await, ends_as(true, HERE), "{generation:?} {asked:?}");
        }
        world.finish().await;
    }
}

#[tokio::test]
async fn a_nodes_offer_that_has_changed_since_it_was_shown_is_not_approved() {
    for generation in GENERATIONS {
        let mut world = World::attending(generation).await;
        let harmless = OfferingNode::new("Cellar", &["camera.snap"]);
        let asked = Asked::node(world.gateway.node_offers(&harmless));
        world.waiting(&[&asked]).await;
        let approve = asked.answer(&world.flow.installation, true);
        let grave = OfferingNode { commands: vec!["system.run".to_owned()], ..harmless };
        let grown = Asked::node(world.gateway.node_offers(&grave));
        assert_eq!(grown.id == asked.id, generation == Generation::Older);
        let refused = world.act(approve).await.unwrap_err();
        assert_eq!(world.decisions(), [], "{generation:?}");
        if generation == Generation::Older {
            assert_eq!((refused.code, refused.is_gone), ("access_changed", false));
            assert_eq!(refused.what, "it has changed since it was shown: look at it again");
            let now = world.flow.installation.access().borrow().clone();
            assert!(offer_of(&now, &grown.id).commands.contains("system.run"), "{now:#?}");
        } else {
            assert!(refused.is_gone, "{refused:?}");
            world.waiting(&[&grown]).await;
            assert_eq!(world.ended(&asked).await, Outcome::Gone);
        }
        world.answer(&grown, true).await.unwrap();
        assert_eq!(world.ended(&grown).await, ends_as(true, HERE));
        world.finish().await;
    }
}

#[tokio::test]
async fn a_node_that_asks_as_a_device_is_let_in_too() {
    for generation in GENERATIONS {
        let mut world = World::attending(generation).await;
        let node = AskingDevice { role: "node".to_owned(), ..AskingDevice::new("Attic") };
        let asked = Asked::device(world.gateway.device_asks(&node.asking_for(&[])));
        world.waiting(&[&asked]).await;
        world.answer(&asked, true).await.unwrap();
        assert_eq!(world.ended(&asked).await, ends_as(true, HERE), "{generation:?}");
        world.finish().await;
    }
}
