//! Which sessions were active of late.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sap::SessionId;

use super::clock::Now;

/// How long a session counts as active.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The sessions in which something happened within the last 24 hours.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// When something happened last: Unix time in milliseconds.
    active_at: HashMap<SessionId, u64>,
    /// No session leaves before; Unix time in milliseconds.
    next_leaves_at: Option<u64>,
}

impl Recent {
    /// Something happened in a session.
    pub(crate) fn note(&mut self, session: &SessionId, now: Now) {
        if let Some(at) = self.active_at.get_mut(session) {
            *at = now.unix_ms;
            return;
        }
        self.active_at.insert(session.clone(), now.unix_ms);
        self.next_leaves_at.get_or_insert(now.unix_ms + DAY_MS);
    }

    /// Lets those leave in which nothing has happened for 24 hours.
    pub(crate) fn forget_old(&mut self, now: Now) {
        if self.next_leaves_at.is_some_and(|at| at <= now.unix_ms) {
            self.active_at.retain(|_, at| *at + DAY_MS > now.unix_ms);
            self.next_leaves_at = self.active_at.values().min().map(|at| at + DAY_MS);
        }
    }

    /// How many sessions there are.
    pub(crate) fn count(&self) -> usize {
        self.active_at.len()
    }

    /// When [`Recent::forget_old`] wants to be called, if at all.
    pub(crate) fn deadline(&self, now: Now) -> Option<Instant> {
        let wait = self.next_leaves_at?.saturating_sub(now.unix_ms);
        Some(now.instant + Duration::from_millis(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 60 * 60 * 1000;

    fn at(start: Instant, hours: u64) -> Now {
        let unix_ms = 1_800_000_000_000 + hours * HOUR_MS;
        Now { instant: start + Duration::from_millis(hours * HOUR_MS), unix_ms }
    }

    #[test]
    fn a_session_counts_once_and_for_24_hours_after_something_last_happened_in_it() {
        let start = Instant::now();
        let mut recent = Recent::default();
        let (one, other) = (SessionId::new("ses_1"), SessionId::new("ses_2"));
        recent.note(&one, at(start, 0));
        recent.note(&other, at(start, 1));
        recent.note(&one, at(start, 20));
        for (hour, left) in [(23, 2), (24, 2), (25, 1), (43, 1), (44, 0)] {
            recent.forget_old(at(start, hour));
            assert_eq!(recent.count(), left, "after {hour} hours");
        }
        assert_eq!(recent.deadline(at(start, 44)), None);
    }

    #[test]
    fn the_deadline_is_never_after_the_next_session_leaves() {
        let start = Instant::now();
        let mut recent = Recent::default();
        recent.note(&SessionId::new("ses_1"), at(start, 3));
        assert_eq!(recent.deadline(at(start, 4)), Some(at(start, 27).instant));
    }
}
