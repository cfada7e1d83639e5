//! One open socket of a bridge, without its I/O: what was said on it, what is to be said.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use axum::extract::ws::Message as Frame;
use serde_json::{Value, json};

use super::state::State;

/// How many pings in a row may stay without a pong.
const MISSED_PONGS: u32 = 3;
/// Close code after too many missed pongs.
const NO_PONG: u16 = 4001;

/// One open socket.
#[derive(Debug)]
pub(super) struct Link {
    id: u64,
    heard: Heard,
    queue: VecDeque<Frame>,
    farewell: Option<Farewell>,
    next_ping: Instant,
    pinged_at: Option<Instant>,
    missed: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Nothing,
    Hello,
    SomethingElse,
}

/// How the cloud ends a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Farewell {
    /// Without a word.
    Cut,
    /// With a close frame.
    Close { code: u16, reason: &'static str },
}

/// What a socket has to do now.
#[derive(Debug)]
pub(super) struct Outbound {
    pub(super) frames: Vec<Frame>,
    pub(super) farewell: Option<Farewell>,
    /// When to ask again, if nothing happens before.
    pub(super) next: Instant,
}

impl Link {
    pub(super) fn said_hello(&self) -> bool {
        self.heard == Heard::Hello
    }

    pub(super) fn send(&mut self, frame: Frame) {
        self.queue.push_back(frame);
    }

    pub(super) fn end(&mut self, farewell: Farewell) {
        self.farewell = Some(farewell);
    }

    /// Pings when it is time to; false when the bridge left too many pings unanswered.
    fn beat(&mut self, every: Duration, now: Instant) -> bool {
        if now < self.next_ping {
            return true;
        }
        self.missed = if self.pinged_at.is_some() { self.missed + 1 } else { 0 };
        self.next_ping = now + every;
        self.pinged_at = Some(now);
        self.send(text(&json!({"type": "ping"})));
        self.missed < MISSED_PONGS
    }
}

impl State {
    /// Opens a socket; it becomes the one that gets the updates.
    pub(super) fn open_link(&mut self, installation_id: &str, now: Instant) -> u64 {
        self.links_opened += 1;
        let (id, next_ping) = (self.links_opened, now + self.options.ping_every);
        if let Some(installation) = self.installation(installation_id) {
            let ready = text(&json!({"type": "ready", "installation_id": installation_id}));
            installation.updates.start_over();
            installation.links.push(Link {
                id,
                heard: Heard::Nothing,
                queue: VecDeque::from([ready]),
                farewell: None,
                next_ping,
                pinged_at: None,
                missed: 0,
            });
        }
        id
    }

    /// Forgets a socket; the newest of the others gets what it left unacknowledged.
    pub(super) fn close_link(&mut self, installation_id: &str, link_id: u64) {
        if let Some(installation) = self.installation(installation_id) {
            if installation.links.last().is_some_and(|link| link.id == link_id) {
                installation.updates.start_over();
            }
            installation.links.retain(|link| link.id != link_id);
        }
    }

    /// Takes what a socket has to send, and says when it has to look again.
    pub(super) fn outbound(
        &mut self,
        installation_id: &str,
        link_id: u64,
        now: Instant,
    ) -> Outbound {
        let (resend_after, ping_every) = (self.options.resend_after, self.options.ping_every);
        let (update_ttl, silent) = (self.options.update_ttl, self.faults.silent);
        let gone = Outbound { frames: Vec::new(), farewell: Some(Farewell::Cut), next: now };
        let Some(installation) = self.installation(installation_id) else { return gone };
        let newest = installation.links.last().is_some_and(|link| link.id == link_id);
        let Some(link) = installation.links.iter_mut().find(|link| link.id == link_id) else {
            return gone;
        };
        if silent {
            let farewell = link.farewell.take();
            return Outbound { frames: Vec::new(), farewell, next: now + ping_every };
        }
        let answered = link.beat(ping_every, now);
        let mut frames: Vec<Frame> = link.queue.drain(..).collect();
        let mut next = link.next_ping;
        if newest {
            installation.updates.drop_older_than(update_ttl, now);
            let due = installation.updates.due(now, resend_after);
            frames.extend(due.into_iter().map(|frame| Frame::Text(frame.into())));
            next = installation.updates.next_due(resend_after).map_or(next, |due| due.min(next));
        }
        if !answered {
            link.end(Farewell::Close { code: NO_PONG, reason: "no pong" });
        }
        let outbound = Outbound { frames, farewell: link.farewell.take(), next };
        if !answered {
            self.violation("socket: no pong to three pings in a row");
        }
        outbound
    }

