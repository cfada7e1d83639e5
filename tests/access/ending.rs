use std::time::Duration;

use bridge::{AccessStanding, Attention, Decider, Outcome};
use simulator::gateway::{AskingDevice, Generation};

use crate::rig::{Asked, GENERATIONS, Kind, World, is_listed, is_up, keys};

/// How long a device, and a sender, is waited for.
const DEVICE_WAITS: Duration = Duration::from_secs(300);
const SENDER_WAITS: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn what_nobody_answers_expires_and_is_withdrawn() {
    for generation in GENERATIONS {
        for kind in Kind::of(generation) {
            let lives = match (kind, generation) {
                (Kind::Node, Generation::Newer) => continue,
                (Kind::Device | Kind::Node, _) => DEVICE_WAITS,
                (Kind::Sender, _) => SENDER_WAITS,
            };
            let mut world = World::attending(generation).await;
            let waited = lives - Duration::from_secs(6);
            let asked = kind.asks_since(&world.gateway, "Kitchen", waited);
            world.waiting(&[&asked]).await;
            assert_eq!(world.ended(&asked).await, Outcome::Expired, "{generation:?} {kind:?}");
            assert_eq!(world.decisions(), []);
            world.finish().await;
        }
    }
}

#[tokio::test]
async fn what_the_gateway_forgets_without_a_word_is_withdrawn() {
    for generation in GENERATIONS {
        for kind in Kind::of(generation) {
            let mut world = World::attending(generation).await;
            let asked = kind.asks(&world.gateway, "Kitchen");
            world.waiting(&[&asked]).await;
            assert!(world.gateway.forget_request(&asked.id));
            // An answer shows it at once; otherwise the next look would.
            let late = world.answer(&asked, true).await.unwrap_err();
            assert!(late.is_gone, "{generation:?} {kind:?}: {late:?}");
            let outcome = world.ended(&asked).await;
            assert!(matches!(outcome, Outcome::Gone | Outcome::Decided), "{outcome:?}");
            world.finish().await;
        }
    }
}

#[tokio::test]
async fn a_request_that_grows_takes_the_place_of_the_one_before() {
    for generation in GENERATIONS {
        let mut world = World::attending(generation).await;
        let device = AskingDevice::new("Kitchen").asking_for(&["operator.read"]);
        let first = Asked::device(world.gateway.device_asks(&device));
        world.waiting(&[&first]).await;
        let device = device.asking_for(&["operator.read", "operator.admin"]);
        let second = Asked::device(world.gateway.device_asks(&device));
        world.waiting(&[&second]).await;
        let outcome = world.ended(&first).await;
        assert_eq!(outcome, Outcome::Gone, "{generation:?}: nobody turned it down");
        let gone = world.answer(&first, true).await.unwrap_err();
        assert!(gone.is_gone, "{generation:?}: {gone:?}");
        world.answer(&second, true).await.unwrap();
        world.ended(&second).await;
        world.finish().await;
    }
}

#[tokio::test]
async fn a_restart_of_the_gateway_ends_nothing_and_what_happened_meanwhile_is_told() {
    for generation in GENERATIONS {
        for kind in Kind::of(generation) {
            let mut world = World::attending(generation).await;
            let stays = kind.asks(&world.gateway, "stays");
            let goes = kind.asks(&world.gateway, "goes");
            world.waiting(&[&stays, &goes]).await;
            world.gateway.restart(true);
            assert!(world.gateway.decide_request_elsewhere(&goes.id, true));
            let comes = kind.asks(&world.gateway, "comes");
            world.until(|now| !is_up(now)).await;
            world.waiting(&[&stays, &comes]).await;
            world.until(is_listed).await;
            let outcome = world.ended(&goes).await;
            assert!(matches!(outcome, Outcome::Gone | Outcome::Decided), "{outcome:?}");
            world.answer(&stays, true).await.unwrap();
            world.ended(&stays).await;
            world.answer(&comes, false).await.unwrap();
            world.ended(&comes).await;
            world.finish().await;
        }
    }
}

