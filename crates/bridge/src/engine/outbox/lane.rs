//! One session's ordered line to the cloud.

mod answered;
mod kept;
mod keys;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sap::sealed::NoRandomness;
use sap::{
    Bucket, Call, DeviceId, IdempotencyKey, MessageId, SendMessage, SendMessageDelta,
    SendMessageEnd, SessionId,
};

use super::super::act::{Post, TurnId};
use super::super::limits::streamable_sealed;
use super::super::sent::Sent;
use super::fit::fit;
use super::line::{Item, Line};
use super::request::{Request, key_of};
use super::seal::Seal;

pub(super) use self::kept::{BubbleRecord, PostRecord};

/// How long an answer may be retried: the cloud closes an interaction after 30 minutes.
const STALE_AFTER: Duration = Duration::from_secs(30 * 60);
/// The same for what answers no message: the cloud knows a repeat for 24 hours.
const UNASKED_STALE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What an answer of the cloud leads to.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    Nothing,
    /// The request, prepared anew, leaves at once.
    Again,
    Retry {
        at: Instant,
    },
    Refused {
        code: String,
    },
    TurnGone {
        turn: TurnId,
        code: String,
    },
    SessionGone {
        code: String,
    },
    Revoked {
        code: String,
    },
    Registered {
        device: DeviceId,
    },
}

#[derive(Debug)]
enum Bubble {
    Opening,
    Open {
        id: MessageId,
        sent: Sent,
    },
    /// The cloud takes nothing more of it.
    Gone,
}

/// One session's ordered line to the cloud.
#[derive(Debug)]
pub(super) struct Lane {
    session: SessionId,
    line: Line,
    /// In flight, or waiting to be sent again.
    current: Option<Request>,
    state: State,
    /// The current request is wanted no more, and is not sent again.
    is_last_try: bool,
    bubbles: HashMap<TurnId, Bubble>,
    /// Turns that answer no message.
    unasked: HashSet<TurnId>,
    /// What the ledger was not shown yet.
    news: kept::News,
    /// In which form what it says leaves.
    pub(super) seal: Seal,
    /// The bucket in whose line it stands.
    pub(super) queued_for: Option<Bucket>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Ready,
    InFlight,
    Asleep,
}

impl Lane {
    pub(super) fn new(session: SessionId, seal: Seal) -> Self {
        Self {
            session,
            line: Line::default(),
            current: None,
            state: State::Ready,
            is_last_try: false,
            bubbles: HashMap::new(),
            unasked: HashSet::new(),
            news: kept::News::default(),
            seal,
            queued_for: None,
        }
    }

    /// Adds to the line; what a later word makes superfluous is merged or left out.
    pub(super) fn push(&mut self, item: Item) {
        let turn = item.turn;
        match &item.post {
            Post::Open { interaction_id, .. } => {
                if interaction_id.is_none() {
                    self.unasked.insert(turn);
                }
                self.set_bubble(turn, Bubble::Opening);
            }
            Post::Text(more) => {
                let waiting = self.line.iter_mut().find_map(|item| match &mut item.post {
                    Post::Text(text) if item.turn == turn => Some(text),
                    Post::Text(_) | Post::Open { .. } | Post::End { .. } | Post::Ready(_) => None,
                });
                if let Some(text) = waiting {
                    text.push_str(more);
                    return;
                }
            }
            // The end carries the whole text, that which rests before it is sent again included.
            Post::End { .. } => {
                let rests = |r: &Request| r.turn == turn && matches!(r.call, Call::SendMessageDelta(_));
                if self.state == State::Asleep && self.current.as_ref().is_some_and(rests) {
                    self.complete();
                }
                self.line.retain(|item| item.turn != turn || !matches!(item.post, Post::Text(_)));
            }
            Post::Ready(Call::UpdateTask(update)) => {
                let waiting = self.line.iter_mut().find_map(|item| match &mut item.post {
                    Post::Ready(Call::UpdateTask(old)) if old.task_id == update.task_id => Some(old),
                    Post::Text(_) | Post::Open { .. } | Post::End { .. } | Post::Ready(_) => None,
                });
                if let Some(old) = waiting {
                    let label = old.status_label.take();
                    let output = old.partial_result.take();
                    *old = update.clone();
                    old.status_label = old.status_label.take().or(label);
                    old.partial_result = old.partial_result.take().or(output);
                    return;
                }
            }
            Post::Ready(Call::RegisterDevice(_)) => {
                self.line.retain(|item| !matches!(item.post, Post::Ready(Call::RegisterDevice(_))));
            }
            Post::Ready(Call::FinishTask(finish)) => self.line.retain(|item| {
                !matches!(&item.post, Post::Ready(Call::UpdateTask(old)) if old.task_id == finish.task_id)
            }),
            Post::Ready(_) => {}
        }
        self.line.push(item);
    }

