//! What the cloud's updates lead to.

use openclaw::{Call, CallError};
use sap::{Content, SessionId, Update, UpdateKind, UserMessage};
use serde_json::Value;

use super::act::Purpose;
use super::clock::Now;
use super::{Effect, Engine};
use crate::Notice;

impl Engine {
    /// Takes an update once, and acknowledges it as often as it comes.
    pub(super) fn update(&mut self, update: Update, now: Now, effects: &mut Vec<Effect>) {
        let Update { id, session_id, interaction_id, kind } = update;
        // A key that was handed over is taken again until it is known to be kept.
        if let (UpdateKind::SessionKeyGranted { device_id, wrapped_session_key }, Some(session)) =
            (&kind, &session_id)
        {
            self.key_granted(session, device_id.as_ref(), wrapped_session_key, now, effects);
            return self.acknowledge(id, effects);
        }
        if !self.is_new_update(&id) {
            return self.acknowledge(id, effects);
        }
        if let Some(session) = &session_id {
            self.recent.note(session, now);
        }
        match (kind, session_id) {
            (UpdateKind::Message(message), Some(session)) => {
                if self.is_new_message(&message.id) {
                    self.message(&session, message, interaction_id, now, effects);
                }
            }
            (UpdateKind::Cancelled { reason }, Some(session)) => {
                tracing::info!(%session, reason, "the person stopped an answer");
                self.cancel_locked(&session, interaction_id.as_ref());
                self.read_locked(&session, now, effects);
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
                self.acknowledge(id, effects);
                return self.revoke("installation_revoked".into(), now, effects);
            }
            (
                UpdateKind::Message(_)
                | UpdateKind::Cancelled { .. }
                | UpdateKind::SessionEnded
                | UpdateKind::ModelChanged { .. }
                | UpdateKind::SessionKeyGranted { .. },
                _,
            ) => tracing::warn!(update = %id, "an update names no session and is skipped"),
            (UpdateKind::Malformed { name, problem }, _) => {
                tracing::warn!(update = %id, kind = name, problem, "an update cannot be read");
            }
            (UpdateKind::Unknown { name }, _) => {
                tracing::debug!(update = %id, kind = name, "an update of an unknown type is skipped");
            }
            (UpdateKind::DeviceAdded { device_id, pubkey, label, platform }, _) => {
                let platform = platform.as_deref();
                self.device_added(&device_id, &pubkey, label, platform, now, effects);
            }
            (UpdateKind::DeviceRevoked { device_id }, _) => self.device_revoked(&device_id),
            (
                UpdateKind::SessionStarted
                | UpdateKind::InstallationCreated
                | UpdateKind::PermissionsUpdated,
                _,
            ) => {}
        }
        self.acknowledge(id, effects);
    }

    fn message(
        &mut self,
        session: &SessionId,
        message: UserMessage,
        interaction_id: Option<sap::InteractionId>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        match &message.content {
            Content::Plain(text) if !self.outbox.is_encrypted(session) => {
                return self.carry(session, &message, text, interaction_id, now, effects);
            }
            Content::Encrypted(_) if !self.outbox.is_encrypted(session) => self.encrypt(session),
            Content::Plain(_) | Content::Encrypted(_) => {}
        }
        self.locked_message(session, message, interaction_id, now, effects);
    }

    /// Takes a message that can be read.
    pub(super) fn carry(
        &mut self,
        session: &SessionId,
        message: &UserMessage,
        text: &str,
        interaction_id: Option<sap::InteractionId>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        if text.trim().is_empty() && message.attachments.is_empty() {
            return refuse(session, "it has neither text nor a file", effects);
        }
        self.ensure(session, now, effects);
        let turn = self.fresh_turn();
        self.with(session, now, effects, |conversation, cx, acts| {
            conversation.message(turn, message, text, interaction_id, cx, acts);
        });
    }

    fn end_session(&mut self, session: &SessionId, now: Now, effects: &mut Vec<Effect>) {
        self.cancel_locked(session, None);
        self.forget_touched(session);
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

/// Says at this computer that a message is not carried.
pub(super) fn refuse(session: &SessionId, why: &str, effects: &mut Vec<Effect>) {
    tracing::warn!(%session, why, "a message cannot be carried");
    let notice = Notice::MessageRefused { session: session.clone(), why: why.to_owned() };
    effects.push(Effect::Notify(notice));
}
