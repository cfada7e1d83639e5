//! The cloud's answers to requests.

use std::time::Duration;

use bytes::Bytes;
use sap::{Accepted, Call, Refusal, Reply, SessionId};
use serde_json::{Value, json};

use super::Cloud;
use super::opened::{self, Opened};
use super::phone::{Bubble, End};
use crate::clock::Millis;

type Outcome = Result<Value, Refusal>;

impl Cloud {
    /// Takes a request that arrived.
    pub(crate) fn take(&mut self, route: &str, body: &Bytes, now: Millis) -> Reply {
        let outcome = self.carry_out(route, body, now);
        reply(outcome)
    }

    fn carry_out(&mut self, route: &str, body: &Bytes, now: Millis) -> Result<Accepted, Refusal> {
        let fields: Value = serde_json::from_slice(body).unwrap();
        let key = fields["idempotency_key"].as_str().unwrap_or_default().to_owned();
        if let Some((known, result)) = self.answers.get(&key) {
            if known != body {
                self.violations.push(format!("one key, other bytes: {route} {fields}"));
                return Err(Refusal::AlreadyDone { code: "idempotency_conflict".into() });
            }
            return Ok(Accepted { result: result.clone(), idempotent: true });
        }
        let opened = match self.open(route, &fields) {
            Ok(opened) => opened,
            Err(what) => {
                self.violations.push(what);
                return Err(invalid("body"));
            }
        };
        let Some(call) = read(route, opened.fields) else {
            self.violations.push(format!("an unreadable request: {route} {fields}"));
            return Err(invalid("body"));
        };
        let result = self.perform(call, now)?;
        self.answers.insert(key, (body.clone(), result.clone()));
        Ok(Accepted { result, idempotent: false })
    }

    /// Reads a request as the phone does.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn open(&self, route: &str, fields: &Value) -> Result<Opened, String> {
        opened::open(&self.secrets, &self.session_of(fields), route, fields)
    }

    /// The session that a request is about, if it is about one.
    pub(crate) fn session_of(&self, fields: &Value) -> String {
        let of_bubble = |id: &str| self.phone.bubbles.get(id).map(|bubble| bubble.session.clone());
        let named = fields["session_id"].as_str().map(str::to_owned);
        named.or_else(|| of_bubble(fields["message_id"].as_str()?)).unwrap_or_default()
    }

    fn perform(&mut self, call: Call, now: Millis) -> Outcome {
        match call {
            Call::SendMessage(open) => {
                let interaction = open.interaction_id.map(|id| id.as_str().to_owned());
                self.admit(open.session_id.as_str(), interaction.as_deref(), now)?;
                // An envelope is never empty.
                let is_empty = open.text.is_empty() && !self.secrets.has(open.session_id.as_str());
                if is_empty && self.wants_text {
                    return Err(invalid("text: required"));
                }
                let id = self.fresh("msg_out");
                let session = open.session_id.as_str().to_owned();
                let bubble = Bubble { session, interaction, streamed: String::new(), end: None };
                self.phone.bubbles.insert(id.clone(), bubble);
                Ok(json!({"message_id": id}))
            }
            Call::SendMessageDelta(delta) => {
                let bubble = self.open_bubble(delta.message_id.as_str(), "a delta", now)?;
                bubble.streamed.push_str(&delta.delta);
                Ok(json!({}))
            }
            Call::SendMessageEnd(end) => {
                let bubble = self.open_bubble(end.message_id.as_str(), "another end", now)?;
                bubble.end = Some(End { text: end.text });
                Ok(json!({}))
            }
            Call::CreateTask(task) => {
                let interaction = task.interaction_id.map(|id| id.as_str().to_owned());
                self.admit(task.session_id.as_str(), interaction.as_deref(), now)?;
                let id = (task.session_id.as_str().to_owned(), task.task_id.as_str().to_owned());
                let card = self.phone.cards.entry(id).or_default();
                card.interaction = interaction;
                card.created += 1;
                Ok(json!({}))
            }
            Call::UpdateTask(task) => {
                let interaction = task.interaction_id.as_ref().map(sap::InteractionId::as_str);
                self.admit(task.session_id.as_str(), interaction, now)?;
                self.change_card(task.session_id.as_str(), task.task_id.as_str(), false)
            }
            Call::FinishTask(task) => {
                let interaction = task.interaction_id.as_ref().map(sap::InteractionId::as_str);
                self.admit(task.session_id.as_str(), interaction, now)?;
                self.change_card(task.session_id.as_str(), task.task_id.as_str(), true)
            }
            Call::RequestApproval(request) => {
                let interaction = request.interaction_id.as_ref().map(sap::InteractionId::as_str);
                self.admit(request.session_id.as_str(), interaction, now)?;
                let id = request.approval_id.as_str().to_owned();
                *self.phone.questions.entry(id).or_default() += 1;
                Ok(json!({}))
            }
            Call::RegisterDevice(device) => {
                self.devices.registered = Some(now);
                self.devices.register(&device, &self.secrets, &mut self.violations)
            }
            Call::NotifyToolFile(_) => Err(invalid("route")),
            Call::GrantSessionKey { session_id, grant } => {
                self.admit(session_id.as_str(), None, now)?;
                let (secrets, violations) = (&self.secrets, &mut self.violations);
                self.devices.hand_over(session_id.as_str(), &grant, secrets, violations)
            }
        }
    }

    fn open_bubble(&mut self, id: &str, what: &str, now: Millis) -> Result<&mut Bubble, Refusal> {
        let Some(bubble) = self.phone.bubbles.get(id) else {
            self.violations.push(format!("{what} for a bubble that never was: {id}"));
            return Err(invalid("message_id"));
        };
        let (session, interaction) = (bubble.session.clone(), bubble.interaction.clone());
        if bubble.end.is_some() {
            self.violations.push(format!("{what} after the end of {id}, {interaction:?}"));
            return Err(Refusal::AlreadyDone { code: "message_finalized".into() });
        }
        self.admit(&session, interaction.as_deref(), now)?;
        Ok(self.phone.bubbles.get_mut(id).unwrap())
    }

    fn change_card(&mut self, session: &str, task: &str, ends: bool) -> Outcome {
        let id = (session.to_owned(), task.to_owned());
        let card = self.phone.cards.entry(id).or_default();
        let what = if ends { "finished" } else { "changed" };
        if card.created == 0 {
            self.violations.push(format!("card {task} is {what} before it is there"));
        } else if card.finished > 0 {
            self.violations.push(format!("card {task} is {what} after its end"));
        }
        card.finished += u32::from(ends);
        Ok(json!({}))
    }

    /// Refuses what belongs to a session or an interaction that is over.
    fn admit(
        &mut self,
        session: &str,
        interaction: Option<&str>,
        now: Millis,
    ) -> Result<(), Refusal> {
        if self.gone.contains(session) {
            return Err(Refusal::SessionGone { code: "session_not_found".into() });
        }
        let Some(id) = interaction else { return Ok(()) };
        let Some(interaction) = self.interactions.get_mut(id) else {
            self.violations.push(format!("an interaction that never was: {id}"));
            return Err(Refusal::SessionGone { code: "interaction_not_found".into() });
        };
        if interaction.expires <= now {
            interaction.is_over = true;
            return Err(Refusal::SessionGone { code: "interaction_expired".into() });
        }
        Ok(())
    }
}

