//! How a turn stops and ends.

use std::time::Duration;

use openclaw::{Call, CallError, Generation};
use serde_json::Value;

use super::super::act::{Act, Purpose};
use super::super::ending::Ending;
use super::super::explain::Cause;
use super::{Context, Phase, Turn};

/// How long the gateway may take to stop a run (`sap.md`: `chat.abort` within 5 s).
pub(super) const STOP_WITHIN: Duration = Duration::from_secs(5);
/// How long the end waits for the whole answer, of which frames may have passed unheard.
const WHOLE_WITHIN: Duration = Duration::from_secs(2);
/// How long the end waits for facts that the older gateway only keeps in its history.
const CLOSE_WITHIN: Duration = Duration::from_millis(250);
/// The same, when what an approved command printed is among them.
const OUTCOME_WITHIN: Duration = Duration::from_millis(500);

impl Turn {
    /// The person stopped the turn.
    pub(crate) fn cancel(&mut self, cx: Context<'_>, acts: &mut Vec<Act>) {
        match self.phase {
            Phase::Over | Phase::Closing { .. } | Phase::Stopping { .. } => {}
            Phase::Queued | Phase::Fetching | Phase::Unsent { .. } => {
                self.close(Ending::Failed(Cause::Stopped), cx, acts);
            }
            Phase::Sending
            | Phase::Unknown
            | Phase::Running { .. }
            | Phase::Resuming { .. }
            | Phase::Elsewhere => {
                self.phase = Phase::Stopping { until: cx.now.instant + STOP_WITHIN };
                self.deny_outstanding(acts);
                self.ask_to_stop(cx, acts);
            }
            Phase::Between => {
                self.deny_outstanding(acts);
                self.close(Ending::Failed(Cause::Stopped), cx, acts);
            }
        }
    }

    /// The program ends: says so in the bubble.
    pub(crate) fn quit(&mut self, cx: Context<'_>, acts: &mut Vec<Act>) {
        match self.phase.clone() {
            Phase::Over => {}
            Phase::Closing { ending, .. } => self.end(&ending, cx, acts),
            Phase::Stopping { .. } => self.end(&Ending::Failed(Cause::Stopped), cx, acts),
            Phase::Queued
            | Phase::Fetching
            | Phase::Unsent { .. }
            | Phase::Sending
            | Phase::Unknown
            | Phase::Running { .. }
            | Phase::Resuming { .. }
            | Phase::Elsewhere
            | Phase::Between => {
                let handed_over = !self.is_unsent();
                self.end(&Ending::Failed(Cause::Quit { handed_over }), cx, acts);
            }
        }
    }

    fn deny_outstanding(&mut self, acts: &mut Vec<Act>) {
        if !self.outstanding.is_empty() {
            acts.push(Act::Deny { approvals: std::mem::take(&mut self.outstanding) });
        }
    }

    pub(super) fn ask_to_stop(&mut self, cx: Context<'_>, acts: &mut Vec<Act>) {
        if cx.gateway.is_none() {
            return;
        }
        // After a restart, the gateway may go on under an id that is not known yet.
        let run_id = self.aliases.last().unwrap_or(&self.run);
        let run_id = (!self.gateway_restarted).then(|| run_id.clone());
        let call = Call::ChatAbort { session_key: cx.key.clone(), run_id };
        acts.push(Act::Call { purpose: Purpose::Abort(cx.session.clone(), self.id), call });
    }

    /// The gateway answered `chat.abort`.
    pub(crate) fn stop_answered(
        &mut self,
        answer: &Result<Value, CallError>,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        let refused = matches!(answer, Err(error) if error.is_unauthorized());
        if refused && matches!(self.phase, Phase::Stopping { .. }) {
            self.close(Ending::Failed(Cause::StoppedButRunning), cx, acts);
        }
    }

    /// Ends the turn, at once unless facts for its end are on their way.
    pub(in super::super) fn close(&mut self, ending: Ending, cx: Context<'_>, acts: &mut Vec<Act>) {
        if self.is_over() {
            return;
        }
        let answered = matches!(ending, Ending::Answered { .. });
        let wait = match cx.gateway.filter(|_| answered) {
            // What was said before a tool call, or before an approval, stands in the history only.
            Some(_) if self.missed_frames && self.message.is_some() => {
                self.missed_frames = false;
                self.whole_pending = true;
                self.look_up(Purpose::Whole(cx.session.clone(), self.id), cx, acts);
                Some(WHOLE_WITHIN)
            }
            Some(Generation::Older) if self.outcomes_pending > 0 => Some(OUTCOME_WITHIN),
            Some(Generation::Older) if self.cost_pending => Some(CLOSE_WITHIN),
            Some(Generation::Older | Generation::Newer) | None => None,
        };
        match wait {
            Some(wait) => {
                self.stream(acts);
                self.phase = Phase::Closing { ending, until: cx.now.instant + wait };
            }
            None => self.end(&ending, cx, acts),
        }
    }

    pub(super) fn end(&mut self, ending: &Ending, cx: Context<'_>, acts: &mut Vec<Act>) {
        self.deny_outstanding(acts);
        let (status, label) = ending.card_status();
        let changes = self.cards.finish_all(status, label);
        self.post_cards(changes, cx, acts);
        self.phase = Phase::Over;
        self.post(ending.post(&self.reply, &self.usage), acts);
    }

    /// A look-up for the end was answered, or failed: the end need not wait for it any longer.
    pub(in super::super) fn looked_up(&mut self, cx: Context<'_>, acts: &mut Vec<Act>) {
        if let Phase::Closing { ending, .. } = self.phase.clone()
            && !self.cost_pending
            && !self.whole_pending
            && self.outcomes_pending == 0
        {
            self.end(&ending, cx, acts);
        }
    }
}
