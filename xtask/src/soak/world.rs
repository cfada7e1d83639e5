//! What everybody shares who takes part.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::measure::rig::Rig;

/// How many wrongs are told in full.
const TOLD: usize = 20;

/// The other sides of the bridge, and what has happened so far.
pub(super) struct World<'a> {
    pub(super) rig: &'a Rig,
    goes_on: AtomicBool,
    is_lost: AtomicBool,
    answered: AtomicUsize,
    violations: AtomicUsize,
    wrongs: Mutex<Vec<String>>,
    troubles: Mutex<BTreeMap<&'static str, usize>>,
}

/// Lets nothing new begin once it is dropped.
pub(super) struct Shift<'a>(pub(super) &'a World<'a>);

impl Drop for Shift<'_> {
    fn drop(&mut self) {
        self.0.wind_down();
    }
}

impl<'a> World<'a> {
    pub(super) fn new(rig: &'a Rig) -> Self {
        Self {
            rig,
            goes_on: AtomicBool::new(true),
            is_lost: AtomicBool::new(false),
            answered: AtomicUsize::new(0),
            violations: AtomicUsize::new(0),
            wrongs: Mutex::default(),
            troubles: Mutex::default(),
        }
    }

    /// Says whether anything new is to be begun.
    pub(super) fn goes_on(&self) -> bool {
        self.goes_on.load(Ordering::Relaxed)
    }

    /// Says whether it is of no use to wait for anything.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }

    /// Lets nothing new begin.
    fn wind_down(&self) {
        self.goes_on.store(false, Ordering::Relaxed);
    }

    /// Ends everything: nothing will be answered any more.
    pub(super) fn give_up(&self, why: String) {
        self.note_wrong(why);
        self.is_lost.store(true, Ordering::Relaxed);
        self.wind_down();
    }

    /// Counts a message that was answered as it should be.
    pub(super) fn note_answer(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// How many messages were answered as they should be.
    pub(super) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Counts a trouble.
    pub(super) fn note_trouble(&self, name: &'static str) {
        *lock(&self.troubles).entry(name).or_default() += 1;
    }

    /// How often each trouble came.
    pub(super) fn troubles(&self) -> BTreeMap<&'static str, usize> {
        lock(&self.troubles).clone()
    }

    /// Notes something that must not be, and says it at once.
    pub(super) fn note_wrong(&self, what: String) {
        let mut wrongs = lock(&self.wrongs);
        if wrongs.len() < TOLD {
            println!("      WRONG: {what}");
        }
        wrongs.push(what);
    }

    /// Everything that must not be.
    pub(super) fn wrongs(&self) -> Vec<String> {
        lock(&self.wrongs).clone()
    }

    /// Notes what the bridge did against a wire since the last time, and lets the cloud forget the
    /// calls that it keeps.
    pub(super) fn note_violations(&self) {
        self.rig.cloud.clear_calls();
        let mut violations = self.rig.cloud.violations();
        violations.extend(self.rig.gateway.violations());
        let known = self.violations.swap(violations.len(), Ordering::Relaxed);
        violations.drain(..known);
        violations.into_iter().for_each(|what| self.note_wrong(format!("against a wire: {what}")));
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
