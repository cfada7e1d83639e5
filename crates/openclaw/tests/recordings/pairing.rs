//! Devices, nodes and senders that ask.

use openclaw::Generation;
use openclaw::pairing::{
    Devices, NodeRequest, Nodes, PairingEvent, Senders, SetupCode, Subject, Verdict,
};
use openclaw::recording::Recorded;

use super::*;

fn pairing_events(lines: &[Recorded]) -> Vec<PairingEvent> {
    let event = |line: &Recorded| match line.event() {
        Some(Event::Pairing(event)) => Some(*event),
        _ => None,
    };
    lines.iter().filter_map(event).collect()
}

fn device_lists(lines: &[Recorded]) -> Vec<Devices> {
    let lists = answers(lines, "device.pair.list").into_iter();
    lists.filter(|answer| !answer.is_null()).map(|answer| Devices::parse(answer).unwrap()).collect()
}

fn node_request(lines: &[Recorded]) -> NodeRequest {
    let request = |event| match event {
        PairingEvent::NodeRequested(request) => Some(request),
        _ => None,
    };
    pairing_events(lines).into_iter().find_map(request).unwrap()
}

#[test]
fn a_device_that_asks_is_told_of_as_it_is_listed() {
    for version in [OLDER, NEWER] {
        let lines = recording(version, "pair_pending_pairing");
        let events = pairing_events(&lines);
        let listed = device_lists(&lines).remove(0);
        assert_eq!(listed.unreadable, 0);
        let request = &listed.pending[0];
        assert!(events.contains(&PairingEvent::DeviceRequested(request.clone())), "{version}");
        assert_eq!(request.introduction.name.as_ref().unwrap().as_str(), "Lab Desktop");
        assert!(request.roles.contains("operator") && request.scopes.contains("operator.write"));
        assert_eq!(request.may_expire_at_ms() - request.asked_at_ms, 300_000);
        assert!(!request.is_repair && listed.known(request).is_none());

        let approved = PairingEvent::Resolved {
            subject: Subject::Device,
            request: Some(request.id.clone()),
            device: request.device.clone(),
            verdict: Verdict::Approved,
        };
        assert!(events.contains(&approved), "{version}");
        let rejected = |event: &&PairingEvent| {
            matches!(event, PairingEvent::Resolved { verdict: Verdict::Rejected, .. })
        };
        assert!(events.iter().find(rejected).is_some(), "{version}");
    }
}

#[test]
fn a_renamed_device_is_told_of_by_the_newer_generation_alone() {
    for (version, told) in [(OLDER, false), (NEWER, true)] {
        let events = pairing_events(&recording(version, "pair_pending_pairing"));
        assert_eq!(events.contains(&PairingEvent::Changed), told, "{version}");
    }
}

#[test]
fn a_device_that_asks_for_more_is_compared_with_what_it_has() {
    let lists = device_lists(&recording(OLDER, "pair_scope_upgrade"));
    let (list, request) = lists
        .iter()
        .find_map(|list| Some((list, list.pending.iter().find(|request| request.is_repair)?)))
        .unwrap();
    let known = list.known(request).unwrap();
    let change = request.change_of(known);
    let new: Vec<_> = change.new_scopes.iter().map(|scope| scope.as_str()).collect();
    assert_eq!(new, ["operator.pairing"]);
    assert!(change.new_roles.is_empty() && change.revoked_roles.is_empty());
    let token = known.token("operator").unwrap();
    assert!(token.scopes.contains("operator.approvals") && token.revoked_at_ms.is_none());
}

#[test]
fn the_newer_generation_says_more_of_its_devices() {
    let lists = device_lists(&recording(NEWER, "pair_node_role"));
    let devices = &lists[0].paired;
    assert!(devices.iter().all(|device| device.is_connected.is_some()));
    assert!(devices.iter().any(|device| device.last_seen_at_ms.is_some()));
    let silent = |device: &&openclaw::pairing::PairedDevice| {
        device.approved_via.as_ref().is_some_and(|via| via.as_str() == "silent")
    };
    assert!(devices.iter().any(|device| silent(&device)));
}

#[test]
fn a_node_that_offers_to_run_commands_takes_an_administrator() {
    for version in [OLDER, NEWER] {
        let lines = recording(version, "pair_node_role");
        let listed = Nodes::parse(answers(&lines, "node.pair.list")[0]).unwrap();
        let request = &listed.pending[0];
        assert!(request.commands.contains("system.run"));
        assert!(request.scopes_to_approve.contains("operator.admin"), "{version}");
        let told = node_request(&lines);
        assert_eq!((&told.id, &told.node), (&request.id, &request.node));
        assert_eq!(told.commands, request.commands);

        let approved = PairingEvent::Resolved {
            subject: Subject::Node,
            request: Some(request.id.clone()),
            device: request.node.clone(),
            verdict: Verdict::Approved,
        };
        assert!(pairing_events(&lines).contains(&approved), "{version}");
    }
    let older = node_request(&recording(OLDER, "pair_node_role"));
    assert!(older.scopes_to_approve.is_empty(), "its event does not say");
    let lifetime = older.expires_at_ms(Generation::Older).map(|end| end - older.asked_at_ms);
    assert_eq!(lifetime, Some(300_000));
    let newer = node_request(&recording(NEWER, "pair_node_role"));
    assert!(newer.permissions.contains("camera.capture"));
}

#[test]
fn unknown_senders_are_listed_with_what_the_messenger_tells_of_them() {
    let lines = recording(NEWER, "pair_dm_telegram");
    let lists: Vec<_> = answers(&lines, "channels.pairing.list")
        .into_iter()
        .filter_map(Senders::parse)
        .filter(|senders| !senders.pending.is_empty())
        .collect();
    let senders = &lists[0];
    assert_eq!((senders.pending.len(), senders.most_pending), (3, Some(3)));
    assert_eq!((senders.unreadable, senders.is_owner_configured), (0, false));
    let alice = &senders.pending[0];
    assert_eq!((alice.account.channel.as_str(), alice.account.can_notify), ("telegram", true));
    assert_eq!(alice.sender.as_str(), "7001");
    assert_eq!(alice.sender_kind.as_ref().unwrap().as_str(), "telegramUserId");
    let details: Vec<_> =
        alice.details.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert!(details.contains(&("username", "alice")), "{details:?}");
    assert_eq!(alice.expires_at_ms.unwrap() - alice.asked_at_ms.unwrap(), 3_600_000);
}

#[test]
fn a_setup_code_comes_with_its_picture_and_its_end() {
    let lines = recording(NEWER, "pair_setup_code");
    let answers = answers(&lines, "device.pair.setupCode");
    let codes: Vec<_> = answers.into_iter().filter_map(SetupCode::parse).collect();
    assert_eq!(codes.len(), 1, "the other call was refused");
    assert!(codes[0].picture.is_some() && codes[0].expires_at_ms.is_some());
    assert_eq!(codes[0].access.as_ref().unwrap().as_str(), "full");
}