    fn set_bubble(&mut self, turn: TurnId, bubble: Bubble) {
        self.bubbles.insert(turn, bubble);
        self.news.bubbles.push(turn);
    }

    /// The bucket of the next request, if one may leave.
    pub(super) fn wants(&mut self) -> Option<Bucket> {
        if self.state != State::Ready {
            return None;
        }
        if let Some(request) = &self.current {
            let is_held = self.seal.is_locked() && request.body.is_none();
            return (!is_held).then(|| request.call.bucket());
        }
        self.drop_undeliverable();
        if self.seal.is_locked() {
            return None;
        }
        Some(match &self.line.front()?.post {
            Post::Open { .. } | Post::End { .. } => Bucket::Message,
            Post::Text(_) => Bucket::Delta,
            Post::Ready(call) => call.bucket(),
        })
    }

    /// Fixes the bytes of the next request, or takes those of the last one again; `nonce` makes the
    /// key of a new one unique.
    ///
    /// # Errors
    /// When the system gives no random numbers to encrypt it with; it then waits to be tried again.
    pub(super) fn launch(
        &mut self,
        opens_with: &str,
        nonce: u64,
    ) -> Result<Option<(Cow<'static, str>, Bytes)>, NoRandomness> {
        if self.state != State::Ready {
            return Ok(None);
        }
        if self.current.is_none() {
            let Some(item) = self.line.take() else { return Ok(None) };
            let Some((mut call, key)) = self.prepare(&item, opens_with, nonce) else {
                self.line.is_done(item.number);
                return Ok(None);
            };
            if self.seal.is_sealed() {
                fit(&mut call);
            }
            let Item { number, turn, since, .. } = item;
            self.current = Some(Request {
                number,
                call,
                body: None,
                key,
                turn,
                since,
                attempts: 0,
                was_cut: false,
            });
        }
        let Some(request) = &mut self.current else { return Ok(None) };
        let body = match &request.body {
            Some(body) => body.clone(),
            None => {
                self.news.request = true;
                let Some(body) = self.seal.body(&request.call, &request.key)? else {
                    return Ok(None);
                };
                request.body.insert(body).clone()
            }
        };
        self.state = State::InFlight;
        request.attempts += 1;
        Ok(Some((request.call.route(), body)))
    }

    fn prepare(&self, item: &Item, opens_with: &str, nonce: u64) -> Option<(Call, IdempotencyKey)> {
        let session = self.session.as_str();
        match &item.post {
            Post::Open { about, interaction_id } => {
                let call = Call::SendMessage(SendMessage {
                    session_id: self.session.clone(),
                    interaction_id: interaction_id.clone(),
                    text: opens_with.to_owned(),
                });
                Some((call, IdempotencyKey::derive(&["open", session, about, opens_with])))
            }
            Post::Text(delta) => {
                let (message_id, sent) = self.bubble(item.turn)?;
                let delta = match self.seal.is_sealed() {
                    true => streamable_sealed(delta, sent.bytes()),
                    false => delta,
                };
                let range = (sent.bytes().to_string(), (sent.bytes() + delta.len()).to_string());
                let key =
                    IdempotencyKey::derive(&["delta", message_id.as_str(), &range.0, &range.1]);
                let delta = delta.to_owned();
                Some((Call::SendMessageDelta(SendMessageDelta { message_id, delta }), key))
            }
            Post::End { text, usage, finish_reason } => {
                let (message_id, _) = self.bubble(item.turn)?;
                let key = IdempotencyKey::derive(&["end", message_id.as_str()]);
                let call = Call::SendMessageEnd(SendMessageEnd {
                    message_id,
                    text: text.clone(),
                    usage: usage.clone(),
                    finish_reason: Some(*finish_reason),
                });
                Some((call, key))
            }
            Post::Ready(call) => Some((call.clone(), key_of(session, call, nonce))),
        }
    }

