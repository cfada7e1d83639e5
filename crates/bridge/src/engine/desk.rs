//! The approvals desk: every question of an agent that is pending, and what is being done about it.

mod kept;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use openclaw::{Approval, ApprovalKind, Decision, Generation, SessionKey};
use sap::SessionId;
use serde::{Deserialize, Serialize};

use super::clock::Now;
use super::seen::Seen;
use crate::{Decider, Settled};

pub(crate) use self::kept::ApprovalRecord;

/// How long before its end a question is denied on the older gateway, which may otherwise run what
/// nobody approved (`openclaw-facts.md`, H8).
pub(crate) const DENY_BEFORE_EXPIRY_MS: u64 = 15_000;
/// How long after its end a question counts as expired even where the gateway says nothing.
const EXPIRY_GRACE_MS: u64 = 5_000;
/// How many questions are remembered after their end, so that none comes back.
const REMEMBERED: usize = 1024;

/// Every pending question of an agent.
#[derive(Debug)]
pub(crate) struct Desk {
    pending: BTreeMap<String, Pending>,
    /// Decisions about questions that are not known yet.
    early: BTreeMap<String, sap::Decision>,
    over: Seen<String>,
    /// How many questions have come.
    known: u64,
    /// Counts the changes of what is pending.
    revision: u64,
    /// What changed since the ledger was shown it.
    changed: BTreeSet<String>,
}

/// One pending question.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) approval: Approval,
    /// The session of ours that it belongs to, if any: then the person was asked.
    pub(crate) session: Option<SessionId>,
    /// What was decided here and the gateway has not confirmed.
    pub(crate) verdict: Option<Verdict>,
    /// When it ends by this computer's clock: Unix time in milliseconds.
    pub(crate) ends_at_ms: u64,
    /// The how-manieth question it is.
    number: u64,
}

/// A decision that was made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) decision: Decision,
    pub(crate) author: Author,
}

/// Who made a decision here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Author {
    /// A person.
    Person(Decider),
    /// The engine, because the question is about to end on the older gateway.
    Expiry,
    /// The engine, because what asked was stopped.
    Stop,
}

impl Verdict {
    /// What the question comes to once the gateway confirmed the decision.
    pub(crate) fn applied(self) -> Settled {
        match self.author {
            Author::Person(by) => Settled::Applied { decision: self.decision, by },
            Author::Expiry => Settled::Expired,
            Author::Stop => Settled::Gone,
        }
    }
}

impl Pending {
    fn waits(&self) -> bool {
        self.session.is_some() && self.verdict.is_none()
    }

    fn deny_in_ms(&self, now: Now) -> Option<u64> {
        let at = self.ends_at_ms.saturating_sub(DENY_BEFORE_EXPIRY_MS);
        self.waits().then(|| at.saturating_sub(now.unix_ms))
    }

    fn expires_in_ms(&self, now: Now) -> u64 {
        self.ends_at_ms.saturating_add(EXPIRY_GRACE_MS).saturating_sub(now.unix_ms)
    }
}

impl Desk {
    /// Makes an empty desk.
    pub(crate) fn new() -> Self {
        Self {
            pending: BTreeMap::new(),
            early: BTreeMap::new(),
            over: Seen::new(REMEMBERED),
            known: 0,
            revision: 0,
            changed: BTreeSet::new(),
        }
    }

    /// Adds a question; says whether the person is to be asked it now.
    pub(crate) fn add(
        &mut self,
        approval: &Approval,
        session: Option<&SessionId>,
        now: Now,
    ) -> bool {
        if self.over.contains(approval.id.as_str()) {
            return false;
        }
        if let Some(known) = self.pending.get_mut(&approval.id) {
            let is_ours_now = known.session.is_none() && session.is_some();
            if is_ours_now {
                known.session = session.cloned();
                self.note(&approval.id);
            }
            return is_ours_now;
        }
        self.known += 1;
        self.note(&approval.id);
        let pending = Pending {
            approval: approval.clone(),
            session: session.cloned(),
            verdict: None,
            ends_at_ms: ends_at_ms(approval, now),
            number: self.known,
        };
        self.pending.insert(approval.id.clone(), pending);
        session.is_some()
    }

    /// Gives the questions of a session that has become one of ours.
    pub(crate) fn claim(&mut self, key: &SessionKey, session: &SessionId) -> Vec<Approval> {
        let theirs =
            |p: &&mut Pending| p.session.is_none() && p.approval.session_key.as_ref() == Some(key);
        let claimed = self.pending.values_mut().filter(theirs).map(|pending| {
            pending.session = Some(session.clone());
            pending.approval.clone()
        });
        let claimed: Vec<Approval> = claimed.collect();
        for approval in &claimed {
            self.note(&approval.id);
        }
        claimed
    }

    /// Looks a question up.
    pub(crate) fn get(&self, id: &str) -> Option<&Pending> {
        self.pending.get(id)
    }

    /// Says whether a question was known and is over.
    pub(crate) fn is_over(&self, id: &str) -> bool {
        self.over.contains(id)
    }

    /// The questions that the person was asked, oldest first.
    pub(crate) fn asked(&self) -> Vec<&Pending> {
        let mut asked: Vec<&Pending> =
            self.pending.values().filter(|pending| pending.session.is_some()).collect();
        asked.sort_by_key(|pending| (pending.approval.created_at_ms, pending.number));
        asked
    }

    /// How many questions of our sessions wait for a decision.
    pub(crate) fn waiting(&self) -> usize {
        self.pending.values().filter(|pending| pending.waits()).count()
    }

