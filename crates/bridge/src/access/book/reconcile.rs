//! What an event, a list or an answer means for the requests that wait.

use openclaw::pairing::{PairingEvent, Subject, Verdict};

use super::{Answered, Book, Change, List, TurnedDown, Wish};
use crate::access::asks::Asks as _;
use crate::request_key::{device_key, node_key};
use crate::{Decider, Outcome, RequestKind};

impl Book {
    pub(super) fn hear(&mut self, event: PairingEvent, now_ms: u64, changes: &mut Vec<Change>) {
        match event {
            PairingEvent::DeviceRequested(request) => {
                let (key, asker) = (request.key(), request.asker().to_owned());
                if !self.has_ended(&key) {
                    self.devices.tell(request, self.moment);
                    self.make_way(RequestKind::Device, &asker, now_ms, changes);
                    // The older generation does not say what the new request takes the place of.
                    if self.devices.has_another_of(&asker, &key) {
                        changes.push(Change::Ask(List::Devices));
                    }
                }
            }
            PairingEvent::NodeRequested(request) => {
                let (key, asker) = (request.key(), request.asker().to_owned());
                if !self.has_ended(&key) {
                    // The older generation's event does not say what it takes to approve it.
                    let is_whole = !request.scopes_to_approve.is_empty();
                    self.nodes.tell(request, self.moment);
                    self.make_way(RequestKind::Node, &asker, now_ms, changes);
                    if !is_whole || self.nodes.has_another_of(&asker, &key) {
                        changes.push(Change::Ask(List::Nodes));
                    }
                }
            }
            PairingEvent::Resolved { subject, request, device, verdict } => {
                let (list, key) = match subject {
                    Subject::Device => (List::Devices, request.as_ref().map(device_key)),
                    Subject::Node => (List::Nodes, request.as_ref().map(node_key)),
                };
                if let Some(key) = key {
                    self.resolved(key, device.as_str(), verdict, now_ms, changes);
                }
                changes.push(Change::Ask(list));
            }
            PairingEvent::Changed => changes.push(Change::Ask(List::Devices)),
            PairingEvent::SetupUsed(outcome) => {
                changes.push(Change::SetupUsed(outcome));
                changes.extend([Change::Ask(List::Devices), Change::Ask(List::Nodes)]);
            }
        }
    }

    fn resolved(
        &mut self,
        key: String,
        asker: &str,
        verdict: Verdict,
        now_ms: u64,
        changes: &mut Vec<Change>,
    ) {
        if self.has_ended(&key) {
            return;
        }
        if let Some(wish) = self.wishes.get_mut(&key) {
            wish.verdict = Some(verdict);
            if !wish.is_under_way {
                self.answered(&key, Answered::Unknown, now_ms, changes);
            }
            return;
        }
        let Some((kind, what)) = self.description(&key) else {
            // Nobody was asked; a list that is under way may still show it.
            self.ended.remember(key, elsewhere(verdict));
            return;
        };
        if verdict == Verdict::Rejected {
            self.take(&key);
            let (asker, told_at) = (asker.to_owned(), self.moment);
            self.turned_down.push(TurnedDown { key, asker, kind, what, told_at });
        } else {
            self.end(key, kind, what, elsewhere(verdict), now_ms, changes);
        }
    }

    /// Another request of the same device came: what was turned down made way for it.
    fn make_way(&mut self, kind: RequestKind, asker: &str, now: u64, changes: &mut Vec<Change>) {
        let made_way = |it: &mut TurnedDown| it.kind == kind && it.asker == asker;
        let down: Vec<_> = self.turned_down.extract_if(.., made_way).collect();
        for TurnedDown { key, kind, what, .. } in down {
            self.end(key, kind, what, Outcome::Gone, now, changes);
        }
    }

    pub(super) fn settle_turned_down(
        &mut self,
        begun: u64,
        kind: RequestKind,
        now_ms: u64,
        changes: &mut Vec<Change>,
    ) {
        let is_told = |it: &mut TurnedDown| it.kind == kind && it.told_at < begun;
        let down: Vec<_> = self.turned_down.extract_if(.., is_told).collect();
        for TurnedDown { key, asker, kind, what, .. } in down {
            let made_way = match kind {
                RequestKind::Device => self.devices.has_another_of(&asker, &key),
                RequestKind::Node => self.nodes.has_another_of(&asker, &key),
                RequestKind::Sender | RequestKind::Approval => false,
            };
            let outcome = if made_way { Outcome::Gone } else { Outcome::Denied { by: None } };
            self.end(key, kind, what, outcome, now_ms, changes);
        }
    }

    /// The gateway has these no more, and did not say why.
    pub(super) fn miss(&mut self, missing: Vec<String>, now_ms: u64, changes: &mut Vec<Change>) {
        let mut missing = missing;
        missing.sort();
        for key in missing {
            let outcome = match self.wishes.get(&key) {
                Some(wish) if wish.is_under_way => continue,
                Some(_) => Outcome::Decided,
                None if self.has_expired(&key, now_ms) => Outcome::Expired,
                None => Outcome::Gone,
            };
            if let Some((kind, what)) = self.description(&key) {
                self.end(key, kind, what, outcome, now_ms, changes);
            }
        }
    }

    pub(super) fn answering(&mut self, key: String, is_yes: bool) {
        if let Some((kind, what)) = self.description(&key) {
            let wish = Wish { is_yes, kind, what, is_under_way: true, verdict: None };
            self.wishes.insert(key, wish);
        }
    }

    pub(super) fn answered(
        &mut self,
        key: &str,
        came: Answered,
        now_ms: u64,
        changes: &mut Vec<Change>,
    ) {
        let Some(mut wish) = self.wishes.remove(key) else { return };
        let here = Some(Decider::Computer);
        let as_wished = match wish.is_yes {
            true => Outcome::Allowed { always: false, by: here },
            false => Outcome::Denied { by: here },
        };
        let is_as_wished = match wish.verdict {
            Some(Verdict::Approved) => wish.is_yes,
            Some(Verdict::Rejected) => !wish.is_yes,
            Some(Verdict::Removed | Verdict::Unknown) | None => false,
        };
        let outcome = match (came, wish.verdict) {
            (Answered::Confirmed, _) => as_wished,
            (Answered::Unknown, Some(_)) if is_as_wished => as_wished,
            (Answered::Unknown | Answered::Gone | Answered::Refused, Some(verdict)) => {
                elsewhere(verdict)
            }
            // Nobody attends any more: no list will show what became of it.
            (Answered::Unknown | Answered::Gone, None) if !self.waits(key) => {
                let Wish { kind, what, .. } = wish;
                return self.assume(key.into(), kind, what, Outcome::Decided, now_ms, changes);
            }
            (Answered::Unknown, None) => {
                wish.is_under_way = false;
                self.wishes.insert(key.to_owned(), wish);
                return;
            }
            // The next list shows what became of it.
            (Answered::Gone | Answered::Refused, None) => return,
        };
        self.end(key.to_owned(), wish.kind, wish.what, outcome, now_ms, changes);
    }
}

/// How a request ended that was not answered here.
fn elsewhere(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Approved => Outcome::Allowed { always: false, by: None },
        Verdict::Rejected => Outcome::Denied { by: None },
        Verdict::Removed | Verdict::Unknown => Outcome::Decided,
    }
}
