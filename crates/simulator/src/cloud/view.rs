//! What happened so far, for tests and benches.

use std::time::Instant;

use serde_json::Value;

use super::record::{ApprovalCard, Bubble, RecordedCall, Task};
use super::session::Session;
use super::state::{Installation, State};

/// A look at the cloud between two changes.
pub struct CloudView<'a>(pub(super) &'a State);

impl<'a> CloudView<'a> {
    /// Returns the agent's bubbles of a session, none of an unknown one.
    pub fn bubbles(&self, session: &str) -> &'a [Bubble] {
        self.session(session).map_or(&[], |session| &session.bubbles)
    }

    /// Returns the tool cards of a session, none of an unknown one.
    pub fn tasks(&self, session: &str) -> &'a [Task] {
        self.session(session).map_or(&[], |session| &session.tasks)
    }

    /// Returns the requests for consent of a session, none of an unknown one.
    pub fn approvals(&self, session: &str) -> &'a [ApprovalCard] {
        self.session(session).map_or(&[], |session| &session.approvals)
    }

    /// Returns every REST call and upgrade (route `ws`) in the order of arrival.
    pub fn calls(&self) -> &'a [RecordedCall] {
        &self.0.calls
    }

    /// Returns what the bridge did against the wire.
    pub fn violations(&self) -> &'a [String] {
        &self.0.violations
    }

    /// Returns the last update that any bridge of the newest installation acknowledged.
    pub fn acked_up_to(&self) -> Option<Value> {
        self.0.newest_installation()?.updates.acked_up_to()
    }

    /// Says whether an update is acknowledged.
    pub fn is_acked(&self, update_id: &Value) -> bool {
        self.0.newest_installation().is_some_and(|it| it.updates.is_acked(update_id))
    }

    /// Says when an update of the newest installation left for the first time.
    pub fn left_at(&self, update_id: &Value) -> Option<Instant> {
        self.0.newest_installation()?.updates.left_at(update_id)
    }

    /// Says how many installations have a bridge that introduced itself.
    pub fn connected(&self) -> usize {
        self.0.installations.iter().filter(|it| it.is_connected()).count()
    }

    /// Returns the ids of all sessions, oldest first.
    pub fn sessions(&self) -> Vec<&'a str> {
        self.0.sessions.iter().map(|session| session.id.as_str()).collect()
    }

    /// Returns the ids of all installations that are not revoked, oldest first.
    pub fn installations(&self) -> Vec<&'a str> {
        let valid = self.0.installations.iter().filter(|it| !it.revoked);
        valid.map(|installation: &Installation| installation.id.as_str()).collect()
    }

    fn session(&self, id: &str) -> Option<&'a Session> {
        self.0.sessions.iter().find(|session| session.id == id)
    }
}
