use std::collections::BTreeMap;

use sap::SessionId;
use sap::sealed::{ContentKey, key_from_hex};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// How many sessions' keys are held; a cloud that hands out more is not believed.
const MOST_SESSIONS: usize = 20_000;

/// How many keys of one session are held. One that was forgotten and comes again would be taken for
/// the newest, and a grant comes again for as long as it is not acknowledged.
const MOST_KEYS: usize = 16;

/// The keys of encrypted sessions that this computer holds: of each session the newest first, then
/// those before it, with which a message may have been sealed before the phone changed the key.
#[derive(Clone, Debug, Default)]
pub struct Keyring(BTreeMap<SessionId, Vec<ContentKey>>);

/// What is kept is no keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kept session keys cannot be read")]
pub struct InvalidKeyring;

/// A keyring as it is written down: for each session its keys, the newest first.
#[derive(Serialize, Deserialize)]
struct Written {
    keys: BTreeMap<SessionId, Vec<Zeroizing<String>>>,
}

impl Keyring {
    /// Holds another key of a session, which is its newest from now on; says whether that changed
    /// anything. One that is held already came again.
    pub(crate) fn hold(&mut self, session: &SessionId, key: ContentKey) -> bool {
        let is_full = self.0.len() >= MOST_SESSIONS;
        match self.0.get_mut(session) {
            Some(held) if held.contains(&key) => false,
            Some(held) => {
                held.insert(0, key);
                held.truncate(MOST_KEYS);
                true
            }
            None if is_full => false,
            None => {
                self.0.insert(session.clone(), vec![key]);
                true
            }
        }
    }

    /// Holds a key of a session that has none; says whether it does.
    pub(crate) fn hold_first(&mut self, session: &SessionId, key: ContentKey) -> bool {
        !self.0.contains_key(session) && self.hold(session, key)
    }

    /// The key with which something new is sealed.
    pub(crate) fn newest(&self, session: &SessionId) -> Option<&ContentKey> {
        self.of(session).next()
    }

    /// The keys with which something may have been sealed, the most likely first.
    pub(crate) fn of(&self, session: &SessionId) -> impl Iterator<Item = &ContentKey> {
        self.0.get(session).into_iter().flatten()
    }

    /// Every session with the key with which something new is sealed.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&SessionId, &ContentKey)> {
        self.0.iter().filter_map(|(session, held)| Some((session, held.first()?)))
    }

    /// Writes the keys down, for a vault to keep.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let keys =
            self.0.keys().map(|session| (session.clone(), self.of(session).map(hex).collect()));
        let written = Written { keys: keys.collect() };
        // A map of strings always serialises.
        Zeroizing::new(serde_json::to_vec(&written).unwrap_or_default())
    }

    /// Reads what [`Keyring::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`InvalidKeyring`] when it is something else.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKeyring> {
        let Written { keys } = serde_json::from_slice(bytes).map_err(|_| InvalidKeyring)?;
        let mut keyring = Self::default();
        for (session, keys) in keys {
            for key in keys.iter().rev() {
                let key = key_from_hex(key).ok_or(InvalidKeyring)?;
                keyring.hold(&session, ContentKey::from_bytes(&key));
            }
        }
        Ok(keyring)
    }
}

fn hex(key: &ContentKey) -> Zeroizing<String> {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    let bytes = key.expose().iter();
    Zeroizing::new(bytes.flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> ContentKey {
        ContentKey::from_bytes(&[byte; 32])
    }

    #[test]
    fn the_last_key_of_a_session_seals_and_those_before_it_still_open() {
        let session = SessionId::new("ses_1");
        let mut keyring = Keyring::default();
        for byte in [1, 2, 3] {
            assert!(keyring.hold(&session, key(byte)));
        }
        assert_eq!(keyring.newest(&session), Some(&key(3)));
        assert_eq!(keyring.of(&session).collect::<Vec<_>>(), [&key(3), &key(2), &key(1)]);
        for byte in [1, 2] {
            assert!(!keyring.hold(&session, key(byte)), "a grant that comes again changes nothing");
        }
        assert_eq!(keyring.newest(&session), Some(&key(3)));
        assert!(!keyring.hold_first(&session, key(4)));
        assert!(keyring.newest(&SessionId::new("ses_2")).is_none());
    }

    #[test]
    fn a_keyring_survives_being_written_down_and_read() {
        let mut keyring = Keyring::default();
        for (session, byte) in [("ses_1", 1), ("ses_1", 0xfe), ("ses_2", 0xa0)] {
            keyring.hold(&SessionId::new(session), key(byte));
        }
        let again = Keyring::from_bytes(&keyring.to_bytes()).unwrap();
        assert_eq!(again.0, keyring.0);
        for damaged in ["", "{}", r#"{"keys":{"a":["12"]}}"#, r#"{"keys":{"a":["zz"]}}"#] {
            assert!(Keyring::from_bytes(damaged.as_bytes()).is_err(), "{damaged}");
        }
    }

    #[test]
    fn no_key_is_ever_debug_printed() {
        let mut keyring = Keyring::default();
        keyring.hold(&SessionId::new("ses_1"), key(0xab));
        let shown = format!("{keyring:?}");
        assert!(!shown.contains("ab, ab") && !shown.contains("171"), "{shown}");
    }
}
