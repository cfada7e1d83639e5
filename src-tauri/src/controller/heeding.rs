//! What installations want of the program around them, done.

use control::Slot;

use super::seat::Said;
use super::{Controller, Seat};
use crate::shell::{Shell, Topic};

impl<S: Shell> Controller<S> {
    /// Does something with an installation, if there is such a one, and heeds what it says.
    pub(super) fn with(&mut self, slot: Slot, does: impl FnOnce(&mut Seat)) {
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.slot == slot) {
            does(seat);
            self.heed(slot);
        }
    }

    /// Does the same with every installation.
    pub(super) fn with_all(&mut self, does: impl FnMut(&mut Seat)) {
        self.seats.iter_mut().for_each(does);
        self.heed_all();
    }

    pub(super) fn heed_all(&mut self) {
        for slot in self.seats.iter().map(|seat| seat.slot).collect::<Vec<_>>() {
            self.heed(slot);
        }
    }

    fn heed(&mut self, slot: Slot) {
        let seat = self.seats.iter_mut().find(|seat| seat.slot == slot);
        for said in seat.map(Seat::said).unwrap_or_default() {
            match said {
                Said::Tell { topic, title, text } => self.tell_of(slot, topic, &title, &text),
                Said::Remark(remark) => self.remark(remark),
                Said::OpenPage(url) => self.shell.open_page(&url),
                Said::Copy(text) => self.shell.copy(&text),
                Said::Remember => self.remember(),
                Said::OpenSecrets => self.open_secrets(),
                Said::NotPaired(problem) => self.was_not_paired(slot, problem),
                Said::Unpaired { was_paired, is_on_phone } => {
                    self.was_unpaired(slot, was_paired, is_on_phone);
                }
                Said::ApprovalSettled(approval, settled) => {
                    self.approval_settled(&approval, &settled);
                }
                Said::DecisionChanged(approval, what) => self.decision_changed(&approval, &what),
                Said::Ended(past) => self.ended(slot, &past),
                Said::SetupUsed { id, name, is_certain } => {
                    self.setup_used(slot, &id, name.as_deref(), is_certain);
                }
            }
        }
    }

    /// Name of an installation, where there are several.
    pub(super) fn via(&self, slot: Slot) -> Option<&str> {
        let seat = self.seats.iter().find(|seat| seat.slot == slot)?;
        (self.seats.len() > 1).then(|| seat.name())
    }

    /// Tells something about an installation once, unless the person wants no notifications.
    pub(super) fn tell_of(&mut self, slot: Slot, topic: Topic, title: &str, text: &str) {
        match self.via(slot).map(|name| format!("“{name}”: {text}")) {
            Some(text) => self.tell(topic, title, &text),
            None => self.tell(topic, title, text),
        }
    }

    /// Tells something once, unless the person wants no notifications.
    pub(super) fn tell(&mut self, topic: Topic, title: &str, text: &str) {
        if self.stored.notifications {
            self.shell.announce(topic, title, text);
        }
    }

    /// Keeps something in view that a person should know, once.
    pub(super) fn remark(&mut self, remark: String) {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Writes what is remembered beside the secrets.
    pub(super) fn remember(&mut self) {
        self.stored.seats = self.seats.iter().map(|seat| seat.stored.clone()).collect();
        if let Err(error) = self.file.write(&self.stored) {
            tracing::warn!(%error, "the settings cannot be written");
            self.remark(format!("The settings cannot be stored: {error}."));
        }
    }
}
