//! When something that is amiss is worth a person's attention, and when it is over.

/// What a person should hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It has been amiss for long enough.
    Degraded,
    /// It is well again, after the person was told otherwise.
    Recovered,
}

/// How long something must last before a person is told, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// That it is amiss.
    pub degraded_ms: u64,
    /// That it is well again; what is amiss again before that is not told anew.
    pub recovered_ms: u64,
}

/// What is known about something over time: the two connections, for example.
#[derive(Clone, Copy, Debug)]
pub struct Health {
    patience: Patience,
    amiss_since_ms: Option<u64>,
    well_since_ms: Option<u64>,
    was_told: bool,
}

impl Health {
    /// Knows nothing yet.
    pub fn new(patience: Patience) -> Self {
        Self { patience, amiss_since_ms: None, well_since_ms: None, was_told: false }
    }

    /// Notes whether all is well now; says what a person should hear.
    pub fn look(&mut self, is_well: bool, now_ms: u64) -> Option<News> {
        let lasts = |since_ms: &mut Option<u64>, wanted_ms| {
            now_ms.saturating_sub(*since_ms.get_or_insert(now_ms)) >= wanted_ms
        };
        if is_well {
            self.amiss_since_ms = None;
            let is_due = lasts(&mut self.well_since_ms, self.patience.recovered_ms);
            return (is_due && std::mem::take(&mut self.was_told)).then_some(News::Recovered);
        }
        self.well_since_ms = None;
        let is_due = lasts(&mut self.amiss_since_ms, self.patience.degraded_ms) && !self.was_told;
        self.was_told |= is_due;
        is_due.then_some(News::Degraded)
    }

    /// Since when it has been amiss.
    pub fn amiss_since_ms(&self) -> Option<u64> {
        self.amiss_since_ms
    }

    /// Says whether it is amiss, and the person was told so.
    pub fn is_known_amiss(&self) -> bool {
        self.was_told && self.amiss_since_ms.is_some()
    }

    /// When [`Health::look`] may have something to say although nothing happened.
    pub fn due_at_ms(&self) -> Option<u64> {
        let Patience { degraded_ms, recovered_ms } = self.patience;
        if self.was_told {
            self.well_since_ms.map(|since| since + recovered_ms)
        } else {
            self.amiss_since_ms.map(|since| since + degraded_ms)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { degraded_ms: 60_000, recovered_ms: 0 };

    #[test]
    fn a_short_interruption_is_not_told() {
        let mut health = Health::new(PATIENCE);
        assert_eq!(health.look(false, 1_000), None);
        assert_eq!(health.look(false, 60_999), None);
        assert!(!health.is_known_amiss());
        assert_eq!(health.look(true, 61_500), None);
        assert_eq!(health.due_at_ms(), None);
    }

    #[test]
    fn a_long_one_is_told_once_and_so_is_its_end() {
        let mut health = Health::new(PATIENCE);
        assert_eq!(health.look(false, 1_000), None);
        assert_eq!(health.due_at_ms(), Some(61_000));
        assert_eq!(health.look(false, 61_000), Some(News::Degraded));
        assert!(health.is_known_amiss());
        assert_eq!(health.look(false, 200_000), None);
        assert_eq!(health.look(true, 201_000), Some(News::Recovered));
        assert_eq!(health.look(true, 202_000), None);
        assert_eq!(health.due_at_ms(), None);
    }

    #[test]
    fn an_end_that_does_not_last_is_not_told_and_neither_is_the_next_beginning() {
        let mut health = Health::new(Patience { degraded_ms: 2_000, recovered_ms: 10_000 });
        health.look(false, 1_000);
        assert_eq!(health.look(false, 3_000), Some(News::Degraded));
        assert_eq!(health.look(true, 5_000), None);
        assert_eq!((health.is_known_amiss(), health.due_at_ms()), (false, Some(15_000)));
        assert_eq!(health.look(false, 14_999), None);
        assert!(health.is_known_amiss());
        assert_eq!(health.look(false, 20_000), None);
        assert_eq!(health.look(true, 21_000), None);
        assert_eq!(health.look(true, 31_000), Some(News::Recovered));
    }

    #[test]
    fn a_clock_that_is_set_back_tells_nothing() {
        let mut health = Health::new(PATIENCE);
        assert_eq!(health.look(false, 100_000), None);
        assert_eq!(health.look(false, 1_000), None);
        assert_eq!(health.amiss_since_ms(), Some(100_000));
    }
}
