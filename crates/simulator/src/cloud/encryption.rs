//! Encrypted sessions, as a test asks the person's phones for them.

use std::sync::Arc;
use std::time::Instant;

use super::handset::{lock, stay_awake};
use super::record::{Message, Said};
use super::{Cloud, PersonError, granted};

/// How the phone hands a session's key to the bridge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grant {
    /// As soon as the bridge has registered its device key, and again when it registers another.
    #[default]
    Now,
    /// Not before [`Cloud::hand_key`].
    Later,
    /// Addressed to the bridge's device, but sealed for one that nobody has.
    SealedForAnother,
    /// Sent to the bridge, but addressed to the phone and sealed for it.
    AddressedToAnother,
}

/// What is wrong with an envelope that somebody else than the person's phone made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgery {
    /// Its last byte is another one.
    Changed,
    /// It is sealed with a key that nobody was granted.
    OtherKey,
    /// It is sealed as a tool card's content is.
    OtherContent,
    /// Its version is one that nobody knows.
    OtherVersion,
    /// It ends in the middle.
    Cut,
    /// It is no base64.
    NotBase64,
}

impl Cloud {
    /// Makes a key for a session, creates the session where it is new, and hands the key to the
    /// bridge. From then on [`Cloud::say`] seals what it says, and bubbles, tasks and approvals of
    /// the session are shown as the phone opens them.
    ///
    /// # Panics
    /// When nothing is paired, or the session has ended or is not encrypted.
    #[track_caller]
    pub fn encrypt_session(&self, session: &str) {
        self.encrypt_session_with(session, Grant::Now);
    }

    /// Does the same, and hands the key over in another way. A session that has a key gets a new
    /// one, with which the phone seals from then on; it still reads what the older one sealed.
    ///
    /// # Panics
    /// As [`Cloud::encrypt_session`].
    #[track_caller]
    pub fn encrypt_session_with(&self, session: &str, grant: Grant) {
        self.wake_phones();
        let now = Instant::now();
        granted(self.shared.change(|state| {
            let mut handset = lock(&self.handset);
            let made = handset.make_key(state, session, grant, now);
            handset.tend(state, now);
            made
        }));
    }

    /// Replaces the key of an encrypted session, and hands the new one over in this way.
    ///
    /// # Panics
    /// When the session has no key.
    #[track_caller]
    pub fn rotate_key(&self, session: &str, grant: Grant) {
        assert!(lock(&self.handset).opened(session).is_some(), "{session} has no key");
        self.encrypt_session_with(session, grant);
    }

    /// Hands the newest key of a session to the bridge in this way, be it for the second time.
    ///
    /// # Panics
    /// When the phone has no key of the session.
    #[track_caller]
    pub fn hand_key(&self, session: &str, grant: Grant) {
        let now = Instant::now();
        granted(self.shared.change(|state| {
            let mut handset = lock(&self.handset);
            handset.hand(session, grant)?;
            handset.tend(state, now);
            Ok(())
        }));
    }

    /// Lets a phone of the person join, and returns its device id. The first one is in the person's
    /// hand: it reads the sessions that the bridge opens. To later ones the bridge owes the keys of
    /// the sessions that are there.
    pub fn join_phone(&self, label: &str) -> String {
        self.wake_phones();
        self.shared.change(|state| lock(&self.handset).join(state, label, Instant::now()))
    }

    /// Revokes a device, a phone's or a bridge's, and tells every bridge.
    ///
    /// # Panics
    /// When there is no such device.
    #[track_caller]
    pub fn revoke_device(&self, device: &str) {
        granted(self.shared.change(|state| state.revoke_device(device, Instant::now())));
    }

    /// Sends an envelope that is not what the phone would have made of this text.
    ///
    /// # Panics
    /// When the session has no key.
    #[track_caller]
    pub fn say_forged(&self, session: &str, text: &str, forgery: Forgery) -> Said {
        let forged = lock(&self.handset).forge(session, text, forgery);
        let text_ct = Some(granted(forged.ok_or(PersonError::PlainSession)));
        self.say_with(session, Message { text_ct, ..Message::default() })
    }

    /// Copies every body, frame and head that came from bridges since the last
    /// [`Cloud::clear_calls`], in the order of arrival; heads are without their token.
    pub fn received(&self) -> Vec<Vec<u8>> {
        self.shared.look(|state| state.received.all().to_vec())
    }

    /// Says whether one of what [`Cloud::received`] copies has these bytes in it.
    pub fn received_contains(&self, bytes: &[u8]) -> bool {
        self.shared.look(|state| state.received.contains(bytes))
    }

    /// Seals the text of a message for an encrypted session that the phone has a key of.
    pub(super) fn sealed(&self, session: &str, message: Message) -> Message {
        let says_nothing = message.text.trim().is_empty() && message.attachments.is_empty();
        if message.text_ct.is_some() || says_nothing {
            return message;
        }
        match lock(&self.handset).seal(session, &message.text) {
            Some(text_ct) => Message { text: String::new(), text_ct: Some(text_ct), ..message },
            None => message,
        }
    }

    fn wake_phones(&self) {
        let mut awake = false;
        self.awake.call_once(|| awake = true);
        if awake {
            let task = stay_awake(Arc::clone(&self.shared), Arc::clone(&self.handset));
            self.shared.tasks.spawn_on(task, &self.runtime);
        }
    }
}