#[tokio::test]
async fn an_answer_that_a_restart_swallowed_is_not_told_as_given() {
    for generation in GENERATIONS {
        let mut world = World::attending(generation).await;
        let asked = Kind::Device.asks(&world.gateway, "Kitchen");
        world.waiting(&[&asked]).await;
        world.gateway.hold_answers();
        let answer =
            tokio::spawn(world.flow.installation.act(asked.answer(&world.flow.installation, true)));
        let applied = |gateway: &simulator::gateway::Gateway| {
            (!gateway.access_decisions().is_empty()).then_some(())
        };
        world.gateway.wait_for(crate::rig::SOON, applied).await.unwrap();
        world.gateway.restart(true);
        world.gateway.release_answers();
        let outcome = world.ended(&asked).await;
        // It was applied, though nobody said so.
        let told = matches!(outcome, Outcome::Allowed { .. } | Outcome::Gone | Outcome::Decided);
        assert!(told, "{outcome:?}");
        drop(answer.await.unwrap());
        world.until(|now| now.doing.is_empty()).await;
        assert_eq!(world.decisions(), [(asked.id, true)]);
        world.finish().await;
    }
}

#[tokio::test]
async fn a_gateway_that_falls_silent_is_not_called_connected() {
    let world = World::attending(Generation::Newer).await;
    let asked = Kind::Device.asks(&world.gateway, "Kitchen");
    world.waiting(&[&asked]).await;
    world.gateway.stop_answering();
    world.gateway.drop_connections();
    world.until(|now| !is_up(now)).await;
    world.gateway.answer_again();
    world.until(is_listed).await;
    world.waiting(&[&asked]).await;
    world.finish().await;
}

#[tokio::test]
async fn nobody_who_attends_leaves_nothing_behind_and_ends_nothing() {
    for generation in GENERATIONS {
        let world = World::attending(generation).await;
        let asked = Kind::Device.asks(&world.gateway, "Kitchen");
        world.waiting(&[&asked]).await;
        world.flow.installation.attend(Attention::Off);
        let now = world.until(|now| now.standing == AccessStanding::Off).await;
        assert!(keys(&now).is_empty() && now.devices.is_none(), "{now:#?}");
        world.attend(Attention::Background).await;
        world.waiting(&[&asked]).await;
        world.finish().await;
    }
}

#[tokio::test]
async fn what_is_being_done_when_everybody_looks_away_is_done_and_told() {
    for generation in GENERATIONS {
        let mut world = World::attending(generation).await;
        let asked = Kind::Device.asks(&world.gateway, "Kitchen");
        world.waiting(&[&asked]).await;
        world.gateway.hold_answers();
        let installation = &world.flow.installation;
        let answer = tokio::spawn(installation.act(asked.answer(installation, true)));
        world.until(|now| !now.doing.is_empty()).await;
        installation.attend(Attention::Off);
        // Longer than the connection stays for nothing.
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert!(is_up(&installation.access().borrow()), "{generation:?}");
        world.gateway.release_answers();
        answer.await.unwrap().unwrap();
        let here = Some(Decider::Computer);
        assert_eq!(world.ended(&asked).await, Outcome::Allowed { always: false, by: here });
        world.until(|now| now.standing == AccessStanding::Off).await;
        world.finish().await;
    }
}

#[tokio::test]
async fn a_device_that_keeps_asking_the_newer_gateway_does_not_expire() {
    let mut world = World::attending(Generation::Newer).await;
    let device = AskingDevice::new("Kitchen").asking_for(&["operator.pairing"]);
    let waited = DEVICE_WAITS - Duration::from_secs(2);
    let first = AskingDevice { waited, ..device.clone() };
    let asked = Asked::device(world.gateway.device_asks(&first));
    world.waiting(&[&asked]).await;
    assert_eq!(world.gateway.device_asks(&device), asked.id);
    tokio::time::sleep(Duration::from_secs(4)).await;
    world.gateway.restart(true);
    world.until(|now| !is_up(now)).await;
    world.until(is_listed).await;
    world.waiting(&[&asked]).await;
    world.answer(&asked, true).await.unwrap();
    world.ended(&asked).await;
    world.finish().await;
}
