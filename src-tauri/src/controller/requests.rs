//! Requests that wait for a person: told when they come, taken back when they are over, and never
//! said to be decided before the gateway said so.

use std::collections::{BTreeMap, BTreeSet};

use bridge::request_key::approval_key;
use bridge::{Decider, Settled};
use control::{
    Deed, Outcome, PastRequest, Pending, Refusal, RequestKind, Slot, Subject, Undecidable, Verdict,
    deed, past, settled,
};

use super::acting::Purpose;
use super::{Controller, Seat};
use crate::asker;
use crate::request::Page;
use crate::shell::{Shell, Topic};
use crate::text::{shorten_middle, visible};
use crate::view::AccessMode;

/// How many letters of a command stand in a notification about what became of it.
const SHOWN: usize = 120;

/// What the person was told of requests, by their keys.
#[derive(Debug, Default)]
pub(super) struct Announced(BTreeMap<String, Told>);

/// What was told of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    /// Digest of the request as it was then, where that is known.
    seen: Option<String>,
    /// What became of it was told, in place of the question.
    has_ended: bool,
}

impl Told {
    /// Says whether the request has changed under its key since.
    fn is_of_another(&self, request: &Pending) -> bool {
        self.seen.as_ref().is_some_and(|seen| *seen != request.seen)
    }
}

impl<S: Shell> Controller<S> {
    /// A person decided at this computer.
    pub(super) fn decide(&mut self, key: &str, verdict: Verdict, notify: bool, seen: &str) {
        match self.deed(key, verdict, notify, Some(seen)) {
            Ok((slot, Deed::Decide { approval, decision })) => {
                if let Some(carrying) = self.carrying(slot) {
                    carrying.decide(approval, decision);
                }
            }
            Ok((slot, Deed::Act(act))) => {
                let purpose = self.purpose(key, verdict);
                self.act(slot, act, purpose, None);
            }
            // It was clicked twice, and is shown to be under way.
            Err(Undecidable::Underway) => {}
            Err(why @ Undecidable::Changed) => {
                self.tell_about(key, None, "Not decided", &Refusal::from(why).what);
                self.show_changed(key);
            }
            Err(_) if self.seats.iter().all(|seat| seat.carrying().is_none()) => {
                let text = "This computer is not connected, so the decision was not applied.";
                self.tell_about(key, None, "Not decided", text);
            }
            Err(why) => self.tell_about(key, None, "Not decided", &Refusal::from(why).what),
        }
    }

    /// Finds out what an answer comes down to, and at which installation.
    pub(super) fn deed(
        &self,
        key: &str,
        verdict: Verdict,
        notify: bool,
        seen: Option<&str>,
    ) -> Result<(Slot, Deed), Undecidable> {
        let asked = self.seats.iter().find(|seat| seat.pending().iter().any(|it| it.key == key));
        let seat = asked.ok_or(Undecidable::NoSuchRequest)?;
        let carrying = seat.carrying().ok_or(Undecidable::NoSuchRequest)?;
        let deed = deed(key, verdict, notify, seen, &carrying.snapshot, &carrying.access)?;
        Ok((seat.slot, deed))
    }

    /// Opens the window at a request that is another than the person was shown.
    pub(super) fn show_changed(&mut self, key: &str) {
        self.shell.open_window(Some(Page::Requests), Some(key.to_owned()));
    }

    /// What an act is for that answers a request.
    pub(super) fn purpose(&self, key: &str, verdict: Verdict) -> Purpose {
        let pending = self.seats.iter().flat_map(Seat::pending).find(|it| it.key == key);
        let words = pending.map(|pending| words(&pending.subject)).unwrap_or_default();
        Purpose::Request { key: key.to_owned(), verdict, words }
    }

