//! What of the engine outlives the process, and how the next process goes on from it.

use std::collections::{BTreeMap, HashMap};

use journal::{Row, Table};
use sap::{InstallationId, MessageId, SessionId, UpdateId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::clock::Now;
use super::conversation::{Conversation, ConversationRecord, FORGET_AFTER};
use super::desk::ApprovalRecord;
use super::gateway::LastGateway;
use super::ledger::{self, Ledger, keys};
use super::locked::{LOCKED, LockedRecord};
use super::sent::Sent;
use super::turn::{Turn, TurnRecord};
use super::{Engine, TurnId};

/// The key of the gateway's row among the facts.
const GATEWAY: &str = "gateway";
/// What the keys of encrypted sessions begin with among the facts.
const ENCRYPTED: &str = "encrypted ";
/// What the keys of chosen models begin with among the facts.
const MODEL: &str = "model ";

/// The gateway as it was last seen.
#[derive(Serialize, Deserialize)]
struct GatewayRecord {
    agent: String,
    last: LastGateway,
}

impl Engine {
    /// Makes the engine of an installation from what an earlier process kept; `seed` drives the
    /// jitter of retries. What was kept and cannot be read is left out.
    pub fn restore(installation: InstallationId, seed: u64, rows: &[Row], now: Now) -> Self {
        let mut engine = Self::new(installation, seed);
        engine.ledger = Ledger::over(rows);
        for id in keys(rows, Table::Updates).filter_map(|key| serde_json::from_str(key).ok()) {
            engine.seen_updates.add(id);
        }
        for id in keys(rows, Table::Messages) {
            engine.seen_messages.add(MessageId::new(id));
        }
        engine.take_back_facts(rows, now);
        engine.history.take_back(rows);
        engine.take_back_conversations(rows, now);
        let sent = engine.outbox.take_back(rows, now);
        engine.take_back_turns(rows, &sent, now);
        for (id, record) in ledger::read::<ApprovalRecord>(rows, Table::Approvals) {
            engine.desk.take_back(id, record);
        }
        engine
    }

    fn take_back_facts(&mut self, rows: &[Row], now: Now) {
        for (_, record) in ledger::read::<GatewayRecord>(&only(rows, GATEWAY), Table::Facts) {
            self.agent = record.agent;
            self.last_gateway = Some(record.last);
        }
        for (session, model) in beginning::<Option<String>>(rows, MODEL) {
            self.models_owed.insert(SessionId::new(session), model);
        }
        for (session, ()) in beginning(rows, ENCRYPTED) {
            let session = SessionId::new(session);
            self.outbox.encrypt(&session, None);
        }
        let locked = beginning::<LockedRecord>(rows, LOCKED);
        let locked =
            locked.into_iter().filter_map(|(key, locked)| Some((key.parse().ok()?, locked)));
        for (number, locked) in locked.collect::<BTreeMap<u64, _>>() {
            self.take_back_locked(number, locked, now);
        }
    }

    fn take_back_conversations(&mut self, rows: &[Row], now: Now) {
        for (id, record) in ledger::read::<ConversationRecord>(rows, Table::Sessions) {
            let session = SessionId::new(id);
            self.recent.note(&session, Now { unix_ms: record.used_ms, ..now });
            self.by_key.insert(record.key.clone(), session.clone());
            let conversation = Conversation::restore(session.clone(), record, now);
            self.conversations.insert(session, conversation);
        }
    }

    fn take_back_turns(&mut self, rows: &[Row], sent: &HashMap<TurnId, Sent>, now: Now) {
        self.next_turn = self.outbox.last_turn() + 1;
        for (key, record) in ledger::read::<TurnRecord>(rows, Table::Turns) {
            let Some(id) = key.parse().ok().map(TurnId) else { continue };
            self.next_turn = self.next_turn.max(id.0 + 1);
            let session = record.session.clone();
            let Some(conversation) = self.conversations.get_mut(&session) else { continue };
            let before = conversation.counts();
            let sent = sent.get(&id).copied().unwrap_or_default();
            conversation.take_back(Turn::restore(id, record, sent, now));
            self.count(&session, before);
            self.arm(&session);
        }
    }

    /// Shows the ledger what must outlive the process and is no conversation's.
    pub(super) fn keep(&mut self, now: Now) {
        self.desk.keep(&mut self.ledger);
        self.outbox.keep(now, &mut self.ledger);
    }

    /// The gateway as it is now must outlive the process.
    pub(super) fn keep_gateway(&mut self) {
        if let Some(last) = self.last_gateway.clone() {
            let record = GatewayRecord { agent: self.agent.clone(), last };
            self.ledger.put_loosely(Table::Facts, GATEWAY, &record);
        }
    }

    /// A model that was chosen must outlive the process until the gateway has been told.
    pub(super) fn keep_model(&mut self, session: &SessionId) {
        let key = format!("{MODEL}{session}");
        match self.models_owed.get(session) {
            Some(model) => self.ledger.put_loosely(Table::Facts, key, model),
            None => self.ledger.remove(Table::Facts, key),
        }
    }

    /// That a session is encrypted must outlive the process, and the conversation.
    pub(super) fn keep_encrypted(&mut self, session: &SessionId) {
        self.ledger.put(Table::Facts, format!("{ENCRYPTED}{session}"), &());
    }

    /// Remembers an update; says whether it is new.
    pub(super) fn is_new_update(&mut self, id: &UpdateId) -> bool {
        let Some(forgotten) = self.seen_updates.see(id) else { return false };
        self.ledger.remember(Table::Updates, update_key(id));
        if let Some(forgotten) = forgotten.0 {
            self.ledger.forget(Table::Updates, update_key(&forgotten));
        }
        true
    }

    /// Remembers a message; says whether it is new.
    pub(super) fn is_new_message(&mut self, id: &MessageId) -> bool {
        let Some(forgotten) = self.seen_messages.see(id) else { return false };
        self.ledger.remember(Table::Messages, id.as_str().to_owned());
        if let Some(forgotten) = forgotten.0 {
            self.ledger.forget(Table::Messages, forgotten.as_str().to_owned());
        }
        true
    }

    /// Forgets conversations in which nothing happened for long.
    pub(super) fn forget_old(&mut self, now: Now) {
        let old = |c: &Conversation| c.is_idle() && c.last_used + FORGET_AFTER <= now.instant;
        for (session, conversation) in
            self.conversations.extract_if(.., |_, conversation| old(conversation))
        {
            self.by_key.remove(&conversation.key);
            self.ledger.remove(Table::Sessions, session.as_str());
        }
    }
}

/// The form in which an update's id is a key: a number and its digits are two ids.
fn update_key(id: &UpdateId) -> String {
    serde_json::to_string(id).unwrap_or_default()
}

/// The facts whose keys begin so, with the rest of their keys.
pub(super) fn beginning<T: DeserializeOwned>(rows: &[Row], beginning: &str) -> Vec<(String, T)> {
    let of_them = |row: &&Row| row.table == Table::Facts && row.key.starts_with(beginning);
    let rows: Vec<Row> = rows.iter().filter(of_them).cloned().collect();
    let facts = ledger::read(&rows, Table::Facts).into_iter();
    facts.filter_map(|(key, fact)| Some((key.strip_prefix(beginning)?.to_owned(), fact))).collect()
}

fn only(rows: &[Row], key: &str) -> Vec<Row> {
    rows.iter().filter(|row| row.key == key).cloned().collect()
}
