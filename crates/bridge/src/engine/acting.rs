//! Lets conversations act, and turns what they want into effects.

use openclaw::Decision;
use sap::SessionId;

use super::act::Act;
use super::clock::Now;
use super::conversation::Conversation;
use super::desk::{Author, Verdict};
use super::turn::Context;
use super::{Effect, Engine};

/// Largest attachment in bytes (`sap.md`, §4).
const MAX_ATTACHMENT: u64 = 25 * 1024 * 1024;

impl Engine {
    /// Lets every conversation act.
    pub(super) fn each(
        &mut self,
        now: Now,
        effects: &mut Vec<Effect>,
        mut act: impl FnMut(&mut Conversation, Context<'_>, &mut Vec<Act>),
    ) {
        let sessions: Vec<SessionId> = self.conversations.keys().cloned().collect();
        for session in sessions {
            self.with(&session, now, effects, &mut act);
        }
    }

    /// Lets a conversation act, and turns what it wants into effects.
    pub(super) fn with(
        &mut self,
        session: &SessionId,
        now: Now,
        effects: &mut Vec<Effect>,
        act: impl FnOnce(&mut Conversation, Context<'_>, &mut Vec<Act>),
    ) {
        let Some(conversation) = self.conversations.get_mut(session) else { return };
        let key = conversation.key.clone();
        let cx = Context {
            now,
            installation: &self.installation,
            session,
            key: &key,
            gateway: self.gateway.as_ref().map(|facts| facts.generation),
            redactor: &self.redactor,
        };
        let mut acts = Vec::new();
        let before = conversation.counts();
        act(conversation, cx, &mut acts);
        conversation.keep(now, &mut self.ledger);
        self.count(session, before);
        self.arm(session);
        self.perform(session, acts, now, effects);
    }

    /// Counts what goes on in a conversation, instead of what went on before.
    pub(super) fn count(&mut self, session: &SessionId, before: (usize, usize)) {
        let after = self.conversations.get(session).map_or((0, 0), Conversation::counts);
        self.load.running = self.load.running + after.0 - before.0;
        self.load.queued = self.load.queued + after.1 - before.1;
    }

    fn perform(
        &mut self,
        session: &SessionId,
        acts: Vec<Act>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        for act in acts {
            match act {
                Act::Post { turn, post } => self.outbox.push(session, turn, post, now.instant),
                Act::Call { purpose, call } => effects.push(Effect::Gateway(purpose, call)),
                Act::Fetch { turn, attachments } => {
                    let limit = self.gateway.as_ref().and_then(|facts| facts.max_attachment);
                    effects.push(Effect::Fetch {
                        session: session.clone(),
                        turn,
                        attachments,
                        max_bytes: limit.unwrap_or(MAX_ATTACHMENT).min(MAX_ATTACHMENT),
                    });
                }
                Act::Deny { approvals } => {
                    for approval in approvals {
                        if let Some(conversation) = self.conversations.get_mut(session) {
                            conversation.ignore_follow_up(&approval);
                            conversation.keep(now, &mut self.ledger);
                        }
                        let verdict = Verdict { decision: Decision::Deny, author: Author::Stop };
                        self.decide(&approval, verdict, now, effects);
                    }
                }
            }
        }
    }

    pub(super) fn arm(&mut self, session: &SessionId) {
        let up = self.gateway.is_some();
        let next = self.conversations.get(session).and_then(|c| c.deadline(up));
        if self.armed.get(session).copied() == next {
            return;
        }
        if let Some(old) = self.armed.remove(session) {
            self.timers.remove(&(old, session.clone()));
        }
        if let Some(at) = next {
            self.armed.insert(session.clone(), at);
            self.timers.insert((at, session.clone()));
        }
    }
}
