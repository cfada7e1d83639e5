//! How requests ended, as plain values.

use bridge::{Decider, Settled, Snapshot};
use openclaw::Decision;

use crate::{By, Outcome, PastRequest, RequestKind, Slot};

/// Lists what was decided at an installation, newest first.
pub fn history(slot: Slot, snapshot: &Snapshot) -> Vec<PastRequest> {
    snapshot.history.iter().map(|request| past(slot, request)).collect()
}

/// Says how a request of an installation ended.
pub fn past(slot: Slot, request: &bridge::PastRequest) -> PastRequest {
    PastRequest {
        key: request.key.clone(),
        slot,
        kind: match request.kind {
            bridge::RequestKind::Approval => RequestKind::Approval,
            bridge::RequestKind::Device => RequestKind::Device,
            bridge::RequestKind::Node => RequestKind::Node,
            bridge::RequestKind::Sender => RequestKind::Sender,
        },
        what: request.what.clone(),
        ended_at_ms: request.ended_at_ms,
        outcome: outcome(&request.outcome),
    }
}

/// Says how an approval ended.
pub fn settled(settled: &Settled) -> Outcome {
    let answered = |decision: Decision, by: By| match decision {
        Decision::AllowOnce => Outcome::Allowed { always: false, by },
        Decision::AllowAlways => Outcome::Allowed { always: true, by },
        Decision::Deny => Outcome::Denied { by },
    };
    match settled {
        Settled::Applied { decision, by } => answered(*decision, place(Some(*by))),
        Settled::Elsewhere { decision: Some(decision) } => answered(*decision, By::Elsewhere),
        Settled::Elsewhere { decision: None } => Outcome::Decided,
        Settled::Expired => Outcome::Expired,
        Settled::Gone => Outcome::Gone,
        Settled::Failed { why } => Outcome::Failed { why: why.clone() },
    }
}

fn outcome(outcome: &bridge::Outcome) -> Outcome {
    match outcome {
        bridge::Outcome::Allowed { always, by } => {
            Outcome::Allowed { always: *always, by: place(*by) }
        }
        bridge::Outcome::Denied { by } => Outcome::Denied { by: place(*by) },
        bridge::Outcome::Decided => Outcome::Decided,
        bridge::Outcome::Expired => Outcome::Expired,
        bridge::Outcome::Gone => Outcome::Gone,
        bridge::Outcome::Failed { why } => Outcome::Failed { why: why.clone() },
    }
}

fn place(decider: Option<Decider>) -> By {
    match decider {
        Some(Decider::Computer) => By::Computer,
        Some(Decider::Phone) => By::Phone,
        None => By::Elsewhere,
    }
}
