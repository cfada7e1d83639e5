//! The bridge's process: the engine, and what the driver does around it.

use std::collections::VecDeque;

use bridge::engine::{Effect, Engine, Now, Step};
use journal::{Change, Firmness};
use sap::InstallationId;

use crate::storage::Storage;

/// One life of the bridge.
#[derive(Debug)]
pub(crate) struct Process {
    /// The engine.
    pub(crate) engine: Engine,
    batches: VecDeque<(Vec<Change>, Firmness)>,
    held: VecDeque<(u64, Effect)>,
    written: u64,
    committed: u64,
}

impl Process {
    /// Starts from what is committed.
    pub(crate) fn start(storage: &Storage, seed: u64, now: Now) -> Self {
        let installation = InstallationId::new("inst_0123456789abcdef");
        Self {
            engine: Engine::restore(installation, seed, &storage.rows(), now),
            batches: VecDeque::new(),
            held: VecDeque::new(),
            written: 0,
            committed: 0,
        }
    }

    /// What the engine wants kept and done waits.
    pub(crate) fn hold(&mut self, step: Step) {
        let Step { keep, firmness, effects } = step;
        if !keep.is_empty() {
            self.written += 1;
            self.batches.push_back((keep, firmness));
        }
        let batch = self.written;
        self.held.extend(effects.into_iter().map(|effect| (batch, effect)));
    }

    /// How many batches wait for the disk.
    pub(crate) fn uncommitted(&self) -> usize {
        self.batches.len()
    }

    /// Commits the next so many batches.
    pub(crate) fn commit(&mut self, count: usize, storage: &mut Storage) {
        for (changes, firmness) in self.batches.drain(..count.min(self.batches.len())) {
            storage.commit(&changes, firmness);
            self.committed += 1;
        }
    }

    /// How many effects may be performed now.
    pub(crate) fn due(&self) -> usize {
        self.held.iter().take_while(|(batch, _)| *batch <= self.committed).count()
    }

    /// The next effect that may be performed now.
    pub(crate) fn next_due(&mut self) -> Option<Effect> {
        let committed = self.committed;
        let (_, effect) = self.held.pop_front_if(|(batch, _)| *batch <= committed)?;
        Some(effect)
    }
}
