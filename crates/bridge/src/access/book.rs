//! Who may use the gateway and who wants to, as it is known here: `(state, input, now) → changes`,
//! without I/O. Events tell at once and may be lost; lists tell everything and may be late. A
//! request ends once, whatever tells of it.

mod ended;
mod reconcile;
#[cfg(test)]
mod schedules;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use openclaw::Generation;
use openclaw::pairing::{
    DeviceRequest, Devices, NodeRequest, Nodes, PairedDevice, PairedNode, PairingEvent,
    SenderRequest, Senders, SetupOutcome, Verdict,
};

use self::ended::Ended;
use super::asks::Asks;
use super::shelf::Shelf;
use crate::{Outcome, PastRequest, RequestKind};

/// How many devices, and how many nodes, are kept.
pub(super) const MOST_JOINED: usize = 1_000;

/// What is known.
#[derive(Debug)]
pub(super) struct Book {
    generation: Generation,
    is_connected: bool,
    /// Counts what happened: later is larger.
    moment: u64,
    devices: Shelf<DeviceRequest>,
    nodes: Shelf<NodeRequest>,
    senders: Shelf<SenderRequest>,
    joined: Option<Joined<PairedDevice>>,
    joined_nodes: Option<Joined<PairedNode>>,
    /// All about senders but their requests.
    sender_facts: Option<Senders>,
    /// What was answered here and not confirmed.
    wishes: HashMap<String, Wish>,
    /// What was turned down elsewhere, or made way for another request of the same device: the next
    /// list shows which.
    turned_down: Vec<TurnedDown>,
    ended: Ended,
}

/// Those who have joined, and how many there are that are not among them.
#[derive(Debug)]
struct Joined<T> {
    kept: Vec<T>,
    left_out: usize,
}

/// What happened.
#[derive(Debug)]
pub(super) enum Input {
    Connected(Generation),
    Disconnected,
    Told(Box<PairingEvent>),
    /// The gateway listed its devices; it was asked at this moment.
    Devices(u64, Devices),
    Nodes(u64, Nodes),
    Senders(u64, Senders),
    /// A request is being answered here: yes or no.
    Answering(String, bool),
    Answered(String, Answered),
    /// Time passed.
    Time,
    /// Nobody attends any more.
    Left,
}

/// What came of an answer that was given here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    Confirmed,
    /// It came too late.
    Gone,
    /// The gateway refused it.
    Refused,
    /// It may have been applied.
    Unknown,
}

/// What follows.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    /// A request came to its end.
    Ended(PastRequest),
    /// A code for a phone was used.
    SetupUsed(SetupOutcome),
    /// The gateway should be asked again.
    Ask(List),
}

/// What a gateway can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum List {
    Devices,
    Nodes,
    Senders,
}

/// An answer that was given here and not confirmed.
#[derive(Debug)]
struct Wish {
    is_yes: bool,
    kind: RequestKind,
    what: String,
    is_under_way: bool,
    /// What the gateway says became of the request meanwhile.
    verdict: Option<Verdict>,
}

#[derive(Debug)]
struct TurnedDown {
    key: String,
    asker: String,
    kind: RequestKind,
    what: String,
    told_at: u64,
}

impl Book {
    pub(super) fn new() -> Self {
        Self {
            generation: Generation::Newer,
            is_connected: false,
            moment: 0,
            devices: Shelf::new(),
            nodes: Shelf::new(),
            senders: Shelf::new(),
            joined: None,
            joined_nodes: None,
            sender_facts: None,
            wishes: HashMap::new(),
            turned_down: Vec::new(),
            ended: Ended::default(),
        }
    }

