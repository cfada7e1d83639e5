//! Simulated time.

use std::time::{Duration, Instant};

use bridge::engine::Now;

/// Milliseconds since a world began.
pub(crate) type Millis = u64;

/// A second in milliseconds.
pub(crate) const SECOND: Millis = 1_000;
/// A minute in milliseconds.
pub(crate) const MINUTE: Millis = 60 * SECOND;

/// Unix time in milliseconds at which every world begins.
const EPOCH_MS: u64 = 1_800_000_000_000;

/// The clock of a world: it stands still until it is moved.
#[derive(Debug)]
pub(crate) struct Clock {
    base: Instant,
    at: Millis,
}

impl Clock {
    /// Makes a clock that stands at the beginning.
    pub(crate) fn new() -> Self {
        // Far enough from the computer's own beginning that a process may look back.
        Self { base: Instant::now() + Duration::from_secs(30 * 24 * 60 * 60), at: 0 }
    }

    /// Tells the time.
    pub(crate) fn at(&self) -> Millis {
        self.at
    }

    /// Moves to a moment, never back.
    pub(crate) fn move_to(&mut self, at: Millis) {
        self.at = self.at.max(at);
    }

    /// Tells the time as the engine is told it.
    pub(crate) fn now(&self) -> Now {
        Now { instant: self.base + Duration::from_millis(self.at), unix_ms: unix_ms(self.at) }
    }

    /// The first millisecond at which an instant has come.
    pub(crate) fn millis_of(&self, instant: Instant) -> Millis {
        let since = instant.saturating_duration_since(self.base);
        u64::try_from(since.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

/// Unix time in milliseconds of a moment.
pub(crate) fn unix_ms(at: Millis) -> u64 {
    EPOCH_MS + at
}