    /// Tells about requests that are new or have changed, and takes back what is no longer asked.
    pub(super) fn announce_requests(&mut self, pending: &[Pending]) {
        let waiting: BTreeSet<_> = pending.iter().map(|request| &request.key).collect();
        self.announced.0.retain(|key, told| {
            let waits = waiting.contains(key);
            if !waits && !told.has_ended {
                self.shell.retract_request(key);
            }
            waits
        });
        if !self.stored.notifications {
            return;
        }
        for request in pending {
            let is_news = request.deciding.is_none() && self.is_to_be_told(request);
            let told = self.announced.0.get(&request.key);
            if is_news && told.is_none_or(|told| told.is_of_another(request)) {
                let told = Told { seen: Some(request.seen.clone()), has_ended: false };
                self.announced.0.insert(request.key.clone(), told);
                let seat = self.seats.iter().find(|seat| seat.slot == request.slot);
                let via = seat.filter(|_| self.seats.len() > 1).map(Seat::name);
                self.shell.announce_request(request, via);
            }
        }
    }

    /// Where the gateways are asked only while the person looks, they see the answer there.
    fn is_to_be_told(&self, request: &Pending) -> bool {
        let is_approval = request.subject.kind() == RequestKind::Approval;
        is_approval || self.stored.access == AccessMode::Always
    }

    /// Takes everything back that was told of requests.
    pub(super) fn retract_all(&mut self) {
        for key in std::mem::take(&mut self.announced.0).into_keys() {
            self.shell.retract_request(&key);
        }
    }

    pub(super) fn approval_settled(&mut self, id: &str, outcome: &Settled) {
        let key = approval_key(id);
        self.waits.settle(&key, settled(outcome));
        match outcome {
            Settled::Applied { decision, by: Decider::Computer } => {
                let title = match decision {
                    openclaw::Decision::AllowOnce => "Allowed once",
                    openclaw::Decision::AllowAlways => "Allowed always",
                    openclaw::Decision::Deny => "Denied",
                };
                self.tell_about(&key, None, title, "OpenClaw confirmed it.");
            }
            Settled::Failed { why } => {
                self.tell_about(&key, None, "Not decided", &cli::sentence(why));
            }
            Settled::Applied { by: Decider::Phone, .. }
            | Settled::Elsewhere { .. }
            | Settled::Expired
            | Settled::Gone => self.retract(&key),
        }
    }

    pub(super) fn decision_changed(&mut self, id: &str, what: &str) {
        let key = approval_key(id);
        self.tell_about(&key, None, "Decided otherwise", &cli::sentence(what));
    }

    /// A request of a device, a node or a sender came to its end. What was decided here is told once
    /// the gateway confirmed it.
    pub(super) fn ended(&mut self, slot: Slot, request: &bridge::PastRequest) {
        let PastRequest { key, outcome, .. } = past(slot, request);
        self.waits.settle(&key, outcome.clone());
        let is_told = match outcome {
            Outcome::Allowed { by, .. } | Outcome::Denied { by } => by == control::By::Computer,
            Outcome::Failed { .. } => true,
            Outcome::Decided | Outcome::Expired | Outcome::Gone => false,
        };
        if !is_told {
            self.retract(&key);
        }
    }

    /// Tells what became of a request, in place of the question.
    pub(super) fn tell_about(&mut self, key: &str, words: Option<&str>, title: &str, text: &str) {
        let pending = self.shown.iter().flat_map(|view| &view.pending);
        let shown = pending.into_iter().find(|request| request.key == key);
        let seen = shown.map(|request| request.seen.clone());
        let shown = || shown.map(|request| self::words(&request.subject));
        let words = words.map(str::to_owned).or_else(shown).filter(|words| !words.is_empty());
        self.announced.0.insert(key.to_owned(), Told { seen, has_ended: true });
        let text = words.map_or(text.to_owned(), |words| format!("{words}\n{text}"));
        if self.stored.notifications {
            self.shell.announce(Topic::Request(key.to_owned()), title, &text);
        } else {
            self.shell.retract_request(key);
        }
    }

    /// Takes a question back; what was told of its end stays.
    fn retract(&mut self, key: &str) {
        if !self.announced.0.get(key).is_some_and(|told| told.has_ended) {
            self.announced.0.remove(key);
            self.shell.retract_request(key);
        }
    }
}

/// Says in one line what a request is about.
fn words(subject: &Subject) -> String {
    match subject {
        Subject::Approval(approval) => {
            let command = approval.command.as_ref().unwrap_or(&approval.title);
            shorten_middle(&visible(command), SHOWN)
        }
        Subject::Device(request) => asker::device(request),
        Subject::Node(request) => asker::node(request),
        Subject::Sender(request) => asker::sender(request),
    }
}