fn invalid(field: &str) -> Refusal {
    Refusal::Invalid { code: "validation_failed".into(), fields: vec![field.to_owned()] }
}

fn reply(outcome: Result<Accepted, Refusal>) -> Reply {
    Reply { outcome, rate: None, request_id: None }
}

/// The answer that never came.
pub(crate) fn network() -> Reply {
    reply(Err(Refusal::Network("the connection broke".into())))
}

/// The cloud fails with a status.
pub(crate) fn error(status: u16) -> Reply {
    reply(Err(Refusal::Server { status }))
}

/// The cloud asks to wait so many milliseconds.
pub(crate) fn wait(after: Millis) -> Reply {
    reply(Err(Refusal::Wait { after: Duration::from_millis(after) }))
}

/// Reads a request back; none when it is of no route that this cloud has.
fn read(route: &str, body: Value) -> Option<Call> {
    let call = match route {
        "sendMessage" => Call::SendMessage(serde_json::from_value(body).ok()?),
        "sendMessageDelta" => Call::SendMessageDelta(serde_json::from_value(body).ok()?),
        "sendMessageEnd" => Call::SendMessageEnd(serde_json::from_value(body).ok()?),
        "createTask" => Call::CreateTask(serde_json::from_value(body).ok()?),
        "updateTask" => Call::UpdateTask(serde_json::from_value(body).ok()?),
        "finishTask" => Call::FinishTask(serde_json::from_value(body).ok()?),
        "requestApproval" => Call::RequestApproval(serde_json::from_value(body).ok()?),
        "devices" => Call::RegisterDevice(serde_json::from_value(body).ok()?),
        _ => {
            let session = route.strip_prefix("sessions/")?.strip_suffix("/recipients")?;
            let grant = serde_json::from_value(body).ok()?;
            Call::GrantSessionKey { session_id: SessionId::new(session), grant }
        }
    };
    Some(call)
}
