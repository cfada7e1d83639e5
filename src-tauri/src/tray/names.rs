//! Names of installations that stand side by side.

use crate::text::{shorten_middle, visible};
use crate::view::{Seat, View};

/// Longest name, in characters.
const LONGEST: usize = 40;

/// Names an installation so that no other one here is named the same.
pub(super) fn name(view: &View, seat: &Seat) -> String {
    let name = shorten_middle(&visible(&seat.settings.name), LONGEST);
    let is_taken = |other: &Seat| {
        other.slot != seat.slot && other.settings.name.trim() == seat.settings.name.trim()
    };
    if view.installations.iter().any(is_taken) { format!("{name} ({})", seat.slot.0) } else { name }
}

/// Names the installation that something came through, where there are several.
pub(super) fn via(view: &View, slot: control::Slot) -> Option<String> {
    match view.installations.as_slice() {
        [] | [_] => None,
        several => several.iter().find(|seat| seat.slot == slot).map(|seat| name(view, seat)),
    }
}
