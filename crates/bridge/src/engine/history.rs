//! What came of the requests that waited for a person: the last of them, with what looks like a
//! secret hidden.

mod kept;

use std::collections::VecDeque;
use std::sync::Arc;

use openclaw::{Approval, Decision};

use super::ledger::Ledger;
use super::redact::Redactor;
use super::request::title;
use crate::request_key::approval_key;
use crate::{Decider, Outcome, PastRequest, REMEMBERED, RequestKind, Settled};

/// Longest text, in characters.
const LONGEST: usize = 300;
/// Room for the mark that says how much is missing, in characters.
const MARK_ROOM: usize = 50;

/// The requests that came to their end of late, newest first.
#[derive(Debug)]
pub(crate) struct History {
    past: VecDeque<Past>,
    /// Number of the next one.
    next: u64,
    /// What was shown last, as long as that is still true.
    shown: Option<Arc<[PastRequest]>>,
}

/// One of them, and the how-manieth it is: that names its row.
#[derive(Debug)]
struct Past {
    number: u64,
    request: PastRequest,
}

impl History {
    /// Makes an empty history.
    pub(crate) fn new() -> Self {
        Self { past: VecDeque::new(), next: 1, shown: None }
    }

    /// Remembers how a request ended, and returns it as it is remembered; none where its end is
    /// remembered already. An end without a decision makes way for one.
    pub(crate) fn record(
        &mut self,
        mut request: PastRequest,
        redactor: &Redactor,
        ledger: &mut Ledger,
    ) -> Option<PastRequest> {
        let before = self.past.iter_mut().find(|past| past.request.key == request.key);
        let is_better =
            |past: &Past| is_decision(&request.outcome) && !is_decision(&past.request.outcome);
        if before.as_ref().is_some_and(|past| !is_better(past)) {
            return None;
        }
        request.what = shortened(&redactor.text(&request.what));
        if let Outcome::Failed { why } = &mut request.outcome {
            *why = shortened(&redactor.text(why));
        }
        self.shown = None;
        if let Some(past) = before {
            past.request = request.clone();
            past.keep(ledger);
            return Some(request);
        }
        let past = Past { number: self.next, request: request.clone() };
        self.next += 1;
        past.keep(ledger);
        self.past.push_front(past);
        self.past.truncate(REMEMBERED);
        Some(request)
    }

    /// What is remembered, newest first: the same value until it changes.
    pub(crate) fn show(&mut self, redactor: &Redactor) -> Arc<[PastRequest]> {
        let shown = self.shown.get_or_insert_with(|| {
            let requests = self.past.iter().map(|past| past.request.clone());
            // What was no known secret when it was remembered may be one now.
            requests
                .map(|request| PastRequest { what: redactor.own(&request.what), ..request })
                .collect()
        });
        Arc::clone(shown)
    }

    /// What is shown of it changed.
    pub(crate) fn revise(&mut self) {
        self.shown = None;
    }
}

/// An approval that the person was asked about, and how it ended.
pub(crate) fn past_approval(approval: &Approval, outcome: &Settled, now_ms: u64) -> PastRequest {
    PastRequest {
        key: approval_key(&approval.id),
        kind: RequestKind::Approval,
        what: approval.command.clone().unwrap_or_else(|| title(approval)),
        ended_at_ms: now_ms,
        outcome: match outcome {
            Settled::Applied { decision, by } => decided(*decision, Some(*by)),
            Settled::Elsewhere { decision: Some(decision) } => decided(*decision, None),
            Settled::Elsewhere { decision: None } => Outcome::Decided,
            Settled::Expired => Outcome::Expired,
            Settled::Gone => Outcome::Gone,
            Settled::Failed { why } => Outcome::Failed { why: why.clone() },
        },
    }
}

/// Whether somebody decided, as far as anybody can tell.
fn is_decision(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Allowed { .. } | Outcome::Denied { .. } => true,
        Outcome::Decided | Outcome::Expired | Outcome::Gone | Outcome::Failed { .. } => false,
    }
}

fn decided(decision: Decision, by: Option<Decider>) -> Outcome {
    match decision {
        Decision::AllowOnce => Outcome::Allowed { always: false, by },
        Decision::AllowAlways => Outcome::Allowed { always: true, by },
        Decision::Deny => Outcome::Denied { by },
    }
}

fn shortened(text: &str) -> String {
    const KEPT: usize = LONGEST - MARK_ROOM;
    let length = text.chars().count();
    if length <= LONGEST {
        return text.to_owned();
    }
    let kept: String = text.chars().take(KEPT).collect();
    format!("{kept}[… {} characters cut by Sophon …]", length - KEPT)
}

#[cfg(test)]
mod tests;
