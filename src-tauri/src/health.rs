//! When a missing side is worth a person's attention: after a minute, and when it is over.

/// How long a side must be missing before a person is told, in milliseconds.
const TELL_AFTER_MS: u64 = 60_000;

/// What a person should hear about the two connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// A side has been missing for a minute.
    Degraded,
    /// Both sides are there again, after the person was told otherwise.
    Recovered,
}

/// What is known about the two connections over time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Health {
    missing_since_ms: Option<u64>,
    was_told: bool,
}

impl Health {
    /// Notes whether both sides are there now; says what a person should hear.
    pub fn look(&mut self, both_up: bool, now_ms: u64) -> Option<News> {
        if both_up {
            self.missing_since_ms = None;
            return std::mem::take(&mut self.was_told).then_some(News::Recovered);
        }
        let since = *self.missing_since_ms.get_or_insert(now_ms);
        let is_due = now_ms.saturating_sub(since) >= TELL_AFTER_MS && !self.was_told;
        self.was_told |= is_due;
        is_due.then_some(News::Degraded)
    }

    /// Since when a side has been missing.
    pub fn missing_since_ms(&self) -> Option<u64> {
        self.missing_since_ms
    }

    /// When [`Health::look`] may have something to say although nothing happened.
    pub fn due_at_ms(&self) -> Option<u64> {
        self.missing_since_ms.filter(|_| !self.was_told).map(|since| since + TELL_AFTER_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_interruption_is_not_told() {
        let mut health = Health::default();
        assert_eq!(health.look(false, 1_000), None);
        assert_eq!(health.look(false, 60_999), None);
        assert_eq!(health.look(true, 61_500), None);
        assert_eq!(health.due_at_ms(), None);
    }

    #[test]
    fn a_minute_without_a_side_is_told_once_and_so_is_its_end() {
        let mut health = Health::default();
        assert_eq!(health.look(false, 1_000), None);
        assert_eq!(health.due_at_ms(), Some(61_000));
        assert_eq!(health.look(false, 61_000), Some(News::Degraded));
        assert_eq!(health.look(false, 200_000), None);
        assert_eq!(health.look(true, 201_000), Some(News::Recovered));
        assert_eq!(health.look(true, 202_000), None);
    }

    #[test]
    fn a_clock_that_is_set_back_tells_nothing() {
        let mut health = Health::default();
        assert_eq!(health.look(false, 100_000), None);
        assert_eq!(health.look(false, 1_000), None);
        assert_eq!(health.missing_since_ms(), Some(100_000));
    }
}
