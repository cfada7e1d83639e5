//! The requests of one kind that wait, reconciled from events and lists.

use std::collections::{HashMap, HashSet};

use openclaw::Generation;

use super::asks::Asks;

/// How many requests of a kind are kept.
pub(super) const MOST_WAITING: usize = 1_000;
/// How long after its end by itself a gateway has surely forgotten a request, in milliseconds.
const FORGOTTEN_AFTER_MS: u64 = 1_000;

/// Requests of one kind, by their keys.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    waiting: HashMap<String, Waiting<T>>,
    /// How many the gateway has beyond those that are kept.
    left_out: usize,
}

/// A request that waits.
#[derive(Debug)]
struct Waiting<T> {
    request: T,
    /// When an event told of it last, on the book's own count; zero when only lists did.
    told_at: u64,
    /// Its time may be over, and the gateway is being asked whether it has forgotten it.
    is_checked: bool,
    /// Its time is over by this computer's clock, and there is no gateway to ask.
    is_hidden: bool,
}

impl<T> Waiting<T> {
    fn new(request: T, told_at: u64) -> Self {
        Self { request, told_at, is_checked: false, is_hidden: false }
    }
}

impl<T: Asks> Shelf<T> {
    pub(super) fn new() -> Self {
        Self { waiting: HashMap::new(), left_out: 0 }
    }

    pub(super) fn get(&self, key: &str) -> Option<&T> {
        self.waiting.get(key).map(|waiting| &waiting.request)
    }

    pub(super) fn take(&mut self, key: &str) -> Option<T> {
        self.waiting.remove(key).map(|waiting| waiting.request)
    }

    pub(super) fn left_out(&self) -> usize {
        self.left_out
    }

    /// Copies all that is not hidden, newest first.
    pub(super) fn newest_first(&self) -> Vec<T> {
        let shown = self.waiting.values().filter(|waiting| !waiting.is_hidden);
        let mut requests: Vec<_> = shown.map(|waiting| waiting.request.clone()).collect();
        requests.sort_by_cached_key(|it| (std::cmp::Reverse(it.asked_at_ms()), it.key()));
        requests
    }

    /// Says whether anything else of whoever asks waits.
    pub(super) fn has_another_of(&self, asker: &str, key: &str) -> bool {
        let of_asker = |waiting: &Waiting<T>| waiting.request.asker() == asker;
        self.waiting.iter().any(|(other, waiting)| other != key && of_asker(waiting))
    }

    /// An event told of a request.
    pub(super) fn tell(&mut self, request: T, moment: u64) {
        let key = request.key();
        if self.waiting.len() >= MOST_WAITING && !self.waiting.contains_key(&key) {
            self.left_out += 1;
            return;
        }
        self.waiting.insert(key, Waiting::new(request, moment));
    }

    /// The gateway listed what waits; `begun` is when it was asked. Returns the keys of those that
    /// it has no more, which stay until they are taken.
    pub(super) fn list(
        &mut self,
        listed: Vec<T>,
        begun: u64,
        has_ended: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        self.left_out = 0;
        let mut there = HashSet::new();
        for request in listed {
            let key = request.key();
            if has_ended(&key) || !there.insert(key.clone()) {
                continue;
            }
            let is_full = self.waiting.len() >= MOST_WAITING;
            match self.waiting.get_mut(&key) {
                // What an event told since is newer.
                Some(waiting) if waiting.told_at > begun => {}
                Some(waiting) => {
                    // Who asked again is given time again.
                    waiting.is_checked &= waiting.request.asked_at_ms() == request.asked_at_ms();
                    waiting.is_hidden = false;
                    waiting.request = request;
                }
                None if is_full => self.left_out += 1,
                None => {
                    self.waiting.insert(key, Waiting::new(request, 0));
                }
            }
        }
        let missing = self
            .waiting
            .iter()
            .filter(|(key, waiting)| waiting.told_at < begun && !there.contains(key.as_str()));
        missing.map(|(key, _)| key.clone()).collect()
    }

    /// Tells when the next request may be forgotten, of those that the gateway was not yet asked
    /// about again, as Unix time in milliseconds.
    pub(super) fn next_forgotten(&self, generation: Generation) -> Option<u64> {
        let open = self.waiting.values().filter(|waiting| !waiting.is_checked);
        open.filter_map(|waiting| waiting.request.may_expire_at_ms(generation))
            .map(|expires| expires.saturating_add(FORGOTTEN_AFTER_MS))
            .min()
    }

    /// Marks those whose time may be over, and says whether the gateway is to be asked about any.
    pub(super) fn check(&mut self, generation: Generation, now_ms: u64) -> bool {
        let mut is_any = false;
        for waiting in self.waiting.values_mut() {
            let may_be_over = is_over(waiting.request.may_expire_at_ms(generation), now_ms);
            is_any |= may_be_over && !waiting.is_checked;
            waiting.is_checked |= may_be_over;
        }
        is_any
    }

    /// Hides those whose time is surely over: there is no gateway to ask.
    pub(super) fn hide(&mut self, generation: Generation, now_ms: u64) {
        for waiting in self.waiting.values_mut() {
            waiting.is_hidden |= is_over(waiting.request.expires_at_ms(generation), now_ms);
        }
    }

    /// Names those that are hidden.
    pub(super) fn hidden(&self) -> Vec<String> {
        let hidden = self.waiting.iter().filter(|(_, waiting)| waiting.is_hidden);
        hidden.map(|(key, _)| key.clone()).collect()
    }
}

fn is_over(expires_at_ms: Option<u64>, now_ms: u64) -> bool {
    expires_at_ms.is_some_and(|at| at.saturating_add(FORGOTTEN_AFTER_MS) <= now_ms)
}
