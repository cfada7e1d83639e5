use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Signs of life of one connection, as they stand when they are asked for; clones share them.
#[derive(Clone, Debug)]
pub struct Life(Arc<Mutex<Signs>>);

#[derive(Clone, Copy, Debug)]
struct Signs {
    heard_at: SystemTime,
    round_trip: Duration,
}

impl Life {
    /// Begins with the greeting, and how long the gateway took for it.
    pub(super) fn new(round_trip: Duration) -> Self {
        Self(Arc::new(Mutex::new(Signs { heard_at: SystemTime::now(), round_trip })))
    }

    /// When anything came last.
    pub fn heard_at(&self) -> SystemTime {
        self.signs().heard_at
    }

    /// How long the gateway took for its last answer to a ping, or to a call that it answers at
    /// once; before the first one, for its greeting.
    pub fn round_trip(&self) -> Duration {
        self.signs().round_trip
    }

    pub(super) fn hear(&self) {
        self.signs().heard_at = SystemTime::now();
    }

    pub(super) fn measure(&self, round_trip: Duration) {
        self.signs().round_trip = round_trip;
    }

    fn signs(&self) -> MutexGuard<'_, Signs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
