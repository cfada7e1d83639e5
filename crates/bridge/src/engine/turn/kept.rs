//! What of a turn outlives the process, and what becomes of it in the next one.

use std::time::{Duration, Instant};

use journal::Table;
use openclaw::RunId;
use sap::SessionId;
use serde::{Deserialize, Serialize};

use super::super::act::TurnId;
use super::super::cards::Cards;
use super::super::clock::Now;
use super::super::ledger::Ledger;
use super::super::reply::{Reply, Segment};
use super::super::sent::Sent;
use super::closing::STOP_WITHIN;
use super::{Message, Phase, Turn};

/// A turn as it is written down.
#[derive(Serialize)]
struct Shown<'a> {
    session: &'a SessionId,
    message: Option<&'a Message>,
    run: &'a RunId,
    aliases: &'a [RunId],
    stage: Stage,
    said: &'a [Segment],
    cards: &'a Cards,
    outstanding: &'a [String],
    is_done_there: bool,
    gateway_restarted: bool,
    received_ms: u64,
}

/// A turn as it is read back.
#[derive(Debug, Deserialize)]
pub(crate) struct TurnRecord {
    pub(crate) session: SessionId,
    message: Option<Message>,
    run: RunId,
    aliases: Vec<RunId>,
    stage: Stage,
    said: Vec<Segment>,
    cards: Cards,
    outstanding: Vec<String>,
    is_done_there: bool,
    gateway_restarted: bool,
    received_ms: u64,
}

/// Where a turn stood, as far as another process can go on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Queued,
    Unsent,
    /// The gateway may have it.
    HandedOver,
    /// The gateway has it, and worked on it.
    Lively,
    Elsewhere,
    Between,
    Stopping,
}

/// The key of a turn's rows.
pub(crate) fn key(turn: TurnId) -> String {
    turn.0.to_string()
}

impl Turn {
    /// Shows the ledger what must outlive the process.
    pub(crate) fn keep(&self, session: &SessionId, ledger: &mut Ledger) {
        let Some(stage) = self.stage() else { return ledger.remove(Table::Turns, key(self.id)) };
        let shown = Shown {
            session,
            message: self.message.as_ref(),
            run: &self.run,
            aliases: &self.aliases,
            stage,
            said: match self.phase {
                Phase::Between => self.reply.parts(),
                Phase::Queued
                | Phase::Fetching
                | Phase::Unsent { .. }
                | Phase::Sending
                | Phase::Unknown
                | Phase::Running { .. }
                | Phase::Resuming { .. }
                | Phase::Elsewhere
                | Phase::Closing { .. }
                | Phase::Stopping { .. }
                | Phase::Over => self.reply.settled(self.aliases.last().unwrap_or(&self.run)),
            },
            cards: &self.cards,
            outstanding: &self.outstanding,
            is_done_there: self.is_done_there,
            gateway_restarted: self.gateway_restarted,
            received_ms: self.received_ms,
        };
        // What comes with the acknowledgement of an update is firm by that.
        ledger.put_loosely(Table::Turns, key(self.id), &shown);
    }

    fn stage(&self) -> Option<Stage> {
        Some(match self.phase {
            Phase::Queued => Stage::Queued,
            Phase::Fetching | Phase::Unsent { .. } => Stage::Unsent,
            Phase::Sending | Phase::Unknown | Phase::Running { lively: false }
                if !self.was_lively =>
            {
                Stage::HandedOver
            }
            Phase::Sending
            | Phase::Unknown
            | Phase::Running { .. }
            | Phase::Resuming { .. }
            | Phase::Closing { .. } => Stage::Lively,
            Phase::Elsewhere => Stage::Elsewhere,
            Phase::Between => Stage::Between,
            Phase::Stopping { .. } => Stage::Stopping,
            Phase::Over => return None,
        })
    }

    /// Makes a turn that an earlier process left; of its answer the person was sent so many bytes.
    pub(crate) fn restore(id: TurnId, record: TurnRecord, sent: Sent, now: Now) -> Self {
        let phase = match record.stage {
            Stage::Queued => Phase::Queued,
            Stage::Unsent => Phase::Unsent { retry_at: None },
            Stage::HandedOver | Stage::Lively => Phase::Unknown,
            Stage::Elsewhere => Phase::Elsewhere,
            Stage::Between => Phase::Between,
            Stage::Stopping => Phase::Stopping { until: now.instant + STOP_WITHIN },
        };
        let was_sent = !matches!(record.stage, Stage::Queued | Stage::Unsent);
        Self {
            aliases: record.aliases,
            reply: Reply::resume(record.said, sent),
            cards: record.cards,
            outstanding: record.outstanding,
            is_done_there: record.is_done_there,
            gateway_restarted: record.gateway_restarted,
            missed_frames: was_sent,
            is_unsure: was_sent,
            was_lively: record.stage == Stage::Lively,
            received: moment(record.received_ms, now),
            received_ms: record.received_ms,
            // When exactly, this process does not know.
            handed_ms: was_sent.then_some(record.received_ms),
            ..Self::new(id, record.run, record.message, phase, now)
        }
    }
}

/// The moment of a Unix time in milliseconds; now, where this computer's clocks cannot tell it.
pub(crate) fn moment(unix_ms: u64, now: Now) -> Instant {
    let ago = Duration::from_millis(now.unix_ms.saturating_sub(unix_ms));
    now.instant.checked_sub(ago).unwrap_or(now.instant)
}
