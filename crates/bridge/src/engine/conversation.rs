//! One session: its messages in order, one turn at a time, and the runs that belong to it.

mod answers;
mod kept;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use openclaw::{Call, Generation, RunEvent, RunEventKind, RunId, SessionKey, ToolCallId};
use sap::{InteractionId, SessionId, UserMessage};

use super::act::{Act, Purpose, TurnId};
use super::explain::Cause;
use super::queue_card::{QueueCard, queue_card};
use super::turn::{Context, Heard, Turn, has_substance};

pub(crate) use self::kept::ConversationRecord;

/// How many ended runs a session remembers, to know their late frames by.
const ENDED_RUNS: usize = 64;
/// How long a conversation without turns is remembered for late frames and follow-up runs.
pub(crate) const FORGET_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Who asks for an approval.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) turn: TurnId,
    pub(crate) interaction_id: Option<InteractionId>,
    pub(crate) call: Option<ToolCallId>,
}

/// One session of the person with the agent.
#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) session: SessionId,
    pub(crate) key: SessionKey,
    active: Option<Turn>,
    waiting: VecDeque<Turn>,
    /// Turns of runs that nobody here asked for.
    adopted: Vec<Turn>,
    ended: VecDeque<RunId>,
    /// Runs that were stopped here while the gateway was away.
    stops_owed: Vec<RunId>,
    /// The turns that the ledger was shown last.
    kept: Vec<TurnId>,
    pub(crate) last_used: Instant,
}

impl Conversation {
    /// Makes an empty conversation.
    pub(crate) fn new(session: SessionId, key: SessionKey, now: Instant) -> Self {
        Self {
            session,
            key,
            active: None,
            waiting: VecDeque::new(),
            adopted: Vec::new(),
            ended: VecDeque::new(),
            stops_owed: Vec::new(),
            kept: Vec::new(),
            last_used: now,
        }
    }

