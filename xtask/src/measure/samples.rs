use std::time::Duration;

/// Durations that were measured the same way.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    /// Adds one.
    pub(crate) fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The middle one, in milliseconds; 0 of none.
    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The one that 99 of 100 do not exceed, in milliseconds; 0 of none.
    pub(crate) fn p99(&self) -> f64 {
        self.quantile(0.99)
    }

    fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        sorted.get(at).map_or(0.0, |sample| sample.as_secs_f64() * 1000.0)
    }
}

impl FromIterator<Duration> for Samples {
    fn from_iter<I: IntoIterator<Item = Duration>>(samples: I) -> Self {
        Self(samples.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_and_p99_near_the_end() {
        let samples: Samples = (0..=100).rev().map(Duration::from_millis).collect();
        assert_eq!((samples.median(), samples.p99()), (50.0, 99.0));
    }

    #[test]
    fn no_samples_are_no_time() {
        assert_eq!(Samples::default().median(), 0.0);
    }
}
