//! When the two sides were last heard from: noted by the links as they carry, and read by whoever
//! looks. Nothing wakes up for it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use openclaw::Life;

/// Signs of life of both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// The cloud's; none while it is not connected.
    pub cloud: Option<Beat>,
    /// The gateway's; none while it is not connected.
    pub gateway: Option<Beat>,
}

/// A sign of life of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// When anything came last.
    pub heard: SystemTime,
    /// How long the other side took for the last answer that it gives at once; before the first
    /// one, for the opening of the connection.
    pub round_trip: Option<Duration>,
}

/// Where the links note signs of life.
#[derive(Debug, Default)]
pub(crate) struct Vitals {
    cloud: Mutex<Option<Beat>>,
    gateway: Mutex<Option<Life>>,
}

impl Vitals {
    /// The cloud was heard.
    pub(crate) fn hear_cloud(&self, round_trip: Duration) {
        let beat = Beat { heard: SystemTime::now(), round_trip: Some(round_trip) };
        *lock(&self.cloud) = Some(beat);
    }

    /// The cloud is not connected any more.
    pub(crate) fn lose_cloud(&self) {
        *lock(&self.cloud) = None;
    }

    /// The gateway is connected, and shows its life here.
    pub(crate) fn watch_gateway(&self, life: Life) {
        *lock(&self.gateway) = Some(life);
    }

    /// The gateway is not connected any more.
    pub(crate) fn lose_gateway(&self) {
        *lock(&self.gateway) = None;
    }

    /// Looks at both.
    pub(crate) fn pulse(&self) -> Pulse {
        let gateway = lock(&self.gateway)
            .as_ref()
            .map(|life| Beat { heard: life.heard_at(), round_trip: Some(life.round_trip()) });
        Pulse { cloud: *lock(&self.cloud), gateway }
    }
}

fn lock<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
