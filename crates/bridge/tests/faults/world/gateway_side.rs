//! The way between the bridge and the gateway.

use bridge::engine::{Input, Purpose};
use openclaw::{Call, CallError, Event};
use serde_json::Value;

use super::World;
use super::happening::{Content, Frame, Happening};
use crate::clock::{Millis, SECOND};
use crate::gateway::Power;
use crate::weather::Weather;

/// How often the gateway shows that it lives.
const TICK: Millis = 30 * SECOND;

/// The connection to the gateway.
#[derive(Debug)]
pub(crate) struct Line {
    /// The how-manieth it is.
    id: u32,
    /// Nothing gets through any more.
    silent: bool,
    /// Its end is planned.
    ending: bool,
    /// Frames arrive in order: when the last one each way does.
    up_at: Millis,
    down_at: Millis,
}

impl World {
    /// The bridge dials the gateway.
    pub(super) fn dial_gateway(&mut self, after: Millis) {
        let at = (self.clock.at() + after).max(self.line_away) + self.way();
        let life = self.life;
        self.plan(at, Happening::LineOpens { life });
    }

    /// The connection opens, if the gateway takes it.
    pub(super) fn open_line(&mut self, life: u32) {
        if life != self.life || self.process.is_none() || self.line.is_some() || self.quitting {
            return;
        }
        if self.line_away > self.clock.at() || self.gateway.power != Power::Up {
            let after = self.rng.u64(500..3_000);
            return self.dial_gateway(after);
        }
        self.lines += 1;
        let id = self.lines;
        let now = self.clock.at();
        self.line = Some(Line { id, silent: false, ending: false, up_at: 0, down_at: now });
        self.ups.push((now, Millis::MAX));
        let facts = self.gateway.greet(now);
        self.feed(Input::GatewayUp(facts));
        self.plan(now + TICK, Happening::GatewayTicks { line: id });
    }

    /// The connection falls silent, and is found dead later.
    pub(super) fn break_line(&mut self, silent: Millis) {
        let now = self.clock.at();
        let Some(line) = &mut self.line else { return };
        line.silent = true;
        if line.ending {
            return;
        }
        line.ending = true;
        let line = line.id;
        self.tell(|| "the connection to the gateway breaks".into());
        self.plan(now + silent, Happening::LineDies { line });
    }

    /// The connection is found dead.
    pub(super) fn line_dies(&mut self, id: u32) {
        if self.line.as_ref().is_none_or(|line| line.id != id) {
            return;
        }
        self.leave_gateway();
        let calls = std::mem::take(&mut self.calls);
        let looks = |purpose: &Purpose| matches!(purpose, Purpose::Whole(..));
        self.was_hurried |= calls.values().any(looks);
        let first = self.rng.bool();
        if first {
            self.feed(Input::GatewayDown);
        }
        for purpose in calls.into_values() {
            self.feed(Input::Answered(purpose, Err(CallError::Disconnected)));
        }
        if !first {
            self.feed(Input::GatewayDown);
        }
        self.dial_gateway(300);
    }

    /// There is no connection any more.
    pub(super) fn leave_gateway(&mut self) {
        if self.line.take().is_some()
            && let Some((_, to)) = self.ups.last_mut()
        {
            *to = self.clock.at();
        }
    }

    /// The bridge calls.
    pub(super) fn send_call(&mut self, purpose: Purpose, call: Call) {
        self.tell(|| format!("  < {call:?}"));
        self.next_call += 1;
        let (number, life, now) = (self.next_call, self.life, self.clock.at());
        self.calls.insert(number, purpose);
        let within = if matches!(call, Call::ChatSend { .. }) { 60 * SECOND } else { 20 * SECOND };
        let way = self.way().min(50);
        let Some(line) = &mut self.line else {
            let error = CallError::Disconnected;
            return self.plan(now + 1, Happening::Fails { life, number, error });
        };
        line.up_at = line.up_at.max(now) + way;
        let (at, line) = (line.up_at, line.id);
        self.plan(at, Happening::Call { line, number, call });
        self.plan(now + within, Happening::Fails { life, number, error: CallError::TimedOut });
    }

