//! The way between the bridge and the cloud.

use bridge::engine::{Dispatch, DispatchId, Input};
use bytes::Bytes;
use sap::UpdateId;
use serde_json::Value;

use super::World;
use super::happening::{Fate, Happening, Sent};
use crate::clock::{Millis, SECOND};
use crate::cloud;
use crate::weather::Weather;

/// How often the cloud delivers again what was not acknowledged.
const AGAIN: Millis = 5 * SECOND;

impl World {
    /// The bridge dials the cloud.
    pub(super) fn dial_cloud(&mut self, after: Millis) {
        let at = (self.clock.at() + after).max(self.cloud_away) + self.way();
        let life = self.life;
        self.plan(at, Happening::SocketOpens { life });
    }

    /// The cloud's socket opens: everything that was not acknowledged comes.
    pub(super) fn open_socket(&mut self, life: u32) {
        if life != self.life || self.process.is_none() || self.socket.is_some() {
            return;
        }
        if self.cloud_away > self.clock.at() {
            return self.dial_cloud(0);
        }
        self.sockets += 1;
        self.socket_at = 0;
        let socket = self.sockets;
        self.socket = Some(socket);
        self.tell(|| "the cloud's socket opens".into());
        self.cloud_is_up();
        self.deliver_again(socket);
    }

    /// The cloud's socket goes, and is dialled again.
    pub(super) fn lose_socket(&mut self) {
        if self.socket.take().is_some() {
            self.tell(|| "the cloud's socket goes".into());
            self.dial_cloud(0);
        }
    }

    /// The cloud delivers what was not acknowledged.
    pub(super) fn deliver_again(&mut self, socket: u32) {
        if self.socket != Some(socket) {
            return;
        }
        for place in self.cloud.unacknowledged() {
            self.deliver(place);
        }
        self.plan(self.clock.at() + AGAIN, Happening::Again { socket });
    }

    /// An update goes over the socket, if there is one.
    pub(super) fn deliver(&mut self, place: usize) {
        let Some(socket) = self.socket else { return };
        let times = if Weather::hits(&mut self.rng, self.weather.repeated) { 2 } else { 1 };
        for _ in 0..times {
            self.socket_at = self.socket_at.max(self.clock.at()) + self.way();
            self.plan(self.socket_at, Happening::Update { socket, place });
        }
    }

    /// An update arrives.
    pub(super) fn update_arrives(&mut self, socket: u32, place: usize) {
        if self.socket == Some(socket) {
            self.feed(Input::Update(self.cloud.update(place).clone()));
        }
    }

    /// The bridge acknowledges.
    pub(super) fn send_ack(&mut self, id: UpdateId) {
        let Some(socket) = self.socket else { return };
        let at = self.clock.at() + self.way();
        self.plan(at, Happening::Ack { socket, id });
    }

    /// An acknowledgement arrives.
    pub(super) fn ack_arrives(&mut self, socket: u32, id: &UpdateId) {
        if self.socket == Some(socket) {
            self.cloud.acknowledge(id);
        }
    }

    /// The bridge posts.
    pub(super) fn send_request(&mut self, dispatch: Dispatch) {
        let Dispatch { id, route, body } = dispatch;
        self.check_leaving(&route, &body);
        let fate = self.draw_fate();
        self.tell(|| format!("  < {route} {fate:?} {}", String::from_utf8_lossy(&body)));
        let (life, at) = (self.life, self.clock.at() + self.way());
        self.plan(at, Happening::Request { life, id, fate, sent: Sent { route, body } });
    }

    /// The same key never stands for other bytes, whether or not the cloud saw the first of them.
    fn check_leaving(&mut self, route: &str, body: &Bytes) {
        let fields: Value = serde_json::from_slice(body).unwrap();
        let key = fields["idempotency_key"].as_str().unwrap_or_default().to_owned();
        if self.bodies.entry(key).or_insert_with(|| body.clone()) != body {
            self.violation(format!("other bytes in another try: {route} {fields}"));
        }
        self.check_recipients(&fields);
    }

    fn draw_fate(&mut self) -> Fate {
        let Weather { lost, unanswered, busy, broken, .. } = self.weather;
        let mut hits = |percent| Weather::hits(&mut self.rng, percent);
        if self.clock.at() < self.rest_away || hits(lost) {
            Fate::Lost
        } else if hits(unanswered) {
            Fate::Unanswered
        } else if hits(busy) {
            Fate::Busy
        } else if hits(broken) {
            Fate::Broken
        } else {
            Fate::Answered
        }
    }

    /// A request arrives, or would.
    pub(super) fn request_arrives(&mut self, life: u32, id: DispatchId, fate: Fate, sent: Sent) {
        let (reply, after) = match fate {
            Fate::Lost => (cloud::network(), self.rng.u64(..30 * SECOND)),
            Fate::Busy => (cloud::wait(self.rng.u64(1..20 * SECOND)), self.way()),
            Fate::Broken => (cloud::error(500), self.way()),
            Fate::Answered => (self.carry_out(&sent), self.way()),
            Fate::Unanswered => {
                self.carry_out(&sent);
                (cloud::network(), self.rng.u64(..30 * SECOND))
            }
        };
        let is_there = matches!(fate, Fate::Answered | Fate::Unanswered);
        if is_there && Weather::hits(&mut self.rng, self.weather.doubled) {
            let at = self.clock.at() + self.rng.u64(..10 * SECOND);
            self.plan(at, Happening::Stray { sent });
        }
        self.plan(self.clock.at() + after, Happening::Reply { life, id, reply });
    }

    /// The cloud carries a request out.
    pub(super) fn carry_out(&mut self, sent: &Sent) -> sap::Reply {
        let fields: Value = serde_json::from_slice(&sent.body).unwrap();
        if Weather::hits(&mut self.rng, self.weather.expired)
            && let Some(interaction) = fields["interaction_id"].as_str()
        {
            self.cloud.expire(interaction);
        }
        let reply = self.cloud.take(&sent.route, &sent.body, self.clock.at());
        self.tell(|| format!("cloud: {} {:?}", sent.route, reply.outcome));
        for what in std::mem::take(&mut self.cloud.violations) {
            self.violation(what);
        }
        self.see_deltas(&sent.route, &fields);
        if sent.route == "requestApproval" && reply.outcome.is_ok() {
            self.person_sees(fields["approval_id"].as_str().unwrap_or_default());
        }
        reply
    }

    /// Requests of a process that died arrive or do not; nobody waits for the answers.
    pub(super) fn settle_requests(&mut self, life: u32) {
        let ours = |what: &mut Happening| matches!(what, Happening::Request { life: of, .. } if *of == life);
        let requests: Vec<_> = self.agenda.extract_if(.., |_, what| ours(what)).collect();
        for (_, happening) in requests {
            if let Happening::Request { fate: Fate::Answered | Fate::Unanswered, sent, .. } =
                happening
                && self.rng.bool()
            {
                self.carry_out(&sent);
            }
        }
    }
}
