//! Who may use the gateways: which of them are asked, how often, and what is shown beside the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bridge::Attention;
use control::{Access, Problem, SetupLevel, Slot, access};
use openclaw::pairing::SetupCode;
use tokio::time::Instant;

use super::setup::{Shown, use_in_words};
use super::{Controller, Seat};
use crate::clock::now_ms;
use crate::request::Page;
use crate::shell::{Shell, Topic};
use crate::view::AccessMode;

/// How long what succeeded is said.
const SAID_FOR: Duration = Duration::from_secs(30);
/// How long a gateway is asked after a terminal wanted to know.
const ASKED_FOR: Duration = Duration::from_secs(30);

/// What a person does about who may use the gateways.
#[derive(Default)]
pub(super) struct Desk {
    /// Page in front of the window.
    page: Option<Page>,
    /// Until when the gateways are asked because a terminal wanted to know.
    asked_until: Option<Instant>,
    corners: BTreeMap<Slot, Corner>,
    /// How many codes for phones were ordered.
    orders: u64,
}

/// What is shown beside what one gateway answers.
#[derive(Default)]
struct Corner {
    setup: Option<Shown>,
    news: Option<News>,
}

struct News {
    problem: Problem,
    /// Until when it is said; none: until the person has read it.
    until: Option<Instant>,
}

impl<S: Shell> Controller<S> {
    /// A page of the window came to the front, or none is there any more.
    pub(super) fn is_at(&mut self, page: Option<Page>) {
        self.desk.page = page;
        if !self.desk.is_at_devices() {
            // A code for a phone is like a password: whoever turns the page hides it.
            self.desk.hide_setups();
        }
    }

    /// A terminal wants to know who may use the gateways.
    pub(super) fn is_asked_for_access(&mut self) {
        self.desk.asked_until = Some(Instant::now() + ASKED_FOR);
    }

    /// Tells the bridges how much anybody cares.
    pub(super) fn attend(&mut self) {
        if !self.shell.has_window() {
            self.desk.window_is_gone();
        }
        let is_carried = |slot: Slot| self.carrying(slot).is_some();
        let gone: Vec<_> = self.desk.slots().filter(|slot| !is_carried(*slot)).collect();
        gone.into_iter().for_each(|slot| self.desk.forget(slot));
        let (wanted, asking) = (self.attention(), self.asking());
        for seat in &mut self.seats {
            let is_asking = asking.contains(&seat.slot);
            seat.attend(if is_asking { wanted } else { Attention::Off });
        }
    }

    fn attention(&self) -> Attention {
        let is_asked = self.desk.asked_until.is_some_and(|until| until > Instant::now());
        let looks = match self.desk.page {
            Some(Page::Requests | Page::Devices | Page::Senders) => true,
            Some(Page::Overview | Page::Logs | Page::Settings | Page::About) | None => false,
        };
        match (self.stored.access, looks) {
            (_, _) if is_asked => Attention::Shown,
            (AccessMode::Off, _) | (AccessMode::Shown, false) => Attention::Off,
            (AccessMode::Shown | AccessMode::Always, true) => Attention::Shown,
            (AccessMode::Always, false) => Attention::Background,
        }
    }

    /// The installations that ask their gateways: of those with the same gateway only the first.
    fn asking(&self) -> BTreeSet<Slot> {
        let mut gateways = BTreeSet::new();
        let carried = self.seats.iter().filter_map(|seat| Some((seat.slot, seat.carrying()?)));
        let asking = carried.filter(|(_, carrying)| gateways.insert(carrying.gateway()));
        asking.map(|(slot, _)| slot).collect()
    }

    /// Says whether all gateways have answered who may use them, or cannot.
    pub(super) fn is_listed(&self) -> bool {
        let asking = self.asking();
        let mut asked = self.seats.iter().filter(|seat| asking.contains(&seat.slot));
        asked.all(|seat| seat.carrying().is_none_or(|carrying| carrying.access.is_settled()))
    }

    /// Who may use the gateways, as it is shown: nothing of it to somebody who does not want to ask.
    pub(super) fn access(&self) -> Vec<Access> {
        let is_off = self.stored.access == AccessMode::Off && self.attention() == Attention::Off;
        if is_off { Vec::new() } else { self.gateways() }
    }

    /// Who may use the gateways, as far as that is known.
    pub(super) fn gateways(&self) -> Vec<Access> {
        let asking = self.asking();
        let asked = self.seats.iter().filter(|seat| asking.contains(&seat.slot));
        asked.filter_map(|seat| self.access_of(seat)).collect()
    }

