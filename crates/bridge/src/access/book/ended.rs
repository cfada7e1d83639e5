//! How requests ended, so that each ends once.

use std::collections::{HashMap, VecDeque};

use crate::Outcome;

/// How many ends are remembered: more than can wait at a time.
const MOST: usize = 8_000;

/// The ends, latest last.
#[derive(Debug, Default)]
pub(super) struct Ended {
    outcomes: HashMap<String, Outcome>,
    order: VecDeque<String>,
}

impl Ended {
    pub(super) fn has(&self, key: &str) -> bool {
        self.outcomes.contains_key(key)
    }

    pub(super) fn outcome(&self, key: &str) -> Option<&Outcome> {
        self.outcomes.get(key)
    }

    /// Remembers an end; says whether it is the first of this key.
    pub(super) fn remember(&mut self, key: String, outcome: Outcome) -> bool {
        if self.has(&key) {
            return false;
        }
        if self.order.len() >= MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.outcomes.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.outcomes.insert(key, outcome);
        true
    }
}