    /// A call arrives, if it does.
    pub(super) fn call_arrives(&mut self, id: u32, number: u64, call: &Call) {
        let open = self.line.as_ref().is_some_and(|line| line.id == id && !line.silent);
        if !open || matches!(self.gateway.power, Power::Down { .. }) {
            return;
        }
        // A message that is queued is acknowledged before its turn comes.
        let is_queued = match call {
            Call::ChatSend { session_key, .. } => self.gateway.is_busy(session_key.as_str()),
            Call::ChatAbort { .. }
            | Call::ChatHistory { .. }
            | Call::ResolveApproval { .. }
            | Call::ListApprovals { .. }
            | Call::SetModel { .. }
            | Call::Query { .. } => false,
        };
        let is_late = !is_queued && Weather::hits(&mut self.rng, self.weather.late);
        self.was_hurried |= is_late || self.weather.way >= SECOND;
        let think = if is_late { self.rng.u64(..80 * SECOND) } else { self.way().min(200) };
        let now = self.clock.at();
        let answer = self.gateway.take(call, think, now);
        self.tell(|| format!("gateway: {} {answer:?}", call.method()));
        let content = Content::Answer { number, answer };
        self.plan(now + think, Happening::Leaves { line: id, frame: Frame { made: now, content } });
        // What a message leads to follows the answer.
        let after = if matches!(call, Call::ChatSend { .. }) { think } else { 0 };
        for event in self.gateway.take_out() {
            let frame = Frame { made: now, content: Content::Event(Box::new(event)) };
            self.plan(now + after, Happening::Leaves { line: id, frame });
        }
        self.note_gateway();
    }

    /// The gateway tells what happened.
    pub(super) fn hear_gateway(&mut self) {
        let now = self.clock.at();
        for event in self.gateway.take_out() {
            if let Some(line) = &self.line {
                let line = line.id;
                self.leave(line, Frame { made: now, content: Content::Event(Box::new(event)) });
            }
        }
        self.note_gateway();
    }

    fn note_gateway(&mut self) {
        for what in std::mem::take(&mut self.gateway.violations) {
            self.violation(what);
        }
        if matches!(self.gateway.power, Power::Down { .. })
            && let Some(line) = &mut self.line
            && !line.ending
        {
            line.ending = true;
            line.silent = self.rng.bool();
            let (line, at) = (line.id, line.down_at.max(self.clock.at()) + 1);
            self.tell(|| "the gateway is DOWN".into());
            self.plan(at, Happening::LineDies { line });
        }
    }

    /// A frame leaves the gateway.
    pub(super) fn leave(&mut self, id: u32, frame: Frame) {
        let way = self.way().min(300);
        let now = self.clock.at();
        let Some(line) = self.line.as_mut().filter(|line| line.id == id) else { return };
        line.down_at = line.down_at.max(now) + way;
        let at = line.down_at;
        self.plan(at, Happening::Arrives { line: id, frame });
    }

    /// A frame arrives, if it does.
    pub(super) fn frame_arrives(&mut self, id: u32, frame: Frame) {
        if self.line.as_ref().is_none_or(|line| line.id != id || line.silent) {
            return;
        }
        match frame.content {
            Content::Event(event) => self.feed(Input::Gateway(*event)),
            Content::Answer { number, answer } => {
                let Some(purpose) = self.calls.remove(&number) else { return };
                self.note_history(&purpose, &answer, frame.made);
                self.feed(Input::Answered(purpose, answer));
            }
        }
    }

    /// The bridge does not wait for an answer any longer.
    pub(super) fn call_fails(&mut self, life: u32, number: u64, error: CallError) {
        if life == self.life
            && let Some(purpose) = self.calls.remove(&number)
        {
            self.feed(Input::Answered(purpose, Err(error)));
        }
    }

    /// The gateway shows that it lives.
    pub(super) fn gateway_ticks(&mut self, id: u32) {
        if self.line.as_ref().is_some_and(|line| line.id == id) {
            let made = self.clock.at();
            self.leave(id, Frame { made, content: Content::Event(Box::new(Event::Tick)) });
            self.plan(made + TICK, Happening::GatewayTicks { line: id });
        }
    }

    /// A look into the history tells how a message was answered.
    fn note_history(&mut self, purpose: &Purpose, answer: &Result<Value, CallError>, made: Millis) {
        let (Purpose::Check(session, _), Ok(_)) = (purpose, answer) else { return };
        let now = self.clock.at();
        let messages = &mut self.person.messages;
        let of_session = |text: &str, session: &str| {
            messages.iter().filter(|m| m.text == text && m.session == session).count()
        };
        let told: Vec<String> = self
            .gateway
            .asked
            .values()
            .filter(|asked| asked.answered_at().is_some_and(|at| at <= made))
            .filter(|asked| of_session(&asked.text, session.as_str()) == 1)
            .map(|asked| asked.text.clone())
            .collect();
        for message in messages.iter_mut().filter(|m| told.contains(&m.text)) {
            message.told = Some((self.life, now));
        }
    }
}
