//! How the installations stand, in words.

use super::{Item, glance, names};
use crate::request::Request;
use crate::text::{shorten_middle, visible};
use crate::view::{Identity, Installation, Link, Paired, Problem, Seat, View};

/// Longest line of words of others, in characters.
const LONGEST: usize = 90;

/// Says how each installation stands, a group each, under its name where there are several.
pub(super) fn groups(view: &View, now_ms: u64) -> Vec<Vec<Item>> {
    let can_try = view.installations.iter().any(|seat| can_be_tried(&seat.standing));
    let again =
        can_try.then(|| Item::Action { label: "Try again".into(), request: Request::RetryNow });
    match view.installations.as_slice() {
        [only] => {
            let mut lines = lines(&only.standing, true, now_ms);
            lines.extend(identity(&only.standing).map(|identity| said(&identity.name)));
            lines.extend(again);
            vec![lines]
        }
        several => {
            let group = |seat: &Seat| {
                let lines = lines(&seat.standing, false, now_ms);
                std::iter::once(text(names::name(view, seat))).chain(lines).collect()
            };
            several.iter().map(group).chain(again.map(|again| vec![again])).collect()
        }
    }
}

/// Writes the time that is left, in seconds or, when it is long, in minutes; none when it is over.
pub(super) fn time_left(until_ms: u64, now_ms: u64) -> Option<String> {
    match until_ms.saturating_sub(now_ms).div_ceil(1000) {
        0 => None,
        seconds @ ..=120 => Some(format!("{seconds} s")),
        seconds => Some(format!("{} min", seconds.div_ceil(60))),
    }
}

/// Words of the program.
pub(super) fn text(words: impl Into<String>) -> Item {
    Item::Text(words.into())
}

fn lines(standing: &Installation, is_only: bool, now_ms: u64) -> Vec<Item> {
    match standing {
        Installation::Starting => vec![text("Sophon: starting…")],
        Installation::Locked { problem } => self::problem(None, problem),
        Installation::Unpaired { problem, .. } => {
            let what = if is_only { "This computer is not paired" } else { "Sophon: not paired" };
            let mut lines = vec![text(what)];
            lines.extend(problem.iter().flat_map(|problem| self::problem(None, problem)));
            lines
        }
        Installation::Pairing { interrupted, .. } => {
            let what = if is_only { "This computer is being paired" } else { "Sophon: pairing…" };
            let mut lines = vec![text(what)];
            lines.extend(interrupted.iter().map(|sentence| said(sentence)));
            lines
        }
        Installation::Paired(paired) => {
            let mut lines = paired.storage.as_ref().map_or(Vec::new(), |problem| {
                let what = text("Nothing can be stored, so messages wait at Sophon");
                std::iter::once(what).chain(self::problem(None, problem)).collect()
            });
            lines.extend(locked(paired.locked));
            lines.extend(link("Sophon", &paired.cloud, now_ms));
            lines.extend(link(&gateway(paired), &paired.gateway, now_ms));
            lines
        }
        Installation::Paused { .. } => vec![text("Sophon: paused")],
        Installation::Revoked { .. } => vec![text("The pairing was removed on the phone")],
    }
}

fn identity(standing: &Installation) -> Option<&Identity> {
    match standing {
        Installation::Paired(Paired { identity, .. })
        | Installation::Paused { identity }
        | Installation::Revoked { identity } => Some(identity),
        Installation::Starting
        | Installation::Locked { .. }
        | Installation::Unpaired { .. }
        | Installation::Pairing { .. } => None,
    }
}

fn can_be_tried(standing: &Installation) -> bool {
    match standing {
        Installation::Locked { .. } => true,
        Installation::Paired(paired) => glance::missing(paired).is_some(),
        Installation::Starting
        | Installation::Unpaired { .. }
        | Installation::Pairing { .. }
        | Installation::Paused { .. }
        | Installation::Revoked { .. } => false,
    }
}

/// Says that messages wait for the key of their chat.
fn locked(messages: u32) -> Option<Item> {
    match messages {
        0 => None,
        1 => Some(text("1 message waits for the phone's key")),
        several => Some(text(format!("{several} messages wait for the phone's key"))),
    }
}

/// Names the gateway, with the version that it said last.
fn gateway(paired: &Paired) -> String {
    let version = paired.gateway_version.as_deref().map(|it| shorten_middle(&visible(it), LONGEST));
    version.map_or("OpenClaw".into(), |version| format!("OpenClaw {version}"))
}

fn link(side: &str, link: &Link, now_ms: u64) -> Vec<Item> {
    match link {
        Link::Connecting => vec![text(format!("{side}: connecting…"))],
        Link::Up { .. } => vec![text(format!("{side}: connected"))],
        Link::Down { problem, retry_at_ms: None } => self::problem(Some(side), problem),
        Link::Down { retry_at_ms: Some(at_ms), .. } => {
            let when = time_left(*at_ms, now_ms).map_or("…".into(), |left| format!(" in {left}"));
            vec![text(format!("{side}: reconnecting{when}"))]
        }
    }
}

fn problem(side: Option<&str>, problem: &Problem) -> Vec<Item> {
    let what = match side {
        Some(side) => said(&format!("{side}: {}", problem.what)),
        None => said(&problem.what),
    };
    std::iter::once(what).chain(problem.remedy.as_deref().map(said)).collect()
}

/// Words that may come from elsewhere.
fn said(words: &str) -> Item {
    text(shorten_middle(&visible(words), LONGEST))
}
