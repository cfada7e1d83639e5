//! What an installation knows of requests, as requests that wait.

use bridge::request_key::{approval_key, device_key, node_key, sender_key};
use bridge::{AccessAct, AccessSnapshot, AccessStanding, SendersSnapshot, Snapshot};
use openclaw::pairing::{self, Devices, ForeignList, Introduction};
use openclaw::{Decision, Generation};

use crate::foreign::{missing, number, text, texts};
use crate::scope::{scopes, severity};
use crate::seen::seen;
use crate::{
    Approval, DeviceChange, DeviceRequest, Foreign, NodeRequest, Pending, SenderRequest, Severity,
    Slot, Subject, Verdict,
};

/// Lists what waits for a person at an installation, oldest first. Requests whose age nobody knows
/// come last.
pub fn pending(slot: Slot, snapshot: &Snapshot, access: &AccessSnapshot) -> Vec<Pending> {
    let mut all: Vec<Pending> = snapshot.approvals.iter().map(|it| approval(slot, it)).collect();
    if let Some(devices) = &access.devices {
        all.extend(devices.pending.iter().map(|it| device(slot, it, devices, access)));
    }
    if let Some(nodes) = &access.nodes {
        all.extend(nodes.pending.iter().map(|it| node(slot, it, access)));
    }
    if let SendersSnapshot::Listed(senders) = &access.senders {
        all.extend(senders.pending.iter().map(|it| sender(slot, it, access)));
    }
    all.sort_by_key(|pending| pending.asked_at_ms.unwrap_or(u64::MAX));
    all
}

pub(crate) fn verdict(decision: Decision) -> Verdict {
    match decision {
        Decision::AllowOnce => Verdict::AllowOnce,
        Decision::AllowAlways => Verdict::AllowAlways,
        Decision::Deny => Verdict::Deny,
    }
}

pub(crate) fn program(introduction: &Introduction) -> Option<Foreign> {
    match (text(introduction.client.as_ref()), text(introduction.mode.as_ref())) {
        (Some(client), Some(mode)) => Some(client.and(&mode)),
        (client, mode) => client.or(mode),
    }
}

fn approval(slot: Slot, approval: &bridge::PendingApproval) -> Pending {
    let bridge::PendingApproval { id, title, message, command, binary, cwd, host, .. } =
        approval.clone();
    let bridge::PendingApproval { agent, session_key, warnings, analysis, grant, .. } =
        approval.clone();
    let key = approval_key(&id);
    let subject = Subject::Approval(Approval {
        id,
        title,
        message,
        command,
        binary,
        folder: cwd,
        host,
        agent,
        session: session_key,
        warnings,
        analysis,
        severity: match approval.severity {
            sap::Severity::Low => Severity::Low,
            sap::Severity::Medium => Severity::Medium,
            sap::Severity::High => Severity::High,
            sap::Severity::Critical => Severity::Critical,
        },
        grant,
    });
    Pending {
        key,
        slot,
        asked_at_ms: Some(approval.created_at_ms),
        expires_at_ms: Some(approval.expires_at_ms),
        offers: approval.offers.iter().copied().map(verdict).collect(),
        deciding: approval.deciding.map(verdict),
        seen: seen(&subject),
        subject,
    }
}

fn device(
    slot: Slot,
    request: &pairing::DeviceRequest,
    devices: &Devices,
    access: &AccessSnapshot,
) -> Pending {
    let is_yes = |act: &AccessAct| *act == AccessAct::ApproveDevice(request.id.clone());
    let is_no = |act: &AccessAct| *act == AccessAct::RejectDevice(request.id.clone());
    let change = devices.known(request).map(|known| {
        let change = request.change_of(known);
        let names = [&known.label, &known.introduction.name];
        DeviceChange {
            known_as: names.into_iter().flatten().next().map(Foreign::from),
            new_roles: texts(&change.new_roles),
            new_scopes: scopes(&change.new_scopes),
            revoked_roles: change
                .revoked_roles
                .iter()
                .map(|role| Foreign::whole(role.as_str()))
                .collect(),
            is_introduced_anew: change.is_introduced_anew,
        }
    });
    let subject = Subject::Device(DeviceRequest {
        device: request.device.to_string(),
        name: text(request.introduction.name.as_ref()),
        platform: text(request.introduction.platform.as_ref()),
        program: program(&request.introduction),
        roles: texts(request.roles.kept()),
        scopes: scopes(request.scopes.kept()),
        unlisted: missing(&[&request.roles, &request.scopes]),
        address: text(request.remote_ip.as_ref()),
        origin: text(request.origin.as_ref()),
        change,
        is_own: access.own_device.as_ref() == Some(&request.device),
        severity: severity(&request.roles, &request.scopes),
    });
    Pending {
        key: device_key(&request.id),
        slot,
        asked_at_ms: Some(request.asked_at_ms),
        expires_at_ms: known_older(access).and_then(|older| request.expires_at_ms(older)),
        offers: vec![Verdict::Allow, Verdict::Deny],
        deciding: deciding(access, is_yes, is_no),
        seen: seen(&subject),
        subject,
    }
}

