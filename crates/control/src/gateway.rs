//! What an installation knows of who may use its gateway, as plain values.

use bridge::{AccessAct, AccessSnapshot, AccessStanding, SendersSnapshot};
use openclaw::pairing::{DeviceToken, Nodes, PairedDevice, PairedNode};
use openclaw::{DeviceId, DeviceRole};

use crate::foreign::{missing, number, text, texts};
use crate::requests::program;
use crate::scope::scopes;
use crate::sentence::sentence;
use crate::{
    Access, AccountOfSenders, Device, DeviceAct, NodeOfDevice, Problem, SendersStanding, Slot,
    Standing, Token,
};

/// Says who may use the gateway of an installation. No code for a phone is in it, and nothing of what
/// a person asked for last.
pub fn access(slot: Slot, snapshot: &AccessSnapshot) -> Access {
    let unreadable = snapshot.devices.as_ref().map_or(0, |devices| devices.unreadable)
        + snapshot.nodes.as_ref().map_or(0, |nodes| nodes.unreadable);
    Access {
        slot,
        standing: standing(&snapshot.standing),
        devices: devices(snapshot),
        unreadable: number(unreadable),
        can_rename: snapshot.can_rename,
        can_set_up: snapshot.can_set_up,
        senders: senders(&snapshot.senders),
        setup: None,
        news: None,
    }
}

/// Translates what a person wants done to a device.
pub fn device_act(device: &str, act: &DeviceAct) -> AccessAct {
    let device = DeviceId::new(device);
    match act {
        DeviceAct::Rename { name } => AccessAct::RenameDevice { device, name: name.clone() },
        DeviceAct::Remove => AccessAct::RemoveDevice(device),
        DeviceAct::RemoveNode => AccessAct::RemoveNode(device),
        DeviceAct::Rotate { role } => {
            AccessAct::RotateToken { device, role: DeviceRole::new(role.as_str()) }
        }
        DeviceAct::Revoke { role } => {
            AccessAct::RevokeToken { device, role: DeviceRole::new(role.as_str()) }
        }
    }
}

fn standing(standing: &AccessStanding) -> Standing {
    match standing {
        AccessStanding::Off => Standing::Off,
        AccessStanding::Connecting => Standing::Connecting,
        AccessStanding::Up { .. } => Standing::Up,
        AccessStanding::Down { cause, remedy } => {
            Standing::Down { problem: Problem { what: sentence(cause), remedy: remedy.clone() } }
        }
    }
}

fn devices(snapshot: &AccessSnapshot) -> Option<Vec<Device>> {
    let listed = &snapshot.devices.as_ref()?.paired;
    let none = Nodes::default();
    let nodes = snapshot.nodes.as_deref().unwrap_or(&none);
    let of = |id: &DeviceId| nodes.paired.iter().find(|node| node.id == *id);
    let mut all: Vec<Device> = listed.iter().map(|it| device(it, of(&it.id), snapshot)).collect();
    // A node stays approved after its device was removed.
    let alone = |node: &&PairedNode| !listed.iter().any(|device| device.id == node.id);
    all.extend(nodes.paired.iter().filter(alone).map(|node| lone_node(node, snapshot)));
    let newest = |device: &Device| device.last_seen_at_ms.max(device.approved_at_ms);
    all.sort_by_key(|device| {
        std::cmp::Reverse((device.is_connected == Some(true), newest(device)))
    });
    Some(all)
}

fn device(device: &PairedDevice, node: Option<&PairedNode>, snapshot: &AccessSnapshot) -> Device {
    let node_missing = node.map_or(0, |node| missing(&[&node.capabilities, &node.commands]));
    Device {
        id: device.id.to_string(),
        label: text(device.label.as_ref()),
        name: text(device.introduction.name.as_ref()),
        platform: text(device.introduction.platform.as_ref()),
        program: program(&device.introduction),
        roles: texts(device.roles.kept()),
        scopes: scopes(device.scopes.kept()),
        unlisted: missing(&[&device.roles, &device.scopes]).saturating_add(node_missing),
        address: text(device.remote_ip.as_ref()),
        origin: text(device.origin.as_ref()),
        approved_via: text(device.approved_via.as_ref()),
        approved_at_ms: device.approved_at_ms,
        last_seen_at_ms: device.last_seen_at_ms,
        is_connected: device.is_connected,
        tokens: device.tokens.iter().map(token).collect(),
        node: node.map(node_of_device),
        is_own: is_own(&device.id, snapshot),
        is_changing: is_changing(&device.id, snapshot),
    }
}

