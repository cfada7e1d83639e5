use bridge::{AccessAct, AccessDone, Attention, Notice};
use openclaw::pairing::SetupAccess;
use openclaw::{DeviceId, DeviceRole};
use secrecy::ExposeSecret as _;
use simulator::gateway::{AskingDevice, GatewayOptions, Generation, OfferingNode};
use tokio::time::timeout;

use crate::rig::{Asked, GENERATIONS, SOON, World};

/// A device that has joined with these scopes.
async fn joined(world: &mut World, name: &str, scopes: &[&str]) -> DeviceId {
    let device = AskingDevice::new(name).asking_for(scopes);
    let asked = Asked::device(world.gateway.device_asks(&device));
    world.waiting(&[&asked]).await;
    world.answer(&asked, true).await.unwrap();
    world.ended(&asked).await;
    let id = DeviceId::new(device.id.as_str());
    world.until(|now| now.devices.iter().any(|all| all.paired.iter().any(|it| it.id == id))).await;
    id
}

#[tokio::test]
async fn a_device_is_renamed_renewed_revoked_and_removed() {
    for generation in GENERATIONS {
        let mut world = World::attending(generation).await;
        let id = joined(&mut world, "Kitchen", &["operator.read", "operator.write"]).await;
        let known = |now: &bridge::AccessSnapshot| {
            let mut all = now.devices.as_ref()?.paired.iter();
            all.find(|it| it.id == id).cloned()
        };
        let rename = AccessAct::RenameDevice { device: id.clone(), name: "Küche".to_owned() };
        let renamed = world.act(rename).await;
        match generation {
            Generation::Older => assert!(!renamed.unwrap_err().is_gone),
            Generation::Newer => {
                renamed.unwrap();
                let has_label = |now: &bridge::AccessSnapshot| {
                    known(now).is_some_and(|it| it.label.is_some_and(|it| it.as_str() == "Küche"))
                };
                world.until(has_label).await;
            }
        }
        let role = DeviceRole::new("operator");
        let token = |now: &bridge::AccessSnapshot| known(now)?.token("operator").cloned();
        world.act(AccessAct::RotateToken { device: id.clone(), role: role.clone() }).await.unwrap();
        world.until(|now| token(now).is_some_and(|it| it.rotated_at_ms.is_some())).await;
        world.act(AccessAct::RevokeToken { device: id.clone(), role }).await.unwrap();
        world.until(|now| token(now).is_some_and(|it| it.revoked_at_ms.is_some())).await;
        world.act(AccessAct::RemoveDevice(id.clone())).await.unwrap();
        world.until(|now| now.devices.is_some() && known(now).is_none()).await;
        let gone = world.act(AccessAct::RemoveDevice(id.clone())).await.unwrap_err();
        assert!(gone.is_gone, "{gone:?}");
        world.finish().await;
    }
}

#[tokio::test]
async fn a_node_is_taken_back() {
    for generation in GENERATIONS {
        let mut world = World::attending(generation).await;
        let node = OfferingNode::new("Attic", &[]);
        let asked = Asked::node(world.gateway.node_offers(&node));
        world.waiting(&[&asked]).await;
        world.answer(&asked, true).await.unwrap();
        world.ended(&asked).await;
        let id = DeviceId::new(node.id.as_str());
        let is_there = |now: &bridge::AccessSnapshot| {
            now.nodes.iter().any(|all| all.paired.iter().any(|it| it.id == id))
        };
        world.until(is_there).await;
        world.act(AccessAct::RemoveNode(id.clone())).await.unwrap();
        world.until(|now| !is_there(now)).await;
        world.finish().await;
    }
}

#[tokio::test]
async fn the_bridges_own_device_is_marked_and_nobody_can_lock_it_out() {
    for generation in GENERATIONS {
        let world = World::attending(generation).await;
        let own = world.until(|now| now.own_device.is_some()).await.own_device.unwrap();
        let of_link = world.gateway.connected().into_iter().find_map(|it| it.device_id).unwrap();
        assert_eq!(own.as_str(), of_link);
        let calls = world.gateway.calls().len();
        let role = DeviceRole::new("operator");
        for act in [
            AccessAct::RemoveDevice(own.clone()),
            AccessAct::RotateToken { device: own.clone(), role: role.clone() },
            AccessAct::RevokeToken { device: own.clone(), role: role.clone() },
        ] {
            let refused = world.act(act).await.unwrap_err();
            assert!(!refused.is_gone && !refused.what.is_empty(), "{refused:?}");
        }
        let later = world.gateway.calls().split_off(calls);
        let changes = later.iter().any(|call| {
            ["device.pair.remove", "device.token.rotate", "device.token.revoke"]
                .contains(&call.method.as_str())
        });
        assert!(!changes && world.flow.installation.snapshot().borrow().gateway.is_up());
        world.finish().await;
    }
}

#[tokio::test]
async fn a_phone_joins_with_a_code_that_is_told_to_nobody_else() {
    for is_certain in [true, false] {
        let public_url = Some("wss://gateway.example".to_owned());
        let options = GatewayOptions { public_url, ..GatewayOptions::default() };
        let mut world = World::start(options).await;
        world.attend(Attention::Shown).await;
        world.until(|now| now.can_set_up).await;
        let made = world.act(AccessAct::SetUp(SetupAccess::Limited)).await.unwrap();
        let printed = format!("{made:?}");
        let AccessDone::SetUp(made) = made else { panic!("something else: {made:?}") };
        let code = made.code.expose_secret().to_owned();
        assert!(!printed.contains(&code) && made.picture.is_some() && made.expires_at_ms.is_some());
        let spoof = "Phone\u{202e}\n";
        assert!(world.gateway.use_setup_code(&code, spoof, is_certain));
        let used = loop {
            let notice = timeout(SOON, world.flow.installation.next_notice()).await;
            if let used @ Notice::SetupUsed { .. } = notice.unwrap().unwrap() {
                break used;
            }
        };
        let (id, name) = (made.id.unwrap(), Some(spoof.to_owned()));
        assert_eq!(used, Notice::SetupUsed { id, name, is_certain });
        world.finish().await;
    }
}

#[tokio::test]
async fn why_there_is_no_code_is_said_with_what_to_do() {
    for generation in GENERATIONS {
        let world = World::attending(generation).await;
        let refused = world.act(AccessAct::SetUp(SetupAccess::Full)).await.unwrap_err();
        let said = format!("{} {}", refused.what, refused.remedy.unwrap_or_default());
        let helps = match generation {
            Generation::Older => "openclaw qr",
            Generation::Newer => "gateway.bind",
        };
        assert!(!refused.is_gone && said.contains(helps), "{said}");
        world.finish().await;
    }
}
