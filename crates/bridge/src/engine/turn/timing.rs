//! The deadlines of a turn.

use std::time::{Duration, Instant};

use super::super::act::Act;
use super::super::ending::Ending;
use super::super::explain::Cause;
use super::{Context, Phase, Turn};

/// How long a message may wait for the gateway: the cloud closes an interaction after 30 minutes.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(29 * 60);
/// How long silence may last before the gateway is asked what became of the run.
const SILENCE: Duration = Duration::from_secs(5 * 60);
/// The same, where it is not known whether the run lives.
const SILENCE_ELSEWHERE: Duration = Duration::from_secs(20);

/// How long a message that was handed over waits at least for a gateway that went away.
const RETURN_WITHIN: Duration = Duration::from_secs(5 * 60);
/// How long the older gateway may take to go on after an approval, which lives for 30 minutes.
const GO_ON_WITHIN: Duration = Duration::from_secs(35 * 60);

impl Turn {
    /// A deadline may have passed.
    pub(crate) fn on_time(&mut self, cx: Context<'_>, acts: &mut Vec<Act>) {
        let now = cx.now.instant;
        let changes = self.cards.on_time(now);
        self.post_cards(changes, cx, acts);
        match self.phase.clone() {
            Phase::Queued | Phase::Fetching | Phase::Unsent { .. }
                if self.hand_over_by() <= now =>
            {
                self.close(Ending::Failed(Cause::GatewayAway), cx, acts);
            }
            Phase::Unsent { .. } => self.hand_over(cx, acts),
            Phase::Closing { ending, until } if until <= now => self.end(&ending, cx, acts),
            Phase::Stopping { until } if until <= now => {
                self.close(Ending::Failed(Cause::Stopped), cx, acts);
            }
            Phase::Sending
            | Phase::Unknown
            | Phase::Running { .. }
            | Phase::Resuming { .. }
            | Phase::Elsewhere
            | Phase::Between
                if cx.gateway.is_none() && self.return_by() <= now =>
            {
                self.close(Ending::Failed(Cause::GatewayLost), cx, acts);
            }
            Phase::Between if self.last_heard + GO_ON_WITHIN <= now && cx.gateway.is_some() => {
                self.close(Ending::Failed(Cause::GatewayForgot), cx, acts);
            }
            Phase::Running { .. } | Phase::Elsewhere | Phase::Unknown | Phase::Resuming { .. }
                if self.silent_at().is_some_and(|at| at <= now) && cx.gateway.is_some() =>
            {
                self.check(cx, acts);
            }
            Phase::Queued
            | Phase::Fetching
            | Phase::Sending
            | Phase::Unknown
            | Phase::Running { .. }
            | Phase::Resuming { .. }
            | Phase::Elsewhere
            | Phase::Between
            | Phase::Closing { .. }
            | Phase::Stopping { .. }
            | Phase::Over => {}
        }
    }

    /// When [`Turn::on_time`] wants to be called, if at all.
    pub(crate) fn deadline(&self, gateway_up: bool) -> Option<Instant> {
        let own = match self.phase {
            Phase::Queued | Phase::Fetching => Some(self.hand_over_by()),
            Phase::Unsent { retry_at: Some(at) } if gateway_up => Some(at.min(self.hand_over_by())),
            Phase::Unsent { .. } => Some(self.hand_over_by()),
            Phase::Closing { until, .. } | Phase::Stopping { until } => Some(until),
            Phase::Sending
            | Phase::Unknown
            | Phase::Running { .. }
            | Phase::Resuming { .. }
            | Phase::Elsewhere
            | Phase::Between
                if !gateway_up =>
            {
                Some(self.return_by())
            }
            Phase::Running { .. } | Phase::Elsewhere | Phase::Unknown | Phase::Resuming { .. } => {
                self.silent_at()
            }
            Phase::Between => Some(self.last_heard + GO_ON_WITHIN),
            Phase::Sending | Phase::Over => None,
        };
        own.into_iter().chain(self.cards.deadline()).min()
    }

    pub(super) fn hand_over_by(&self) -> Instant {
        self.received + HAND_OVER_WITHIN
    }

    fn return_by(&self) -> Instant {
        self.hand_over_by().max(self.last_heard + RETURN_WITHIN)
    }

    fn silent_at(&self) -> Option<Instant> {
        match self.phase {
            Phase::Elsewhere | Phase::Unknown | Phase::Resuming { .. } => {
                Some(self.last_heard + SILENCE_ELSEWHERE)
            }
            Phase::Running { .. } => Some(self.last_heard + SILENCE),
            Phase::Queued
            | Phase::Fetching
            | Phase::Unsent { .. }
            | Phase::Sending
            | Phase::Between
            | Phase::Closing { .. }
            | Phase::Stopping { .. }
            | Phase::Over => None,
        }
    }
}
