//! What of a lane outlives the process.

use bytes::Bytes;
use journal::Table;
use sap::{Call, IdempotencyKey, MessageId, SessionId};
use serde::{Deserialize, Serialize};

use super::super::super::act::{Post, TurnId};
use super::super::super::clock::Now;
use super::super::super::ledger::Ledger;
use super::super::super::sent::Sent;
use super::super::super::turn::{key as turn_key, moment};
use super::super::LaneId;
use super::super::line::Item;
use super::super::request::Request;
use super::{Bubble, Lane};

/// What the ledger was not shown yet.
#[derive(Debug, Default)]
pub(super) struct News {
    /// The last item that it was shown.
    pub(super) shown: u64,
    /// The current request is another one, or has other bytes.
    pub(super) request: bool,
    /// Bubbles that changed.
    pub(super) bubbles: Vec<TurnId>,
}

/// Something to be sent, as it is written down and read back.
#[derive(Debug, Serialize, Deserialize)]
pub(in super::super) struct PostRecord {
    pub(in super::super) session: SessionId,
    turn: TurnId,
    since_ms: u64,
    content: Content,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Content {
    /// It waits.
    Waiting(Post),
    /// It may have been sent, with these bytes.
    Fixed { call: Call, key: IdempotencyKey, body: Option<String>, was_cut: bool },
}

/// An open bubble, as it is written down and read back.
#[derive(Debug, Serialize, Deserialize)]
pub(in super::super) struct BubbleRecord {
    pub(in super::super) session: SessionId,
    message_id: MessageId,
    sent: Sent,
    is_unasked: bool,
}

impl PostRecord {
    /// Names the lane that it belongs to.
    pub(in super::super) fn lane(&self) -> LaneId {
        match &self.content {
            Content::Waiting(post) => LaneId::of(&self.session, post),
            Content::Fixed { call, .. } => LaneId::of_call(&self.session, call),
        }
    }
}

impl Lane {
    /// Shows the ledger what must outlive the process.
    pub(in super::super) fn keep(&mut self, now: Now, ledger: &mut Ledger) {
        for number in self.line.take_gone() {
            ledger.remove(Table::Posts, row(number));
        }
        let since_ms = |since| unix_ms(since, now);
        for item in self.line.iter().rev().take_while(|item| item.number > self.news.shown) {
            if item.must_outlive() {
                let record = PostRecord {
                    session: self.session.clone(),
                    turn: item.turn,
                    since_ms: since_ms(item.since),
                    content: Content::Waiting(item.post.clone()),
                };
                ledger.put_loosely(Table::Posts, row(item.number), &record);
            }
        }
        if let Some(last) = self.line.last() {
            self.news.shown = last.number;
        }
        if let Some(request) = &self.current
            && std::mem::take(&mut self.news.request)
        {
            let body = request.body.as_ref();
            let record = PostRecord {
                session: self.session.clone(),
                turn: request.turn,
                since_ms: since_ms(request.since),
                content: Content::Fixed {
                    call: request.call.clone(),
                    key: request.key.clone(),
                    body: body.map(|body| String::from_utf8_lossy(body).into_owned()),
                    was_cut: request.was_cut,
                },
            };
            ledger.put_loosely(Table::Posts, row(request.number), &record);
        }
        for turn in std::mem::take(&mut self.news.bubbles) {
            match self.bubbles.get(&turn) {
                Some(Bubble::Open { id, sent }) => {
                    let record = BubbleRecord {
                        session: self.session.clone(),
                        message_id: id.clone(),
                        sent: *sent,
                        is_unasked: self.unasked.contains(&turn),
                    };
                    ledger.put_loosely(Table::Bubbles, turn_key(turn), &record);
                }
                Some(Bubble::Opening | Bubble::Gone) | None => {
                    ledger.remove(Table::Bubbles, turn_key(turn));
                }
            }
        }
    }

    /// Takes back an open bubble that an earlier process left.
    pub(in super::super) fn take_back_bubble(&mut self, turn: TurnId, record: BubbleRecord) {
        if record.is_unasked {
            self.unasked.insert(turn);
        }
        let bubble = Bubble::Open { id: record.message_id, sent: record.sent };
        self.bubbles.insert(turn, bubble);
    }

    /// Takes back something to be sent; they come in order.
    pub(in super::super) fn take_back_post(&mut self, number: u64, record: PostRecord, now: Now) {
        let PostRecord { turn, since_ms, content, .. } = record;
        let since = moment(since_ms, now);
        self.news.shown = self.news.shown.max(number);
        match content {
            Content::Waiting(post) => {
                if let Post::Open { interaction_id, .. } = &post {
                    self.take_back_opening(turn, interaction_id.is_none());
                }
                self.line.push(Item { number, turn, post, since });
            }
            Content::Fixed { call, key, body, was_cut } => {
                if let Call::SendMessage(open) = &call {
                    self.take_back_opening(turn, open.interaction_id.is_none());
                }
                let body = body.map(Bytes::from);
                let request =
                    Request { number, call, body, key, turn, since, attempts: 0, was_cut };
                self.current = Some(request);
            }
        }
    }

    fn take_back_opening(&mut self, turn: TurnId, is_unasked: bool) {
        self.bubbles.insert(turn, Bubble::Opening);
        if is_unasked {
            self.unasked.insert(turn);
        }
    }

    /// How much of each bubble was sent, or is about to be.
    pub(in super::super) fn sent(&self) -> impl Iterator<Item = (TurnId, Sent)> {
        self.bubbles.iter().filter_map(|(turn, bubble)| match bubble {
            Bubble::Open { sent, .. } => Some((*turn, self.with_current(*turn, *sent))),
            Bubble::Opening | Bubble::Gone => None,
        })
    }

    /// The turns that something here belongs to.
    pub(in super::super) fn turns(&self) -> impl Iterator<Item = TurnId> {
        let waiting = self.line.iter().map(|item| item.turn);
        let current = self.current.iter().map(|request| request.turn);
        self.bubbles.keys().copied().chain(waiting).chain(current)
    }

    fn with_current(&self, turn: TurnId, mut sent: Sent) -> Sent {
        if let Some(Request { call: Call::SendMessageDelta(delta), turn: of, .. }) = &self.current
            && *of == turn
        {
            sent.add(&delta.delta);
        }
        sent
    }
}

/// The key of an item's row.
fn row(number: u64) -> String {
    number.to_string()
}

fn unix_ms(moment: std::time::Instant, now: Now) -> u64 {
    let ago = now.instant.saturating_duration_since(moment).as_millis();
    now.unix_ms.saturating_sub(u64::try_from(ago).unwrap_or(u64::MAX))
}
