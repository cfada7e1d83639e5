//! What may be sent when, so that the cloud need not say 429.

use std::time::{Duration, Instant};

use crate::{Bucket, RateReport};

/// Longest time that a report of the cloud can hold a bucket.
const LONGEST_HOLD: Duration = Duration::from_secs(3600);
/// Largest capacity that is believed, in calls.
const LARGEST_CAPACITY: f64 = 100_000.0;
/// Less than a whole token by the rounding of floating-point sums.
const ROUNDING: f64 = 1e-6;
/// Shortest wait for a token: the clock counts whole nanoseconds, in which the largest bucket
/// fills by more than [`ROUNDING`].
const SHORTEST_WAIT: Duration = Duration::from_micros(1);

/// One token bucket for each rate bucket of the cloud; time comes in as a value.
#[derive(Clone, Debug)]
pub struct Rates {
    message: Tokens,
    delta: Tokens,
    task: Tokens,
    approval: Tokens,
    other: Tokens,
}

impl Rates {
    /// Makes full buckets with the capacities that the cloud documents.
    pub fn new() -> Self {
        Self {
            message: Tokens::full(30.0, 10.0),
            delta: Tokens::full(200.0, 100.0),
            task: Tokens::full(60.0, 30.0),
            approval: Tokens::full(10.0, 2.0),
            other: Tokens::full(30.0, 10.0),
        }
    }

    /// Takes the right to send one call now.
    ///
    /// # Errors
    /// The earliest time at which another try can succeed.
    pub fn try_take(&mut self, bucket: Bucket, now: Instant) -> Result<(), Instant> {
        self.of(bucket).try_take(now)
    }

    /// Corrects a bucket by what an answer says, while `in_flight` other calls of the bucket
    /// are on their way and may not be counted in it.
    pub fn learn(&mut self, bucket: Bucket, report: &RateReport, in_flight: u32, now: Instant) {
        self.of(bucket).learn(report, in_flight, now);
    }

    /// Sends nothing from a bucket before `until`, as a 429 demands; then one call, and more as
    /// the bucket fills.
    pub fn hold(&mut self, bucket: Bucket, until: Instant) {
        self.of(bucket).hold(until);
    }

    fn of(&mut self, bucket: Bucket) -> &mut Tokens {
        match bucket {
            Bucket::Message => &mut self.message,
            Bucket::Delta => &mut self.delta,
            Bucket::Task => &mut self.task,
            Bucket::Approval => &mut self.approval,
            Bucket::Other => &mut self.other,
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Clone, Debug)]
struct Tokens {
    capacity: f64,
    tokens: f64,
    /// Tokens a second for each token of capacity: a bucket of another size fills in the same time.
    refill: f64,
    /// When `tokens` was right; none as long as the bucket was never used.
    counted: Option<Instant>,
    held_until: Option<Instant>,
}

impl Tokens {
    fn full(capacity: f64, per_second: f64) -> Self {
        let refill = per_second / capacity;
        Self { capacity, tokens: capacity, refill, counted: None, held_until: None }
    }

    fn try_take(&mut self, now: Instant) -> Result<(), Instant> {
        self.fill(now);
        if let Some(until) = self.held_until {
            if until > now {
                return Err(until);
            }
            self.held_until = None;
        }
        if self.tokens >= 1.0 - ROUNDING {
            self.tokens = (self.tokens - 1.0).max(0.0);
            return Ok(());
        }
        let missing = (1.0 - self.tokens) / (self.refill * self.capacity);
        let since = self.counted.map_or(now, |counted| counted.max(now));
        Err(since + Duration::from_secs_f64(missing) + SHORTEST_WAIT)
    }

    fn learn(&mut self, report: &RateReport, in_flight: u32, now: Instant) {
        self.fill(now);
        let limit = report.limit.filter(|limit| limit.is_finite() && *limit > 0.0);
        let capacity = limit.map_or(self.capacity, |limit| limit.clamp(1.0, LARGEST_CAPACITY));
        let same = (capacity - self.capacity).abs() < ROUNDING;
        self.capacity = capacity;
        if let Some(remaining) = report.remaining.filter(|remaining| remaining.is_finite()) {
            let left = remaining - f64::from(in_flight);
            self.tokens = if same { self.tokens.min(left) } else { left };
            if remaining <= 0.0
                && let Some(after) = report.reset_after
            {
                self.hold_until(now + after.min(LONGEST_HOLD));
            }
        }
        self.tokens = self.tokens.clamp(0.0, self.capacity);
    }

    fn hold(&mut self, until: Instant) {
        self.hold_until(until);
        self.tokens = 1.0;
        self.counted = Some(self.counted.map_or(until, |counted| counted.max(until)));
    }

    fn hold_until(&mut self, until: Instant) {
        self.held_until = Some(self.held_until.map_or(until, |held| held.max(until)));
    }

    fn fill(&mut self, now: Instant) {
        let counted = self.counted.unwrap_or(now);
        let elapsed = now.saturating_duration_since(counted).as_secs_f64();
        self.tokens = (self.tokens + elapsed * self.refill * self.capacity).min(self.capacity);
        self.counted = Some(counted.max(now));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Bucket; 5] =
        [Bucket::Message, Bucket::Delta, Bucket::Task, Bucket::Approval, Bucket::Other];

    fn burst(rates: &mut Rates, bucket: Bucket, now: Instant) -> usize {
        (0..1000).take_while(|_| rates.try_take(bucket, now).is_ok()).count()
    }

    fn report(limit: Option<f64>, remaining: Option<f64>, reset_after: Option<f64>) -> RateReport {
        let reset_after = reset_after.map(Duration::from_secs_f64);
        RateReport { bucket: None, limit, remaining, reset_after }
    }

