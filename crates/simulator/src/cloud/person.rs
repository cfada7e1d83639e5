//! What the person does on the phone.

use std::time::Instant;

use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::ids;
use super::link::text;
use super::record::{Attachment, Message, Said};
use super::secrecy::Secrecy;
use super::session::{Entry, Interaction, PersonMessage, Session};
use super::state::{NewUpdate, Question, State};

/// The largest attachment, in bytes.
pub(super) const MAX_ATTACHMENT: usize = 25 * 1024 * 1024;

/// Why something that the person wants cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// No computer is paired.
    #[error("no computer is paired; enter the code that one shows")]
    NoInstallation,
    /// No session has that id.
    #[error("there is no such chat")]
    UnknownSession,
    /// The session has ended.
    #[error("this chat has ended; start a new one")]
    SessionEnded,
    /// The message has neither text nor an attachment.
    #[error("the message is empty; write something first")]
    EmptyMessage,
    /// An attachment is larger than 25 MB.
    #[error("a file is larger than 25 MB; send a smaller one")]
    AttachmentTooLarge,
    /// A text for a session that is encrypted.
    #[error("this chat is encrypted; write from a phone that has its key")]
    EncryptedSession,
    /// Ciphertext, or a key, for a session that is not encrypted.
    #[error("this chat is not encrypted; start a new one that is")]
    PlainSession,
    /// No device has that id, or it was revoked.
    #[error("there is no such device")]
    UnknownDevice,
    /// The public key of a device is none.
    #[error("a public key is 64 hexadecimal digits")]
    MalformedKey,
    /// The key of a session is not sealed as a key is.
    #[error("the key is not sealed for a device")]
    MalformedGrant,
    /// No approval has that id.
    #[error("there is no such request")]
    UnknownApproval,
    /// The approval was decided before.
    #[error("this request was answered before")]
    AlreadyDecided,
    /// The decision is none of the known words.
    #[error("a decision is approve, approveForSession, approve_always, deny or abort")]
    UnknownDecision,
    /// No pairing has that code.
    #[error("no computer shows this code; check it")]
    UnknownPairing,
    /// The code was used, denied or is too old.
    #[error("this code is used up or too old; ask the computer for a new one")]
    PairingOver,
    /// No installation has that id.
    #[error("there is no such computer")]
    UnknownInstallation,
}

impl State {
    /// Opens a chat with the newest installation; one that exists already stays as it is.
    pub(super) fn start_session(&mut self, id: &str, now: Instant) -> Result<(), PersonError> {
        if let Some(session) = self.session(id) {
            return if session.ended { Err(PersonError::SessionEnded) } else { Ok(()) };
        }
        let newest = self.newest_installation().ok_or(PersonError::NoInstallation)?;
        let installation_id = newest.id.clone();
        self.sessions.push(Session::new(id.to_owned(), installation_id.clone()));
        let update = NewUpdate {
            kind: "session.started",
            session_id: Some(id),
            interaction_id: None,
            payload: json!({}),
        };
        self.publish(&installation_id, update, now);
        Ok(())
    }

    /// Sends a message; the first one of a session creates it.
    pub(super) fn say(
        &mut self,
        session_id: &str,
        message: Message,
        now: Instant,
    ) -> Result<Said, PersonError> {
        let says_something = message.text_ct.is_some() || !message.text.trim().is_empty();
        if !says_something && message.attachments.is_empty() {
            return Err(PersonError::EmptyMessage);
        }
        if message.attachments.iter().any(|file| file.bytes.len() > MAX_ATTACHMENT) {
            return Err(PersonError::AttachmentTooLarge);
        }
        self.start_session(session_id, now)?;
        let session = self.session(session_id).ok_or(PersonError::UnknownSession)?;
        session.secrecy = match (session.secrecy, message.text_ct.is_some()) {
            (Secrecy::Encrypted, false) => return Err(PersonError::EncryptedSession),
            (Secrecy::Plain, true) => return Err(PersonError::PlainSession),
            (Secrecy::Untold | Secrecy::Encrypted, true) => Secrecy::Encrypted,
            (Secrecy::Untold | Secrecy::Plain, false) => Secrecy::Plain,
        };
        let (message_id, interaction_id) = (ids::mint("msg"), ids::mint("int"));
        let mut body = json!({"id": message_id});
        match &message.text_ct {
            Some(envelope) => body["text_ct"] = json!(envelope),
            None => body["text"] = json!(message.text),
        }
        let files: Vec<Value> = message.attachments.iter().map(|file| self.host(file)).collect();
        body["attachments"] = json!(files);
        if let Some(level) = &message.thought_level {
            body["thought_level"] = json!(level);
        }
        if let Some(reply_to) = &message.reply_to {
            body["reply_to"] = json!(reply_to);
        }
        let session = self.session(session_id).ok_or(PersonError::UnknownSession)?;
        let interaction = Interaction { asked_at: now, expired: false };
        session.interactions.insert(interaction_id.clone(), interaction);
        let mut about = json!({"id": session_id});
        if let Some(model) = &session.model {
            about["model"] = json!(model);
        }
        let installation_id = session.installation_id.clone();
        let update = NewUpdate {
            kind: "session.message",
            session_id: Some(session_id),
            interaction_id: Some(&interaction_id),
            payload: json!({"session": about, "message": body}),
        };
        let update_id = self.publish(&installation_id, update, now);
        let entry = Entry::Person(PersonMessage {
            id: message_id.clone(),
            interaction_id: interaction_id.clone(),
            text: message.text_ct.unwrap_or(message.text),
            attachments: message.attachments,
            update_id: update_id.clone(),
        });
        self.session(session_id).ok_or(PersonError::UnknownSession)?.timeline.push(entry);
        Ok(Said { message_id, interaction_id, update_id })
    }

