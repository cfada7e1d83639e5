//! What the gateway's coming, going and events lead to.

use openclaw::{ApprovalKind, Event, RunEvent, SessionKey};
use sap::SessionId;
use serde::{Deserialize, Serialize};

use super::clock::Now;
use super::turn::Heard;
use super::{Effect, Engine, GatewayFacts};

/// The gateway's process as it was last seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LastGateway {
    boot_id: Option<String>,
    seen_ms: u64,
}

impl Engine {
    pub(super) fn gateway_up(&mut self, facts: GatewayFacts, now: Now, effects: &mut Vec<Effect>) {
        let restarted = self.last_gateway.as_ref().is_some_and(|last| last.is_another(&facts, now));
        self.last_gateway =
            Some(LastGateway { boot_id: facts.boot_id.clone(), seen_ms: now.unix_ms });
        self.agent.clone_from(&facts.agent);
        self.gateway = Some(facts);
        self.keep_gateway();
        self.rename_untouched_keys();
        self.choose_models_owed(effects);
        for kind in [ApprovalKind::Exec, ApprovalKind::Plugin] {
            self.list_approvals(kind, effects);
        }
        self.each(now, effects, |conversation, cx, acts| {
            conversation.gateway_up(restarted, cx, acts);
        });
    }

    pub(super) fn gateway_down(&mut self) {
        self.gateway = None;
        let sessions: Vec<SessionId> = self.conversations.keys().cloned().collect();
        for session in sessions {
            self.arm(&session);
        }
    }

    /// Sessions that came before the gateway said which agent they belong to.
    fn rename_untouched_keys(&mut self) {
        for (session, conversation) in &mut self.conversations {
            let key = SessionKey::canonical(&self.agent, session.as_str());
            if conversation.key != key && conversation.is_unsent() {
                self.by_key.remove(&conversation.key);
                self.by_key.insert(key.clone(), session.clone());
                conversation.key = key;
            }
        }
    }

    pub(super) fn gateway_event(&mut self, event: Event, now: Now, effects: &mut Vec<Effect>) {
        // That it is gone may be noticed only after its successor began.
        if let Some(last) = &mut self.last_gateway {
            last.seen_ms = now.unix_ms;
        }
        match event {
            Event::Run(run) => self.run_event(run, now, effects),
            Event::ApprovalRequested(approval) => {
                self.approval_requested(&approval, Heard::Now, now, effects);
            }
            Event::ApprovalResolved { id, decision, how } => {
                self.approval_resolved(&id, decision, how, now, effects);
            }
            Event::Tick => {
                // A gateway that was too busy for a decision may take it now.
                for kind in [ApprovalKind::Exec, ApprovalKind::Plugin] {
                    self.decide_again(kind, effects);
                }
            }
            Event::Pairing(_) | Event::Shutdown { .. } | Event::Other => {}
        }
    }

    fn run_event(&mut self, event: RunEvent, now: Now, effects: &mut Vec<Effect>) {
        // Frames of every session arrive; only those of ours reach the phone.
        let Some(session) = self.by_key.get(&event.session_key).cloned() else { return };
        self.recent.note(&session, now);
        self.note_tool(&session, &event, effects);
        let id = self.fresh_turn();
        self.with(&session, now, effects, |conversation, cx, acts| {
            conversation.on_run(event, id, cx, acts);
        });
    }
}

impl LastGateway {
    /// Says whether the gateway's process is another one than when it was last seen.
    fn is_another(&self, facts: &GatewayFacts, now: Now) -> bool {
        match (&self.boot_id, &facts.boot_id, facts.uptime_ms) {
            (Some(old), Some(new), _) => old != new,
            (_, _, Some(uptime)) => now.unix_ms.saturating_sub(uptime) > self.seen_ms,
            (_, _, None) => false,
        }
    }
}
