//! The installations of this computer: which there are, another one, and one less.

use cli::{FIRST, Failure};
use control::Slot;
use sap::InstallationId;

use super::Controller;
use super::seat::{Common, Seat, SeatEvent};
use crate::shell::{Shell, Topic};
use crate::stored::{Stored, StoredSeat};
use crate::view::Problem;

/// Makes the installations that the file knows; a token that was given is the first one's.
///
/// # Errors
/// A wrong flag or variable of the environment.
pub(super) fn known(
    stored: &Stored,
    has_token: bool,
    common: &Common,
) -> Result<Vec<Seat>, Failure> {
    let is_missing = has_token && stored.seats.iter().all(|seat| seat.slot != FIRST);
    let first = is_missing.then(|| StoredSeat::new(FIRST));
    let all = first.into_iter().chain(stored.seats.iter().cloned());
    all.map(|stored| Seat::new(stored, common.clone())).collect()
}

impl<S: Shell> Controller<S> {
    /// Pairs an installation, or another one than there are.
    pub(super) fn pair(&mut self, slot: Option<Slot>) {
        let alone = || match self.seats.as_slice() {
            [only] if only.installation_id().is_none() => Some(only.slot),
            _ => None,
        };
        let is_added = || self.seats.iter().find(|seat| seat.is_new()).map(|seat| seat.slot);
        match slot.or_else(is_added).or_else(alone) {
            Some(slot) => self.with(slot, Seat::pair),
            None => self.add(),
        }
    }

    fn add(&mut self) {
        if self.is_ending {
            return;
        }
        let Some(vault) = self.vault.clone() else { return self.open_secrets() };
        let slot = self.stored.next_slot;
        match Seat::added(slot, self.common.clone(), vault) {
            Ok(seat) => {
                self.stored.next_slot = Slot(slot.0.saturating_add(1));
                self.seats.push(seat);
                self.with(slot, Seat::pair);
            }
            Err(failure) => {
                self.tell(Topic::Pairing(slot), "Nothing was paired", &failure.message);
            }
        }
    }

    /// Takes what happened to an installation. Two of them never have one pairing.
    pub(super) fn happened(&mut self, slot: Slot, mut event: SeatEvent) {
        if let SeatEvent::PairingEnded(Ok(paired)) = &event {
            if let Some(name) = self.other_with(slot, &paired.installation_id) {
                return self.with(slot, |seat| seat.is_paired_already(&name));
            }
            if !self.is_ending && self.seats.iter().all(|seat| seat.slot != slot) {
                // It was cancelled just too late: the phone has it.
                self.add_late(slot);
            }
        }
        if let SeatEvent::NpmFound(Ok(Some(found))) = &event
            && self.other_with(slot, &found.installation).is_some()
        {
            event = SeatEvent::NpmFound(Ok(None));
        }
        self.with(slot, |seat| seat.take(event));
    }

    /// Name of another installation than this one that has a pairing.
    fn other_with(&self, slot: Slot, pairing: &InstallationId) -> Option<String> {
        let mut others = self.seats.iter().filter(|seat| seat.slot != slot);
        let same = others.find(|seat| seat.installation_id().as_ref() == Some(pairing))?;
        Some(same.name().to_owned())
    }

    fn add_late(&mut self, slot: Slot) {
        let Some(vault) = self.vault.clone() else { return };
        match Seat::added(slot, self.common.clone(), vault) {
            Ok(seat) => {
                self.seats.push(seat);
                self.seats.sort_by_key(|seat| seat.slot);
            }
            Err(failure) => tracing::warn!(%failure, "a pairing came too late to be kept"),
        }
    }

    /// An installation was to be paired for the first time, and is not.
    pub(super) fn was_not_paired(&mut self, slot: Slot, problem: Option<Problem>) {
        if self.seats.len() < 2 {
            return;
        }
        self.remove(slot);
        if let Some(Problem { what, remedy }) = problem {
            let text = format!("{what} {}", remedy.unwrap_or_default());
            self.tell_or_remark(slot, "No other installation was paired", text.trim_end());
        }
    }

    /// Nothing of an installation is stored any more: it goes away, unless it is the only one.
    pub(super) fn was_unpaired(&mut self, slot: Slot, was_paired: bool, is_on_phone: bool) {
        let seat = self.seats.iter().find(|seat| seat.slot == slot);
        let Some(name) = seat.map(|seat| seat.name().to_owned()) else { return };
        if self.seats.len() > 1 {
            self.remove(slot);
            self.remember();
        }
        if was_paired {
            let here = "Its token and keys are deleted here.";
            let on_phone =
                "Remove it on your phone as well: in the Sophon app, under this computer.";
            let text = if is_on_phone { format!("{here} {on_phone}") } else { here.to_owned() };
            self.tell_or_remark(slot, &format!("“{name}” is unpaired"), &text);
        }
    }

    /// Drops what was being paired when the program ended, and came to nothing.
    pub(super) fn drop_strays(&mut self) {
        let is_stray = |seat: &Seat| {
            let was_paired = seat.stored.paired_as.is_some() || seat.installation_id().is_some();
            seat.slot != FIRST && !was_paired
        };
        if self.seats.iter().any(|seat| !is_stray(seat)) {
            self.seats.retain(|seat| !is_stray(seat));
        }
    }

    fn remove(&mut self, slot: Slot) {
        self.seats.retain(|seat| seat.slot != slot);
        self.desk.forget(slot);
        if self.refused.as_ref().is_some_and(|refused| refused.slot == Some(slot)) {
            self.refused = None;
        }
    }

    /// Tells what is not to be seen anywhere else.
    fn tell_or_remark(&mut self, slot: Slot, title: &str, text: &str) {
        if self.stored.notifications {
            self.shell.announce(Topic::Pairing(slot), title, text);
        } else {
            self.remark(format!("{title}. {text}"));
        }
    }
}
