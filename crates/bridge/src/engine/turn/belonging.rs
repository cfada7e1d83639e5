//! Runs and questions that may be a turn's own, though nobody said so.

use openclaw::{Approval, ApprovalKind, Generation, RunId, ToolCallId};

use super::super::act::{Act, Purpose};
use super::{Context, Heard, Phase, Turn};

impl Turn {
    /// Says whether a run that nobody asked for may be the turn's own, going on.
    pub(crate) fn expects_another_run(&self, cx: Context<'_>) -> bool {
        match self.phase {
            Phase::Elsewhere => !self.gateway_restarted || cx.gateway == Some(Generation::Newer),
            // The newer gateway may have queued the message unheard, and resumes runs by itself.
            Phase::Unknown | Phase::Resuming { .. } => cx.gateway == Some(Generation::Newer),
            // What it resumes then is to be stopped as well.
            Phase::Stopping { .. } => {
                self.gateway_restarted && cx.gateway == Some(Generation::Newer)
            }
            Phase::Queued
            | Phase::Fetching
            | Phase::Unsent { .. }
            | Phase::Sending
            | Phase::Running { .. }
            | Phase::Between
            | Phase::Closing { .. }
            | Phase::Over => false,
        }
    }

    /// Says whether a run that nobody listens to may have answered the message beside its own.
    pub(crate) fn may_be_answered_beside(&self, cx: Context<'_>) -> bool {
        let is_older = cx.gateway == Some(Generation::Older);
        self.expects_another_run(cx) || is_older && matches!(self.phase, Phase::Stopping { .. })
    }

    /// The gateway was busy: another run answers the message, maybe one that is not listened to.
    pub(super) fn wait_elsewhere(&mut self) {
        self.missed_frames = true;
        self.is_unsure = true;
        self.phase = Phase::Elsewhere;
    }

    /// Says whether an approval of unknown origin may be the turn's own: a run asks once it works,
    /// and not before the message was handed over.
    pub(crate) fn may_have_asked(&self, approval: &Approval, heard: Heard) -> bool {
        let works = matches!(
            self.phase,
            Phase::Running { lively: true } | Phase::Between | Phase::Stopping { .. }
        );
        let is_later = approval.created_at_ms >= self.handed_ms.unwrap_or(self.received_ms);
        works && heard == Heard::Now || !self.is_unsent() && is_later
    }

    /// Says whether the turn waits for the continuation after this approval.
    pub(crate) fn awaits(&self, approval: &str) -> bool {
        self.outstanding.iter().any(|id| id == approval)
    }

    /// An agent of this turn asks its owner. On the older gateway the run ends meanwhile, where it
    /// asks for a command; a plugin waits within the run.
    /// Returns the tool call that waits, where it can be told.
    pub(crate) fn approval_requested(
        &mut self,
        approval: &Approval,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) -> Option<ToolCallId> {
        let ends_run = approval.kind == ApprovalKind::Exec;
        if cx.gateway == Some(Generation::Older) && ends_run && !self.awaits(&approval.id) {
            self.outstanding.push(approval.id.clone());
        }
        let cards = &self.cards;
        let by_command = || cards.with_command(approval.command.as_deref()?);
        let call = approval
            .tool_call_id
            .clone()
            .or_else(|| cards.waiting_for(&approval.id).or_else(by_command).cloned())?;
        let changes = self.cards.approval_asked(&call, &approval.id);
        self.post_cards(changes, cx, acts);
        Some(call)
    }

    /// A run under another id is the turn's own: it continues after an approval, begins again
    /// after a restart, or answers a message that was queued.
    pub(crate) fn adopt(&mut self, run: &RunId, cx: Context<'_>, acts: &mut Vec<Act>) {
        if *run == self.run || self.aliases.contains(run) {
            return;
        }
        self.aliases.push(run.clone());
        if let Some(approval) = run.follows_approval() {
            self.outcomes_pending += 1;
            let purpose = Purpose::Outcome(cx.session.clone(), self.id, approval.to_owned());
            self.look_up(purpose, cx, acts);
        } else if std::mem::take(&mut self.gateway_restarted) {
            // What was said before the restart is said anew.
            self.reply.start_over();
        }
        if matches!(self.phase, Phase::Stopping { .. }) {
            self.ask_to_stop(cx, acts);
        }
    }
}
