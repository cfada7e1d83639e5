//! One turn: a message of the person (or a run nobody here asked for) and everything that answers
//! it. A state machine without I/O: inputs go in, [`Act`]s come out.

mod belonging;
mod closing;
mod handing_over;
mod kept;
mod returning;
mod timing;

use std::time::Instant;

use openclaw::{Generation, OutgoingAttachment, RunEventKind, RunId, SessionKey, ToolEvent};
use sap::{Attachment, IdempotencyKey, InstallationId, InteractionId, MessageId, SessionId};
use serde::{Deserialize, Serialize};

use super::act::{Act, Post, Purpose, TurnId};
use super::cards::Cards;
use super::clock::Now;
use super::ending::Ending;
use super::explain::Cause;
use super::redact::Redactor;
use super::reply::Reply;

pub(crate) use self::kept::{TurnRecord, key, moment};

/// When a question is heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// As it is asked.
    Now,
    /// Some time after it was asked.
    Later,
}

/// What a turn must know about the world when something happens.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) now: Now,
    pub(crate) installation: &'a InstallationId,
    pub(crate) session: &'a SessionId,
    pub(crate) key: &'a SessionKey,
    /// The gateway's generation while it is connected.
    pub(crate) gateway: Option<Generation>,
    pub(crate) redactor: &'a Redactor,
}

/// One turn of a conversation.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) id: TurnId,
    pub(super) message: Option<Message>,
    pub(super) run: RunId,
    pub(super) aliases: Vec<RunId>,
    pub(super) phase: Phase,
    pub(super) reply: Reply,
    pub(super) cards: Cards,
    /// Approvals whose continuation the older gateway has yet to run.
    pub(super) outstanding: Vec<String>,
    pub(super) usage: openclaw::Usage,
    pub(super) cost_pending: bool,
    pub(super) outcomes_pending: usize,
    /// Frames may have passed unheard, so that the answer is not known whole.
    pub(super) missed_frames: bool,
    pub(super) whole_pending: bool,
    /// What was said before is not known until the history has been asked: nothing is streamed.
    pub(super) is_unsure: bool,
    /// The gateway said that it had answered the message before.
    is_done_there: bool,
    /// The gateway's process ended while it had the turn.
    gateway_restarted: bool,
    /// The run had shown a sign of life before this process began.
    was_lively: bool,
    last_heard: Instant,
    /// Something was heard of it since the history was asked.
    heard: bool,
    received: Instant,
    received_ms: u64,
    /// When it was handed over, as far as this process knows: Unix time in milliseconds.
    handed_ms: Option<u64>,
}

/// The person's message that a turn answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) id: MessageId,
    pub(super) interaction_id: Option<InteractionId>,
    pub(super) text: String,
    thinking: Option<String>,
    attachments: Vec<Attachment>,
    /// The files, or why one is missing; none before they were fetched.
    #[serde(skip)]
    files: Option<Vec<Result<OutgoingAttachment, String>>>,
}

/// Where a turn stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    /// Behind another turn of its session.
    Queued,
    /// Its files are being fetched.
    Fetching,
    /// To be handed over when the gateway is there, not before `retry_at`.
    Unsent { retry_at: Option<Instant> },
    /// Handed over; the gateway has not answered.
    Sending,
    /// The connection broke while the turn was with the gateway.
    Unknown,
    /// The gateway has it. `lively` once the run showed a sign of life.
    Running { lively: bool },
    /// The gateway restarted, and resumes the run under another id, or never.
    Resuming { until: Instant },
    /// The gateway was busy: the answer comes inside another run.
    Elsewhere,
    /// Older gateway: the run ended, and goes on after an approval.
    Between,
    /// Over, but for facts that are on their way.
    Closing { ending: Ending, until: Instant },
    /// The person stopped it; the gateway has not confirmed.
    Stopping { until: Instant },
    /// Its bubble is closed.
    Over,
}

