//! What of a conversation outlives the process.

use std::collections::VecDeque;

use journal::Table;
use openclaw::{RunId, SessionKey};
use sap::SessionId;
use serde::{Deserialize, Serialize};

use super::super::clock::Now;
use super::super::ledger::Ledger;
use super::super::turn::{self, Turn, moment};
use super::Conversation;

/// How exactly the last use of a conversation is written down: it only matters for a day.
const USE_GRAIN_MS: u64 = 60 * 60 * 1000;

/// A conversation as it is written down.
#[derive(Serialize)]
struct Shown<'a> {
    key: &'a SessionKey,
    ended: &'a VecDeque<RunId>,
    stops_owed: &'a [RunId],
    used_ms: u64,
}

/// A conversation as it is read back.
#[derive(Debug, Deserialize)]
pub(crate) struct ConversationRecord {
    pub(crate) key: SessionKey,
    ended: VecDeque<RunId>,
    stops_owed: Vec<RunId>,
    pub(crate) used_ms: u64,
}

impl Conversation {
    /// Shows the ledger what must outlive the process.
    pub(crate) fn keep(&mut self, now: Now, ledger: &mut Ledger) {
        let turns = self.active.iter().chain(&self.adopted).chain(&self.waiting);
        let before = std::mem::take(&mut self.kept);
        for turn in turns {
            turn.keep(&self.session, ledger);
            self.kept.push(turn.id);
        }
        for ended in before.into_iter().filter(|turn| !self.kept.contains(turn)) {
            ledger.remove(Table::Turns, turn::key(ended));
        }
        let shown = Shown {
            key: &self.key,
            ended: &self.ended,
            stops_owed: &self.stops_owed,
            used_ms: now.unix_ms / USE_GRAIN_MS * USE_GRAIN_MS,
        };
        ledger.put_loosely(Table::Sessions, self.session.as_str(), &shown);
    }

    /// Makes a conversation that an earlier process left, without its turns.
    pub(crate) fn restore(session: SessionId, record: ConversationRecord, now: Now) -> Self {
        let last_used = moment(record.used_ms, now);
        Self {
            ended: record.ended,
            stops_owed: record.stops_owed,
            ..Self::new(session, record.key, last_used)
        }
    }

    /// Takes a turn that an earlier process left; they come in the order in which they began.
    pub(crate) fn take_back(&mut self, turn: Turn) {
        self.kept.push(turn.id);
        if turn.is_queued() {
            self.waiting.push_back(turn);
        } else if turn.message.is_some() && self.active.is_none() {
            self.active = Some(turn);
        } else {
            self.adopted.push(turn);
        }
    }
}