    /// How many turns are with the gateway, and how many wait.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (usize::from(self.active.is_some()) + self.adopted.len(), self.waiting.len())
    }

    /// Says whether nothing of this conversation has reached the gateway yet.
    pub(crate) fn is_unsent(&self) -> bool {
        self.adopted.is_empty()
            && self.ended.is_empty()
            && self.active.as_ref().is_none_or(Turn::is_unsent)
    }

    /// Says whether anything of this conversation is unfinished.
    pub(crate) fn is_idle(&self) -> bool {
        self.counts() == (0, 0) && self.stops_owed.is_empty()
    }

    /// The person wrote: opens a bubble at once, and starts the turn or queues it.
    pub(crate) fn message(
        &mut self,
        id: TurnId,
        message: &UserMessage,
        text: &str,
        interaction_id: Option<InteractionId>,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        let mut turn = Turn::of_message(id, message, text, interaction_id, cx);
        if asks_to_stop(text) && self.active.is_some() {
            self.cancel(None, cx, acts);
            turn.open(acts);
            turn.answer("Stopped.", cx, acts);
            return;
        }
        if self.is_busy() {
            turn.open(acts);
            acts.push(queue_card(&turn, cx, QueueCard::Shown));
            self.waiting.push_back(turn);
            return;
        }
        // The message leaves first; the bubble opens while the model is being asked.
        turn.start(cx, acts);
        turn.open(acts);
        self.active = Some(turn);
        self.tidy(cx, acts);
    }

    /// Answers a message that cannot be handed over.
    pub(crate) fn decline(
        &mut self,
        id: TurnId,
        message: &UserMessage,
        interaction_id: Option<InteractionId>,
        cause: Cause,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        let mut turn = Turn::of_message(id, message, "", interaction_id, cx);
        turn.open(acts);
        turn.decline(cause, cx, acts);
    }

    fn is_busy(&self) -> bool {
        self.active.is_some() || !self.adopted.is_empty()
    }

    /// The person stopped one interaction, or all of them.
    pub(crate) fn cancel(
        &mut self,
        interaction: Option<&InteractionId>,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        let meant = |turn: &Turn| interaction.is_none_or(|id| turn.interaction_id() == Some(id));
        let mut kept = VecDeque::new();
        for mut turn in std::mem::take(&mut self.waiting) {
            if meant(&turn) {
                acts.push(queue_card(&turn, cx, QueueCard::Cancelled));
                turn.cancel(cx, acts);
            } else {
                kept.push_back(turn);
            }
        }
        self.waiting = kept;
        for turn in self.active.iter_mut().chain(&mut self.adopted).filter(|turn| meant(turn)) {
            if cx.gateway.is_none() {
                self.stops_owed.extend(turn.runs().cloned());
            }
            turn.cancel(cx, acts);
        }
        self.tidy(cx, acts);
    }

    /// The cloud does not take anything of a turn any more: stops it without another word.
    pub(crate) fn abandon(&mut self, id: TurnId, cx: Context<'_>, acts: &mut Vec<Act>) {
        if let Some(turn) = self.turn_mut(id) {
            turn.cancel(cx, acts);
        }
        self.waiting.retain(|turn| !turn.is_over());
        self.tidy(cx, acts);
    }

    /// Everything of the session stops, because the session or the installation ended.
    pub(crate) fn abandon_all(&mut self, cx: Context<'_>, acts: &mut Vec<Act>) {
        self.cancel(None, cx, acts);
    }

    /// The program ends: says so in every open bubble.
    pub(crate) fn quit(&mut self, cx: Context<'_>, acts: &mut Vec<Act>) {
        let waiting = std::mem::take(&mut self.waiting);
        for turn in &waiting {
            acts.push(queue_card(turn, cx, QueueCard::Cancelled));
        }
        let begun: Vec<Turn> =
            self.active.take().into_iter().chain(self.adopted.drain(..)).collect();
        for mut turn in begun.into_iter().chain(waiting) {
            turn.quit(cx, acts);
            // What the gateway still says of it belongs to nobody, also in the next process.
            self.remember(&turn);
        }
    }

    /// Something happened in a run of this session; `fresh` names the turn of a run that nobody
    /// here asked for.
    pub(crate) fn on_run(
        &mut self,
        event: RunEvent,
        fresh: TurnId,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        self.last_used = cx.now.instant;
        let RunEvent { run_id: run, kind, .. } = event;
        if self.ended.contains(&run) {
            // One that nobody listens to may have answered a message beside its own.
            if matches!(kind, RunEventKind::Final { .. })
                && let Some(turn) =
                    self.active.as_mut().filter(|turn| turn.may_be_answered_beside(cx))
            {
                turn.check_again(&kind, cx, acts);
            }
            return;
        }
        if !self.turns().any(|turn| turn.runs().any(|id| *id == run))
            && !self.find_a_place(&run, &kind, fresh, cx, acts)
        {
            if matches!(kind, RunEventKind::Aborted { .. }) {
                // Frames of a run that was stopped unheard may still follow.
                self.ended.push_back(run);
            }
            return;
        }
        let owner = self
            .active
            .iter_mut()
            .chain(&mut self.adopted)
            .find(|turn| turn.runs().any(|id| *id == run));
        if let Some(turn) = owner {
            turn.on_run(&run, kind, cx, acts);
        }
        self.tidy(cx, acts);
    }

    /// A run under an id that nobody here sent: the continuation of a turn, or one of its own.
    fn find_a_place(
        &mut self,
        run: &RunId,
        kind: &RunEventKind,
        fresh: TurnId,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) -> bool {
        let follows = run.follows_approval();
        let begins = has_substance(kind) || *kind == RunEventKind::Started;
        if cx.gateway == Some(Generation::Newer)
            && let Some(turn) = self.active.as_mut().filter(|turn| turn.expects_another_run(cx))
        {
            // Other messages may go on as well: the history tells whose run it is.
            if begins {
                turn.check_again(kind, cx, acts);
            }
            return false;
        }
        let continued =
            self.active.iter_mut().chain(&mut self.adopted).find(|turn| match follows {
                Some(approval) => turn.awaits(approval),
                None => turn.expects_another_run(cx) && has_substance(kind),
            });
        if let Some(turn) = continued {
            turn.adopt(run, cx, acts);
            return true;
        }
        if !has_substance(kind) {
            return false;
        }
        let turn = Turn::of_run(fresh, run.clone(), cx.now);
        turn.open(acts);
        self.adopted.push(turn);
        true
    }

    /// An agent of this session asks its owner; returns the turn that the question belongs to.
    pub(crate) fn approval_requested(
        &mut self,
        approval: &openclaw::Approval,
        heard: Heard,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) -> Option<Asker> {
        // The older generation does not say which run asks: it runs one at a time.
        let has_ended = |run| self.ended.contains(run);
        let asks = |turn: &&mut Turn| match &approval.run_id {
            Some(run) => {
                let may_be_its_own = !has_ended(run) && turn.expects_another_run(cx);
                turn.runs().any(|id| id == run) || may_be_its_own
            }
            None => turn.may_have_asked(approval, heard),
        };
        let turn = self.active.iter_mut().chain(&mut self.adopted).find(asks)?;
        let call = turn.approval_requested(approval, cx, acts);
        Some(Asker { turn: turn.id, interaction_id: turn.interaction_id().cloned(), call })
    }

    /// A decision was made: the card that waited says so.
    pub(crate) fn approval_decided(
        &mut self,
        approval: &str,
        label: &str,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        for turn in self.active.iter_mut().chain(&mut self.adopted) {
            turn.approval_decided(approval, label, cx, acts);
        }
    }

    /// The gateway is connected again.
    pub(crate) fn gateway_up(&mut self, restarted: bool, cx: Context<'_>, acts: &mut Vec<Act>) {
        for run in std::mem::take(&mut self.stops_owed) {
            let call = Call::ChatAbort { session_key: self.key.clone(), run_id: Some(run) };
            // Nobody waits for this answer: the turn has ended already.
            let purpose = Purpose::Abort(self.session.clone(), TurnId::NONE);
            acts.push(Act::Call { purpose, call });
        }
        for turn in self.active.iter_mut().chain(&mut self.adopted) {
            turn.gateway_up(restarted, cx, acts);
        }
        self.tidy(cx, acts);
    }

    /// A deadline may have passed.
    pub(crate) fn on_time(&mut self, cx: Context<'_>, acts: &mut Vec<Act>) {
        for turn in self.active.iter_mut().chain(&mut self.adopted) {
            turn.on_time(cx, acts);
        }
        for turn in &mut self.waiting {
            turn.on_time(cx, acts);
            if turn.is_over() {
                acts.push(queue_card(turn, cx, QueueCard::Expired));
            }
        }
        self.waiting.retain(|turn| !turn.is_over());
        self.tidy(cx, acts);
    }

    /// When [`Conversation::on_time`] wants to be called, if at all.
    pub(crate) fn deadline(&self, gateway_up: bool) -> Option<Instant> {
        self.turns().chain(&self.waiting).filter_map(|turn| turn.deadline(gateway_up)).min()
    }

    /// Puts ended turns away and starts the next one.
    fn tidy(&mut self, cx: Context<'_>, acts: &mut Vec<Act>) {
        self.last_used = cx.now.instant;
        if let Some(turn) = self.active.take_if(|turn| turn.is_over()) {
            self.remember(&turn);
        }
        for turn in self.adopted.extract_if(.., |turn| turn.is_over()).collect::<Vec<_>>() {
            self.remember(&turn);
        }
        while !self.is_busy()
            && let Some(mut next) = self.waiting.pop_front()
        {
            acts.push(queue_card(&next, cx, QueueCard::Started));
            next.start(cx, acts);
            self.active = Some(next).filter(|turn| !turn.is_over());
        }
    }

    fn remember(&mut self, turn: &Turn) {
        self.ended.extend(turn.runs().cloned());
        while self.ended.len() > ENDED_RUNS {
            self.ended.pop_front();
        }
    }

    /// The late frames of a run that continues a denied or stopped approval belong to nobody.
    pub(crate) fn ignore_follow_up(&mut self, approval: &str) {
        self.ended.push_back(RunId::new(format!("exec-approval-followup:{approval}")));
    }

    fn turns(&self) -> impl Iterator<Item = &Turn> {
        self.active.iter().chain(&self.adopted)
    }

    fn turn_mut(&mut self, id: TurnId) -> Option<&mut Turn> {
        self.active
            .iter_mut()
            .chain(&mut self.adopted)
            .chain(&mut self.waiting)
            .find(|turn| turn.id == id)
    }
}

/// Messages that the gateway takes for a stop (`openclaw-facts.md`, F2).
fn asks_to_stop(text: &str) -> bool {
    let text = text.trim();
    text.eq_ignore_ascii_case("stop") || text.eq_ignore_ascii_case("/stop")
}
