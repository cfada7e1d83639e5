//! What the cloud's updates lead to.

use openclaw::{Call, CallError};
use sap::{Content, Outgoing, SessionId, Update, UpdateId, UpdateKind, UserMessage};
use serde_json::Value;

use super::act::Purpose;
use super::clock::Now;
use super::{Effect, Engine};
use crate::Notice;

impl Engine {
    /// Takes an update once, and acknowledges it as often as it comes.
    pub(super) fn update(&mut self, update: Update, now: Now, effects: &mut Vec<Effect>) {
        let Update { id, session_id, interaction_id, kind } = update;
        if !self.is_new_update(&id) {
            return acknowledge(id, effects);
        }
        if let Some(session) = &session_id {
            self.recent.note(session, now);
        }
        match (kind, session_id) {
            (UpdateKind::Message(message), Some(session)) => {
                if self.is_new_message(&message.id) {
                    self.message(&session, &message, interaction_id, now, effects);
                }
            }
            (UpdateKind::Cancelled { reason }, Some(session)) => {
                tracing::info!(%session, reason, "the person stopped an answer");
                self.with(&session, now, effects, |conversation, cx, acts| {
                    conversation.cancel(interaction_id.as_ref(), cx, acts);
                });
            }
            (UpdateKind::SessionEnded, Some(session)) => self.end_session(&session, now, effects),
            (UpdateKind::ModelChanged { model }, Some(session)) => {
                self.ensure(&session, now, effects);
                self.choose_model(&session, model, effects);
            }
            (UpdateKind::ApprovalResolved { approval_id, decision, .. }, session) => {
                if let Some(session) = &session {
                    self.ensure(session, now, effects);
                }
                self.phone_decided(approval_id.as_str(), decision, now, effects);
            }
            (UpdateKind::InstallationRevoked, _) => {
                acknowledge(id, effects);
                return self.revoke("installation_revoked".into(), now, effects);
            }
            (
                UpdateKind::Message(_)
                | UpdateKind::Cancelled { .. }
                | UpdateKind::SessionEnded
                | UpdateKind::ModelChanged { .. },
                None,
            ) => tracing::warn!(update = %id, "an update names no session and is skipped"),
            (UpdateKind::Malformed { name, problem }, _) => {
                tracing::warn!(update = %id, kind = name, problem, "an update cannot be read");
            }
            (UpdateKind::Unknown { name }, _) => {
                tracing::debug!(update = %id, kind = name, "an update of an unknown type is skipped");
            }
            (
                UpdateKind::DeviceAdded { device_id, .. } | UpdateKind::DeviceRevoked { device_id },
                _,
            ) => {
                tracing::debug!(update = %id, device = %device_id, "news of a device are skipped");
            }
            (UpdateKind::SessionKeyGranted { .. }, _) => {
                tracing::debug!(update = %id, "the key of an encrypted session is skipped");
            }
            (
                UpdateKind::SessionStarted
                | UpdateKind::InstallationCreated
                | UpdateKind::PermissionsUpdated,
                _,
            ) => {}
        }
        acknowledge(id, effects);
    }

    fn message(
        &mut self,
        session: &SessionId,
        message: &UserMessage,
        interaction_id: Option<sap::InteractionId>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let refuse = |why: &str, effects: &mut Vec<Effect>| {
            tracing::warn!(%session, why, "a message cannot be carried");
            let notice = Notice::MessageRefused { session: session.clone(), why: why.to_owned() };
            effects.push(Effect::Notify(notice));
        };
        let text = match &message.content {
            Content::Plain(text) if text.trim().is_empty() && message.attachments.is_empty() => {
                return refuse("it has neither text nor a file", effects);
            }
            Content::Plain(text) => text.clone(),
            // Nothing of an encrypted session may leave in plain text, an error included.
            Content::Encrypted(_) => {
                return refuse("it is encrypted, and this version holds no session keys", effects);
            }
        };
        self.ensure(session, now, effects);
        let turn = self.fresh_turn();
        self.with(session, now, effects, |conversation, cx, acts| {
            conversation.message(turn, message, &text, interaction_id, cx, acts);
        });
    }

    fn end_session(&mut self, session: &SessionId, now: Now, effects: &mut Vec<Effect>) {
        self.with(session, now, effects, super::Conversation::abandon_all);
        self.models_owed.remove(session);
        self.keep_model(session);
    }

    /// Chooses a session's model at the gateway, now or when it is there.
    fn choose_model(
        &mut self,
        session: &SessionId,
        model: Option<String>,
        effects: &mut Vec<Effect>,
    ) {
        self.models_owed.insert(session.clone(), model);
        self.keep_model(session);
        if self.gateway.is_some() {
            self.tell_model(session, effects);
        }
    }

    /// The gateway is there: it is told the models that were chosen and that it has not confirmed.
    pub(super) fn choose_models_owed(&self, effects: &mut Vec<Effect>) {
        for session in self.models_owed.keys() {
            self.tell_model(session, effects);
        }
    }

    fn tell_model(&self, session: &SessionId, effects: &mut Vec<Effect>) {
        if let Some(conversation) = self.conversations.get(session)
            && let Some(model) = self.models_owed.get(session).cloned()
        {
            let call = Call::SetModel { session_key: conversation.key.clone(), model };
            effects.push(Effect::Gateway(Purpose::Model(session.clone()), call));
        }
    }

    pub(super) fn model_answered(
        &mut self,
        session: SessionId,
        answer: Result<Value, CallError>,
        effects: &mut Vec<Effect>,
    ) {
        if matches!(answer, Err(CallError::Disconnected)) {
            return;
        }
        self.models_owed.remove(&session);
        self.keep_model(&session);
        if let Err(error) = answer {
            let why = format!("the gateway did not change the model: {error}");
            tracing::warn!(%session, why, "the model of a session stays as it was");
            effects.push(Effect::Notify(Notice::MessageRefused { session, why }));
        }
    }
}

fn acknowledge(id: UpdateId, effects: &mut Vec<Effect>) {
    effects.push(Effect::Cloud(Outgoing::Ack { up_to: id }));
}
