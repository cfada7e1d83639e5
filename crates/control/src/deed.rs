//! What a person's wish comes down to at an installation, and why it may not be possible.

use bridge::request_key::{approval_key, device_key, node_key, sender_key};
use bridge::{AccessAct, AccessSnapshot, SendersSnapshot, Snapshot};
use openclaw::{Decision, DeviceId};

use crate::gateway::device_act;
use crate::requests::pending;
use crate::{DeviceAct, Refusal, Slot, Verdict};

/// Longest name of a device, in characters.
const LONGEST_NAME: usize = 64;

/// Something to do at an installation.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// For [`bridge::Installation::decide`].
    Decide {
        /// Id of the approval.
        approval: String,
        /// The decision.
        decision: Decision,
    },
    /// For [`bridge::Installation::act`].
    Act(AccessAct),
}

/// Why a wish comes down to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecidable {
    /// No request of this key waits at this installation.
    #[error("no such request waits here")]
    NoSuchRequest,
    /// What a person judges of it is another than what they were shown.
    #[error("it has changed since it was shown: look at it again")]
    Changed,
    /// The gateway does not take this answer to this request.
    #[error("this answer is not offered for this request")]
    NotOffered,
    /// An answer was given here already, and the gateway has not confirmed it.
    #[error("this request is being decided already")]
    Underway,
    /// This gateway does not know such a device.
    #[error("the gateway knows no such device")]
    NoSuchDevice,
    /// The device has no token for this role.
    #[error("the device has no token for this role")]
    NoSuchToken,
    /// Agents may not run anything on this device.
    #[error("agents may not run anything on this device as it is")]
    NoSuchNode,
    /// Whatever is done to this program's own device, is done to this program.
    #[error("this is the device of this program itself")]
    OwnDevice,
    /// A name is empty, too long, or has characters that are not seen.
    #[error("a device's name has 1 to 64 characters, all of them visible")]
    NoName,
    /// This version of the gateway cannot rename devices.
    #[error("this version of OpenClaw cannot rename devices")]
    NoRenaming,
}

/// Translates an answer to the request of this key; `seen` is the digest of what the person was shown
/// of it, where they were shown anything.
///
/// # Errors
/// When no such request waits at this installation, it is being decided, it has changed since it was
/// shown, or the answer is not offered.
pub fn deed(
    key: &str,
    verdict: Verdict,
    notify: bool,
    seen: Option<&str>,
    snapshot: &Snapshot,
    access: &AccessSnapshot,
) -> Result<Deed, Undecidable> {
    let all = pending(Slot::default(), snapshot, access);
    let request = all.iter().find(|it| it.key == key).ok_or(Undecidable::NoSuchRequest)?;
    if request.deciding.is_some() {
        return Err(Undecidable::Underway);
    }
    if seen.is_some_and(|seen| seen != request.seen) {
        return Err(Undecidable::Changed);
    }
    if !request.offers.contains(&verdict) {
        return Err(Undecidable::NotOffered);
    }
    let approval = snapshot.approvals.iter().find(|it| approval_key(&it.id) == key);
    if let (Some(approval), Some(decision)) = (approval, decision(verdict)) {
        return Ok(Deed::Decide { approval: approval.id.clone(), decision });
    }
    act(key, verdict != Verdict::Deny, notify, access).map(Deed::Act)
}

/// Translates what a person wants done to a device of this gateway.
///
/// # Errors
/// When the gateway does not know it, it has no such token, the name is none, or it is this
/// program's own device and would lose something.
pub fn device_deed(
    device: &str,
    act: &DeviceAct,
    access: &AccessSnapshot,
) -> Result<AccessAct, Undecidable> {
    let id = DeviceId::new(device);
    let devices = access.devices.iter().flat_map(|devices| &devices.paired);
    let known = devices.into_iter().find(|known| known.id == id);
    let is_node = access.nodes.iter().flat_map(|nodes| &nodes.paired).any(|node| node.id == id);
    if known.is_none() && !is_node {
        return Err(Undecidable::NoSuchDevice);
    }
    let is_own = access.own_device.as_ref() == Some(&id);
    match act {
        DeviceAct::Rename { name } => {
            if !access.can_rename {
                return Err(Undecidable::NoRenaming);
            }
            let is_name = (1..=LONGEST_NAME).contains(&name.trim().chars().count())
                && crate::visible(name) == *name;
            if !is_name {
                return Err(Undecidable::NoName);
            }
        }
        DeviceAct::Remove | DeviceAct::Rotate { .. } | DeviceAct::Revoke { .. } if is_own => {
            return Err(Undecidable::OwnDevice);
        }
        DeviceAct::RemoveNode if !is_node => return Err(Undecidable::NoSuchNode),
        DeviceAct::Rotate { role } | DeviceAct::Revoke { role } => {
            known.and_then(|it| it.token(role)).ok_or(Undecidable::NoSuchToken)?;
        }
        DeviceAct::Remove | DeviceAct::RemoveNode => {}
    }
    Ok(device_act(device, act))
}