fn node(slot: Slot, request: &pairing::NodeRequest, access: &AccessSnapshot) -> Pending {
    // Of this offer or of an earlier one under the same id: either way an answer is on its way.
    let is_yes =
        |act: &AccessAct| matches!(act, AccessAct::ApproveNode(offer) if offer.id == request.id);
    let is_no = |act: &AccessAct| *act == AccessAct::RejectNode(request.id.clone());
    let subject = Subject::Node(NodeRequest {
        device: request.node.to_string(),
        name: text(request.introduction.name.as_ref()),
        platform: text(request.introduction.platform.as_ref()),
        capabilities: texts(request.capabilities.kept()),
        commands: texts(request.commands.kept()),
        permissions: texts(request.permissions.kept()),
        unlisted: missing(&node_lists(request)),
        address: text(request.remote_ip.as_ref()),
        severity: node_severity(request),
    });
    Pending {
        key: node_key(&request.id),
        slot,
        asked_at_ms: Some(request.asked_at_ms),
        expires_at_ms: known_older(access).and_then(|older| request.expires_at_ms(older)),
        offers: vec![Verdict::Allow, Verdict::Deny],
        deciding: deciding(access, is_yes, is_no),
        seen: seen(&subject),
        subject,
    }
}

fn node_lists(request: &pairing::NodeRequest) -> [&ForeignList; 3] {
    [&request.capabilities, &request.commands, &request.permissions]
}

/// `High` where agents could run programs on a node, where that cannot be ruled out, or where the
/// gateway itself says that it takes administration to approve it.
fn node_severity(request: &pairing::NodeRequest) -> Severity {
    let runs_programs = |command: &str| {
        ["system.", "browser.", "shell", "exec"].iter().any(|begin| command.starts_with(begin))
    };
    let is_grave = missing(&node_lists(request)) > 0
        || request.scopes_to_approve.contains("operator.admin")
        || request.commands.kept().iter().any(|it| it.missing() > 0 || runs_programs(it.as_str()));
    if is_grave { Severity::High } else { Severity::Medium }
}

fn sender(slot: Slot, request: &pairing::SenderRequest, access: &AccessSnapshot) -> Pending {
    let answer = access.doing.iter().find_map(|act| match act {
        AccessAct::ApproveSender { request: doing, .. } if is_same(doing, request) => {
            Some(Verdict::Allow)
        }
        AccessAct::DismissSender(doing) if is_same(doing, request) => Some(Verdict::Deny),
        AccessAct::ApproveSender { .. }
        | AccessAct::DismissSender(_)
        | AccessAct::ApproveDevice(_)
        | AccessAct::RejectDevice(_)
        | AccessAct::ApproveNode(_)
        | AccessAct::RejectNode(_)
        | AccessAct::RenameDevice { .. }
        | AccessAct::RemoveDevice(_)
        | AccessAct::RemoveNode(_)
        | AccessAct::RotateToken { .. }
        | AccessAct::RevokeToken { .. }
        | AccessAct::SetUp(_) => None,
    });
    let subject = Subject::Sender(SenderRequest {
        channel: request.account.channel.clone(),
        channel_name: text(request.account.channel_name.as_ref()),
        account: request.account.account.clone(),
        account_name: text(request.account.account_name.as_ref()),
        sender: Foreign::from(&request.sender),
        details: request.details.iter().map(|(name, it)| (name.into(), it.into())).collect(),
        unlisted: number(request.missing_details),
        last_seen_at_ms: request.last_seen_at_ms,
        can_notify: request.account.can_notify,
    });
    Pending {
        key: sender_key(request),
        slot,
        asked_at_ms: request.asked_at_ms,
        expires_at_ms: request.expires_at_ms,
        offers: vec![Verdict::Allow, Verdict::Deny],
        deciding: answer,
        seen: seen(&subject),
        subject,
    }
}

fn is_same(one: &pairing::SenderRequest, other: &pairing::SenderRequest) -> bool {
    sender_key(one) == sender_key(other)
}

/// The older generation, where the gateway is surely of that: its devices cannot be renamed. The
/// newer one does not tell when it forgets the request of a device or a node.
fn known_older(access: &AccessSnapshot) -> Option<Generation> {
    let is_up = matches!(access.standing, AccessStanding::Up { .. });
    (is_up && !access.can_rename).then_some(Generation::Older)
}

