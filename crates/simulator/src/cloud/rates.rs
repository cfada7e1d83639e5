//! The token buckets that the cloud meters every installation with.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Size and refill of one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Calls that may come at once.
    pub capacity: f64,
    /// Calls a second that may follow.
    pub refill_per_second: f64,
}

/// The rates of one installation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateTable {
    /// `sendMessage` and `sendMessageEnd`.
    pub message: Rate,
    /// `sendMessageDelta`.
    pub delta: Rate,
    /// The three task routes.
    pub task: Rate,
    /// `requestApproval`.
    pub approval: Rate,
    /// Every other route, and everything without a valid token.
    pub other: Rate,
    /// Approvals of one installation within an hour; none means no such limit.
    #[serde(default)]
    pub approvals_per_hour: Option<u32>,
}

impl Default for RateTable {
    fn default() -> Self {
        Self {
            message: Rate::new(30.0, 10.0),
            delta: Rate::new(200.0, 100.0),
            task: Rate::new(60.0, 30.0),
            approval: Rate::new(10.0, 2.0),
            other: Rate::new(30.0, 10.0),
            approvals_per_hour: Some(30),
        }
    }
}

impl RateTable {
    /// Returns rates that nothing reaches, for measuring everything else.
    pub fn lifted() -> Self {
        let lifted = Rate::new(1e9, 1e9);
        Self {
            message: lifted,
            delta: lifted,
            task: lifted,
            approval: lifted,
            other: lifted,
            approvals_per_hour: None,
        }
    }

    fn of(&self, bucket: Bucket) -> Rate {
        match bucket {
            Bucket::Message => self.message,
            Bucket::Delta => self.delta,
            Bucket::Task => self.task,
            Bucket::Approval => self.approval,
            Bucket::Other => self.other,
        }
    }
}

impl Rate {
    /// Builds a rate of `capacity` calls at once and `refill_per_second` after that.
    pub const fn new(capacity: f64, refill_per_second: f64) -> Self {
        Self { capacity, refill_per_second }
    }
}

/// The bucket that a route draws from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bucket {
    Message,
    Delta,
    Task,
    Approval,
    Other,
}

impl Bucket {
    fn name(self) -> &'static str {
        match self {
            Self::Message => "msg",
            Self::Delta => "delta",
            Self::Task => "task",
            Self::Approval => "approval",
            Self::Other => "default",
        }
    }

    fn index(self) -> usize {
        match self {
            Self::Message => 0,
            Self::Delta => 1,
            Self::Task => 2,
            Self::Approval => 3,
            Self::Other => 4,
        }
    }
}

/// What the rate headers of one answer say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) bucket: &'static str,
    pub(super) limit: f64,
    pub(super) remaining: f64,
    /// Until the next call is possible; zero while calls remain.
    pub(super) reset_after: Duration,
    /// How long a refused caller has to wait.
    pub(super) refused: Option<Duration>,
}

/// The levels of one caller's buckets.
#[derive(Debug, Default)]
pub(super) struct Meters {
    levels: [Option<Level>; 5],
    approvals: VecDeque<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    tokens: f64,
    at: Instant,
}

impl Meters {
    /// Draws one call and says what is left, or that there was none.
    pub(super) fn take(&mut self, bucket: Bucket, table: &RateTable, now: Instant) -> Reading {
        let rate = table.of(bucket);
        let tokens = self.tokens(bucket, rate, now);
        let wait = wait_for_one(tokens, rate).or_else(|| self.hourly_wait(bucket, table, now));
        if wait.is_some() {
            return Reading { refused: wait, ..reading(bucket, rate, tokens) };
        }
        if bucket == Bucket::Approval {
            self.approvals.push_back(now);
        }
        self.levels[bucket.index()] = Some(Level { tokens: tokens - 1.0, at: now });
        reading(bucket, rate, tokens - 1.0)
    }

