//! What happened so far, for tests and benches.

use std::time::Instant;

use serde_json::Value;

use super::handset::{Handset, Opened};
use super::record::{ApprovalCard, Bubble, RecordedCall, Task};
use super::secrecy::Secrecy;
use super::session::Session;
use super::state::{Installation, State};

/// A look at the cloud between two changes.
pub struct CloudView<'a> {
    state: &'a State,
    /// Opens encrypted sessions; without it they are shown as the cloud has them.
    handset: Option<&'a Handset>,
}

impl<'a> CloudView<'a> {
    pub(super) fn of(state: &'a State, handset: &'a Handset) -> Self {
        Self { state, handset: Some(handset) }
    }

    pub(super) fn without_phones(state: &'a State) -> Self {
        Self { state, handset: None }
    }

    /// Returns the agent's bubbles of a session as the phone reads them, none of an unknown one.
    pub fn bubbles(&self, session: &str) -> &'a [Bubble] {
        if let Some(opened) = self.opened(session) {
            return &opened.bubbles;
        }
        self.session(session).map_or(&[], |session| &session.bubbles)
    }

    /// Returns the tool cards of a session as the phone reads them, none of an unknown one.
    pub fn tasks(&self, session: &str) -> &'a [Task] {
        if let Some(opened) = self.opened(session) {
            return &opened.tasks;
        }
        self.session(session).map_or(&[], |session| &session.tasks)
    }

    /// Returns the requests for consent of a session as the phone reads them, none of an unknown
    /// one.
    pub fn approvals(&self, session: &str) -> &'a [ApprovalCard] {
        if let Some(opened) = self.opened(session) {
            return &opened.approvals;
        }
        self.session(session).map_or(&[], |session| &session.approvals)
    }

    /// Says whether a session is encrypted.
    pub fn is_encrypted(&self, session: &str) -> bool {
        self.session(session).is_some_and(|session| session.secrecy == Secrecy::Encrypted)
    }

    /// Returns the device id under which the bridge of the newest installation registered last.
    pub fn bridge_device(&self) -> Option<&'a str> {
        let installation = self.state.newest_installation()?;
        self.state.bridge_device(&installation.id).map(|device| device.id.as_str())
    }

    /// Says whether a phone of [`Cloud::join_phone`](super::Cloud::join_phone) was granted the
    /// newest key of a session.
    pub fn holds_key(&self, device: &str, session: &str) -> bool {
        self.handset.is_some_and(|handset| handset.holds_key(device, session))
    }

    /// Returns every REST call and upgrade (route `ws`) in the order of arrival.
    pub fn calls(&self) -> &'a [RecordedCall] {
        &self.state.calls
    }

    /// Returns what the bridge did against the wire.
    pub fn violations(&self) -> &'a [String] {
        &self.state.violations
    }

    /// Returns the last update that any bridge of the newest installation acknowledged.
    pub fn acked_up_to(&self) -> Option<Value> {
        self.state.newest_installation()?.updates.acked_up_to()
    }

    /// Says whether an update is acknowledged.
    pub fn is_acked(&self, update_id: &Value) -> bool {
        self.state.newest_installation().is_some_and(|it| it.updates.is_acked(update_id))
    }

    /// Says when an update of the newest installation left for the first time.
    pub fn left_at(&self, update_id: &Value) -> Option<Instant> {
        self.state.newest_installation()?.updates.left_at(update_id)
    }

    /// Says how many installations have a bridge that introduced itself.
    pub fn connected(&self) -> usize {
        self.state.installations.iter().filter(|it| it.is_connected()).count()
    }

    /// Returns the ids of all sessions, oldest first.
    pub fn sessions(&self) -> Vec<&'a str> {
        self.state.sessions.iter().map(|session| session.id.as_str()).collect()
    }

    /// Returns the ids of all installations that are not revoked, oldest first.
    pub fn installations(&self) -> Vec<&'a str> {
        let valid = self.state.installations.iter().filter(|it| !it.revoked);
        valid.map(|installation: &Installation| installation.id.as_str()).collect()
    }

    fn opened(&self, session: &str) -> Option<&'a Opened> {
        self.handset?.opened(session)
    }

    fn session(&self, id: &str) -> Option<&'a Session> {
        self.state.sessions.iter().find(|session| session.id == id)
    }
}
