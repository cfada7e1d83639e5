use bridge::{AccessAct, AccessDone, Decider, Outcome, SendersSnapshot};
use gatewaylab::{Admission, Application, GatewayOptions, LabDevice, LabMessenger, Version};
use openclaw::pairing::{NodeRequest, Notification, SetupAccess};
use openclaw::{DeviceId, DeviceRole, SCOPES};
use serde_json::json;

use super::side::{World, joined, offer, operator, request};

const HERE: Option<Decider> = Some(Decider::Computer);
const ALLOWED_HERE: Outcome = Outcome::Allowed { always: false, by: HERE };
const DENIED_HERE: Outcome = Outcome::Denied { by: HERE };

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_to_use_the_current_gateway_is_seen_and_decided_about() {
    is_seen_and_decided_about(Version::V2026_9_6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_to_use_the_previous_gateway_is_seen_and_decided_about() {
    is_seen_and_decided_about(Version::V2026_5_6).await;
}

async fn is_seen_and_decided_about(version: Version) {
    let mut options = GatewayOptions::new(version);
    if version == Version::V2026_9_6 {
        let url = json!({"publicUrl": "wss://gateway.example:18789"});
        options.extra = json!({"plugins": {"entries": {"device-pair": {"config": url}}}});
    }
    let mut world = World::attending(options).await;
    a_device_that_asks_for_more_than_we_have_is_let_in(&mut world).await;
    a_device_is_turned_down(&mut world).await;
    what_is_decided_elsewhere_is_withdrawn(&mut world).await;
    a_request_that_grows_takes_the_place_of_the_one_before(&mut world).await;
    a_device_is_renamed_renewed_revoked_and_removed(version, &mut world).await;
    our_own_device_is_guarded(&world).await;
    a_node_is_let_in_and_taken_back(&mut world).await;
    a_nodes_offer_that_has_changed_is_not_approved(version, &mut world).await;
    a_code_for_a_phone_is_made_where_the_gateway_offers_it(version, &mut world).await;
    senders_are_told_of_where_the_gateway_does(version, &world).await;
    a_restart_of_the_gateway_ends_nothing(&mut world).await;
    world.finish().await;
}

/// A device that asks and is shown, and the key of its request.
async fn shown(world: &World) -> (LabDevice, openclaw::RequestId, String) {
    let device = LabDevice::new().unwrap();
    let id = world.must_wait(&device, &operator(&SCOPES)).await;
    world.until(|now| request(now, &id).is_some()).await;
    let key = format!("device:{id}");
    (device, id, key)
}

async fn a_device_that_asks_for_more_than_we_have_is_let_in(world: &mut World) {
    let (device, id, key) = shown(world).await;
    world.does(AccessAct::ApproveDevice(id.clone())).await;
    world.ended_as(&key, ALLOWED_HERE).await;
    let now = world.until(|now| joined(now, &device).is_some()).await;
    assert!(request(&now, &id).is_none() && now.doing.is_empty());
    let token = joined(&now, &device).unwrap().token("operator").cloned().unwrap();
    assert!(SCOPES.iter().all(|scope| token.scopes.contains(scope)));
    assert!(world.joins(&device, &operator(&SCOPES)).await.device_token.is_some());
}

async fn a_device_is_turned_down(world: &mut World) {
    let (_, id, key) = shown(world).await;
    world.does(AccessAct::RejectDevice(id.clone())).await;
    world.ended_as(&key, DENIED_HERE).await;
    let again = world.act(AccessAct::ApproveDevice(id)).await.unwrap_err();
    assert!(again.is_gone && again.what.contains("denied at this computer"), "{again:?}");
}

async fn what_is_decided_elsewhere_is_withdrawn(world: &mut World) {
    let elsewhere = world.elsewhere().await;
    let (_, id, key) = shown(world).await;
    elsewhere.approve_device(&id).await.unwrap();
    world.ended_as(&key, Outcome::Allowed { always: false, by: None }).await;
    let late = world.act(AccessAct::RejectDevice(id)).await.unwrap_err();
    assert!(late.is_gone && late.what.contains("allowed elsewhere"), "{late:?}");

    let (_, id, key) = shown(world).await;
    elsewhere.reject_device(&id).await.unwrap();
    world.ended_as(&key, Outcome::Denied { by: None }).await;

    // Both at once: whoever comes second is told.
    let (_, id, key) = shown(world).await;
    let (here, there) = tokio::join!(
        world.act(AccessAct::ApproveDevice(id.clone())),
        elsewhere.approve_device(&id),
    );
    let outcome = match here {
        Ok(_) => {
            assert_eq!(there, Err(openclaw::pairing::PairingError::Gone));
            ALLOWED_HERE
        }
        Err(error) => {
            there.unwrap();
            assert!(error.is_gone, "{error:?}");
            Outcome::Allowed { always: false, by: None }
        }
    };
    world.ended_as(&key, outcome).await;
}

async fn a_request_that_grows_takes_the_place_of_the_one_before(world: &mut World) {
    let device = LabDevice::new().unwrap();
    let first = world.must_wait(&device, &operator(&["operator.read"])).await;
    world.until(|now| request(now, &first).is_some()).await;
    let second = world.must_wait(&device, &operator(&SCOPES)).await;
    world.ended_as(&format!("device:{first}"), Outcome::Gone).await;
    let now = world.until(|now| request(now, &second).is_some()).await;
    assert!(request(&now, &first).is_none());
    world.does(AccessAct::RejectDevice(second)).await;
}

async fn a_device_is_renamed_renewed_revoked_and_removed(version: Version, world: &mut World) {
    let (lab, id, _) = shown(world).await;
    world.does(AccessAct::ApproveDevice(id)).await;
    let (device, role) = (DeviceId::new(lab.id()), DeviceRole::new("operator"));
    let name = "Küche".to_owned();
    let renamed = world.act(AccessAct::RenameDevice { device: device.clone(), name }).await;
    let now = world.until(|now| joined(now, &lab).is_some()).await;
    match version {
        Version::V2026_5_6 => {
            assert_eq!(renamed.unwrap_err().code, "pairing_not_offered");
            assert!(!now.can_rename);
        }
        Version::V2026_9_6 => {
            assert!(matches!(renamed, Ok(AccessDone::Done)) && now.can_rename);
            assert_eq!(joined(&now, &lab).unwrap().label.unwrap().as_str(), "Küche");
        }
    }
    let member = world.joins(&lab, &operator(&SCOPES)).await;
    world.does(AccessAct::RotateToken { device: device.clone(), role: role.clone() }).await;
    assert_eq!(member.closed().await.unwrap(), 4001);
    world.does(AccessAct::RevokeToken { device: device.clone(), role }).await;
    let now = world.until(|now| joined(now, &lab).is_some()).await;
    assert!(joined(&now, &lab).unwrap().token("operator").unwrap().revoked_at_ms.is_some());
    world.does(AccessAct::RemoveDevice(device.clone())).await;
    world.until(|now| joined(now, &lab).is_none()).await;
    assert!(world.act(AccessAct::RemoveDevice(device)).await.unwrap_err().is_gone);
}

async fn our_own_device_is_guarded(world: &World) {
    let now = world.until(|now| now.own_device.is_some()).await;
    let own = now.own_device.unwrap();
    let is_listed = now.devices.unwrap().paired.iter().any(|device| device.id == own);
    assert!(is_listed, "the bridge's own link is a device of the gateway");
    let role = DeviceRole::new("operator");
    for act in [
        AccessAct::RemoveDevice(own.clone()),
        AccessAct::RotateToken { device: own.clone(), role: role.clone() },
        AccessAct::RevokeToken { device: own, role },
    ] {
        assert_eq!(world.act(act).await.unwrap_err().code, "access_own_device");
    }
    assert!(world.flow.installation.snapshot().borrow().gateway.is_up());
}

async fn a_node_is_let_in_and_taken_back(world: &mut World) {
    let commands = vec!["system.run"];
    let wish = Application { is_node: true, from_web_page: false, commands, ..operator(&[]) };
    for allow in [false, true] {
        let node = LabDevice::new().unwrap();
        let member = world.joins(&node, &wish).await;
        let now = world.until(|now| offer(now, &node).is_some_and(is_whole)).await;
        let shown = offer(&now, &node).unwrap();
        let (id, key) = (shown.id.clone(), format!("node:{}", shown.id));
        if allow {
            world.does(AccessAct::ApproveNode(Box::new(shown))).await;
            world.ended_as(&key, ALLOWED_HERE).await;
            let id = DeviceId::new(node.id());
            let is_node = |now: &bridge::AccessSnapshot| {
                now.nodes.as_ref().is_some_and(|it| it.paired.iter().any(|node| node.id == id))
            };
            world.until(is_node).await;
            world.does(AccessAct::RemoveNode(id.clone())).await;
            world.until(|now| !is_node(now)).await;
        } else {
            world.does(AccessAct::RejectNode(id)).await;
            world.ended_as(&key, DENIED_HERE).await;
        }
        drop(member);
    }
}

async fn a_nodes_offer_that_has_changed_is_not_approved(version: Version, world: &mut World) {
    let offering = |command| {
        let commands = vec![command];
        Application { is_node: true, from_web_page: false, commands, ..operator(&[]) }
    };
    let node = LabDevice::new().unwrap();
    drop(world.joins(&node, &offering("system.which")).await);
    let now = world.until(|now| offer(now, &node).is_some_and(is_whole)).await;
    let shown = offer(&now, &node).unwrap();
    let member = world.joins(&node, &offering("system.run")).await;
    let runs = |offer: NodeRequest| offer.commands.contains("system.run") && is_whole(offer);
    let now = world.until(|now| offer(now, &node).is_some_and(runs)).await;
    let grown = offer(&now, &node).unwrap();
    let refused = world.act(AccessAct::ApproveNode(Box::new(shown.clone()))).await.unwrap_err();
    match version {
        Version::V2026_5_6 => {
            assert_eq!((&shown.id, refused.code), (&grown.id, "access_changed"));
        }
        Version::V2026_9_6 => assert!(refused.is_gone && shown.id != grown.id, "{refused:?}"),
    }
    let key = format!("node:{}", grown.id);
    world.does(AccessAct::ApproveNode(Box::new(grown))).await;
    world.ended_as(&key, ALLOWED_HERE).await;
    drop(member);
}

/// The older generation says only in its list what it takes to approve a node.
fn is_whole(offer: NodeRequest) -> bool {
    offer.scopes_to_approve.contains("operator.admin")
}

async fn a_code_for_a_phone_is_made_where_the_gateway_offers_it(
    version: Version,
    world: &mut World,
) {
    let made = world.act(AccessAct::SetUp(SetupAccess::Full)).await;
    match version {
        Version::V2026_5_6 => {
            let error = made.unwrap_err();
            assert!(error.remedy.as_ref().unwrap().contains("`openclaw qr`"), "{error:?}");
        }
        Version::V2026_9_6 => {
            let Ok(AccessDone::SetUp(code)) = made else { panic!("{made:?}") };
            let (phone, gateway) = (LabDevice::new().unwrap(), world.real.gateway.url());
            let admission = phone.join_with_code(&gateway, &code.code, "Pocket").await.unwrap();
            assert!(matches!(admission, Admission::Joined(_)), "{admission:?}");
            assert_eq!(Some(world.setup_used().await), code.id);
            world.until(|now| joined(now, &phone).is_some()).await;
        }
    }
}

async fn senders_are_told_of_where_the_gateway_does(version: Version, world: &World) {
    let now = world.until(|now| now.senders != SendersSnapshot::Unknown).await;
    match (version, now.senders) {
        (Version::V2026_5_6, SendersSnapshot::NotOffered { command }) => {
            assert_eq!(command, "openclaw pairing list");
        }
        (Version::V2026_9_6, SendersSnapshot::Listed(senders)) => {
            assert!(senders.pending.is_empty());
        }
        (version, senders) => panic!("{version:?}: {senders:?}"),
    }
}

async fn a_restart_of_the_gateway_ends_nothing(world: &mut World) {
    let (device, id, key) = shown(world).await;
    world.real.gateway.restart().await.unwrap();
    let is_up =
        |now: &bridge::AccessSnapshot| matches!(now.standing, bridge::AccessStanding::Up { .. });
    world.until(|now| !is_up(now)).await;
    let now = world.until(is_up).await;
    assert!(request(&now, &id).is_some(), "a gateway keeps requests over a restart");
    world.does(AccessAct::ApproveDevice(id)).await;
    world.ended_as(&key, ALLOWED_HERE).await;
    world.until(|now| joined(now, &device).is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_to_the_current_gateway_is_shown_approved_or_dismissed() {
    let messenger = LabMessenger::start().await.unwrap();
    let mut options = GatewayOptions::new(Version::V2026_9_6);
    (options.with_channels, options.extra) = (true, messenger.config());
    let mut world = World::attending(options).await;
    let [alice, bob] = [7_001, 7_002];
    messenger.write(alice, "Ali\u{202e}ce", "hello");
    messenger.write(bob, "Bob", "hello");
    let waiting = |now: &bridge::AccessSnapshot| match &now.senders {
        SendersSnapshot::Listed(senders) => senders.pending.clone(),
        SendersSnapshot::Unknown
        | SendersSnapshot::NotOffered { .. }
        | SendersSnapshot::Failed { .. } => Vec::new(),
    };
    let now = world.until(|now| waiting(now).len() == 2).await;
    let of = |person: u64| {
        let mut pending = waiting(&now).into_iter();
        Box::new(pending.find(|request| request.sender.as_str() == person.to_string()).unwrap())
    };
    let key = |request: &openclaw::pairing::SenderRequest| {
        format!("sender:{}:default:{}", LabMessenger::CHANNEL, request.id)
    };
    let (of_alice, of_bob) = (of(alice), of(bob));
    let approve = AccessAct::ApproveSender { request: of_alice.clone(), notify: true };
    let told = world.act(approve.clone()).await;
    assert!(matches!(told, Ok(AccessDone::Told(Notification::Sent))), "{told:?}");
    let past = world.ended(&key(&of_alice)).await;
    assert_eq!(past.outcome, ALLOWED_HERE);
    assert!(past.what.contains("Ali\u{202e}ce"), "{}", past.what);
    assert!(messenger.sent_to(alice).iter().any(|text| text.contains("approved")));
    assert!(world.act(approve).await.unwrap_err().is_gone);
    world.does(AccessAct::DismissSender(of_bob.clone())).await;
    world.ended_as(&key(&of_bob), DENIED_HERE).await;
    world.until(|now| waiting(now).is_empty()).await;
    world.finish().await;
}