fn decision(verdict: Verdict) -> Option<Decision> {
    match verdict {
        Verdict::AllowOnce => Some(Decision::AllowOnce),
        Verdict::AllowAlways => Some(Decision::AllowAlways),
        Verdict::Deny => Some(Decision::Deny),
        Verdict::Allow => None,
    }
}

fn act(
    key: &str,
    allow: bool,
    notify: bool,
    access: &AccessSnapshot,
) -> Result<AccessAct, Undecidable> {
    let mut devices = access.devices.iter().flat_map(|devices| &devices.pending);
    if let Some(device) = devices.find(|it| device_key(&it.id) == key) {
        let id = device.id.clone();
        return Ok(if allow { AccessAct::ApproveDevice(id) } else { AccessAct::RejectDevice(id) });
    }
    let mut nodes = access.nodes.iter().flat_map(|nodes| &nodes.pending);
    if let Some(node) = nodes.find(|it| node_key(&it.id) == key) {
        let id = node.id.clone();
        let shown = || AccessAct::ApproveNode(Box::new(node.clone()));
        return Ok(if allow { shown() } else { AccessAct::RejectNode(id) });
    }
    let senders = match &access.senders {
        SendersSnapshot::Listed(senders) => senders.pending.as_slice(),
        SendersSnapshot::Unknown
        | SendersSnapshot::NotOffered { .. }
        | SendersSnapshot::Failed { .. } => &[],
    };
    let sender = senders.iter().find(|it| sender_key(it) == key);
    let request = Box::new(sender.ok_or(Undecidable::NoSuchRequest)?.clone());
    Ok(if allow {
        AccessAct::ApproveSender { notify: notify && request.account.can_notify, request }
    } else {
        AccessAct::DismissSender(request)
    })
}

impl From<Undecidable> for Refusal {
    fn from(why: Undecidable) -> Self {
        let (code, remedy) = match why {
            Undecidable::NoSuchRequest => (
                "no_such_request",
                "It may have been decided elsewhere, or be over: look at what waits now.",
            ),
            // The sentence says what to do.
            Undecidable::Changed => return Self::new("changed", &why.to_string(), None),
            Undecidable::NotOffered => {
                ("not_offered", "Look at the request: it says which answers it takes.")
            }
            Undecidable::Underway => ("underway", "Wait until the gateway has confirmed it."),
            Undecidable::NoSuchDevice => {
                ("no_such_device", "It may have been removed: look at the devices now.")
            }
            Undecidable::NoSuchToken => {
                ("no_such_token", "Look at the device: it says which roles it has tokens for.")
            }
            Undecidable::NoSuchNode => ("no_such_node", "There is nothing to take back."),
            Undecidable::OwnDevice => (
                "own_device",
                "To cut this computer off, unpair it; to remove the device all the same, use \
                 `openclaw devices`.",
            ),
            Undecidable::NoName => ("no_name", "Choose another name."),
            Undecidable::NoRenaming => ("no_renaming", "Update OpenClaw, then try again."),
        };
        Self::new(code, &why.to_string(), Some(remedy))
    }
}

#[cfg(test)]
mod tests {
    use openclaw::RequestId;
    use openclaw::pairing::Nodes;

    use super::*;
    use crate::samples;

    const SENDER: &str = "sender:telegram:default:s1";

    fn at(key: &str, verdict: Verdict) -> Result<Deed, Undecidable> {
        let snapshot = samples::snapshot(vec![samples::approval("a1", 10)]);
        deed(key, verdict, true, None, &snapshot, &samples::busy())
    }

    #[test]
    fn every_kind_of_request_is_answered_in_its_own_way() {
        let decide = Deed::Decide { approval: "a1".to_owned(), decision: Decision::AllowOnce };
        assert_eq!(at("approval:a1", Verdict::AllowOnce), Ok(decide));
        let approve = AccessAct::ApproveDevice(RequestId::new("d1"));
        assert_eq!(at("device:d1", Verdict::Allow), Ok(Deed::Act(approve)));
        let reject = AccessAct::RejectNode(RequestId::new("n1"));
        assert_eq!(at("node:n1", Verdict::Deny), Ok(Deed::Act(reject)));
        let allowed = at(SENDER, Verdict::Allow).unwrap();
        assert!(matches!(allowed, Deed::Act(AccessAct::ApproveSender { notify: true, .. })));
        let dropped = at(SENDER, Verdict::Deny).unwrap();
        assert!(matches!(dropped, Deed::Act(AccessAct::DismissSender(_))));
    }