    /// Stops one answer, or all of a session's.
    pub(super) fn cancel(
        &mut self,
        session_id: &str,
        interaction_id: Option<&str>,
        now: Instant,
    ) -> Result<Value, PersonError> {
        let payload = json!({"reason": "user"});
        self.tell(session_id, "session.cancelled", interaction_id, payload, now)
    }

    /// Ends a chat and tells the bridge.
    pub(super) fn end_session(
        &mut self,
        session_id: &str,
        now: Instant,
    ) -> Result<Value, PersonError> {
        let update_id = self.tell(session_id, "session.ended", None, json!({}), now)?;
        self.session(session_id).ok_or(PersonError::UnknownSession)?.ended = true;
        Ok(update_id)
    }

    /// Chooses a model for a chat; none is the default.
    pub(super) fn choose_model(
        &mut self,
        session_id: &str,
        model: Option<&str>,
        now: Instant,
    ) -> Result<Value, PersonError> {
        self.session(session_id).ok_or(PersonError::UnknownSession)?.model =
            model.map(ToOwned::to_owned);
        self.tell(session_id, "session.model.changed", None, json!({"model": model}), now)
    }

    /// Decides a request for consent.
    pub(super) fn decide(
        &mut self,
        approval_id: &str,
        decision: &str,
        now: Instant,
    ) -> Result<Value, PersonError> {
        let (stored, scope) = match decision {
            "approve" | "approveForSession" => ("approve", None),
            "approve_always" => ("approve_always", Some("tool")),
            "deny" | "abort" => ("deny", None),
            _ => return Err(PersonError::UnknownDecision),
        };
        let asks = |session: &Session| {
            session.approvals.iter().any(|approval| approval.approval_id == approval_id)
        };
        let session = self.sessions.iter_mut().rev().find(|session| asks(session));
        let session = session.ok_or(PersonError::UnknownApproval)?;
        let session_id = session.id.clone();
        let approval = session.approval(approval_id).ok_or(PersonError::UnknownApproval)?;
        if approval.decided.is_some() {
            return Err(PersonError::AlreadyDecided);
        }
        approval.decided = Some(stored.to_owned());
        let interaction_id = approval.interaction_id.clone();
        let mut payload = json!({"approval_id": approval_id, "decision": stored});
        if let Some(scope) = scope {
            payload["scope"] = json!(scope);
        }
        self.tell(&session_id, "approval.resolved", interaction_id.as_deref(), payload, now)
    }

    /// Revokes an installation: its sockets close and its token is worth nothing.
    pub(super) fn revoke(&mut self, id: &str, now: Instant) -> Result<(), PersonError> {
        let update = NewUpdate {
            kind: "installation.revoked",
            session_id: None,
            interaction_id: None,
            payload: json!({"installation": {"id": id}}),
        };
        self.publish(id, update, now);
        let installation = self.installation(id).ok_or(PersonError::UnknownInstallation)?;
        installation.revoked = true;
        for link in &mut installation.links {
            link.end(super::link::Farewell::Close { code: 4403, reason: "installation_revoked" });
        }
        Ok(())
    }

    /// Asks the connected bridge; the receiver fails at once where none is.
    pub(super) fn ask(
        &mut self,
        kind: &str,
        mut body: Map<String, Value>,
    ) -> oneshot::Receiver<Value> {
        let (answer, receiver) = oneshot::channel();
        let req_id = ids::mint("req");
        body.insert("type".to_owned(), json!(kind));
        body.insert("req_id".to_owned(), json!(req_id));
        let connected = self.installations.iter_mut().rev().find(|it| it.is_connected());
        if let Some(link) = connected.and_then(|installation| installation.links.last_mut()) {
            link.send(text(&Value::Object(body)));
            self.questions.insert(req_id, Question { kind: kind.to_owned(), answer });
        }
        receiver
    }

    /// Publishes an update about a session that goes on.
    pub(super) fn tell(
        &mut self,
        session_id: &str,
        kind: &str,
        interaction_id: Option<&str>,
        payload: Value,
        now: Instant,
    ) -> Result<Value, PersonError> {
        let session = self.session(session_id).ok_or(PersonError::UnknownSession)?;
        let installation_id = session.installation_id.clone();
        let session_id = Some(session_id);
        Ok(self.publish(
            &installation_id,
            NewUpdate { kind, session_id, interaction_id, payload },
            now,
        ))
    }

    /// Puts a file where a bridge can fetch it, and describes it.
    fn host(&mut self, file: &Attachment) -> Value {
        // Whoever knows the key may fetch the file: it is as long as a secret.
        let key = ids::secret(32);
        let described = json!({
            "key": key,
            "url": format!("{}/files/{key}", self.base_url),
            "mime": file.mime,
            "size": file.bytes.len(),
            "name": file.name,
        });
        self.files.insert(key, file.clone());
        described
    }
}