    fn access_of(&self, seat: &Seat) -> Option<Access> {
        let mut access = access(seat.slot, &seat.carrying()?.access);
        for device in access.devices.iter_mut().flatten() {
            device.is_own = device.is_own || self.is_own(&device.id);
        }
        if let Some(corner) = self.desk.corners.get(&seat.slot) {
            access.setup = corner.setup.as_ref().map(Shown::view);
            access.news = corner.news.as_ref().map(|news| news.problem.clone());
        }
        Some(access)
    }

    /// A code for a phone was used.
    pub(super) fn setup_used(
        &mut self,
        slot: Slot,
        id: &str,
        name: Option<&str>,
        is_certain: bool,
    ) {
        if let Some(setup) = self.desk.corners.get_mut(&slot).and_then(|it| it.setup.as_mut()) {
            setup.was_used(id, name, is_certain);
        }
        let text = use_in_words(name, is_certain);
        self.tell_of(slot, Topic::Access(slot), "A code for a phone was used", &text);
    }
}

impl Desk {
    /// When something of it is over.
    pub(super) fn due_at(&self) -> impl Iterator<Item = Instant> {
        let news = self.corners.values().filter_map(|corner| corner.news.as_ref()?.until);
        let setups = self.corners.values().filter_map(|it| it.setup.as_ref()?.expires_at_ms());
        let now = (Instant::now(), now_ms());
        let setups = setups.map(move |at| now.0 + Duration::from_millis(at.saturating_sub(now.1)));
        news.chain(setups).chain(self.asked_until)
    }

    pub(super) fn pass_time(&mut self, now_ms: u64) {
        let now = Instant::now();
        self.asked_until = self.asked_until.filter(|until| *until > now);
        for corner in self.corners.values_mut() {
            let is_over = |news: &News| news.until.is_some_and(|until| until <= now);
            corner.news = corner.news.take().filter(|news| !is_over(news));
            if let Some(setup) = &mut corner.setup {
                setup.expire(now_ms);
            }
        }
    }

    pub(super) fn succeeded(&mut self, slot: Slot, what: String) {
        let until = Some(Instant::now() + SAID_FOR);
        let problem = Problem { what, remedy: None };
        self.corners.entry(slot).or_default().news = Some(News { problem, until });
    }

    pub(super) fn failed(&mut self, slot: Slot, problem: Problem) {
        self.corners.entry(slot).or_default().news = Some(News { problem, until: None });
    }

    pub(super) fn dismiss_news(&mut self, slot: Slot) {
        self.corners.entry(slot).or_default().news = None;
    }

    /// Says whether the page is in front on which codes for phones are shown.
    pub(super) fn is_at_devices(&self) -> bool {
        self.page == Some(Page::Devices)
    }

    /// Notes that a code is being made, and numbers the order; none while another one is.
    pub(super) fn make_setup(&mut self, slot: Slot) -> Option<u64> {
        let setup = &mut self.corners.entry(slot).or_default().setup;
        if let Some(Shown::Making { .. }) = setup {
            return None;
        }
        self.orders = self.orders.saturating_add(1);
        *setup = Some(Shown::Making { order: self.orders });
        Some(self.orders)
    }

    /// Says whether what becomes of an order is still wanted.
    pub(super) fn awaits_setup(&self, slot: Slot, wanted: u64) -> bool {
        let setup = self.corners.get(&slot).and_then(|corner| corner.setup.as_ref());
        matches!(setup, Some(Shown::Making { order }) if *order == wanted)
    }

    /// Shows a code that was made.
    pub(super) fn made_setup(&mut self, slot: Slot, code: SetupCode, level: SetupLevel) {
        self.corners.entry(slot).or_default().setup = Some(Shown::ready(code, level));
    }

    pub(super) fn hide_setup(&mut self, slot: Slot) {
        self.corners.entry(slot).or_default().setup = None;
    }

    fn slots(&self) -> impl Iterator<Item = Slot> {
        self.corners.keys().copied()
    }

    /// Lets go of everything about an installation that is not at work.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.corners.remove(&slot);
    }

    fn window_is_gone(&mut self) {
        self.page = None;
        self.hide_setups();
    }

    fn hide_setups(&mut self) {
        for corner in self.corners.values_mut() {
            corner.setup = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: Slot = Slot(1);

    #[test]
    fn of_two_orders_for_a_code_only_the_last_is_awaited() {
        let mut desk = Desk::default();
        let first = desk.make_setup(SLOT).unwrap();
        assert_eq!(desk.make_setup(SLOT), None, "one is being made");
        assert!(desk.awaits_setup(SLOT, first));
        desk.hide_setup(SLOT);
        assert!(!desk.awaits_setup(SLOT, first));
        let second = desk.make_setup(SLOT).unwrap();
        assert!(!desk.awaits_setup(SLOT, first) && desk.awaits_setup(SLOT, second));
        desk.hide_setups();
        assert!(!desk.awaits_setup(SLOT, second), "the page was turned");
    }
}
