//! What happens when something planned happens.

use openclaw::Decision;
use sap::{
    ApprovalId, Content, InteractionId, MessageId, SessionId, Update, UpdateId, UpdateKind,
    UserMessage,
};
use serde_json::Value;

use super::World;
use super::happening::Happening;
use crate::clock::{MINUTE, Millis, SECOND};
use crate::person::{Decided, Fate, Message};
use crate::schedule::Step;

impl World {
    /// Something planned happens.
    pub(super) fn perform(&mut self, happening: Happening) {
        match happening {
            Happening::Step(step) => self.step(step),
            Happening::Starts => self.start(),
            Happening::Gone { life, away } => self.gone(life, away),
            Happening::SocketOpens { life } => self.open_socket(life),
            Happening::Update { socket, place } => self.update_arrives(socket, place),
            Happening::Ack { socket, id } => self.ack_arrives(socket, &id),
            Happening::Again { socket } => self.deliver_again(socket),
            Happening::Request { life, id, fate, sent } => {
                self.request_arrives(life, id, fate, sent);
            }
            Happening::Stray { sent } => {
                self.carry_out(&sent);
            }
            Happening::Reply { life, id, reply } => {
                if life == self.life {
                    self.feed(bridge::engine::Input::Posted(id, reply));
                }
            }
            Happening::LineOpens { life } => self.open_line(life),
            Happening::LineDies { line } => self.line_dies(line),
            Happening::Call { line, number, call } => self.call_arrives(line, number, &call),
            Happening::Fails { life, number, error } => self.call_fails(life, number, error),
            Happening::Leaves { line, frame } => self.leave(line, frame),
            Happening::Arrives { line, frame } => self.frame_arrives(line, frame),
            Happening::GatewayTicks { line } => self.gateway_ticks(line),
            Happening::KeysSaved { life, number, keyring } => {
                self.keys_saved(life, number, &keyring);
            }
            Happening::Decides { approval, decision, here } => {
                self.decides(&approval, decision, here);
            }
            Happening::Other { approval, decision } => {
                self.gateway.settle_elsewhere(&approval, decision, self.clock.at());
                self.hear_gateway();
            }
        }
    }

    fn step(&mut self, step: Step) {
        self.tell(|| format!("{step:?}"));
        let now = self.clock.at();
        match step {
            Step::Say { session, again } => self.say(session, again),
            Step::Stop { session, all } => self.stop(session, all),
            Step::Delete { session } => {
                let session = name(session);
                self.cloud.delete(&session);
                self.announce(&session, None, UpdateKind::SessionEnded);
            }
            Step::Another { session } => {
                let key = session.map_or_else(|| "agent:main:else".into(), key);
                if self.gateway.power == crate::gateway::Power::Up {
                    self.gateway.run_of_another(&key, now);
                    self.hear_gateway();
                }
            }
            Step::Weather(weather) => self.weather = weather,
            Step::CloudAway { time, all } => {
                self.cloud_away = self.cloud_away.max(now + time);
                if all {
                    self.rest_away = self.rest_away.max(now + time);
                }
                self.lose_socket();
            }
            Step::GatewayLineBreaks { silent, away } => {
                self.line_away = self.line_away.max(now + silent + away);
                self.break_line(silent);
            }
            Step::Kill => {
                self.gateway.kill(now);
                self.hear_gateway();
            }
            Step::Terminate => {
                self.gateway.terminate(now);
                self.hear_gateway();
            }
            Step::Crash { inputs, .. } => {
                if !self.quitting {
                    self.crash = Some((inputs, step));
                }
            }
            Step::Quit { away } => self.quit(away),
            Step::Keys(step) => self.key_step(step),
            Step::Sleep { time } => {
                self.asleep_until = self.asleep_until.max(now + time);
                if let Some((_, to)) = self.ups.last_mut()
                    && *to == Millis::MAX
                {
                    *to = now;
                    self.ups.push((self.asleep_until, Millis::MAX));
                }
                self.cloud_away = self.cloud_away.max(self.asleep_until);
                self.lose_socket();
            }
        }
    }

    fn say(&mut self, session: usize, again: bool) {
        let number = self.person.messages.len();
        let session_name = name(session);
        let is_encrypted = self.cloud.secrets.has(&session_name);
        let key = if is_encrypted { self.draw_key(&session_name) } else { None };
        let is_exposed = is_encrypted && key.is_none();
        let is_before = |m: &&Message| m.session == session_name && !m.is_exposed;
        let before = self.person.messages.iter().rfind(is_before);
        let text = match before {
            Some(_) | None if is_exposed => format!("exposed{number}"),
            Some(before) if again => before.text.clone(),
            Some(_) | None if self.rng.u8(..100) < 3 => "stop".into(),
            Some(_) | None => format!("m{number}"),
        };
        if text == "stop" {
            self.has_stopped(&session_name, None);
        }
        let id = format!("msg_{number}");
        let interaction = format!("int_{number}");
        self.cloud.begin_interaction(&interaction, &session_name, self.clock.at());
        self.person.messages.push(Message {
            id: id.clone(),
            interaction: interaction.clone(),
            session: session_name.clone(),
            text: text.clone(),
            key,
            is_exposed,
            waited: false,
            fate: Fate::default(),
            told_first: None,
            stopped: false,
            delivered: false,
            told: None,
            decided: None,
        });
        let message = UserMessage {
            id: MessageId::new(id),
            content: match key {
                Some(number) => {
                    Content::Encrypted(self.cloud.secrets.seal(&session_name, number, &text))
                }
                None => Content::Plain(text),
            },
            attachments: Vec::new(),
            thought_level: None,
        };
        self.announce(&session_name, Some(&interaction), UpdateKind::Message(message));
    }

