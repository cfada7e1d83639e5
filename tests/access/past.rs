use std::fs;
use std::path::Path;

use bridge::{Decider, Outcome, PastRequest, REMEMBERED, RequestKind};
use simulator::gateway::{AskingDevice, AskingSender, Generation, OfferingNode};

use crate::rig::{Asked, GENERATIONS, Kind, World};

/// Something of the form of a credential.
const CREDENTIAL: &str = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB";

fn history(world: &World) -> Vec<PastRequest> {
    world.flow.installation.snapshot().borrow().history.to_vec()
}

#[tokio::test]
async fn the_last_two_hundred_are_remembered_over_a_restart_of_the_program() {
    for generation in GENERATIONS {
        let mut world = World::attending(generation).await;
        let mut ended = Vec::new();
        for n in 0..REMEMBERED + 10 {
            let asked = Kind::Device.asks(&world.gateway, &format!("device {n}"));
            assert!(world.gateway.decide_request_elsewhere(&asked.id, true));
            ended.push(asked.key);
        }
        for key in &ended {
            assert_eq!(&world.next_end().await.key, key);
        }
        world.remembered(ended.last().unwrap()).await;
        let before = history(&world);
        let wanted: Vec<_> = ended.iter().rev().take(REMEMBERED).collect();
        assert_eq!(before.iter().map(|past| &past.key).collect::<Vec<_>>(), wanted);
        world.flow = world.flow.restart().await;
        assert_eq!(history(&world), before, "{generation:?}");
        world.finish().await;
    }
}

#[tokio::test]
async fn every_kind_is_remembered_with_what_it_was_about_and_how_it_ended() {
    let mut world = World::attending(Generation::Newer).await;
    world.flow.cloud.say("ses_past", "run: echo HELLO");
    let approval = world.flow.asked("ses_past").await.approval_id;
    world.flow.cloud.decide(&approval, "approve");
    let past = world.remembered(&format!("approval:{approval}")).await;
    assert_eq!((past.kind, past.what.as_str()), (RequestKind::Approval, "echo HELLO"));
    let by = Some(Decider::Phone);
    assert_eq!(past.outcome, Outcome::Allowed { always: false, by });
    for (kind, is) in [
        (Kind::Device, RequestKind::Device),
        (Kind::Node, RequestKind::Node),
        (Kind::Sender, RequestKind::Sender),
    ] {
        let asked = kind.asks(&world.gateway, "somebody");
        world.waiting(&[&asked]).await;
        world.answer(&asked, false).await.unwrap();
        let outcome = world.ended(&asked).await;
        assert_eq!(outcome, Outcome::Denied { by: Some(Decider::Computer) });
        let past = world.remembered(&asked.key).await;
        assert!(past.kind == is && past.what.contains("somebody"), "{past:?}");
    }
    let before = history(&world);
    assert_eq!(before.len(), 4);
    world.flow = world.flow.restart().await;
    assert_eq!(history(&world), before);
    world.finish().await;
}

#[tokio::test]
async fn no_secret_is_remembered_and_nothing_of_it_can_be_read_on_disk() {
    for generation in GENERATIONS {
        let mut world = World::attending(generation).await;
        let token = world.gateway.token().to_owned();
        let said = format!("marmalade {CREDENTIAL} {token}");
        world.flow.cloud.say("ses_past", &format!("run: true pistachio {CREDENTIAL} {token}"));
        let approval = world.flow.asked("ses_past").await.approval_id;
        world.flow.cloud.decide(&approval, "deny");
        let device = AskingDevice::new(&said).asking_for(&["operator.pairing", &said]);
        let mut asked = vec![
            Asked::device(world.gateway.device_asks(&device)),
            Asked::node(world.gateway.node_offers(&OfferingNode::new(&said, &[&said]))),
        ];
        if generation == Generation::Newer {
            let sender = AskingSender::new(&said, &said);
            asked.push(Asked::sender(&sender, world.gateway.sender_writes(&sender).unwrap()));
        }
        world.waiting(&asked.iter().collect::<Vec<_>>()).await;
        for asked in &asked {
            world.answer(asked, false).await.unwrap();
            let told = world.next_end().await;
            assert_eq!(told.key, asked.key);
            assert_eq!(told, world.remembered(&asked.key).await, "both hide the same");
        }
        let mut keys: Vec<_> = asked.iter().map(|asked| asked.key.clone()).collect();
        keys.push(format!("approval:{approval}"));
        for key in &keys {
            let past = world.remembered(key).await;
            let printed = format!("{past:?}");
            assert!(!printed.contains(CREDENTIAL) && !printed.contains(&token), "{printed}");
            let says = ["marmalade", "pistachio"].iter().any(|word| past.what.contains(word));
            assert!(says, "only the secret is hidden: {printed}");
        }
        let on_disk = all_bytes(world.flow.folder.path());
        for word in [CREDENTIAL, &token, "marmalade", "pistachio"] {
            let is_there = on_disk.windows(word.len()).any(|bytes| bytes == word.as_bytes());
            assert!(!is_there, "{generation:?}: {word} can be read on disk");
        }
        assert!(on_disk.len() > 1_000);
        world.finish().await;
    }
}

fn all_bytes(folder: &Path) -> Vec<u8> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // A file may go at any moment.
    files.flat_map(|path| fs::read(path).unwrap_or_default()).collect()
}
