//! How well requests and calls do.

use fastrand::Rng;

use crate::clock::{Millis, SECOND};

/// How well requests to the cloud and calls to the gateway do, in percent of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weather {
    /// Requests that never arrive.
    pub(crate) lost: u8,
    /// Answers that never arrive.
    pub(crate) unanswered: u8,
    /// Requests that arrive twice.
    pub(crate) doubled: u8,
    /// 429 and 503.
    pub(crate) busy: u8,
    /// 500.
    pub(crate) broken: u8,
    /// Requests that end their interaction.
    pub(crate) expired: u8,
    /// Updates that are delivered twice.
    pub(crate) repeated: u8,
    /// Calls to the gateway that are answered late, or too late.
    pub(crate) late: u8,
    /// The longest way of a request or frame.
    pub(crate) way: Millis,
    /// How long the journal may take.
    pub(crate) disk: Millis,
}

impl Weather {
    /// Everything works, and fast.
    pub(crate) fn fair() -> Self {
        Self { way: 20, disk: 2, ..Self::default() }
    }

    /// Draws some weather.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let mut at_most = |most: u8| if rng.bool() { rng.u8(..=most) } else { 0 };
        Self {
            lost: at_most(25),
            unanswered: at_most(25),
            doubled: at_most(10),
            busy: at_most(20),
            broken: at_most(20),
            expired: at_most(1),
            repeated: at_most(30),
            late: at_most(20),
            way: [5, 40, 300, 4 * SECOND][rng.usize(..4)],
            disk: [0, 3, 40, 700][rng.usize(..4)],
        }
    }

    /// Rolls a die: true in so many percent.
    pub(crate) fn hits(rng: &mut Rng, percent: u8) -> bool {
        rng.u8(..100) < percent
    }
}
