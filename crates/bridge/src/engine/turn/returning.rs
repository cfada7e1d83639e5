//! What becomes of a turn when the gateway is back, or when it may have ended unheard.

use std::time::Duration;

use openclaw::{Call, CallError, FailureKind, Generation, History, RunEventKind};
use sap::TaskStatus;
use serde_json::Value;

use super::super::act::{Act, Purpose};
use super::super::ending::Ending;
use super::super::explain::Cause;
use super::super::recovery::{self, Finding};
use super::{Context, Phase, Turn};

/// How long a restarted gateway may take to resume a run by itself.
const RESUME_WITHIN: Duration = Duration::from_secs(90);
/// How long to wait at least between two looks at what became of a turn.
const LOOK_EVERY: Duration = Duration::from_millis(500);
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
        self.is_unsure = self.missed_frames;
        match self.phase {
            Phase::Unsent { .. } => self.start(cx, acts),
            Phase::Stopping { .. } => {
                // What was said until then is looked up before the stop changes it.
                self.check(cx, acts);
                self.ask_to_stop(cx, acts);
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
        self.heard = false;
        self.look_up(Purpose::Check(cx.session.clone(), self.id), cx, acts);
    }

    /// Another run went on, and may be the turn's own: looks at its end, and before that unless it
    /// did so just now.
    pub(crate) fn check_again(
        &mut self,
        kind: &RunEventKind,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        let is_end = matches!(kind, RunEventKind::Final { .. });
        if is_end || self.last_heard + LOOK_EVERY <= cx.now.instant {
            self.check(cx, acts);
        }
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
        let history = match answer {
            Ok(answer) => History::parse(&answer),
            Err(CallError::TimedOut) if !self.is_unsent() && cx.gateway.is_some() => {
                return self.check(cx, acts);
            }
            Err(_) => None,
        };
        let Some(history) = history else { return };
        let Some(message) = &self.message else { return self.checked_adopted(&history, cx, acts) };
        let finding = recovery::find(&history, &self.run, &message.as_sent(), self.received_ms);
        if self.is_overtaken(&finding) {
            return self.check(cx, acts);
        }
        // What is not in the history yet may have been said in the run that has the message.
        self.is_unsure = self.phase == Phase::Elsewhere && finding == Finding::Unheard;
        match (self.phase.clone(), finding) {
            (
                Phase::Queued
                | Phase::Fetching
                | Phase::Unsent { .. }
                | Phase::Closing { .. }
                | Phase::Over,
                _,
            ) => {}
            (Phase::Stopping { .. }, finding) => self.checked_while_stopping(finding, cx, acts),
            (_, Finding::InFlight { run, said, text }) => {
                let run = run.unwrap_or_else(|| self.run.clone());
                self.adopt(&run, cx, acts);
                self.phase = Phase::Running { lively: true };
                self.missed_frames = true;
                let said: Vec<_> = said.iter().map(|text| cx.redactor.own(text)).collect();
                self.reply.said_before_tools(&run, &said);
                if !text.is_empty() {
                    self.reply.run_says(&run, &cx.redactor.own(&text));
                }
                self.stream(acts);
            }
            (_, Finding::Active) => {
                self.phase = Phase::Resuming { until: cx.now.instant + RESUME_WITHIN };
            }
            (_, Finding::Answered { text, usage, waits }) => {
                self.missed_frames = false;
                self.reply.settle(&self.run, &cx.redactor.own(&text));
                self.usage = usage.unwrap_or_default();
                self.outstanding.retain(|id| !recovery::is_told(&history, id));
                self.outstanding.extend(waits);
                self.outstanding.sort();
                self.outstanding.dedup();
                if self.outstanding.is_empty() {
                    self.close(Ending::Answered { stop_reason: None }, cx, acts);
                } else if self.gateway_restarted {
                    // Pending approvals do not survive the gateway, and so nothing goes on after.
                    self.outstanding.clear();
                    self.close(Ending::Failed(Cause::GatewayForgot), cx, acts);
                } else {
                    self.stream(acts);
                    self.phase = Phase::Between;
                }
            }
            (_, Finding::Failed { text, message }) => {
                self.reply.settle(&self.run, &cx.redactor.own(&text));
                let (kind, message) = (FailureKind::Unknown, cx.redactor.text(&message));
                self.close(Ending::Failed(Cause::Run { kind, message }), cx, acts);
            }
            (_, Finding::Unheard) if self.is_done_there && self.may_be_elsewhere(&history, cx) => {
                self.wait_elsewhere();
            }
            (_, Finding::Unheard | Finding::Unanswered) if self.is_done_there => {
                let ending = if self.reply.is_empty() {
                    Ending::Failed(Cause::GatewayForgot)
                } else {
                    Ending::Answered { stop_reason: None }
                };
                self.close(ending, cx, acts);
            }
            (Phase::Resuming { until }, Finding::Unanswered) => {
                if until <= cx.now.instant {
                    self.close(Ending::Failed(Cause::GatewayForgot), cx, acts);
                }
            }
            // It waits for its turn there.
            (Phase::Elsewhere, Finding::Unheard)
                if history.has_active_run || history.pending_inputs > 0 => {}
            (
                Phase::Unknown | Phase::Sending | Phase::Running { .. } | Phase::Elsewhere,
                Finding::Unanswered,
            ) => self.phase = Phase::Resuming { until: cx.now.instant + RESUME_WITHIN },
            (Phase::Elsewhere, Finding::Unheard) if self.may_be_elsewhere(&history, cx) => {}
            (Phase::Elsewhere, Finding::Unheard) if self.gateway_restarted => {
                self.start(cx, acts);
            }
            (Phase::Elsewhere, Finding::Unheard) => {
                self.close(Ending::Failed(Cause::AnsweredElsewhere), cx, acts);
            }
            (Phase::Unknown | Phase::Sending | Phase::Resuming { .. }, Finding::Unheard) => {
                self.start(cx, acts);
            }
            // The older gateway's history does not show a run that goes on. Handed over again, it
            // goes on all the same, or begins anew where the gateway had restarted unnoticed.
            (Phase::Running { .. }, Finding::Unheard) if cx.gateway == Some(Generation::Older) => {
                self.start(cx, acts);
            }
            (Phase::Running { .. }, Finding::Unheard) => {}
            // Pending approvals do not survive the gateway, and so nothing goes on after them.
            (Phase::Between, Finding::Unheard | Finding::Unanswered) if self.gateway_restarted => {
                self.outstanding.clear();
                self.close(Ending::Failed(Cause::GatewayForgot), cx, acts);
            }
            (Phase::Between, Finding::Unheard | Finding::Unanswered) => {}
        }
    }

    /// Says whether more was heard of the turn since the history that seems to end it.
    fn is_overtaken(&self, finding: &Finding) -> bool {
        let goes_on = matches!(self.phase, Phase::Running { .. } | Phase::Between);
        let ends = matches!(finding, Finding::Answered { .. } | Finding::Failed { .. });
        self.heard && goes_on && ends
    }

    /// Says whether the message may have been taken into another run, or wait behind it. The older
    /// gateway writes nothing down before the end of the run that keeps it busy. A command is never
    /// taken so.
    fn may_be_elsewhere(&self, history: &History, cx: Context<'_>) -> bool {
        let is_command = self.message.as_ref().is_some_and(|m| m.text.trim().starts_with('/'));
        let is_busy = match cx.gateway {
            Some(Generation::Newer) => history.has_active_run || history.pending_inputs > 0,
            Some(Generation::Older) => !self.gateway_restarted,
            None => false,
        };
        is_busy && self.reply.is_empty() && !is_command && cx.now.instant < self.hand_over_by()
    }

    /// The history came of a turn that is being stopped: it keeps what was said.
    fn checked_while_stopping(&mut self, finding: Finding, cx: Context<'_>, acts: &mut Vec<Act>) {
        match finding {
            Finding::InFlight { run, said, text } => {
                let run = run.unwrap_or_else(|| self.run.clone());
                self.adopt(&run, cx, acts);
                let said: Vec<_> = said.iter().map(|text| cx.redactor.own(text)).collect();
                self.reply.said_before_tools(&run, &said);
                self.reply.run_says(&run, &cx.redactor.own(&text));
            }
            Finding::Answered { text, waits, .. } => {
                // What it asked for is denied with its end.
                self.outstanding.extend(waits);
                self.outstanding.sort();
                self.outstanding.dedup();
                self.reply.settle(&self.run, &cx.redactor.own(&text));
                self.close(Ending::Failed(Cause::Stopped), cx, acts);
            }
            Finding::Failed { text, .. } => {
                self.reply.settle(&self.run, &cx.redactor.own(&text));
                self.close(Ending::Failed(Cause::Stopped), cx, acts);
            }
            // It was stopped before, and nobody heard so.
            Finding::Unanswered if !self.gateway_restarted => {
                self.close(Ending::Failed(Cause::Stopped), cx, acts);
            }
            Finding::Active | Finding::Unanswered | Finding::Unheard => {}
        }
    }

    /// A run that nobody asked for fell silent, or went on unheard.
    fn checked_adopted(&mut self, history: &History, cx: Context<'_>, acts: &mut Vec<Act>) {
        self.is_unsure = false;
        if history.has_active_run || history.in_flight.is_some() {
            return;
        }
        if self.missed_frames
            && let Some(text) = recovery::said_by(history, &self.run, self.received_ms)
        {
            self.reply.settle(&self.run, &cx.redactor.own(&text));
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
            && let Finding::Answered { text, usage, waits } =
                recovery::find(&history, &self.run, &message.as_sent(), self.received_ms)
        {
            self.reply.settle(&self.run, &cx.redactor.own(&text));
            self.usage = usage.unwrap_or(std::mem::take(&mut self.usage));
            if !waits.is_empty() && matches!(self.phase, Phase::Closing { .. }) {
                self.outstanding = waits;
                self.phase = Phase::Between;
                return;
            }
        }
        self.looked_up(cx, acts);
    }
}
