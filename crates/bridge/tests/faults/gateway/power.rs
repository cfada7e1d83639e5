//! How the gateway's process ends and begins.

use bridge::engine::GatewayFacts;
use openclaw::{Event, Generation};

use super::questions::State;
use super::truth::Outcome;
use super::{Gateway, Resume};
use crate::clock::{MINUTE, Millis, SECOND};

/// How long the newer generation lets runs finish when it is asked to end.
const DRAIN: Millis = 5 * MINUTE + 15 * SECOND;

/// Whether the gateway runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Power {
    /// It runs.
    Up,
    /// It ends as soon as its runs have (newer generation).
    Draining {
        /// When it ends in any case.
        until: Millis,
    },
    /// It does not run.
    Down {
        /// When it is there again.
        until: Millis,
    },
}

impl Gateway {
    /// What it says of itself to whoever connects.
    pub(crate) fn greet(&mut self, now: Millis) -> GatewayFacts {
        self.begun.clear();
        let newer = self.generation == Generation::Newer;
        // The first process had run for an hour when the world began.
        let before = if self.boot == 1 { 60 * MINUTE } else { 0 };
        GatewayFacts {
            generation: self.generation,
            agent: "main".into(),
            boot_id: newer.then(|| format!("boot-{}", self.boot)),
            uptime_ms: Some(now - self.booted + before),
            max_attachment: None,
        }
    }

    /// Asks the process to end; the older generation does so at once. Says whether it did.
    pub(crate) fn terminate(&mut self, now: Millis) -> bool {
        self.now = now;
        if self.power != Power::Up {
            return false;
        }
        if self.generation == Generation::Newer && self.has_runs() {
            self.power = Power::Draining { until: now + DRAIN };
            return false;
        }
        self.tell(Event::Shutdown { reason: Some("gateway stopping".into()) });
        self.die();
        true
    }

    /// Kills the process.
    pub(crate) fn kill(&mut self, now: Millis) {
        self.now = now;
        if !matches!(self.power, Power::Down { .. }) {
            self.die();
        }
    }

    fn has_runs(&self) -> bool {
        self.sessions.values().any(|session| session.active.is_some())
    }

    fn die(&mut self) {
        let newer = self.generation == Generation::Newer;
        let until = self.now + if newer { 15 * SECOND } else { 5 * SECOND };
        self.power = Power::Down { until };
        self.keys.clear();
        self.follow_ups.clear();
        let mut resumes = std::mem::take(&mut self.resumes);
        for (session, state) in &mut self.sessions {
            state.waiting.clear();
            let about = state.active.take().and_then(|run| run.about);
            resumes.extend(about.map(|about| Resume { at: 0, session: session.clone(), about }));
        }
        for asked in self.asked.values_mut() {
            if asked.attempts.last().is_some_and(|attempt| {
                matches!(attempt.outcome, Outcome::Running | Outcome::Between)
            }) {
                asked.settle(Outcome::Lost, self.now);
            }
        }
        for question in self.questions.values_mut().filter(|q| q.state == State::Pending) {
            question.state = State::Gone;
        }
        if newer {
            for resume in &mut resumes {
                resume.at = until + self.rng.u64(500..4_000);
            }
            self.resumes = resumes;
        }
    }

    pub(super) fn change_power(&mut self) {
        match self.power {
            Power::Down { until } if until <= self.now => {
                self.power = Power::Up;
                self.boot += 1;
                self.booted = self.now;
            }
            Power::Draining { until } if until <= self.now || !self.has_runs() => {
                self.tell(Event::Shutdown { reason: Some("gateway stopping".into()) });
                self.die();
            }
            Power::Up | Power::Draining { .. } | Power::Down { .. } => {}
        }
    }
}
