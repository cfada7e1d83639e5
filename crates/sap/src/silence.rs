//! Tells a living connection from one that only looks open.

use std::time::{Duration, SystemTime};

use dial::{Network, slept};
use tokio::time::Instant;

/// The windows of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// Silence after which a sign of life is asked for.
    pub(crate) ask: Duration,
    /// Silence after which the connection counts as dead.
    pub(crate) silence: Duration,
    /// How often the clocks and the network are looked at.
    pub(crate) tick: Duration,
    /// How soon after a change of the network the other side must have shown life.
    pub(crate) proof: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ask: Duration::from_secs(20),
            silence: Duration::from_secs(30),
            tick: Duration::from_secs(5),
            proof: Duration::from_secs(5),
        }
    }
}

/// What a look says.
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

/// Watches a connection by both clocks, and by the network that the computer is on.
#[derive(Debug)]
pub(crate) struct Watch {
    timing: Timing,
    heard: Instant,
    asked: bool,
    /// Until when the other side must have shown life, where it may be out of reach.
    proof_by: Option<Instant>,
    looked: Instant,
    looked_wall: SystemTime,
    network: Network,
}

impl Watch {
    pub(crate) fn new(timing: Timing, now: Instant, wall: SystemTime, network: Network) -> Self {
        Self {
            timing,
            heard: now,
            asked: false,
            proof_by: None,
            looked: now,
            looked_wall: wall,
            network,
        }
    }

    /// Notes that something came.
    pub(crate) fn hear(&mut self, now: Instant) {
        self.heard = now;
        self.asked = false;
        self.proof_by = None;
    }

    /// Says when to look next.
    pub(crate) fn due(&self) -> Instant {
        (self.looked + self.timing.tick).min(self.dead_at())
    }

    /// Says when the connection counts as dead if nothing comes until then.
    pub(crate) fn dead_at(&self) -> Instant {
        let silent = self.heard + self.timing.silence;
        self.proof_by.map_or(silent, |proof_by| proof_by.min(silent))
    }

    /// Looks at both clocks and at the network.
    pub(crate) fn look(&mut self, now: Instant, wall: SystemTime, network: Network) -> Verdict {
        let elapsed = now.saturating_duration_since(self.looked);
        let woke = slept(self.timing.tick, elapsed, self.looked_wall, wall);
        self.looked = now;
        self.looked_wall = wall;
        let moved = std::mem::replace(&mut self.network, network) != network;
        if woke {
            Verdict::Woke
        } else if now >= self.dead_at() {
            Verdict::Silent
        } else if moved {
            // The old way may still lead there: only the other side can tell.
            self.proof_by.get_or_insert(now + self.timing.proof);
            self.asked = true;
            Verdict::Ask
        } else if now >= self.heard + self.timing.ask && !self.asked {
            self.asked = true;
            Verdict::Ask
        } else {
            Verdict::Alive
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::Verdict::{Alive, Ask, Silent, Woke};
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn start() -> (Watch, Instant, SystemTime, Network) {
        let (now, wall) = (Instant::now(), SystemTime::UNIX_EPOCH + 1_000_000 * S);
        let home = Network::of([Some(Ipv4Addr::new(10, 0, 0, 7).into()), None]);
        (Watch::new(Timing::default(), now, wall, home), now, wall, home)
    }

    #[test]
    fn silence_is_asked_about_once_and_then_ends_the_connection() {
        let (mut watch, now, wall, home) = start();
        let verdicts: Vec<_> =
            (1..=6).map(|i| watch.look(now + i * 5 * S, wall + i * 5 * S, home)).collect();
        assert_eq!(verdicts, [Alive, Alive, Alive, Ask, Alive, Silent]);
    }

    #[test]
    fn anything_heard_starts_the_silence_anew() {
        let (mut watch, now, wall, home) = start();
        for second in (5..=100).step_by(5) {
            let (now, wall) = (now + second * S, wall + second * S);
            assert_eq!(watch.look(now, wall, home), Alive, "{second}");
            watch.hear(now);
        }
    }

    #[test]
    fn a_look_far_too_late_by_either_clock_means_that_the_computer_slept() {
        for (monotonic, wall_clock) in [(5, 18), (18, 18), (18, 5)] {
            let (mut watch, now, wall, home) = start();
            let verdict = watch.look(now + monotonic * S, wall + wall_clock * S, home);
            assert_eq!(verdict, Woke, "{monotonic} {wall_clock}");
        }
        let (mut watch, now, wall, home) = start();
        assert_eq!(watch.look(now + 17 * S, wall + 17 * S, home), Alive);
    }

    #[test]
    fn on_another_network_the_other_side_must_show_life_soon() {
        let elsewhere = Network::of([None; 2]);
        let (mut watch, now, wall, home) = start();
        assert_eq!(watch.look(now + 5 * S, wall + 5 * S, elsewhere), Ask);
        assert_eq!(watch.due(), now + 10 * S);
        assert_eq!(watch.look(now + 8 * S, wall + 8 * S, home), Ask, "a change back is one too");
        assert_eq!(watch.look(now + 10 * S, wall + 10 * S, home), Silent, "nothing came");

        let (mut watch, now, wall, _) = start();
        assert_eq!(watch.look(now + 5 * S, wall + 5 * S, elsewhere), Ask);
        watch.hear(now + 6 * S);
        assert_eq!(watch.look(now + 10 * S, wall + 10 * S, elsewhere), Alive, "it answered");
        assert_eq!(watch.dead_at(), now + 36 * S);
    }

    #[test]
    fn a_clock_that_is_set_back_is_no_sleep() {
        let (mut watch, now, wall, home) = start();
        assert_eq!(watch.look(now + 5 * S, wall - 3600 * S, home), Alive);
        assert_eq!(watch.look(now + 10 * S, wall - 3595 * S, home), Alive);
    }

    #[test]
    fn the_next_look_is_never_after_the_end_of_the_silence() {
        let (mut watch, now, wall, home) = start();
        assert_eq!(watch.due(), now + 5 * S);
        watch.look(now + 28 * S, wall + 15 * S, home);
        assert_eq!(watch.due(), now + 30 * S);
    }
}