    /// How many questions have come: with [`Desk::unlisted`], tells those that a list should name.
    pub(crate) fn known(&self) -> u64 {
        self.known
    }

    /// A number that is another one whenever something pending changed.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// What is shown of the pending questions changed.
    pub(crate) fn revise(&mut self) {
        self.revision += 1;
    }

    /// A question, or what is known of one, changed.
    fn note(&mut self, id: &str) {
        self.revision += 1;
        self.changed.insert(id.to_owned());
    }

    /// Notes a decision; returns the question if it is undecided so far.
    pub(crate) fn decide(&mut self, id: &str, verdict: Verdict) -> Option<&Pending> {
        let pending = self.pending.get_mut(id)?;
        if pending.verdict.is_some() {
            return None;
        }
        pending.verdict = Some(verdict);
        self.note(id);
        self.pending.get(id)
    }

    /// Replaces a decision that the gateway does not take by a lesser one.
    pub(crate) fn decide_instead(&mut self, id: &str, decision: Decision) {
        let pending = self.pending.get_mut(id);
        if let Some(verdict) = pending.and_then(|pending| pending.verdict.as_mut()) {
            verdict.decision = decision;
            self.note(id);
        }
    }

    /// Keeps a decision until its question is known.
    pub(crate) fn keep_early(&mut self, id: String, decision: sap::Decision) {
        self.note(&id);
        self.early.insert(id, decision);
    }

    /// Takes the decision that came before its question.
    pub(crate) fn take_early(&mut self, id: &str) -> Option<sap::Decision> {
        let decision = self.early.remove(id)?;
        self.note(id);
        Some(decision)
    }

    /// Takes the decisions of a kind whose questions the gateway does not list: they are over.
    pub(crate) fn take_stale(&mut self, kind: ApprovalKind) -> Vec<String> {
        let of_kind = |id: &str| kind_of(id) == kind;
        let stale: Vec<String> =
            self.early.extract_if(.., |id, _| of_kind(id)).map(|(id, _)| id).collect();
        for id in &stale {
            self.note(id);
        }
        stale
    }

    /// A question is over.
    pub(crate) fn remove(&mut self, id: &str) -> Option<Pending> {
        let pending = self.pending.remove(id)?;
        self.over.add(pending.approval.id.clone());
        self.note(id);
        Some(pending)
    }

    /// The questions of a kind that a list of the gateway should name and does not: those among
    /// the first `known`. What was decided here is left to the gateway's answer.
    pub(crate) fn unlisted(
        &self,
        kind: ApprovalKind,
        known: u64,
        listed: &[Approval],
    ) -> Vec<String> {
        let gone = |p: &&Pending| {
            p.approval.kind == kind
                && p.number <= known
                && p.verdict.is_none()
                && listed.iter().all(|approval| approval.id != p.approval.id)
        };
        self.pending.values().filter(gone).map(|p| p.approval.id.clone()).collect()
    }

    /// Decisions of a kind that the gateway has not confirmed.
    pub(crate) fn undelivered(&self, kind: ApprovalKind) -> Vec<(String, Decision)> {
        let of_kind = self.pending.values().filter(|p| p.approval.kind == kind);
        of_kind.filter_map(|p| Some((p.approval.id.clone(), p.verdict?.decision))).collect()
    }

    /// Questions of ours that must be denied now, lest the older gateway runs them.
    pub(crate) fn about_to_expire(&self, generation: Generation, now: Now) -> Vec<String> {
        if generation == Generation::Newer {
            return Vec::new();
        }
        let due = |p: &&Pending| p.deny_in_ms(now) == Some(0);
        self.pending.values().filter(due).map(|p| p.approval.id.clone()).collect()
    }

    /// Questions that are past their end, whatever the gateway says.
    pub(crate) fn expired(&self, now: Now) -> Vec<String> {
        let past = |p: &&Pending| p.expires_in_ms(now) == 0;
        self.pending.values().filter(past).map(|p| p.approval.id.clone()).collect()
    }

    /// When [`Desk::about_to_expire`] or [`Desk::expired`] want to be asked again; the generation
    /// is that of the gateway, if it is connected.
    pub(crate) fn deadline(&self, generation: Option<Generation>, now: Now) -> Option<Instant> {
        let is_older = generation == Some(Generation::Older);
        let next = |p: &Pending| match p.deny_in_ms(now).filter(|_| is_older) {
            Some(deny_in_ms) => deny_in_ms,
            None => p.expires_in_ms(now),
        };
        let next = self.pending.values().map(next).min()?;
        Some(now.instant + Duration::from_millis(next))
    }

    /// Everything that is pending.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.pending.keys().cloned().collect()
    }
}

/// Where the gateway's clock is so far from this one that a question which it calls pending would
/// be over, or would last longer than its whole life, its life counts from now.
fn ends_at_ms(approval: &Approval, now: Now) -> u64 {
    let life = approval.expires_at_ms.saturating_sub(approval.created_at_ms);
    let left = approval.expires_at_ms.saturating_sub(now.unix_ms);
    let left = if left == 0 || left > life { life } else { left };
    now.unix_ms.saturating_add(left)
}

/// The kind that an approval's id tells (`openclaw-facts.md`, H13).
pub(crate) fn kind_of(id: &str) -> ApprovalKind {
    if id.starts_with("plugin:") { ApprovalKind::Plugin } else { ApprovalKind::Exec }
}
