//! What must hold of encrypted sessions, their keys and the devices that have them.

use std::collections::BTreeSet;

use super::{asked, is_repeated};
use crate::person::{Fate, Message};
use crate::world::World;

/// What the person is told of a message that no key fits.
const DECLINED: &str = "could not be decrypted";
/// What the person is told of a message that came as it is.
const EXPOSED: &str = "without encryption";

/// What may happen in a world with encrypted sessions, in a word each.
pub(crate) const MEETABLE: [&str; 8] =
    ["read", "waited", "given up", "declined", "dropped", "exposed", "older key", "handed on"];

/// What of it happened in a world.
pub(crate) fn met(world: &World) -> BTreeSet<&'static str> {
    let mut met = BTreeSet::new();
    for message in world.person.messages.iter().filter(|message| message.delivered) {
        met.extend(message.is_exposed.then_some("exposed"));
        let Some(number) = message.key else { continue };
        let was_read = asked(&world.gateway, message).next().is_some();
        met.insert(match message.fate {
            Fate::Carried if was_read && message.waited => "waited",
            Fate::Carried => "read",
            Fate::GivenUp => "given up",
            Fate::Declined => "declined",
            Fate::Dropped => "dropped",
        });
        let is_older = number + 1 < world.cloud.secrets.count(&message.session);
        met.extend((is_older && was_read).then_some("older key"));
    }
    let devices = world.cloud.devices.others.values();
    met.extend(devices.filter(|device| !device.has.is_empty()).map(|_| "handed on"));
    met
}

/// Every device has the keys that it is to have, and the cloud knows the computer.
pub(super) fn check(world: &World) -> Vec<String> {
    let mut violations = Vec::new();
    for (id, device) in &world.cloud.devices.others {
        if device.revoked.is_some() || device.is_bridge {
            continue;
        }
        let Some(is_to_have) = &device.is_to_have else {
            violations.push(format!("the bridge never learnt of {id}"));
            continue;
        };
        let missing = is_to_have.difference(&device.has);
        let missing = missing.filter(|(session, _)| !world.cloud.is_gone(session));
        violations
            .extend(missing.map(|(session, key)| format!("{id} lacks key {key} of {session}")));
    }
    if let Some(connected) = world.connected()
        && world.cloud.devices.registered < Some(connected)
    {
        violations.push("the computer is connected and was not registered".into());
    }
    violations
}

/// Says whether it is right that nothing is said about a message, nor done.
pub(super) fn is_silent(world: &World, message: &Message) -> bool {
    let reached_the_agent = asked(&world.gateway, message).next().is_some();
    match message.fate {
        Fate::GivenUp | Fate::Dropped => !reached_the_agent || is_repeated(world, message),
        Fate::Carried | Fate::Declined => false,
    }
}

/// What is wrong with the end of a message that must not or could not be read; none where it was
/// read.
pub(super) fn unread(world: &World, message: &Message, end: &str) -> Option<Option<String>> {
    let reached_the_agent = asked(&world.gateway, message).next().is_some();
    let wrong = |what: &str| Some(Some(format!("{what}: {end:?} for {message:?}")));
    if message.is_exposed {
        return match end.contains(EXPOSED) && !reached_the_agent {
            true => Some(None),
            false => wrong("what came as it is was not refused"),
        };
    }
    if end.contains(EXPOSED) {
        return wrong("what was sealed is refused as if it were not");
    }
    match (message.fate, end.contains(DECLINED)) {
        (Fate::Declined, true) => Some(None),
        (Fate::Carried | Fate::GivenUp | Fate::Dropped, true) => {
            wrong("a message is declined that could be read")
        }
        (Fate::Carried | Fate::GivenUp | Fate::Dropped | Fate::Declined, false) => None,
    }
}