    fn stop(&mut self, session: usize, all: bool) {
        let session = name(session);
        let last = self.person.messages.iter().rfind(|message| message.session == session);
        let Some(interaction) = last.map(|message| message.interaction.clone()) else { return };
        let interaction = (!all).then_some(interaction);
        self.has_stopped(&session, interaction.as_deref());
        let kind = UpdateKind::Cancelled { reason: Some("user".into()) };
        self.announce(&session, interaction.as_deref(), kind);
    }

    fn has_stopped(&mut self, session: &str, interaction: Option<&str>) {
        let meant = |message: &&mut Message| {
            message.session == session && interaction.is_none_or(|id| message.interaction == id)
        };
        self.person.messages.iter_mut().filter(meant).for_each(|message| message.stopped = true);
    }

    /// Adds an update, of a session or of none.
    pub(super) fn announce(&mut self, session: &str, interaction: Option<&str>, kind: UpdateKind) {
        let place = self.cloud.announce(Update {
            id: UpdateId::Number(0),
            session_id: (!session.is_empty()).then(|| SessionId::new(session)),
            interaction_id: interaction.map(InteractionId::new),
            kind,
        });
        self.deliver(place);
    }

    /// The phone shows a question: the person may decide it, once or twice, or somebody else.
    pub(super) fn person_sees(&mut self, approval: &str) {
        if self.person.decisions.contains_key(approval) {
            return;
        }
        self.person.decisions.insert(approval.to_owned(), Vec::new());
        let times = [0, 1, 1, 1, 1, 2][self.rng.usize(..6)];
        for _ in 0..times {
            let decision =
                [Decision::AllowOnce, Decision::AllowAlways, Decision::Deny][self.rng.usize(..3)];
            let most = [2 * SECOND, 30 * SECOND, 10 * MINUTE, 33 * MINUTE][self.rng.usize(..4)];
            let at = self.clock.at() + self.rng.u64(200..most);
            let approval = approval.to_owned();
            let decides = match self.rng.u8(..10) {
                0 => Happening::Other { approval, decision },
                who => Happening::Decides { approval, decision, here: who < 3 },
            };
            self.plan(at, decides);
        }
    }

    fn decides(&mut self, approval: &str, decision: Decision, here: bool) {
        self.tell(|| format!("the person decides {approval}: {decision:?}"));
        let decided = Decided { decision, heard: None, here };
        if here {
            let Some(process) = &mut self.process else { return };
            let is_shown = process.engine.approvals().iter().any(|shown| shown.id == approval);
            if !is_shown || self.quitting || self.asleep_until > self.clock.at() {
                return;
            }
            self.person.decisions.entry(approval.to_owned()).or_default().push(decided);
            return self.feed(bridge::engine::Input::Decided(approval.to_owned(), decision));
        }
        self.person.decisions.entry(approval.to_owned()).or_default().push(decided);
        let Some(session) = self.gateway.questions.get(approval).map(|q| q.session.clone()) else {
            return self.violation(format!("a question that nobody asked: {approval}"));
        };
        let session = session.trim_start_matches("agent:main:").to_owned();
        let kind = UpdateKind::ApprovalResolved {
            approval_id: ApprovalId::new(approval),
            decision: match decision {
                Decision::AllowOnce => sap::Decision::Approve,
                Decision::AllowAlways => sap::Decision::ApproveAlways,
                Decision::Deny => sap::Decision::Deny,
            },
            scope: None,
            reason: None,
        };
        self.announce(&session, None, kind);
    }

    /// What was streamed must be what the gateway says, from its beginning.
    pub(super) fn see_deltas(&mut self, route: &str, fields: &Value) {
        if route != "sendMessageDelta" {
            return;
        }
        let id = fields["message_id"].as_str().unwrap_or_default();
        let Some(bubble) = self.cloud.phone.bubbles.get(id) else { return };
        let Some(interaction) = &bubble.interaction else { return };
        let message = self.person.messages.iter().find(|m| m.interaction == *interaction);
        let Some(message) = message.filter(|message| message.text != "stop") else { return };
        if !crate::invariants::was_streamed(&self.gateway, message, &bubble.streamed) {
            let what = format!("{} was shown {:?}", message.text, bubble.streamed);
            self.violation(what);
        }
    }

    /// Says whether there was a connection to the gateway for so long within a time.
    pub(crate) fn was_connected(&self, from: Millis, to: Millis, long: Millis) -> bool {
        self.ups.iter().any(|(up, down)| {
            let (up, down) = ((*up).max(from), (*down).min(to));
            down.saturating_sub(up) >= long
        })
    }
}

/// The name of a session.
pub(super) fn name(session: usize) -> String {
    format!("ses_{session}")
}

/// The gateway's key of a session.
fn key(session: usize) -> String {
    format!("agent:main:{}", name(session))
}
