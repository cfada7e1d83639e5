//! Tells a living connection from one that only looks open.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// The windows of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// Silence after which a sign of life is asked for.
    pub(crate) ask: Duration,
    /// Silence after which the connection counts as dead.
    pub(crate) silence: Duration,
    /// How often the clocks are looked at.
    pub(crate) tick: Duration,
    /// How much later than due a look means that the computer slept.
    pub(crate) late: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ask: Duration::from_secs(20),
            silence: Duration::from_secs(30),
            tick: Duration::from_secs(5),
            late: Duration::from_secs(12),
        }
    }
}

/// What a look at the clocks says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Alive,
    /// Ask the other side for a sign of life, once.
    Ask,
    /// Nothing came for too long.
    Silent,
    /// The computer slept: the other side may have given up long ago.
    Woke,
}

/// Watches a connection by two clocks: on some systems the monotonic one stops while the
/// computer sleeps, and the wall clock is the only one that tells.
#[derive(Debug)]
pub(crate) struct Watch {
    timing: Timing,
    heard: Instant,
    asked: bool,
    looked: Instant,
    looked_wall: SystemTime,
}

impl Watch {
    pub(crate) fn new(timing: Timing, now: Instant, wall: SystemTime) -> Self {
        Self { timing, heard: now, asked: false, looked: now, looked_wall: wall }
    }

    /// Notes that something came.
    pub(crate) fn hear(&mut self, now: Instant) {
        self.heard = now;
        self.asked = false;
    }

    /// Says when to look at the clocks next.
    pub(crate) fn due(&self) -> Instant {
        (self.looked + self.timing.tick).min(self.dead_at())
    }

    /// Says when the connection counts as dead if nothing comes until then.
    pub(crate) fn dead_at(&self) -> Instant {
        self.heard + self.timing.silence
    }

    /// Looks at both clocks.
    pub(crate) fn look(&mut self, now: Instant, wall: SystemTime) -> Verdict {
        let elapsed = now.saturating_duration_since(self.looked);
        // A wall clock that was set back tells nothing.
        let elapsed_wall = wall.duration_since(self.looked_wall).unwrap_or_default();
        self.looked = now;
        self.looked_wall = wall;
        let silent = now.saturating_duration_since(self.heard);
        if elapsed.max(elapsed_wall) > self.timing.tick + self.timing.late {
            Verdict::Woke
        } else if silent >= self.timing.silence {
            Verdict::Silent
        } else if silent >= self.timing.ask && !self.asked {
            self.asked = true;
            Verdict::Ask
        } else {
            Verdict::Alive
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn start() -> (Watch, Instant, SystemTime) {
        let (now, wall) = (Instant::now(), SystemTime::UNIX_EPOCH + 1_000_000 * S);
        (Watch::new(Timing::default(), now, wall), now, wall)
    }

    #[test]
    fn silence_is_asked_about_once_and_then_ends_the_connection() {
        let (mut watch, now, wall) = start();
        let verdicts: Vec<_> =
            (1..=6).map(|i| watch.look(now + i * 5 * S, wall + i * 5 * S)).collect();
        use Verdict::{Alive, Ask, Silent};
        assert_eq!(verdicts, [Alive, Alive, Alive, Ask, Alive, Silent]);
    }

    #[test]
    fn anything_heard_starts_the_silence_anew() {
        let (mut watch, now, wall) = start();
        for second in (5..=100).step_by(5) {
            let (now, wall) = (now + second * S, wall + second * S);
            assert_eq!(watch.look(now, wall), Verdict::Alive, "{second}");
            watch.hear(now);
        }
    }

    #[test]
    fn a_look_far_too_late_by_either_clock_means_that_the_computer_slept() {
        for (monotonic, wall_clock) in [(5, 18), (18, 18), (18, 5)] {
            let (mut watch, now, wall) = start();
            let verdict = watch.look(now + monotonic * S, wall + wall_clock * S);
            assert_eq!(verdict, Verdict::Woke, "{monotonic} {wall_clock}");
        }
        let (mut watch, now, wall) = start();
        assert_eq!(watch.look(now + 17 * S, wall + 17 * S), Verdict::Alive);
    }

    #[test]
    fn a_clock_that_is_set_back_is_no_sleep() {
        let (mut watch, now, wall) = start();
        assert_eq!(watch.look(now + 5 * S, wall - 3600 * S), Verdict::Alive);
        assert_eq!(watch.look(now + 10 * S, wall - 3595 * S), Verdict::Alive);
    }

    #[test]
    fn the_next_look_is_never_after_the_end_of_the_silence() {
        let (mut watch, now, wall) = start();
        assert_eq!(watch.due(), now + 5 * S);
        watch.look(now + 28 * S, wall + 15 * S);
        assert_eq!(watch.due(), now + 30 * S);
    }
}
