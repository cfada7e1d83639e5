//! What waits to reach the cloud: one ordered lane a session for its chat, one for its approvals and
//! one for what nobody waits for, many lanes side by side, within the cloud's rate buckets. One request is in flight a
//! lane, so nothing overtakes; a retry sends the same bytes. State without I/O, like the rest of
//! the engine.

mod fit;
mod kept;
mod keys;
mod lane;
mod line;
mod request;
mod seal;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sap::sealed::ContentKey;
use sap::{Accepted, Bucket, Call, DeviceId, RateReport, Rates, Refusal, Reply, SessionId};

use self::lane::{Lane, Outcome};
use self::line::Item;
use self::seal::Seal;
use super::act::{Post, TurnId};
use crate::backoff::Backoff;

/// How many requests are in flight at once, over all sessions.
const MAX_IN_FLIGHT: usize = 64;
/// How long nothing is encrypted after the system gave no random numbers.
const WAIT_FOR_RANDOMNESS: Duration = Duration::from_secs(1);
/// How much longer than asked a wait may last, so that lanes do not all come back at once.
const MAX_JITTER: Duration = Duration::from_millis(250);
/// The buckets, that of the most urgent requests first.
const BY_URGENCY: [Bucket; 5] =
    [Bucket::Approval, Bucket::Message, Bucket::Task, Bucket::Delta, Bucket::Other];
/// Where a retry after a server or network failure begins and ends.
const RETRY: Backoff = Backoff::between(Duration::from_millis(500), Duration::from_secs(30));

/// Names a request in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DispatchId(u64);

/// A request that should leave now.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Comes back with the reply.
    pub id: DispatchId,
    /// Route below `/v1/bridge/`.
    pub route: Cow<'static, str>,
    /// Body, key included.
    pub body: Bytes,
}

/// What the cloud's answer means beyond the request itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Delivery {
    /// The installation's token is not accepted any more.
    Revoked { code: String },
    /// The cloud takes nothing more of this turn.
    TurnRefused { session: SessionId, turn: TurnId, code: String },
    /// The cloud takes nothing more of this session.
    SessionRefused { session: SessionId, code: String },
    /// The cloud refused one request for good.
    Refused { session: SessionId, code: String },
    /// The cloud knows this bridge as a device.
    Registered { device: DeviceId },
}

impl Delivery {
    /// Says whether something does not reach the person.
    pub(crate) fn is_loss(&self) -> bool {
        match self {
            Self::TurnRefused { .. } | Self::SessionRefused { .. } | Self::Refused { .. } => true,
            Self::Revoked { .. } | Self::Registered { .. } => false,
        }
    }
}

/// Names a lane.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct LaneId {
    session: SessionId,
    kind: LaneKind,
}

/// What a lane carries. Kinds neither wait for each other nor share a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum LaneKind {
    Chat,
    Approvals,
    /// What nobody waits for: keys, and files that were touched.
    Aside,
}

impl LaneId {
    fn of(session: &SessionId, post: &Post) -> Self {
        match post {
            Post::Ready(call) => Self::of_call(session, call),
            Post::Open { .. } | Post::Text(_) | Post::End { .. } => {
                Self { session: session.clone(), kind: LaneKind::Chat }
            }
        }
    }

    fn of_call(session: &SessionId, call: &Call) -> Self {
        let kind = match call {
            Call::RequestApproval(_) => LaneKind::Approvals,
            Call::RegisterDevice(_) | Call::GrantSessionKey { .. } | Call::NotifyToolFile(_) => {
                LaneKind::Aside
            }
            Call::SendMessage(_)
            | Call::SendMessageDelta(_)
            | Call::SendMessageEnd(_)
            | Call::CreateTask(_)
            | Call::UpdateTask(_)
            | Call::FinishTask(_) => LaneKind::Chat,
        };
        Self { session: session.clone(), kind }
    }
}

/// All lanes.
#[derive(Debug)]
pub(crate) struct Outbox {
    lanes: BTreeMap<LaneId, Lane>,
    ready: HashMap<Bucket, VecDeque<LaneId>>,
    sleeping: BTreeSet<(Instant, LaneId)>,
    in_flight: HashMap<DispatchId, (LaneId, Bucket)>,
    rates: Rates,
    rate_wait: Option<Instant>,
    opens_with: &'static str,
    random: fastrand::Rng,
    next_id: u64,
    next_number: u64,
    /// The lanes of which the ledger was not shown everything.
    changed: BTreeSet<LaneId>,
    /// Encrypted sessions, each with the key that seals what it says, where it is here.
    encrypted: HashMap<SessionId, Option<ContentKey>>,
}