    /// Names the moment at which the gateway is asked for a list.
    pub(super) fn begin(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    /// Copies what is known of devices; none before they were listed.
    pub(super) fn devices(&self) -> Option<Devices> {
        let Joined { kept, left_out } = self.joined.as_ref()?;
        let unreadable = left_out + self.devices.left_out();
        Some(Devices { pending: self.devices.newest_first(), paired: kept.clone(), unreadable })
    }

    /// Copies what is known of nodes; none before they were listed.
    pub(super) fn nodes(&self) -> Option<Nodes> {
        let Joined { kept, left_out } = self.joined_nodes.as_ref()?;
        let unreadable = left_out + self.nodes.left_out();
        Some(Nodes { pending: self.nodes.newest_first(), paired: kept.clone(), unreadable })
    }

    /// Copies what is known of senders; none before they were listed.
    pub(super) fn senders(&self) -> Option<Senders> {
        let mut senders = self.sender_facts.clone()?;
        senders.pending = self.senders.newest_first();
        senders.unreadable += self.senders.left_out();
        Some(senders)
    }

    pub(super) fn device_request(&self, key: &str) -> Option<&DeviceRequest> {
        self.devices.get(key)
    }

    pub(super) fn node_request(&self, key: &str) -> Option<&NodeRequest> {
        self.nodes.get(key)
    }

    pub(super) fn joined_device(&self, id: &openclaw::DeviceId) -> Option<&PairedDevice> {
        self.joined.as_ref()?.kept.iter().find(|device| device.id == *id)
    }

    /// Says whether a request of this key waits.
    pub(super) fn waits(&self, key: &str) -> bool {
        self.description(key).is_some()
    }

    /// Tells how a request ended, if that is still known.
    pub(super) fn outcome(&self, key: &str) -> Option<&Outcome> {
        self.ended.outcome(key)
    }

    pub(super) fn generation(&self) -> Generation {
        self.generation
    }

    /// Tells when [`Input::Time`] is due, as Unix time in milliseconds.
    pub(super) fn deadline_ms(&self) -> Option<u64> {
        let generation = self.generation;
        let next = [
            self.devices.next_forgotten(generation),
            self.nodes.next_forgotten(generation),
            self.senders.next_forgotten(generation),
        ];
        next.into_iter().flatten().min()
    }

    pub(super) fn handle(&mut self, input: Input, now_ms: u64) -> Vec<Change> {
        self.moment += 1;
        let mut changes = Vec::new();
        match input {
            Input::Connected(generation) => {
                (self.generation, self.is_connected) = (generation, true);
            }
            Input::Disconnected => {
                self.is_connected = false;
                self.check_time(now_ms, &mut changes);
            }
            Input::Told(event) => self.hear(*event, now_ms, &mut changes),
            Input::Devices(begun, devices) => {
                let Devices { pending, mut paired, unreadable } = devices;
                let left_out = unreadable + paired.len().saturating_sub(MOST_JOINED);
                paired.truncate(MOST_JOINED);
                self.joined = Some(Joined { kept: paired, left_out });
                let Self { ended, turned_down, .. } = self;
                let missing =
                    self.devices.list(pending, begun, |key| is_over(ended, turned_down, key));
                self.miss(missing, now_ms, &mut changes);
                self.settle_turned_down(begun, RequestKind::Device, now_ms, &mut changes);
            }
            Input::Nodes(begun, nodes) => {
                let Nodes { pending, mut paired, unreadable } = nodes;
                let left_out = unreadable + paired.len().saturating_sub(MOST_JOINED);
                paired.truncate(MOST_JOINED);
                self.joined_nodes = Some(Joined { kept: paired, left_out });
                let Self { ended, turned_down, .. } = self;
                let missing =
                    self.nodes.list(pending, begun, |key| is_over(ended, turned_down, key));
                self.miss(missing, now_ms, &mut changes);
                self.settle_turned_down(begun, RequestKind::Node, now_ms, &mut changes);
            }
            Input::Senders(begun, mut senders) => {
                let pending = std::mem::take(&mut senders.pending);
                let accounts = senders.accounts.len();
                senders.accounts.truncate(MOST_JOINED);
                senders.unreadable += accounts - senders.accounts.len();
                self.sender_facts = Some(senders);
                let missing = self.senders.list(pending, begun, |key| self.ended.has(key));
                self.miss(missing, now_ms, &mut changes);
            }
            Input::Answering(key, is_yes) => self.answering(key, is_yes),
            Input::Answered(key, answered) => {
                self.answered(&key, answered, now_ms, &mut changes);
            }
            Input::Time => self.check_time(now_ms, &mut changes),
            Input::Left => self.leave(now_ms, &mut changes),
        }
        changes
    }

    /// Asks the gateway about those whose time may be over. Without one they are not shown any more
    /// where this computer's clock says so; the next list ends them, or shows them again.
    fn check_time(&mut self, now_ms: u64, changes: &mut Vec<Change>) {
        let generation = self.generation;
        let over = [
            (List::Devices, self.devices.check(generation, now_ms)),
            (List::Nodes, self.nodes.check(generation, now_ms)),
            (List::Senders, self.senders.check(generation, now_ms)),
        ];
        if self.is_connected {
            let asked = over.into_iter().filter(|(_, is_any)| *is_any);
            changes.extend(asked.map(|(list, _)| Change::Ask(list)));
        } else {
            self.devices.hide(generation, now_ms);
            self.nodes.hide(generation, now_ms);
            self.senders.hide(generation, now_ms);
        }
    }

    fn leave(&mut self, now_ms: u64, changes: &mut Vec<Change>) {
        self.is_connected = false;
        for TurnedDown { key, kind, what, .. } in std::mem::take(&mut self.turned_down) {
            self.end(key, kind, what, Outcome::Denied { by: None }, now_ms, changes);
        }
        // Nobody will look any more what became of these.
        for (key, wish) in self.wishes.extract_if(|_, wish| !wish.is_under_way).collect::<Vec<_>>()
        {
            self.assume(key, wish.kind, wish.what, Outcome::Decided, now_ms, changes);
        }
        for key in [self.devices.hidden(), self.nodes.hidden(), self.senders.hidden()].concat() {
            if let Some((kind, what)) = self.description(&key) {
                self.assume(key, kind, what, Outcome::Expired, now_ms, changes);
            }
        }
        (self.devices, self.nodes, self.senders) = (Shelf::new(), Shelf::new(), Shelf::new());
        (self.joined, self.joined_nodes, self.sender_facts) = (None, None, None);
    }

    fn has_ended(&self, key: &str) -> bool {
        is_over(&self.ended, &self.turned_down, key)
    }

    fn end(
        &mut self,
        key: String,
        kind: RequestKind,
        what: String,
        outcome: Outcome,
        ended_at_ms: u64,
        changes: &mut Vec<Change>,
    ) {
        self.take(&key);
        self.wishes.remove(&key);
        if self.ended.remember(key.clone(), outcome.clone()) {
            changes.push(Change::Ended(PastRequest { key, kind, what, ended_at_ms, outcome }));
        }
    }

    /// Tells of an end that no gateway confirmed: a later list may still show the request.
    fn assume(
        &mut self,
        key: String,
        kind: RequestKind,
        what: String,
        outcome: Outcome,
        ended_at_ms: u64,
        changes: &mut Vec<Change>,
    ) {
        self.take(&key);
        if !self.ended.has(&key) {
            changes.push(Change::Ended(PastRequest { key, kind, what, ended_at_ms, outcome }));
        }
    }

    fn take(&mut self, key: &str) {
        self.devices.take(key);
        self.nodes.take(key);
        self.senders.take(key);
    }

    fn description(&self, key: &str) -> Option<(RequestKind, String)> {
        fn of<T: Asks>(request: &T) -> (RequestKind, String) {
            (T::KIND, request.what())
        }
        let device = self.devices.get(key).map(of);
        device.or_else(|| self.nodes.get(key).map(of)).or_else(|| self.senders.get(key).map(of))
    }

    fn has_expired(&self, key: &str, now_ms: u64) -> bool {
        let generation = self.generation;
        let device = self.devices.get(key).and_then(|it| Asks::may_expire_at_ms(it, generation));
        let node = self.nodes.get(key).and_then(|it| Asks::may_expire_at_ms(it, generation));
        let sender = self.senders.get(key).and_then(|it| Asks::may_expire_at_ms(it, generation));
        device.or(node).or(sender).is_some_and(|expires| expires <= now_ms)
    }
}

fn is_over(ended: &Ended, turned_down: &[TurnedDown], key: &str) -> bool {
    ended.has(key) || turned_down.iter().any(|it| it.key == key)
}