impl Turn {
    /// Makes a turn for a message of the person.
    pub(crate) fn of_message(
        id: TurnId,
        message: &sap::UserMessage,
        text: &str,
        interaction_id: Option<InteractionId>,
        cx: Context<'_>,
    ) -> Self {
        // The gateway runs the same id once: derived from the message, a repeat is harmless.
        let parts = [cx.installation.as_str(), cx.session.as_str(), message.id.as_str()];
        let run = RunId::new(format!("sophon-{}", IdempotencyKey::derive(&parts).as_str()));
        let message = Message {
            id: message.id.clone(),
            interaction_id,
            text: text.to_owned(),
            thinking: thinking_level(message.thought_level.as_deref()),
            attachments: message.attachments.clone(),
            files: None,
        };
        Self::new(id, run, Some(message), Phase::Queued, cx.now)
    }

    /// Makes a turn for a run of ours that nobody here asked for.
    pub(crate) fn of_run(id: TurnId, run: RunId, now: Now) -> Self {
        Self::new(id, run, None, Phase::Running { lively: true }, now)
    }

    fn new(id: TurnId, run: RunId, message: Option<Message>, phase: Phase, now: Now) -> Self {
        Self {
            id,
            message,
            run,
            aliases: Vec::new(),
            phase,
            reply: Reply::default(),
            cards: Cards::default(),
            outstanding: Vec::new(),
            usage: openclaw::Usage::default(),
            cost_pending: false,
            outcomes_pending: 0,
            missed_frames: false,
            whole_pending: false,
            is_unsure: false,
            is_done_there: false,
            gateway_restarted: false,
            was_lively: false,
            last_heard: now.instant,
            heard: false,
            received: now.instant,
            received_ms: now.unix_ms,
            handed_ms: None,
        }
    }

    /// The interaction that the turn answers.
    pub(crate) fn interaction_id(&self) -> Option<&InteractionId> {
        self.message.as_ref()?.interaction_id.as_ref()
    }