    /// Says what is left without drawing.
    pub(super) fn read(&self, bucket: Bucket, table: &RateTable, now: Instant) -> Reading {
        let rate = table.of(bucket);
        reading(bucket, rate, self.tokens(bucket, rate, now))
    }

    fn tokens(&self, bucket: Bucket, rate: Rate, now: Instant) -> f64 {
        self.levels[bucket.index()].map_or(rate.capacity, |level| {
            let refilled = now.saturating_duration_since(level.at).as_secs_f64();
            refilled.mul_add(rate.refill_per_second, level.tokens).min(rate.capacity)
        })
    }

    fn hourly_wait(&mut self, bucket: Bucket, table: &RateTable, now: Instant) -> Option<Duration> {
        let limit = table.approvals_per_hour.filter(|_| bucket == Bucket::Approval)?;
        while self.approvals.front().is_some_and(|at| now.saturating_duration_since(*at) >= HOUR) {
            self.approvals.pop_front();
        }
        let oldest = self.approvals.front()?;
        (self.approvals.len() >= limit as usize)
            .then(|| HOUR.saturating_sub(now.saturating_duration_since(*oldest)))
    }
}

fn reading(bucket: Bucket, rate: Rate, tokens: f64) -> Reading {
    Reading {
        bucket: bucket.name(),
        limit: rate.capacity,
        remaining: tokens.floor().max(0.0),
        reset_after: wait_for_one(tokens, rate).unwrap_or_default(),
        refused: None,
    }
}

fn wait_for_one(tokens: f64, rate: Rate) -> Option<Duration> {
    (tokens < 1.0).then(|| {
        let seconds = (1.0 - tokens) / rate.refill_per_second;
        // A bucket that never refills is full again tomorrow, for all a caller can tell.
        Duration::try_from_secs_f64(seconds).unwrap_or(HOUR * 24).min(HOUR * 24)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_capacity_at_once_and_then_its_refill() {
        let (table, mut meters, start) = (RateTable::default(), Meters::default(), Instant::now());
        for left in (0..30).rev() {
            let reading = meters.take(Bucket::Message, &table, start);
            assert_eq!((reading.refused, reading.remaining), (None, f64::from(left)));
        }
        let refused = meters.take(Bucket::Message, &table, start);
        assert_eq!(refused.refused, Some(Duration::from_millis(100)));
        assert_eq!(refused.reset_after, Duration::from_millis(100));
        let later = start + Duration::from_millis(101);
        assert_eq!(meters.take(Bucket::Message, &table, later).refused, None);
        assert!(meters.take(Bucket::Message, &table, later).refused.is_some());
    }

    #[test]
    fn buckets_do_not_draw_from_each_other() {
        let (table, mut meters, now) = (RateTable::default(), Meters::default(), Instant::now());
        for _ in 0..31 {
            meters.take(Bucket::Message, &table, now);
        }
        assert_eq!(meters.take(Bucket::Delta, &table, now).refused, None);
        assert_eq!(meters.read(Bucket::Message, &table, now).remaining, 0.0);
    }

    #[test]
    fn the_thirty_first_approval_of_an_hour_is_refused_until_the_first_is_an_hour_old() {
        let (table, mut meters, start) = (RateTable::default(), Meters::default(), Instant::now());
        let at = |number: u64| start + Duration::from_secs(number);
        for number in 0..30 {
            assert_eq!(meters.take(Bucket::Approval, &table, at(number)).refused, None);
        }
        let refused = meters.take(Bucket::Approval, &table, at(60)).refused;
        assert_eq!(refused, Some(HOUR - Duration::from_secs(60)));
        assert_eq!(meters.take(Bucket::Approval, &table, start + HOUR).refused, None);
    }

    #[test]
    fn a_bucket_that_never_refills_names_a_finite_wait() {
        let closed = Rate::new(0.0, 0.0);
        assert_eq!(wait_for_one(0.0, closed), Some(HOUR * 24));
    }
}
