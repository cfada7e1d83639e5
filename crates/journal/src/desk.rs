use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::{Change, Firmness};

/// Where batches are laid down for the thread that commits, and where that one says what is left
/// for the thread that flushes. Without anything to do, both wait and do not wake up.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    state: Mutex<State>,
    /// Wakes the thread that commits.
    commits: Condvar,
    /// Wakes the thread that flushes.
    flushes: Condvar,
}

/// Is what was handed over and not yet taken.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) changes: Vec<Change>,
    pub(crate) firmness: Firmness,
}

/// Says how urgently the threads shall end; the later is the greater.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    #[default]
    No,
    /// When everything is committed, and flushed as far as was asked.
    Asked,
    /// After one more attempt.
    Abandoned,
}

#[derive(Debug, Default)]
struct State {
    batch: Batch,
    /// The number of the last batch that was handed over.
    last: u64,
    /// The number of the last batch that was committed.
    committed: u64,
    /// Up to this number what was committed has to be flushed.
    firm: u64,
    /// Says that nothing more will be committed.
    is_over: bool,
    end: End,
}

impl Default for Batch {
    fn default() -> Self {
        Self { changes: Vec::new(), firmness: Firmness::Process }
    }
}

impl Batch {
    /// Adds what was handed over later; the whole is as firm as the firmer of the two.
    pub(crate) fn append(&mut self, later: Self) {
        self.changes.extend(later.changes);
        self.firmness = self.firmness.max(later.firmness);
    }
}

impl Desk {
    /// Lays down a batch, and gives its number.
    pub(crate) fn hand_over(&self, batch: Batch) -> u64 {
        let mut state = self.lock();
        state.batch.append(batch);
        state.last += 1;
        self.commits.notify_one();
        state.last
    }

    /// Asks both threads to end.
    pub(crate) fn end(&self, end: End) {
        let mut state = self.lock();
        state.end = state.end.max(end);
        self.commits.notify_one();
        self.flushes.notify_one();
    }

    /// Waits for batches after the one with this number; none when there will be none.
    pub(crate) fn take(&self, done: u64) -> Option<(Batch, u64)> {
        let mut state = self
            .commits
            .wait_while(self.lock(), |state| state.last == done && state.end == End::No)
            .unwrap_or_else(PoisonError::into_inner);
        (state.last != done).then(|| (mem::take(&mut state.batch), state.last))
    }

    /// Waits before another attempt to commit, and takes what has come meanwhile; none when there
    /// shall be no other.
    pub(crate) fn take_after(&self, pause: Duration) -> Option<(Batch, u64)> {
        let mut state = self.pause(&self.commits, pause)?;
        Some((mem::take(&mut state.batch), state.last))
    }

    /// Says up to which batch everything is committed, and how firm it has to become.
    pub(crate) fn set_committed(&self, batch: u64, firmness: Firmness) {
        let mut state = self.lock();
        state.committed = batch;
        if firmness == Firmness::Power {
            state.firm = batch;
            self.flushes.notify_one();
        }
    }

    /// Says that nothing more will be committed.
    pub(crate) fn set_over(&self) {
        self.lock().is_over = true;
        self.flushes.notify_one();
    }

    /// Waits until more has to be flushed than up to the batch with this number, and gives the
    /// last that is committed; none when there will be nothing more.
    pub(crate) fn committed(&self, flushed: u64) -> Option<u64> {
        let state = self
            .flushes
            .wait_while(self.lock(), |state| state.firm <= flushed && !state.is_over)
            .unwrap_or_else(PoisonError::into_inner);
        (state.firm > flushed).then_some(state.committed)
    }

    /// Waits before another attempt to flush, and gives the last batch that is committed then;
    /// none when there shall be no other.
    pub(crate) fn committed_after(&self, pause: Duration) -> Option<u64> {
        Some(self.pause(&self.flushes, pause)?.committed)
    }

    /// Waits; a wish to end cuts that short. None when there was one before that is urgent.
    fn pause(&self, thread: &Condvar, pause: Duration) -> Option<MutexGuard<'_, State>> {
        let state = self.lock();
        let end = state.end;
        if end == End::Abandoned {
            return None;
        }
        let (state, _) = thread
            .wait_timeout_while(state, pause, |state| state.end == end)
            .unwrap_or_else(PoisonError::into_inner);
        Some(state)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hand_over(desk: &Desk, firmness: Firmness) {
        desk.hand_over(Batch { changes: vec![Change::Clear], firmness });
    }

    #[test]
    fn batches_that_wait_are_as_firm_as_the_firmest_of_them() {
        let desk = Desk::default();
        for firmness in [Firmness::Process, Firmness::Power, Firmness::Process] {
            hand_over(&desk, firmness);
        }
        let (batch, last) = desk.take(0).unwrap();
        assert_eq!((batch.changes.len(), batch.firmness, last), (3, Firmness::Power, 3));
        hand_over(&desk, Firmness::Process);
        let (batch, last) = desk.take(3).unwrap();
        assert_eq!((batch.changes.len(), batch.firmness, last), (1, Firmness::Process, 4));
    }

    #[test]
    fn a_flush_covers_all_that_is_committed_and_only_a_firm_batch_asks_for_one() {
        let desk = Desk::default();
        desk.set_committed(3, Firmness::Power);
        desk.set_committed(5, Firmness::Process);
        assert_eq!(desk.committed(0), Some(5));
        desk.set_committed(8, Firmness::Process);
        desk.set_over();
        assert_eq!(desk.committed(5), None);
        assert_eq!(desk.committed(2), Some(8));
    }
}
