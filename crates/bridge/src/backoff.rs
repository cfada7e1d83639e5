//! How long to wait before trying again: jittered, exponential, capped. Written once.

use std::time::Duration;

/// A growing wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// Doubles from `first` to `longest`.
    pub(crate) const fn between(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// The wait after this many failed attempts: between half and all of the doubled wait, so
    /// that many clients do not come back together.
    pub(crate) fn delay(&self, attempts: u32, random: &mut fastrand::Rng) -> Duration {
        let doublings = attempts.saturating_sub(1).min(16);
        let full = self.first.saturating_mul(1 << doublings).min(self.longest);
        full.mul_f64(0.5 + random.f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_with_jitter_and_never_exceeds_its_cap() {
        let backoff = Backoff::between(Duration::from_secs(1), Duration::from_secs(30));
        let mut random = fastrand::Rng::with_seed(7);
        for attempts in 0..200_u32 {
            let full = Duration::from_secs(1 << attempts.saturating_sub(1).min(5));
            let full = full.min(Duration::from_secs(30));
            let delay = backoff.delay(attempts, &mut random);
            assert!(delay >= full / 2 && delay <= full, "{attempts}: {delay:?}");
        }
    }
}
