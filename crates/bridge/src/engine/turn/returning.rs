//! What becomes of a turn when the gateway is back, or when it may have ended unheard.

use std::time::Duration;

use openclaw::{Call, CallError, History};
use sap::TaskStatus;
use serde_json::Value;

use super::super::act::{Act, Purpose};
use super::super::ending::Ending;
use super::super::explain::Cause;
use super::super::recovery::{self, Finding};
use super::{Context, Phase, Turn};

/// How long a restarted gateway may take to resume a run by itself.
const RESUME_WITHIN: Duration = Duration::from_secs(90);
/// How many rows of history a look-up reads.
const HISTORY_ROWS: u32 = 30;

impl Turn {
    /// The gateway is connected again: looks what became of the turn.
    pub(crate) fn gateway_up(&mut self, restarted: bool, cx: Context<'_>, acts: &mut Vec<Act>) {
        if restarted && !self.is_unsent() {
            self.gateway_restarted = true;
            let changes = self.cards.finish_all(TaskStatus::Failed, "OpenClaw restarted");
            self.post_cards(changes, cx, acts);
        }
        self.missed_frames = !self.is_unsent();
        match self.phase {
            Phase::Unsent { .. } => self.start(cx, acts),
            Phase::Stopping { .. } => self.ask_to_stop(cx, acts),
            Phase::Between if restarted => {
                // Pending approvals do not survive the gateway, and so nothing goes on after them.
                self.outstanding.clear();
                self.close(Ending::Failed(Cause::GatewayForgot), cx, acts);
            }
            Phase::Running { .. } if restarted => {
                self.phase = Phase::Unknown;
                self.check(cx, acts);
            }
            Phase::Sending
            | Phase::Unknown
            | Phase::Running { .. }
            | Phase::Resuming { .. }
            | Phase::Elsewhere
            | Phase::Between => self.check(cx, acts),
            Phase::Queued | Phase::Fetching | Phase::Closing { .. } | Phase::Over => {}
        }
    }

    pub(super) fn check(&mut self, cx: Context<'_>, acts: &mut Vec<Act>) {
        self.last_heard = cx.now.instant;
        self.look_up(Purpose::Check(cx.session.clone(), self.id), cx, acts);
    }

    pub(super) fn look_up(&self, purpose: Purpose, cx: Context<'_>, acts: &mut Vec<Act>) {
        let call = Call::ChatHistory { session_key: cx.key.clone(), limit: HISTORY_ROWS };
        acts.push(Act::Call { purpose, call });
    }

    /// The history came: decides between going on, ending, and handing over again.
    pub(crate) fn checked(
        &mut self,
        answer: Result<Value, CallError>,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        let Some(history) = answer.ok().and_then(|answer| History::parse(&answer)) else {
            return;
        };
        let Some(message) = &self.message else { return self.checked_adopted(&history, cx, acts) };
        let finding = recovery::find(&history, &self.run, &message.as_sent(), self.received_ms);
        match (self.phase.clone(), finding) {
            (
                Phase::Queued
                | Phase::Fetching
                | Phase::Unsent { .. }
                | Phase::Closing { .. }
                | Phase::Stopping { .. }
                | Phase::Over,
                _,
            ) => {}
            (Phase::Between, _) if !recovery::went_on(&history, &self.outstanding) => {}
            (_, Finding::InFlight { run, text }) => {
                let run = run.unwrap_or_else(|| self.run.clone());
                self.adopt(&run, cx, acts);
                self.phase = Phase::Running { lively: true };
                if self.reply.is_empty() || !text.is_empty() {
                    self.reply.run_says(&run, &cx.redactor.own(&text));
                    self.stream(acts);
                }
            }
            (_, Finding::Active) => {
                self.phase = Phase::Resuming { until: cx.now.instant + RESUME_WITHIN };
            }
            (_, Finding::Answered { text, usage }) => {
                self.outstanding.clear();
                self.missed_frames = false;
                self.reply.settle(&cx.redactor.own(&text));
                self.usage = usage.unwrap_or_default();
                self.close(Ending::Answered { stop_reason: None }, cx, acts);
            }
            (_, Finding::Unheard | Finding::Unanswered) if self.is_done_there => {
                let ending = if self.reply.is_empty() {
                    Ending::Failed(Cause::GatewayForgot)
                } else {
                    Ending::Answered { stop_reason: None }
                };
                self.close(ending, cx, acts);
            }
            (Phase::Resuming { .. }, Finding::Unanswered) => {}
            (
                Phase::Unknown | Phase::Sending | Phase::Running { .. } | Phase::Elsewhere,
                Finding::Unanswered,
            ) => self.phase = Phase::Resuming { until: cx.now.instant + RESUME_WITHIN },
            (Phase::Elsewhere, Finding::Unheard) => {
                self.close(Ending::Failed(Cause::AnsweredElsewhere), cx, acts);
            }
            (Phase::Unknown | Phase::Sending | Phase::Resuming { .. }, Finding::Unheard) => {
                self.start(cx, acts);
            }
            // The older gateway's history does not show a run that goes on; its frames will.
            (Phase::Running { .. }, Finding::Unheard) => {}
            (Phase::Between, Finding::Unheard | Finding::Unanswered) => {}
        }
    }

    /// A run that nobody asked for fell silent, or went on unheard.
    fn checked_adopted(&mut self, history: &History, cx: Context<'_>, acts: &mut Vec<Act>) {
        if history.has_active_run || history.in_flight.is_some() {
            return;
        }
        if self.missed_frames
            && let Some(text) = recovery::said_by(history, &self.run, self.received_ms)
        {
            self.reply.settle(&cx.redactor.own(&text));
        }
        self.close(Ending::Answered { stop_reason: None }, cx, acts);
    }

    /// The history came with the whole answer, if it has it.
    pub(crate) fn whole_answered(
        &mut self,
        answer: &Result<Value, CallError>,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        self.whole_pending = false;
        if let Some(message) = &self.message
            && let Some(history) = answer.as_ref().ok().and_then(History::parse)
            && let Finding::Answered { text, usage } =
                recovery::find(&history, &self.run, &message.as_sent(), self.received_ms)
        {
            self.reply.settle(&cx.redactor.own(&text));
            self.usage = usage.unwrap_or(std::mem::take(&mut self.usage));
        }
        self.looked_up(cx, acts);
    }
}