    #[test]
    fn an_answer_that_is_not_offered_is_none() {
        for (key, verdict) in [
            ("approval:a1", Verdict::AllowAlways),
            ("approval:a1", Verdict::Allow),
            ("device:d1", Verdict::AllowOnce),
            (SENDER, Verdict::AllowAlways),
        ] {
            assert_eq!(at(key, verdict), Err(Undecidable::NotOffered), "{key}");
        }
    }

    #[test]
    fn only_the_whole_key_of_a_request_that_waits_names_it() {
        for key in ["", "approval:", "approval:a2", "device:n1", "d1", "sender:telegram:other:s1"] {
            assert_eq!(at(key, Verdict::Deny), Err(Undecidable::NoSuchRequest), "{key}");
        }
    }

    #[test]
    fn what_is_being_decided_is_not_decided_again() {
        let mut access = samples::busy();
        access.doing = [AccessAct::ApproveDevice(RequestId::new("d1"))].into();
        let snapshot = samples::snapshot(Vec::new());
        let again = deed("device:d1", Verdict::Deny, false, None, &snapshot, &access);
        assert_eq!(again, Err(Undecidable::Underway));
    }

    #[test]
    fn what_has_changed_since_it_was_shown_is_not_decided() {
        let snapshot = samples::snapshot(vec![samples::approval("a1", 10)]);
        let (before, mut access) = (samples::busy(), samples::busy());
        let all = pending(Slot(0), &snapshot, &before);
        let mut nodes = Nodes::clone(access.nodes.as_deref().unwrap());
        let mut offer = samples::busy().nodes.as_deref().unwrap().pending[0].clone();
        offer.commands = offer.capabilities.clone();
        nodes.pending = vec![offer];
        access.nodes = Some(nodes.into());
        for request in &all {
            let decide = |verdict, access| {
                deed(&request.key, verdict, false, Some(&request.seen), &snapshot, access)
            };
            for verdict in &request.offers {
                let refused = (request.key == "node:n1").then_some(Undecidable::Changed);
                assert_eq!(decide(*verdict, &access).err(), refused, "{}", request.key);
                decide(*verdict, &before).unwrap();
            }
        }
        let refusal = Refusal::from(Undecidable::Changed);
        assert_eq!(refusal.code, "changed");
        assert_eq!(refusal.what, "It has changed since it was shown: look at it again.");
    }

    #[test]
    fn this_programs_own_device_can_be_renamed_and_loses_nothing() {
        let role = || "operator".to_owned();
        let access = samples::busy();
        for act in [
            DeviceAct::Remove,
            DeviceAct::Rotate { role: role() },
            DeviceAct::Revoke { role: role() },
        ] {
            assert_eq!(device_deed("own", &act, &access), Err(Undecidable::OwnDevice));
        }
        device_deed("own", &DeviceAct::Rename { name: "Desk".to_owned() }, &access).unwrap();
    }

    #[test]
    fn what_a_device_does_not_have_cannot_be_taken_from_it() {
        let access = samples::busy();
        let at = |device, act| device_deed(device, &act, &access);
        let rotate = |role: &str| DeviceAct::Rotate { role: role.to_owned() };
        assert_eq!(at("nobody", DeviceAct::Remove), Err(Undecidable::NoSuchDevice));
        assert_eq!(at("phone", rotate("node")), Err(Undecidable::NoSuchToken));
        assert_eq!(at("new", DeviceAct::RemoveNode), Err(Undecidable::NoSuchNode));
        assert!(at("phone", rotate("operator")).is_ok());
        assert!(at("gone", DeviceAct::RemoveNode).is_ok());
    }

    #[test]
    fn a_name_that_hides_something_is_none() {
        let access = samples::busy();
        let rename = |name: &str| {
            device_deed("phone", &DeviceAct::Rename { name: name.to_owned() }, &access)
        };
        for name in ["", "  ", "a\u{202e}b", "two\nlines", &"x".repeat(65)] {
            assert_eq!(rename(name), Err(Undecidable::NoName), "{name:?}");
        }
        assert!(rename("Ada's iPad").is_ok());
    }
}
