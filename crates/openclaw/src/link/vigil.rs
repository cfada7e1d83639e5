//! Tells a living connection from one that only looks open.

use std::time::Duration;

use tokio::time::Instant;

/// How long the gateway may take to show life after something that may have cut the line.
const PROOF_WITHIN: Duration = Duration::from_secs(5);

/// Watches one connection: a gateway says something every interval; one that does not is asked.
#[derive(Debug)]
pub(super) struct Vigil {
    interval: Duration,
    heard: Instant,
    asked: Option<Instant>,
    /// Until when a doubt must be dispelled.
    proof_by: Option<Instant>,
}

impl Vigil {
    /// Begins with a gateway that was just heard, and means to speak this often.
    pub(super) fn new(interval: Duration, now: Instant) -> Self {
        Self { interval, heard: now, asked: None, proof_by: None }
    }

    /// Something came.
    pub(super) fn hear(&mut self, now: Instant) {
        self.heard = now;
        self.asked = None;
        self.proof_by = None;
    }

    /// Something happened that may have cut the line: the gateway is to be asked now.
    pub(super) fn doubt(&mut self, now: Instant) {
        self.asked = Some(now);
        self.proof_by.get_or_insert(now + PROOF_WITHIN);
    }

    /// The moment in which the gateway is to be asked, if it has not been.
    pub(super) fn ask_at(&self) -> Option<Instant> {
        // Its own sign of life is due a moment earlier.
        self.asked.is_none().then(|| self.heard + self.interval.mul_f64(1.1))
    }

    /// The gateway was asked.
    pub(super) fn ask(&mut self, now: Instant) {
        self.asked = Some(now);
    }

    /// How long the gateway took for its answer, if it owes one.
    pub(super) fn answered(&self, now: Instant) -> Option<Duration> {
        self.asked.map(|asked| now - asked)
    }

    /// When the connection counts as dead if nothing comes until then.
    pub(super) fn dead_at(&self) -> Instant {
        let silent = self.heard + self.interval.mul_f64(1.5);
        self.proof_by.map_or(silent, |proof_by| proof_by.min(silent))
    }

    /// Says whether a doubt, not plain silence, is about to end the connection.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.proof_by.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn vigil() -> (Vigil, Instant) {
        let now = Instant::now();
        (Vigil::new(30 * S, now), now)
    }

    #[test]
    fn silence_is_asked_about_after_one_interval_and_ends_after_one_and_a_half() {
        let (mut vigil, now) = vigil();
        assert_eq!(vigil.ask_at(), Some(now + 33 * S));
        vigil.ask(now + 33 * S);
        assert_eq!(vigil.ask_at(), None);
        assert_eq!(vigil.dead_at(), now + 45 * S);
        vigil.hear(now + 34 * S);
        assert_eq!(vigil.ask_at(), Some(now + 67 * S));
        assert_eq!(vigil.dead_at(), now + 79 * S);
    }

    #[test]
    fn a_doubt_must_be_dispelled_soon_and_a_second_one_gives_no_more_time() {
        let (mut vigil, now) = vigil();
        vigil.doubt(now + S);
        vigil.doubt(now + 3 * S);
        assert_eq!(vigil.ask_at(), None);
        assert_eq!(vigil.dead_at(), now + 6 * S);
        assert_eq!(vigil.answered(now + 4 * S), Some(S));
        vigil.hear(now + 4 * S);
        assert!(!vigil.is_in_doubt());
        assert_eq!(vigil.dead_at(), now + 49 * S);
    }
}
