//! What a glance at the icon tells: its shape, and the line that pointing at it shows.

use super::{Icon, names, pending};
use crate::text::{shorten_middle, visible};
use crate::view::{Installation, Link, Paired, Seat, View};

/// Longest line, in characters, without what is said of requests.
const LONGEST: usize = 90;

/// Says which shape the icon has: that of the installation that needs a person most.
pub(super) fn icon(view: &View) -> Icon {
    neediest(view).map_or(Icon::Connecting, |seat| shape(&seat.standing))
}

/// Says in one line what matters; nothing in it counts seconds.
pub(super) fn tooltip(view: &View) -> String {
    let state = match neediest(view) {
        Some(seat) => {
            let is_only = view.installations.len() == 1;
            let state = |seat: &Seat| state(&seat.standing, is_only);
            let words = state(seat);
            let who = if view.installations.iter().all(|other| state(other) == words) {
                "Sophon".to_owned()
            } else {
                format!("Sophon, {}", names::name(view, seat))
            };
            shorten_middle(&visible(&format!("{who}: {words}")), LONGEST)
        }
        None => "Sophon".to_owned(),
    };
    match pending::waiting(&view.pending) {
        0 => state,
        1 => format!("{state} · 1 request waits"),
        several => format!("{state} · {several} requests wait"),
    }
}

/// Names the sides of an installation that are known to be missing.
pub(super) fn missing(paired: &Paired) -> Option<&'static str> {
    match paired.degraded_since_ms {
        Some(_) => which(!is_up(&paired.cloud), !is_up(&paired.gateway)),
        None => which(is_down(&paired.cloud), is_down(&paired.gateway)),
    }
}

/// Picks the oldest of those that need a person most.
fn neediest(view: &View) -> Option<&Seat> {
    view.installations.iter().min_by_key(|seat| match shape(&seat.standing) {
        Icon::NeedsYou => 0,
        Icon::Degraded => 1,
        Icon::Connecting => 2,
        Icon::NotPaired => 3,
        Icon::Connected => 4,
        // That is as the person wants it, and says nothing about the others.
        Icon::Paused => 5,
    })
}

fn shape(standing: &Installation) -> Icon {
    match standing {
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

fn state(standing: &Installation, is_only: bool) -> String {
    match standing {
        Installation::Starting => "starting…".into(),
        Installation::Locked { problem } => problem.what.clone(),
        Installation::Unpaired { .. } if is_only => "this computer is not paired".into(),
        Installation::Unpaired { .. } => "not paired".into(),
        Installation::Pairing { .. } if is_only => "pairing this computer…".into(),
        Installation::Pairing { .. } => "pairing…".into(),
        Installation::Paused { .. } => "paused".into(),
        Installation::Revoked { .. } => "the pairing was removed on the phone".into(),
        Installation::Paired(paired) => match health(paired) {
            Health::Connected => "connected".into(),
            Health::Connecting => "connecting…".into(),
            Health::Missing(sides) => format!("reconnecting to {sides}…"),
            Health::NeedsYou(sides) => format!("no connection to {sides}, look at the menu"),
            Health::CannotStore => "nothing can be stored, look at the menu".into(),
        },
    }
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