    fn bubble(&self, turn: TurnId) -> Option<(MessageId, Sent)> {
        match self.bubbles.get(&turn)? {
            Bubble::Open { id, sent } => Some((id.clone(), *sent)),
            Bubble::Opening | Bubble::Gone => None,
        }
    }

    fn drop_undeliverable(&mut self) {
        let (bubbles, is_sealed) = (&self.bubbles, self.seal.is_sealed());
        self.line.retain(|item| match (&item.post, bubbles.get(&item.turn)) {
            (Post::Text(text), Some(Bubble::Open { sent, .. })) if is_sealed => {
                !streamable_sealed(text, sent.bytes()).is_empty()
            }
            (_, Some(Bubble::Gone)) | (Post::Text(_) | Post::End { .. }, None) => false,
            (Post::Open { .. } | Post::Ready(_), _) => true,
            (Post::Text(_) | Post::End { .. }, Some(Bubble::Opening | Bubble::Open { .. })) => true,
        });
    }

    /// How often the current request was sent.
    pub(super) fn attempts(&self) -> u32 {
        self.current.as_ref().map_or(0, |request| request.attempts)
    }

    /// Says whether the current request opens a bubble in the way that one dialect refuses.
    pub(super) fn opens_empty(&self, fields: &[String]) -> bool {
        let Some(Request { call: Call::SendMessage(open), .. }) = &self.current else {
            return false;
        };
        open.text.is_empty() && (fields.is_empty() || fields.iter().any(|f| f.contains("text")))
    }

    /// Prepares the current request anew, under a key of its own where its bytes changed.
    pub(super) fn again(&mut self, opens_with: &str) {
        self.state = State::Ready;
        let Some(request) = &mut self.current else { return };
        self.news.request = true;
        if let Call::SendMessage(open) = &mut request.call
            && open.text != opens_with
        {
            open.text = opens_with.to_owned();
            request.key = IdempotencyKey::derive(&[request.key.as_str(), opens_with]);
        }
        request.body = None;
    }

    /// Lets the current request, if there is one, rest until [`Lane::wake`]; says whether it does.
    pub(super) fn rests(&mut self) -> bool {
        if self.is_last_try {
            self.complete();
        }
        if self.current.is_some() {
            self.state = State::Asleep;
        }
        self.current.is_some()
    }

    /// The rest is over.
    pub(super) fn wake(&mut self) {
        if self.state == State::Asleep {
            self.state = State::Ready;
        }
    }

    /// Gives the turns up whose interactions must be over.
    pub(super) fn give_up_stale(&mut self, now: Instant) -> Vec<TurnId> {
        let is_stale = |turn: TurnId, since: Instant| {
            let lasts =
                if self.unasked.contains(&turn) { UNASKED_STALE_AFTER } else { STALE_AFTER };
            since + lasts <= now
        };
        let current = self.current.iter().map(|request| (request.turn, request.since));
        let all = current.chain(self.line.iter().map(|item| (item.turn, item.since)));
        let stale: BTreeSet<TurnId> =
            all.filter(|(turn, since)| is_stale(*turn, *since)).map(|(turn, _)| turn).collect();
        if self.current.as_ref().is_some_and(|request| stale.contains(&request.turn)) {
            self.complete();
        }
        for turn in &stale {
            self.turn_gone(*turn, String::new());
        }
        stale.into_iter().collect()
    }

    fn complete(&mut self) -> Option<Request> {
        self.state = State::Ready;
        self.is_last_try = false;
        let request = self.current.take()?;
        self.line.is_done(request.number);
        Some(request)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.line.is_empty() && self.current.is_none()
    }

    /// Nothing waits, and no bubble is open that something might still be said in.
    pub(super) fn is_forgettable(&self) -> bool {
        self.is_empty() && self.bubbles.values().all(|bubble| matches!(bubble, Bubble::Gone))
    }
}