    #[test]
    fn a_full_bucket_gives_its_capacity_at_once_and_then_its_refill() {
        let start = Instant::now();
        let second = start + Duration::from_secs(1);
        for (bucket, (capacity, refill)) in
            ALL.into_iter().zip([(30, 10), (200, 100), (60, 30), (10, 2), (30, 10)])
        {
            let mut rates = Rates::new();
            assert_eq!(burst(&mut rates, bucket, start), capacity);
            assert_eq!(burst(&mut rates, bucket, second), refill);
        }
    }

    #[test]
    fn an_unused_bucket_holds_no_more_than_its_capacity() {
        let mut rates = Rates::new();
        let start = Instant::now();
        rates.try_take(Bucket::Message, start).unwrap();
        assert_eq!(burst(&mut rates, Bucket::Message, start + Duration::from_secs(600)), 30);
    }

    #[test]
    fn an_empty_bucket_names_the_very_time_at_which_it_gives_again() {
        let mut rates = Rates::new();
        let start = Instant::now();
        assert_eq!(burst(&mut rates, Bucket::Approval, start), 10);
        let next = rates.try_take(Bucket::Approval, start).unwrap_err();
        assert!(next > start && next <= start + Duration::from_millis(501));
        assert_eq!(rates.try_take(Bucket::Approval, next), Ok(()));
    }

    #[test]
    fn what_the_cloud_says_is_left_counts_less_what_is_on_its_way() {
        let mut rates = Rates::new();
        let now = Instant::now();
        rates.learn(Bucket::Message, &report(Some(30.0), Some(12.0), None), 2, now);
        assert_eq!(burst(&mut rates, Bucket::Message, now), 10);
    }

    #[test]
    fn a_late_answer_does_not_fill_a_bucket_again() {
        let mut rates = Rates::new();
        let now = Instant::now();
        assert_eq!(burst(&mut rates, Bucket::Message, now), 30);
        rates.learn(Bucket::Message, &report(Some(30.0), Some(29.0), None), 0, now);
        assert!(rates.try_take(Bucket::Message, now).is_err());
    }

    #[test]
    fn another_capacity_is_learned_and_refills_in_the_same_time() {
        let mut rates = Rates::new();
        let now = Instant::now();
        rates.learn(Bucket::Message, &report(Some(60.0), Some(60.0), None), 0, now);
        assert_eq!(burst(&mut rates, Bucket::Message, now), 60);
        assert_eq!(burst(&mut rates, Bucket::Message, now + Duration::from_secs(1)), 20);
    }

    #[test]
    fn a_bucket_as_large_as_any_names_a_time_at_which_it_gives() {
        let mut now = Instant::now();
        let mut rates = Rates::new();
        let empty = report(Some(40_002.0), Some(0.0), None);
        for _ in 0..1000 {
            rates.learn(Bucket::Task, &empty, 0, now);
            let next = rates.try_take(Bucket::Task, now).unwrap_err();
            assert!(next > now);
            assert_eq!(rates.try_take(Bucket::Task, next), Ok(()));
            now = next + Duration::from_nanos(1);
        }
    }

    #[test]
    fn nothing_left_holds_the_bucket_until_it_is_reset() {
        let mut rates = Rates::new();
        let now = Instant::now();
        rates.learn(Bucket::Task, &report(Some(60.0), Some(0.0), Some(2.5)), 0, now);
        let until = now + Duration::from_millis(2500);
        assert_eq!(rates.try_take(Bucket::Task, now), Err(until));
        assert_eq!(rates.try_take(Bucket::Task, until), Ok(()));
    }

    #[test]
    fn a_hold_lets_one_call_through_when_it_ends_and_touches_no_other_bucket() {
        let mut rates = Rates::new();
        let now = Instant::now();
        let until = now + Duration::from_secs(7);
        rates.hold(Bucket::Delta, until);
        rates.hold(Bucket::Delta, now + Duration::from_secs(3));
        assert_eq!(rates.try_take(Bucket::Delta, now), Err(until));
        assert_eq!(burst(&mut rates, Bucket::Delta, until), 1);
        assert_eq!(rates.try_take(Bucket::Message, now), Ok(()));
    }

    fn any_number() -> impl Strategy<Value = Option<f64>> {
        prop_oneof![
            Just(None),
            any::<f64>().prop_map(Some),
            (-1.0..500.0).prop_map(Some),
            (500.0..200_000.0).prop_map(Some),
            Just(Some(0.0)),
        ]
    }

    proptest! {
        #[test]
        fn whatever_the_cloud_reports_a_bucket_gives_again_within_the_hour(
            reports in prop::collection::vec(
                (any_number(), any_number(), prop::option::of(0u64..u64::MAX / 4), any::<u32>()),
                1..20,
            ),
            step in 0u64..5_000,
        ) {
            let mut now = Instant::now();
            let mut rates = Rates::new();
            for (limit, remaining, reset, in_flight) in reports {
                let reset_after = reset.map(Duration::from_millis);
                let report = RateReport { bucket: None, limit, remaining, reset_after };
                rates.learn(Bucket::Message, &report, in_flight, now);
                now += Duration::from_millis(step);
            }
            let last = now + LONGEST_HOLD + Duration::from_secs(10);
            let mut tries = 0;
            while let Err(next) = rates.try_take(Bucket::Message, now) {
                prop_assert!(next > now && next <= last);
                now = next;
                tries += 1;
                prop_assert!(tries < 5, "the time named was not the time at which it gives");
            }
        }
    }
}
