//! The tray: icon, tooltip and menu as a pure function of what is shown.

mod glance;
pub mod icons;
mod menu;
mod names;
mod pending;
mod print;
mod status;
#[cfg(test)]
mod tests;

pub use print::print;

use crate::request::Request;
use crate::view::{Installation, Link, View};

/// What stands in the tray.
#[derive(Clone, Debug, PartialEq)]
pub struct Tray {
    /// The icon's shape.
    pub icon: Icon,
    /// Whether the icon carries the mark of waiting requests.
    pub marked: bool,
    /// What pointing at it says.
    pub tooltip: String,
    /// The menu, from the top.
    pub menu: Vec<Item>,
}

/// The icon's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// No pairing.
    NotPaired,
    /// Being connected, or paired.
    Connecting,
    /// Both sides are there.
    Connected,
    /// A side is missing.
    Degraded,
    /// Only a person can help.
    NeedsYou,
    /// Disconnected by the person.
    Paused,
}

/// One line of the menu.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Something to read.
    Text(String),
    /// Something to do.
    Action {
        /// What is read.
        label: String,
        /// What is done.
        request: Request,
    },
    /// Something that is on or off.
    Check {
        /// What is read.
        label: String,
        /// Whether it is on.
        checked: bool,
        /// What a click does.
        request: Request,
    },
    /// Lines behind a line.
    Submenu {
        /// What is read.
        label: String,
        /// The lines behind it.
        items: Vec<Item>,
    },
    /// A line between groups.
    Separator,
}

impl Item {
    /// Says whether two lines do the same, whatever they say: whoever clicks one of them may get the
    /// other.
    pub fn does_the_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(_), Self::Text(_)) | (Self::Separator, Self::Separator) => true,
            (Self::Action { request: one, .. }, Self::Action { request: two, .. })
            | (Self::Check { request: one, .. }, Self::Check { request: two, .. }) => one == two,
            (Self::Submenu { items: one, .. }, Self::Submenu { items: two, .. }) => {
                do_the_same(one, two)
            }
            (
                Self::Text(_)
                | Self::Action { .. }
                | Self::Check { .. }
                | Self::Submenu { .. }
                | Self::Separator,
                _,
            ) => false,
        }
    }
}

/// Says whether two menus differ in nothing but their words: one can become the other in place,
/// even under a pointer that is about to click.
pub fn do_the_same(one: &[Item], two: &[Item]) -> bool {
    one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.does_the_same_as(two))
}

/// Says what stands in the tray at a time, in milliseconds since 1970.
pub fn tray(view: &View, now_ms: u64) -> Tray {
    Tray {
        icon: glance::icon(view),
        marked: pending::waiting(&view.pending) > 0,
        tooltip: glance::tooltip(view),
        menu: menu::menu(view, now_ms),
    }
}

/// Says whether the tray's words change with the time from now on, without anything happening: a
/// countdown runs.
pub fn wants_ticks(view: &View, now_ms: u64) -> bool {
    let ends_at = view.installations.iter().filter_map(|seat| counts_until(&seat.standing));
    ends_at.max().is_some_and(|ends_at| ends_at > now_ms)
}

fn counts_until(standing: &Installation) -> Option<u64> {
    match standing {
        Installation::Pairing { ticket: Some(ticket), .. } => Some(ticket.expires_at_ms),
        Installation::Paired(paired) => retry_at(&paired.cloud).max(retry_at(&paired.gateway)),
        Installation::Pairing { ticket: None, .. }
        | Installation::Starting
        | Installation::Locked { .. }
        | Installation::Unpaired { .. }
        | Installation::Paused { .. }
        | Installation::Revoked { .. } => None,
    }
}

fn retry_at(link: &Link) -> Option<u64> {
    match link {
        Link::Down { retry_at_ms, .. } => *retry_at_ms,
        Link::Connecting | Link::Up { .. } => None,
    }
}