    /// Takes a frame of the bridge.
    pub(super) fn hear(
        &mut self,
        installation_id: &str,
        link_id: u64,
        frame: &Frame,
        now: Instant,
    ) {
        let body: Option<Value> = match frame {
            Frame::Text(text) => serde_json::from_str(text.as_str()).ok(),
            Frame::Binary(_) => None,
            Frame::Ping(_) | Frame::Pong(_) | Frame::Close(_) => return,
        };
        let kind = body.as_ref().and_then(|body| body["type"].as_str()).map(ToOwned::to_owned);
        let (Some(body), Some(kind)) = (body, kind) else {
            self.violation("socket: a frame that is no JSON object with a type");
            return;
        };
        self.hear_first(installation_id, link_id, &kind);
        match kind.as_str() {
            "hello" => self.hear_hello(&body),
            "pong" => self.hear_pong(installation_id, link_id, now),
            "ping" => {
                if let Some(link) = self.link(installation_id, link_id) {
                    link.send(text(&json!({"type": "pong"})));
                }
            }
            "ack" => self.hear_ack(installation_id, &body),
            kind if body.get("req_id").is_some() => self.hear_answer(kind, body.clone()),
            _ => {}
        }
    }

    fn link(&mut self, installation_id: &str, link_id: u64) -> Option<&mut Link> {
        self.installation(installation_id)?.links.iter_mut().find(|link| link.id == link_id)
    }

    fn hear_first(&mut self, installation_id: &str, link_id: u64, kind: &str) {
        let Some(link) = self.link(installation_id, link_id) else { return };
        let (before, is_hello) = (link.heard, kind == "hello");
        match (before, is_hello) {
            (Heard::Nothing, true) => link.heard = Heard::Hello,
            (Heard::Nothing, false) => {
                link.heard = Heard::SomethingElse;
                self.violation(format!("socket: the first frame is {kind}, not hello"));
            }
            (Heard::Hello, true) => self.violation("socket: a second hello"),
            (Heard::SomethingElse, true) => link.heard = Heard::Hello,
            (Heard::Hello | Heard::SomethingElse, false) => {}
        }
    }

    fn hear_hello(&mut self, body: &Value) {
        if body["version"].as_str().is_none_or(|version| version.trim().is_empty()) {
            self.violation("socket: a hello without a version");
        }
    }

    fn hear_pong(&mut self, installation_id: &str, link_id: u64, now: Instant) {
        let pong_within = self.options.pong_within;
        let Some(link) = self.link(installation_id, link_id) else { return };
        link.missed = 0;
        if let Some(pinged_at) = link.pinged_at.take()
            && now.saturating_duration_since(pinged_at) > pong_within
        {
            self.violation("socket: a pong came late");
        }
    }

    fn hear_ack(&mut self, installation_id: &str, body: &Value) {
        let id = &body["up_to_update_id"];
        let known = self.installation(installation_id).is_some_and(|it| it.updates.ack(id));
        if !known {
            self.violation(format!("socket: an ack of an unknown update {id}"));
        }
    }

    fn hear_answer(&mut self, kind: &str, body: Value) {
        let question = body["req_id"].as_str().and_then(|id| self.questions.remove(id));
        let Some(question) = question else {
            self.violation(format!("socket: {kind} answers no open question"));
            return;
        };
        let expected = format!("{}.resp", question.kind.trim_end_matches(".req"));
        if kind != expected {
            self.violation(format!("socket: {kind} where {expected} was due"));
        }
        // Whoever asked may no longer wait.
        let _ = question.answer.send(body);
    }
}

/// Writes a JSON frame.
pub(super) fn text(body: &Value) -> Frame {
    Frame::Text(body.to_string().into())
}