impl Outbox {
    /// Makes an empty outbox; `seed` drives the jitter.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            lanes: BTreeMap::new(),
            ready: HashMap::new(),
            sleeping: BTreeSet::new(),
            in_flight: HashMap::new(),
            rates: Rates::new(),
            rate_wait: None,
            opens_with: "",
            random: fastrand::Rng::with_seed(seed),
            next_id: 0,
            next_number: 1,
            changed: BTreeSet::new(),
            encrypted: HashMap::new(),
        }
    }

    /// Adds something to a session's lane, merged with what waits there.
    pub(crate) fn push(&mut self, session: &SessionId, turn: TurnId, post: Post, now: Instant) {
        let id = LaneId::of(session, &post);
        let number = self.next_number;
        self.next_number += 1;
        self.lane(&id).push(Item { number, turn, post, since: now });
        self.queue(&id);
        self.changed.insert(id);
    }

    fn lane(&mut self, id: &LaneId) -> &mut Lane {
        self.lanes.entry(id.clone()).or_insert_with(|| {
            let key = match id.kind {
                LaneKind::Chat | LaneKind::Approvals => self.encrypted.get(&id.session),
                // What is in it is sealed already.
                LaneKind::Aside => None,
            };
            let seal = key.map(|key| Seal::of(&id.session, key.as_ref()));
            Lane::new(id.session.clone(), seal.unwrap_or_default())
        })
    }

    /// Takes the requests that may leave now.
    pub(crate) fn poll(&mut self, now: Instant) -> Vec<Dispatch> {
        self.wake(now);
        self.rate_wait = None;
        let mut dispatches = Vec::new();
        for bucket in BY_URGENCY {
            while self.in_flight.len() < MAX_IN_FLIGHT
                && let Some(lane) = self.ready.get(&bucket).and_then(|line| line.front())
            {
                let lane = lane.clone();
                if let Err(at) = self.rates.try_take(bucket, now) {
                    self.rate_wait = Some(self.rate_wait.map_or(at, |other| other.min(at)));
                    break;
                }
                self.ready.entry(bucket).or_default().pop_front();
                dispatches.extend(self.launch(lane, bucket, now));
            }
        }
        dispatches
    }

    fn launch(&mut self, lane_id: LaneId, bucket: Bucket, now: Instant) -> Option<Dispatch> {
        let nonce = self.random.u64(..);
        let lane = self.lanes.get_mut(&lane_id)?;
        lane.queued_for = None;
        self.changed.insert(lane_id.clone());
        let (route, body) = match lane.launch(self.opens_with, nonce) {
            Ok(Some(launched)) => launched,
            Ok(None) => {
                self.queue(&lane_id);
                return None;
            }
            Err(error) => {
                tracing::error!(%error, "nothing can be encrypted now");
                lane.rests();
                self.sleeping.insert((now + WAIT_FOR_RANDOMNESS, lane_id));
                return None;
            }
        };
        let id = DispatchId(self.next_id);
        self.next_id += 1;
        self.in_flight.insert(id, (lane_id, bucket));
        Some(Dispatch { id, route, body })
    }

    /// Takes the cloud's answer to a request.
    pub(crate) fn settle(&mut self, id: DispatchId, reply: Reply, now: Instant) -> Vec<Delivery> {
        let Some((lane_id, bucket)) = self.in_flight.remove(&id) else { return Vec::new() };
        self.learn(bucket, reply.rate.as_ref(), now);
        let Some(lane) = self.lanes.get_mut(&lane_id) else { return Vec::new() };
        let outcome = match reply.outcome {
            Ok(Accepted { result, .. }) => lane.accepted(&result),
            Err(refusal) => self.refused(&lane_id, bucket, refusal, now),
        };
        let deliveries = self.apply(&lane_id, outcome, now);
        self.queue(&lane_id);
        self.changed.insert(lane_id);
        deliveries
    }

    fn learn(&mut self, bucket: Bucket, report: Option<&RateReport>, now: Instant) {
        if let Some(report) = report {
            let others = self.in_flight.values().filter(|(_, other)| *other == bucket).count();
            self.rates.learn(bucket, report, u32::try_from(others).unwrap_or(u32::MAX), now);
        }
    }

    fn refused(
        &mut self,
        lane: &LaneId,
        bucket: Bucket,
        refusal: Refusal,
        now: Instant,
    ) -> Outcome {
        let Some(lane) = self.lanes.get_mut(lane) else { return Outcome::Nothing };
        if let Refusal::Wait { after } = &refusal {
            let until = now + *after + self.random_wait();
            self.rates.hold(bucket, until);
            return Outcome::Retry { at: until };
        }
        if let Refusal::Server { status: 404 | 405 } = refusal
            && lane.is_optional()
        {
            return lane.refused(refusal);
        }
        if refusal.is_retryable() {
            let wait = RETRY.delay(lane.attempts(), &mut self.random);
            return Outcome::Retry { at: now + wait };
        }
        if let Refusal::Invalid { fields, .. } = &refusal
            && lane.opens_empty(fields)
        {
            // The documented dialect opens a bubble with a single space (`sap.md`, §4).
            self.opens_with = " ";
            return Outcome::Again;
        }
        lane.refused(refusal)
    }

    fn random_wait(&mut self) -> Duration {
        MAX_JITTER.mul_f64(self.random.f64())
    }

    fn apply(&mut self, lane_id: &LaneId, outcome: Outcome, now: Instant) -> Vec<Delivery> {
        let Some(lane) = self.lanes.get_mut(lane_id) else { return Vec::new() };
        let session = lane_id.session.clone();
        match outcome {
            Outcome::Nothing => Vec::new(),
            Outcome::Again => {
                lane.again(self.opens_with);
                Vec::new()
            }
            Outcome::Retry { at } => {
                // A key is worth having at any time.
                let is_aside = lane_id.kind == LaneKind::Aside;
                let stale = if is_aside { Vec::new() } else { lane.give_up_stale(now) };
                if lane.rests() {
                    self.sleeping.insert((at, lane_id.clone()));
                }
                let refused = |turn| Delivery::TurnRefused {
                    session: session.clone(),
                    turn,
                    code: "undeliverable".into(),
                };
                stale.into_iter().map(refused).collect()
            }
            Outcome::Refused { code } => vec![Delivery::Refused { session, code }],
            Outcome::TurnGone { turn, code } => {
                vec![Delivery::TurnRefused { session, turn, code }]
            }
            Outcome::SessionGone { code } => vec![Delivery::SessionRefused { session, code }],
            Outcome::Revoked { code } => vec![Delivery::Revoked { code }],
            Outcome::Registered { device } => vec![Delivery::Registered { device }],
        }
    }

    /// Drops everything: the installation is revoked.
    pub(crate) fn clear(&mut self) {
        self.lanes.clear();
        self.ready.clear();
        self.sleeping.clear();
        self.changed.clear();
    }

    /// When [`Outbox::poll`] wants to be called, if nothing else happens.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let wake = self.sleeping.first().map(|(at, _)| *at);
        wake.into_iter().chain(self.rate_wait).min()
    }

    /// Says whether everything was delivered that can be.
    pub(crate) fn is_empty(&self) -> bool {
        self.lanes.values().all(|lane| lane.is_empty() || lane.seal.is_locked())
    }

    /// The cloud is there again: what rests after a failure need not rest any longer. What the cloud
    /// asked to wait for is still held by its bucket.
    pub(crate) fn wake_all(&mut self) {
        for (_, id) in std::mem::take(&mut self.sleeping) {
            if let Some(lane) = self.lanes.get_mut(&id) {
                lane.wake();
            }
            self.queue(&id);
        }
    }

    fn wake(&mut self, now: Instant) {
        while let Some((at, _)) = self.sleeping.first()
            && *at <= now
            && let Some((_, id)) = self.sleeping.pop_first()
        {
            if let Some(lane) = self.lanes.get_mut(&id) {
                lane.wake();
            }
            self.queue(&id);
        }
    }

    fn queue(&mut self, id: &LaneId) {
        let Some(lane) = self.lanes.get_mut(id) else { return };
        let wants = lane.wants();
        let before = std::mem::replace(&mut lane.queued_for, wants);
        if before == wants {
            return;
        }
        // What waited in front may have been merged into something of another bucket.
        if let Some(line) = before.and_then(|bucket| self.ready.get_mut(&bucket)) {
            line.retain(|other| other != id);
        }
        if let Some(bucket) = wants {
            self.ready.entry(bucket).or_default().push_back(id.clone());
        }
    }
}

#[cfg(test)]
mod tests;