    /// The runs that belong to the turn.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &RunId> {
        std::iter::once(&self.run).chain(&self.aliases)
    }

    /// Says whether the turn's bubble is closed.
    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Says whether the turn waits behind another one.
    pub(crate) fn is_queued(&self) -> bool {
        self.phase == Phase::Queued
    }

    /// Says whether the gateway has not been asked yet.
    pub(crate) fn is_unsent(&self) -> bool {
        matches!(self.phase, Phase::Queued | Phase::Fetching | Phase::Unsent { .. })
    }

    /// Opens the bubble.
    pub(crate) fn open(&self, acts: &mut Vec<Act>) {
        let about = match &self.message {
            Some(message) => message.id.as_str().to_owned(),
            None => self.run.as_str().to_owned(),
        };
        let interaction_id = self.interaction_id().cloned();
        self.post(Post::Open { about, interaction_id }, acts);
    }

    /// Something happened in one of the turn's runs.
    pub(crate) fn on_run(
        &mut self,
        run: &RunId,
        kind: RunEventKind,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        if matches!(self.phase, Phase::Over | Phase::Closing { .. }) {
            return;
        }
        self.last_heard = cx.now.instant;
        self.heard = true;
        self.show_life(&kind);
        match kind {
            RunEventKind::Started => self.cost_pending = false,
            RunEventKind::Alive | RunEventKind::Retrying { .. } => {}
            RunEventKind::Model { provider, model } => {
                self.usage.provider = provider.or(self.usage.provider.take());
                self.usage.model = model.or(self.usage.model.take());
            }
            RunEventKind::Usage { output_tokens } => {
                self.usage.output_tokens = Some(output_tokens);
            }
            RunEventKind::Text { text } => {
                self.settle_cards(cx, acts);
                self.reply.run_says(run, &cx.redactor.own(&text));
                self.stream(acts);
            }
            RunEventKind::Preamble { item_id, text } => {
                self.settle_cards(cx, acts);
                self.reply.preamble_says(run, &item_id, &cx.redactor.own(&text));
                self.stream(acts);
            }
            RunEventKind::Tool { call_id, event } => {
                if let ToolEvent::Blocked { approval_id: Some(approval) } = &event
                    && cx.gateway == Some(Generation::Older)
                    && !self.awaits(approval)
                {
                    // The run goes on after it, whether or not the question itself was heard.
                    self.outstanding.push(approval.clone());
                }
                let changes = self.cards.on(&call_id, event, cx.now.instant);
                self.post_cards(changes, cx, acts);
            }
            RunEventKind::AttemptEnded { aborted } => {
                if !aborted && !self.cost_pending {
                    self.cost_pending = true;
                    self.look_up(Purpose::Cost(cx.session.clone(), self.id), cx, acts);
                }
            }
            RunEventKind::Final { text, stop_reason, usage } => {
                self.run_ended(run, text, stop_reason, usage, cx, acts);
            }
            RunEventKind::Failed { message, kind } => {
                let message = cx.redactor.text(&message);
                self.close(Ending::Failed(Cause::Run { kind, message }), cx, acts);
            }
            RunEventKind::Aborted { text, .. } => {
                if let Some(text) = text {
                    self.reply.run_says(run, &cx.redactor.own(&text));
                }
                self.close(Ending::Failed(Cause::Stopped), cx, acts);
            }
        }
    }

    fn show_life(&mut self, kind: &RunEventKind) {
        let ends = matches!(
            kind,
            RunEventKind::Final { .. } | RunEventKind::Failed { .. } | RunEventKind::Aborted { .. }
        );
        if ends {
            return;
        }
        // A queued message, too, may show bare signs of life before its empty end.
        let lively = *kind != RunEventKind::Alive;
        match self.phase {
            Phase::Running { lively: before } => {
                self.phase = Phase::Running { lively: lively || before };
            }
            Phase::Sending | Phase::Unknown => self.phase = Phase::Running { lively },
            Phase::Resuming { .. } | Phase::Elsewhere | Phase::Between => {
                self.phase = Phase::Running { lively: true };
            }
            Phase::Queued
            | Phase::Fetching
            | Phase::Unsent { .. }
            | Phase::Closing { .. }
            | Phase::Stopping { .. }
            | Phase::Over => {}
        }
    }

    fn run_ended(
        &mut self,
        run: &RunId,
        text: Option<String>,
        stop_reason: Option<String>,
        usage: Option<openclaw::Usage>,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        let busy = text.is_none() && *run == self.run && self.reply.is_empty();
        if busy && matches!(self.phase, Phase::Running { lively: false } | Phase::Sending) {
            return self.wait_elsewhere();
        }
        let is_older = cx.gateway == Some(Generation::Older);
        if busy && is_older && matches!(self.phase, Phase::Stopping { .. }) {
            // Another run has it now, and may still ask for something in its name.
            return self.check(cx, acts);
        }
        if let Some(text) = text {
            self.reply.run_says(run, &cx.redactor.own(&text));
        }
        if let Some(usage) = usage {
            self.usage = usage;
        }
        if let Some(approval) = run.follows_approval() {
            self.outstanding.retain(|id| id != approval);
        }
        if let Phase::Stopping { .. } = self.phase {
            return self.close(Ending::Failed(Cause::Stopped), cx, acts);
        }
        if self.outstanding.is_empty() {
            self.close(Ending::Answered { stop_reason }, cx, acts);
        } else {
            self.stream(acts);
            self.phase = Phase::Between;
        }
    }

    fn stream(&mut self, acts: &mut Vec<Act>) {
        if !self.is_unsure
            && let Some(text) = self.reply.take_unsent()
        {
            self.post(Post::Text(text), acts);
        }
    }

    fn post(&self, post: Post, acts: &mut Vec<Act>) {
        acts.push(Act::Post { turn: self.id, post });
    }
}

/// Says whether an event shows something to the person; bare signs of life open no bubble.
pub(crate) fn has_substance(kind: &RunEventKind) -> bool {
    match kind {
        RunEventKind::Text { text } => !text.is_empty(),
        RunEventKind::Preamble { .. } | RunEventKind::Failed { .. } => true,
        RunEventKind::Tool { event, .. } => {
            matches!(event, ToolEvent::Announced { .. } | ToolEvent::Started { .. })
        }
        RunEventKind::Final { text, .. } => text.is_some(),
        RunEventKind::Started
        | RunEventKind::Model { .. }
        | RunEventKind::Usage { .. }
        | RunEventKind::Retrying { .. }
        | RunEventKind::AttemptEnded { .. }
        | RunEventKind::Aborted { .. }
        | RunEventKind::Alive => false,
    }
}

/// The gateway's word for how hard to think (`sap.md`: `thought_level`).
fn thinking_level(level: Option<&str>) -> Option<String> {
    match level {
        Some("extended") => Some("medium".into()),
        Some("max") => Some("high".into()),
        Some(_) | None => None,
    }
}
