//! How the installation stands, in words and as a shape.

use super::{Icon, Item, pending};
use crate::request::Request;
use crate::text::{shorten_middle, visible};
use crate::view::{Identity, Installation, Link, Paired, Problem, View};

/// Longest line of words of others, in characters.
const LONGEST: usize = 90;

/// Says which shape the icon has.
pub(super) fn icon(installation: &Installation) -> Icon {
    match installation {
        Installation::Starting | Installation::Pairing { .. } => Icon::Connecting,
        Installation::Locked { .. } | Installation::Revoked { .. } => Icon::NeedsYou,
        Installation::Unpaired { .. } => Icon::NotPaired,
        Installation::Paused { .. } => Icon::Paused,
        Installation::Paired(paired) => match health(paired) {
            Health::Connected => Icon::Connected,
            Health::Connecting => Icon::Connecting,
            Health::Missing(_) => Icon::Degraded,
            Health::NeedsYou(_) | Health::CannotStore => Icon::NeedsYou,
        },
    }
}

/// Says in one line what matters; nothing in it counts seconds.
pub(super) fn tooltip(view: &View) -> String {
    let state = match &view.installation {
        Installation::Starting => "Sophon: starting…".into(),
        Installation::Locked { problem } => {
            shorten_middle(&visible(&format!("Sophon: {}", problem.what)), LONGEST)
        }
        Installation::Unpaired { .. } => "Sophon: this computer is not paired".into(),
        Installation::Pairing { .. } => "Sophon: pairing this computer…".into(),
        Installation::Paused { .. } => "Sophon: paused".into(),
        Installation::Revoked { .. } => "Sophon: the pairing was removed on the phone".into(),
        Installation::Paired(paired) => match health(paired) {
            Health::Connected => "Sophon: connected".into(),
            Health::Connecting => "Sophon: connecting…".into(),
            Health::Missing(sides) => format!("Sophon: reconnecting to {sides}…"),
            Health::NeedsYou(sides) => {
                format!("Sophon: no connection to {sides}, look at the menu")
            }
            Health::CannotStore => "Sophon: nothing can be stored, look at the menu".into(),
        },
    };
    match pending::waiting(&view.approvals) {
        0 => state,
        1 => format!("{state} · 1 request waits"),
        several => format!("{state} · {several} requests wait"),
    }
}

/// Says how each side is, and whose installation this is.
pub(super) fn lines(installation: &Installation, now_ms: u64) -> Vec<Item> {
    match installation {
        Installation::Starting => vec![text("Sophon: starting…")],
        Installation::Locked { problem } => {
            let mut lines = self::problem(None, problem);
            lines.push(try_again());
            lines
        }
        Installation::Unpaired { problem, .. } => {
            let mut lines = vec![text("This computer is not paired")];
            lines.extend(problem.iter().flat_map(|problem| self::problem(None, problem)));
            lines
        }
        Installation::Pairing { interrupted, .. } => {
            let mut lines = vec![text("This computer is being paired")];
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
            lines.push(name(&paired.identity));
            if missing(paired).is_some() {
                lines.push(try_again());
            }
            lines
        }
        Installation::Paused { identity } => vec![text("Sophon: paused"), name(identity)],
        Installation::Revoked { identity } => {
            vec![text("The pairing was removed on the phone"), name(identity)]
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

fn name(identity: &Identity) -> Item {
    said(&identity.name)
}

fn try_again() -> Item {
    Item::Action { label: "Try again".into(), request: Request::RetryNow }
}

/// How a pairing that is at work stands, as far as a glance tells.
enum Health {
    Connected,
    Connecting,
    Missing(&'static str),
    NeedsYou(&'static str),
    CannotStore,
}

fn health(paired: &Paired) -> Health {
    let stuck = which(is_stuck(&paired.cloud), is_stuck(&paired.gateway));
    if paired.storage.is_some() {
        Health::CannotStore
    } else if let Some(sides) = stuck {
        Health::NeedsYou(sides)
    } else if let Some(sides) = missing(paired) {
        Health::Missing(sides)
    } else if is_up(&paired.cloud) && is_up(&paired.gateway) {
        Health::Connected
    } else {
        Health::Connecting
    }
}

/// Names the sides that are known to be missing.
fn missing(paired: &Paired) -> Option<&'static str> {
    match paired.degraded_since_ms {
        Some(_) => which(!is_up(&paired.cloud), !is_up(&paired.gateway)),
        None => which(is_down(&paired.cloud), is_down(&paired.gateway)),
    }
}

fn which(cloud: bool, gateway: bool) -> Option<&'static str> {
    match (cloud, gateway) {
        (true, true) => Some("Sophon and OpenClaw"),
        (true, false) => Some("Sophon"),
        (false, true) => Some("OpenClaw"),
        (false, false) => None,
    }
}

fn is_up(link: &Link) -> bool {
    matches!(link, Link::Up { .. })
}

fn is_down(link: &Link) -> bool {
    matches!(link, Link::Down { .. })
}

fn is_stuck(link: &Link) -> bool {
    matches!(link, Link::Down { retry_at_ms: None, .. })
}