fn deciding(
    access: &AccessSnapshot,
    is_yes: impl Fn(&AccessAct) -> bool,
    is_no: impl Fn(&AccessAct) -> bool,
) -> Option<Verdict> {
    access.doing.iter().find_map(|act| {
        let denied = is_no(act).then_some(Verdict::Deny);
        is_yes(act).then_some(Verdict::Allow).or(denied)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples;

    fn keys(all: &[Pending]) -> Vec<&str> {
        all.iter().map(|it| it.key.as_str()).collect()
    }

    #[test]
    fn everything_that_waits_is_listed_oldest_first() {
        let snapshot =
            samples::snapshot(vec![samples::approval("a1", 10), samples::approval("a2", 25)]);
        let all = pending(Slot(3), &snapshot, &samples::busy());
        assert_eq!(
            keys(&all),
            ["approval:a1", "device:d1", "approval:a2", "node:n1", "sender:telegram:default:s1"]
        );
        assert!(all.iter().all(|it| it.slot == Slot(3) && it.deciding.is_none()));
        assert_eq!(all[0].offers, [Verdict::AllowOnce, Verdict::Deny]);
        assert_eq!(all[1].offers, [Verdict::Allow, Verdict::Deny]);
    }

    #[test]
    fn a_device_that_is_known_asks_for_a_change() {
        let all = pending(Slot(0), &samples::snapshot(Vec::new()), &samples::busy());
        let Subject::Device(device) = &all[0].subject else { panic!("another one: {all:?}") };
        assert_eq!(device.program, Some(Foreign::whole("openclaw-ios ui")));
        assert_eq!(device.severity, Severity::High);
        let change = device.change.as_ref().unwrap();
        assert_eq!(change.known_as, Some(Foreign::whole("My phone")));
        assert_eq!(change.new_scopes[0].name, Foreign::whole("operator.write"));
        assert_eq!(change.revoked_roles, [Foreign::whole("operator")]);
        assert!(change.new_roles.is_empty() && change.is_introduced_anew && !device.is_own);
    }

    #[test]
    fn what_was_answered_here_says_so_until_the_gateway_confirms() {
        let mut access = samples::busy();
        let SendersSnapshot::Listed(senders) = &access.senders else { panic!("none") };
        access.doing = [
            AccessAct::RejectDevice(openclaw::RequestId::new("d1")),
            AccessAct::ApproveNode(Box::new(access.nodes.as_ref().unwrap().pending[0].clone())),
            AccessAct::DismissSender(Box::new(senders.pending[0].clone())),
        ]
        .into();
        let mut approval = samples::approval("a1", 10);
        approval.deciding = Some(Decision::AllowOnce);
        let all = pending(Slot(0), &samples::snapshot(vec![approval]), &access);
        let answers: Vec<_> = all.iter().map(|it| it.deciding.unwrap()).collect();
        let (allow, deny) = (Verdict::Allow, Verdict::Deny);
        assert_eq!(answers, [Verdict::AllowOnce, deny, allow, deny]);
    }

    #[test]
    fn a_nodes_request_ends_by_itself_only_on_the_older_generation() {
        let ends = |access: &AccessSnapshot| {
            let all = pending(Slot(0), &samples::snapshot(Vec::new()), access);
            all.iter().find(|it| it.key == "node:n1").unwrap().expires_at_ms
        };
        let mut access = samples::busy();
        assert_eq!(ends(&access), None);
        access.can_rename = false;
        assert_eq!(ends(&access), Some(300_030));
        access.standing = AccessStanding::Connecting;
        assert_eq!(ends(&access), None);
    }

    #[test]
    fn a_node_on_which_agents_could_run_programs_is_grave() {
        let severity = |request: serde_json::Value| {
            let mut fields = json!({"requestId": "n", "nodeId": "d", "ts": 1});
            fields.as_object_mut().unwrap().extend(request.as_object().unwrap().clone());
            node_severity(&pairing::NodeRequest::parse(&fields).unwrap())
        };
        assert_eq!(severity(json!({"commands": ["camera.snap"]})), Severity::Medium);
        assert_eq!(severity(json!({"commands": ["camera.snap", "system.run"]})), Severity::High);
        assert_eq!(severity(json!({"requiredApproveScopes": ["operator.admin"]})), Severity::High);
        assert_eq!(severity(json!({"commands": vec!["x"; 65]})), Severity::High);
        let granted: serde_json::Map<_, _> =
            (0..65).map(|number| (format!("p{number}"), json!(true))).collect();
        assert_eq!(severity(json!({"permissions": granted})), Severity::High);
        assert_eq!(severity(json!({"permissions": {"camera": true}})), Severity::Medium);
    }
}
