//! Messages of encrypted sessions on their way in: each is read with the session's key, or waits a
//! while for it. Their order stays.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use journal::Table;
use sap::{Content, InteractionId, SessionId, UserMessage};
use serde::{Deserialize, Serialize};

use super::clock::Now;
use super::explain::Cause;
use super::keys::Unreadable;
use super::updates::refuse;
use super::{Effect, Engine};
use crate::Notice;

/// How long a message waits for its key while the cloud is there.
const WAIT: Duration = Duration::from_secs(60);
/// How long it waits in all: then its interaction is over (`sap.md`, §4).
const LONGEST_WAIT_MS: u64 = 30 * 60 * 1000;
/// What the keys of waiting messages begin with among the facts.
pub(super) const LOCKED: &str = "locked ";

/// A message that waits to be read.
#[derive(Debug)]
pub(super) struct Locked {
    /// Its place among all that ever waited; names its row in the journal.
    number: u64,
    message: UserMessage,
    interaction_id: Option<InteractionId>,
    /// When it came: Unix time in milliseconds.
    came_ms: u64,
    /// Since when its key could have come.
    since: Instant,
}

/// A message that waits to be read, as it is written down and read back.
#[derive(Serialize, Deserialize)]
pub(super) struct LockedRecord {
    session: SessionId,
    message: UserMessage,
    interaction_id: Option<InteractionId>,
    came_ms: u64,
}

impl Locked {
    fn record(&self, session: &SessionId) -> LockedRecord {
        LockedRecord {
            session: session.clone(),
            message: self.message.clone(),
            interaction_id: self.interaction_id.clone(),
            came_ms: self.came_ms,
        }
    }
}

/// Why a message does not reach the agent.
enum Loss {
    Undecipherable(Unreadable),
    /// It came in plain text into an encrypted session.
    NotEncrypted,
}

impl Engine {
    /// Takes a message of an encrypted session.
    pub(super) fn locked_message(
        &mut self,
        session: &SessionId,
        message: UserMessage,
        interaction_id: Option<InteractionId>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let number = self.next_locked;
        self.next_locked += 1;
        let (came_ms, since) = (now.unix_ms, now.instant);
        let locked = Locked { number, message, interaction_id, came_ms, since };
        self.locked.entry(session.clone()).or_default().push_back(locked);
        self.read_locked(session, now, effects);
        // They are read in order: where any waits, the last one does.
        if let Some(locked) = self.locked.get(session).and_then(VecDeque::back) {
            self.ledger.put(Table::Facts, row(number), &locked.record(session));
            effects.push(Effect::Notify(Notice::KeyAwaited { session: session.clone() }));
        }
    }

    /// Reads what can be read of a session's messages, in order; what has waited too long is given
    /// up.
    pub(super) fn read_locked(&mut self, session: &SessionId, now: Now, effects: &mut Vec<Effect>) {
        while let Some(first) = self.locked.get(session).and_then(VecDeque::front) {
            let read = match &first.message.content {
                Content::Encrypted(envelope) => {
                    self.keys.open(session, envelope).map_err(Loss::Undecipherable)
                }
                Content::Plain(text) if text.trim().is_empty() => Ok(String::new()),
                Content::Plain(_) => Err(Loss::NotEncrypted),
            };
            let may_come =
                matches!(read, Err(Loss::Undecipherable(Unreadable::NoKey | Unreadable::WrongKey)));
            let is_over = now.unix_ms >= first.came_ms.saturating_add(LONGEST_WAIT_MS);
            if may_come && !is_over && now.instant < first.since + WAIT {
                break;
            }
            let Some(first) = self.locked.get_mut(session).and_then(VecDeque::pop_front) else {
                break;
            };
            self.ledger.remove(Table::Facts, row(first.number));
            let Locked { message, interaction_id, .. } = first;
            match read {
                Ok(text) => {
                    self.carry(session, &message, &text, interaction_id, now, effects);
                }
                Err(loss) => self.lose(session, &message, interaction_id, loss, now, effects),
            }
        }
        if self.locked.get(session).is_some_and(VecDeque::is_empty) {
            self.locked.remove(session);
        }
    }

    /// The message does not reach the agent: whoever can be told is.
    fn lose(
        &mut self,
        session: &SessionId,
        message: &UserMessage,
        interaction_id: Option<InteractionId>,
        loss: Loss,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let (cause, why) = match loss {
            Loss::Undecipherable(Unreadable::NoKey) => {
                // Without a key nothing can be said to the phone that is not plain text.
                return refuse(session, "the phone did not hand over the session's key", effects);
            }
            Loss::Undecipherable(Unreadable::WrongKey) => {
                (Cause::Undecipherable, "the key of the session does not fit it")
            }
            Loss::Undecipherable(Unreadable::Never(error)) => {
                tracing::debug!(%session, %error, "a message is no envelope");
                (Cause::Undecipherable, "it is damaged")
            }
            Loss::NotEncrypted => (Cause::NotEncrypted, "it was not encrypted, but its session is"),
        };
        refuse(session, why, effects);
        self.ensure(session, now, effects);
        let turn = self.fresh_turn();
        self.with(session, now, effects, |conversation, cx, acts| {
            conversation.decline(turn, message, interaction_id, cause, cx, acts);
        });
    }

    /// The person stopped one interaction, or all of them, before it could be read.
    pub(super) fn cancel_locked(&mut self, session: &SessionId, only: Option<&InteractionId>) {
        let Some(waiting) = self.locked.get_mut(session) else { return };
        let ledger = &mut self.ledger;
        waiting.retain(|locked| {
            let is_meant = only.is_none_or(|only| locked.interaction_id.as_ref() == Some(only));
            if is_meant {
                ledger.remove(Table::Facts, row(locked.number));
            }
            !is_meant
        });
        if waiting.is_empty() {
            self.locked.remove(session);
        }
    }

    /// The cloud is there again: nobody could hand a key over before.
    pub(super) fn wait_anew(&mut self, now: Now) {
        for locked in self.locked.values_mut().flatten() {
            locked.since = now.instant;
        }
    }

    /// Time passed.
    pub(super) fn read_all_locked(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let sessions: Vec<SessionId> = self.locked.keys().cloned().collect();
        for session in sessions {
            self.read_locked(&session, now, effects);
        }
    }

    /// When the next message has waited long enough.
    pub(super) fn locked_deadline(&self) -> Option<Instant> {
        self.locked.values().filter_map(VecDeque::front).map(|first| first.since + WAIT).min()
    }

    /// Takes back a message that an earlier process could not read yet.
    pub(super) fn take_back_locked(&mut self, number: u64, record: LockedRecord, now: Now) {
        let LockedRecord { session, message, interaction_id, came_ms } = record;
        self.next_locked = self.next_locked.max(number + 1);
        // Nobody could hand a key over while no process was there.
        let since = now.instant;
        let locked = Locked { number, message, interaction_id, came_ms, since };
        self.locked.entry(session).or_default().push_back(locked);
    }
}

fn row(number: u64) -> String {
    format!("{LOCKED}{number}")
}
