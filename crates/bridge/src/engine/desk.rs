//! The approvals desk: every question of an agent that is pending, and what is being done about it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use openclaw::{Approval, ApprovalKind, Decision, Generation, SessionKey};
use sap::SessionId;

use super::clock::Now;

/// How long before its end a question is denied on the older gateway, which may otherwise run what
/// nobody approved (`openclaw-facts.md`, H8).
const DENY_BEFORE_EXPIRY_MS: u64 = 15_000;

/// Every pending question of an agent.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pending: BTreeMap<String, Pending>,
    /// Decisions about questions that are not known yet.
    early: BTreeMap<String, sap::Decision>,
}

/// One pending question.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) approval: Approval,
    /// The session of ours that it belongs to, if any.
    pub(crate) session: Option<SessionId>,
    /// What was decided here and the gateway has not confirmed.
    pub(crate) decision: Option<Decision>,
}

impl Desk {
    /// Adds a question; says whether it is new.
    pub(crate) fn add(&mut self, approval: Approval, session: Option<SessionId>) -> bool {
        if let Some(known) = self.pending.get_mut(&approval.id) {
            known.session = known.session.take().or(session);
            return false;
        }
        let id = approval.id.clone();
        self.pending.insert(id, Pending { approval, session, decision: None });
        true
    }

    /// Gives the questions of a session that has become one of ours.
    pub(crate) fn claim(&mut self, key: &SessionKey, session: &SessionId) -> Vec<Approval> {
        let theirs =
            |p: &&mut Pending| p.session.is_none() && p.approval.session_key.as_ref() == Some(key);
        self.pending
            .values_mut()
            .filter(theirs)
            .map(|pending| {
                pending.session = Some(session.clone());
                pending.approval.clone()
            })
            .collect()
    }

    /// Looks a question up.
    pub(crate) fn get(&self, id: &str) -> Option<&Pending> {
        self.pending.get(id)
    }

    /// How many questions of our sessions wait for a decision.
    pub(crate) fn waiting(&self) -> usize {
        let waits = |p: &&Pending| p.session.is_some() && p.decision.is_none();
        self.pending.values().filter(waits).count()
    }

    /// Notes a decision; returns the question if it is one of ours and undecided so far.
    pub(crate) fn decide(&mut self, id: &str, decision: Decision) -> Option<&Pending> {
        let pending = self.pending.get_mut(id)?;
        if pending.decision.is_some() {
            return None;
        }
        pending.decision = Some(decision);
        Some(pending)
    }

    /// Replaces a decision that the gateway does not take.
    pub(crate) fn decide_instead(&mut self, id: &str, decision: Decision) -> Option<&Pending> {
        let pending = self.pending.get_mut(id)?;
        pending.decision = Some(decision);
        Some(pending)
    }

    /// Keeps a decision until its question is known.
    pub(crate) fn keep_early(&mut self, id: String, decision: sap::Decision) {
        self.early.insert(id, decision);
    }

    /// Takes the decision that came before its question.
    pub(crate) fn take_early(&mut self, id: &str) -> Option<sap::Decision> {
        self.early.remove(id)
    }

    /// Takes the decisions of a kind whose questions the gateway does not list: they are over.
    pub(crate) fn take_stale(&mut self, kind: ApprovalKind) -> Vec<String> {
        let of_kind = |id: &str| kind_of(id) == kind;
        self.early.extract_if(.., |id, _| of_kind(id)).map(|(id, _)| id).collect()
    }

    /// A question is over.
    pub(crate) fn remove(&mut self, id: &str) -> Option<Pending> {
        self.pending.remove(id)
    }

    /// The gateway listed what is pending: everything else of that kind is over.
    pub(crate) fn reconcile(&mut self, kind: ApprovalKind, listed: &[Approval]) -> Vec<Pending> {
        let gone = |id: &String, p: &mut Pending| {
            p.approval.kind == kind && listed.iter().all(|approval| approval.id != *id)
        };
        self.pending.extract_if(.., gone).map(|(_, pending)| pending).collect()
    }

    /// Decisions that the gateway has not confirmed.
    pub(crate) fn undelivered(&self) -> Vec<(Approval, Decision)> {
        let decided = |p: &Pending| Some((p.approval.clone(), p.decision?));
        self.pending.values().filter_map(decided).collect()
    }

    /// Questions of ours that must be denied now, lest the older gateway runs them.
    pub(crate) fn about_to_expire(&self, generation: Generation, now: Now) -> Vec<String> {
        if generation == Generation::Newer {
            return Vec::new();
        }
        let due = |p: &&Pending| deny_in_ms(p, now) == Some(0);
        self.pending.values().filter(due).map(|p| p.approval.id.clone()).collect()
    }

    /// When [`Desk::about_to_expire`] wants to be asked again.
    pub(crate) fn deadline(&self, generation: Generation, now: Now) -> Option<Instant> {
        if generation == Generation::Newer {
            return None;
        }
        let next = self.pending.values().filter_map(|p| deny_in_ms(p, now)).min()?;
        Some(now.instant + Duration::from_millis(next))
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.pending.clear();
        self.early.clear();
    }
}

fn deny_in_ms(pending: &Pending, now: Now) -> Option<u64> {
    let ours = pending.session.is_some() && pending.decision.is_none();
    let at = pending.approval.expires_at_ms.saturating_sub(DENY_BEFORE_EXPIRY_MS);
    ours.then(|| at.saturating_sub(now.unix_ms))
}

/// The kind that an approval's id tells (`openclaw-facts.md`, H13).
pub(crate) fn kind_of(id: &str) -> ApprovalKind {
    if id.starts_with("plugin:") { ApprovalKind::Plugin } else { ApprovalKind::Exec }
}
