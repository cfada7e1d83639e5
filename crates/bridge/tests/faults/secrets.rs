//! The keys of encrypted sessions, as the phone has them.

use std::collections::BTreeMap;

use fastrand::Rng;
use sap::sealed::{Approvals, BlobKey, ContentKey, DeviceKey, Messages, Tasks};
use sap::{SessionId, UpdateKind};

/// The keys of encrypted sessions, as the phone has them.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// The computer, whose other half only it should know.
    pub(crate) bridge: DeviceKey,
    sessions: BTreeMap<String, Vec<Secret>>,
    rng: Rng,
}

/// One key of a session.
#[derive(Debug)]
struct Secret {
    key: ContentKey,
    messages: BlobKey<Messages>,
    tasks: BlobKey<Tasks>,
    approvals: BlobKey<Approvals>,
    /// The place of the update by which the computer was first handed it.
    announced: Option<usize>,
}

/// What kind of content an envelope holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text of a message.
    Message,
    /// What a tool card shows.
    Task,
    /// The details of an approval.
    Approval,
}

impl Secrets {
    /// Makes the first key of each of these sessions.
    pub(crate) fn new(sessions: &[String], mut rng: Rng) -> Self {
        let bridge = DeviceKey::from_bytes(&bytes(&mut rng));
        let mut secrets = Self { bridge, sessions: BTreeMap::new(), rng };
        for session in sessions {
            secrets.sessions.insert(session.clone(), Vec::new());
            secrets.change(session);
        }
        secrets
    }

    /// Says whether a session is encrypted.
    pub(crate) fn has(&self, session: &str) -> bool {
        self.sessions.contains_key(session)
    }

    /// The encrypted sessions.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = &str> {
        self.sessions.keys().map(String::as_str)
    }

    /// The phone chooses another key for a session.
    pub(crate) fn change(&mut self, session: &str) {
        let key = ContentKey::from_bytes(&bytes(&mut self.rng));
        let id = SessionId::new(session);
        let (messages, tasks) = (key.messages(&id), key.tasks(&id));
        let secret =
            Secret { messages, tasks, approvals: key.approvals(&id), key, announced: None };
        self.sessions.entry(session.to_owned()).or_default().push(secret);
    }

    /// The number of the key that so many others followed, as far as there is one.
    pub(crate) fn back(&self, session: &str, back: usize) -> usize {
        self.count(session).saturating_sub(1 + back)
    }

    /// How many keys a session has had.
    pub(crate) fn count(&self, session: &str) -> usize {
        self.sessions.get(session).map_or(0, Vec::len)
    }

    /// Hands a key over to the computer, in the update that comes at this place.
    pub(crate) fn announce(&mut self, session: &str, number: usize, place: usize) -> UpdateKind {
        let secret = &mut self.sessions.get_mut(session).unwrap()[number];
        secret.announced.get_or_insert(place);
        let wrapped_session_key = self.bridge.public().seal(&secret.key).unwrap();
        UpdateKind::SessionKeyGranted { device_id: None, wrapped_session_key }
    }

    /// The place of the update by which the computer was first handed a key.
    pub(crate) fn announced(&self, session: &str, number: usize) -> Option<usize> {
        self.sessions[session][number].announced
    }

    /// The number of a key.
    pub(crate) fn number_of(&self, session: &str, key: &ContentKey) -> Option<usize> {
        self.sessions.get(session)?.iter().position(|secret| secret.key == *key)
    }

    /// The keys of a session, by their numbers.
    pub(crate) fn keys(&self, session: &str) -> impl Iterator<Item = (usize, &ContentKey)> {
        self.sessions[session].iter().map(|secret| &secret.key).enumerate()
    }

    /// Seals what the person writes with a key.
    pub(crate) fn seal(&self, session: &str, number: usize, text: &str) -> String {
        let envelope = self.sessions[session][number].messages.seal(text).unwrap();
        envelope.as_str().to_owned()
    }

    /// Opens an envelope; says with which key.
    pub(crate) fn open(
        &self,
        session: &str,
        kind: Kind,
        envelope: &str,
    ) -> Option<(usize, String)> {
        let secrets = self.sessions.get(session)?.iter().enumerate().rev();
        let opened = secrets.map(|(number, secret)| {
            let text = match kind {
                Kind::Message => secret.messages.open(envelope),
                Kind::Task => secret.tasks.open(envelope),
                Kind::Approval => secret.approvals.open(envelope),
            };
            text.ok().map(|text| (number, text.to_string()))
        });
        opened.flatten().next()
    }
}

/// Draws a key.
pub(crate) fn bytes(rng: &mut Rng) -> [u8; 32] {
    std::array::from_fn(|_| rng.u8(..))
}