fn lone_node(node: &PairedNode, snapshot: &AccessSnapshot) -> Device {
    Device {
        id: node.id.to_string(),
        label: None,
        name: text(node.introduction.name.as_ref()),
        platform: text(node.introduction.platform.as_ref()),
        program: program(&node.introduction),
        roles: Vec::new(),
        scopes: Vec::new(),
        unlisted: missing(&[&node.capabilities, &node.commands]),
        address: None,
        origin: None,
        approved_via: None,
        approved_at_ms: node.approved_at_ms,
        last_seen_at_ms: node.last_seen_at_ms,
        is_connected: None,
        tokens: Vec::new(),
        node: Some(node_of_device(node)),
        is_own: is_own(&node.id, snapshot),
        is_changing: is_changing(&node.id, snapshot),
    }
}

fn node_of_device(node: &PairedNode) -> NodeOfDevice {
    NodeOfDevice {
        capabilities: texts(node.capabilities.kept()),
        commands: texts(node.commands.kept()),
    }
}

fn token(token: &DeviceToken) -> Token {
    Token {
        role: token.role.to_string(),
        scopes: scopes(token.scopes.kept()),
        created_at_ms: token.created_at_ms,
        rotated_at_ms: token.rotated_at_ms,
        revoked_at_ms: token.revoked_at_ms,
        last_used_at_ms: token.last_used_at_ms,
    }
}

fn is_own(id: &DeviceId, snapshot: &AccessSnapshot) -> bool {
    snapshot.own_device.as_ref() == Some(id)
}

fn is_changing(id: &DeviceId, snapshot: &AccessSnapshot) -> bool {
    snapshot.doing.iter().any(|act| match act {
        AccessAct::RenameDevice { device, .. }
        | AccessAct::RemoveDevice(device)
        | AccessAct::RemoveNode(device)
        | AccessAct::RotateToken { device, .. }
        | AccessAct::RevokeToken { device, .. } => device == id,
        AccessAct::ApproveDevice(_)
        | AccessAct::RejectDevice(_)
        | AccessAct::ApproveNode(_)
        | AccessAct::RejectNode(_)
        | AccessAct::ApproveSender { .. }
        | AccessAct::DismissSender(_)
        | AccessAct::SetUp(_) => false,
    })
}

fn senders(senders: &SendersSnapshot) -> SendersStanding {
    match senders {
        SendersSnapshot::Unknown => SendersStanding::Unknown,
        SendersSnapshot::NotOffered { command } => {
            SendersStanding::NotOffered { command: command.clone() }
        }
        SendersSnapshot::Failed { why } => {
            SendersStanding::Failed { problem: Problem { what: sentence(why), remedy: None } }
        }
        SendersSnapshot::Listed(senders) => SendersStanding::Listed {
            accounts: senders
                .accounts
                .iter()
                .map(|account| AccountOfSenders {
                    channel: account.channel.clone(),
                    channel_name: text(account.channel_name.as_ref()),
                    account: account.account.clone(),
                    account_name: text(account.account_name.as_ref()),
                })
                .collect(),
            most_pending: senders.most_pending.map(|most| u32::try_from(most).unwrap_or(u32::MAX)),
            unreadable: number(senders.unreadable),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Foreign, samples};

    #[test]
    fn devices_come_with_what_agents_may_run_on_them_connected_and_newest_first() {
        let access = access(Slot(1), &samples::busy());
        let devices = access.devices.unwrap();
        let ids: Vec<_> = devices.iter().map(|device| device.id.as_str()).collect();
        assert_eq!(ids, ["phone", "new", "own", "gone"]);
        assert_eq!(devices[0].node.as_ref().unwrap().commands, [Foreign::whole("camera.snap")]);
        assert_eq!(devices[0].tokens[0].revoked_at_ms, Some(3));
        assert!(devices[2].is_own && !devices[0].is_own);
        assert_eq!(devices[3].node.as_ref().unwrap().capabilities, [Foreign::whole("x")]);
    }

    #[test]
    fn what_is_done_to_a_device_shows_until_the_gateway_confirms() {
        let mut snapshot = samples::busy();
        let act = device_act("new", &DeviceAct::Rotate { role: "operator".to_owned() });
        snapshot.doing = [act].into();
        let devices = access(Slot(1), &snapshot).devices.unwrap();
        let changing: Vec<_> = devices.iter().filter(|device| device.is_changing).collect();
        assert_eq!(changing.len(), 1);
        assert_eq!(changing[0].id, "new");
    }

    #[test]
    fn a_gateway_that_cannot_be_asked_says_why_in_sentences() {
        let snapshot = AccessSnapshot {
            standing: AccessStanding::Down { cause: "it refuses".to_owned(), remedy: None },
            senders: SendersSnapshot::NotOffered { command: "openclaw pairing list".to_owned() },
            ..AccessSnapshot::default()
        };
        let access = access(Slot(1), &snapshot);
        let Standing::Down { problem } = access.standing else { panic!("it is not down") };
        assert_eq!(problem.what, "It refuses.");
        assert_eq!(access.devices, None);
        assert!(matches!(access.senders, SendersStanding::NotOffered { .. }));
    }
}
