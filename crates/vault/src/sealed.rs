//! Many values sealed under one key (XChaCha20-Poly1305), each bound to its name.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::SecretSlice;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::root::{Unreadable, WrappingKey, check_version};

/// Version of the file's format.
const VERSION: u64 = 1;
/// Length of a nonce, in bytes.
const NONCE: usize = 24;
/// Length of a key's id, in bytes.
const KEY_ID: usize = 12;

/// Sealed values by name; it holds no secret that can be read without the wrapping key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sealed {
    version: u64,
    /// Tells whether a wrapping key is the right one, without any value.
    #[serde(default)]
    key_id: String,
    values: BTreeMap<String, String>,
}

impl Sealed {
    /// Reads the stored form.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        check_version(bytes, VERSION)?;
        serde_json::from_slice(bytes).map_err(|_| Unreadable::Damaged)
    }

    /// Writes the stored form, for values that are sealed under `key`.
    pub(crate) fn to_bytes(&self, key: &WrappingKey) -> Vec<u8> {
        let written = Self { version: VERSION, key_id: key_id(key), values: self.values.clone() };
        // A map of strings always serialises.
        serde_json::to_vec(&written).unwrap_or_default()
    }

    /// Says whether the stored form was written for this key.
    pub(crate) fn is_under(&self, key: &WrappingKey) -> bool {
        self.key_id == key_id(key)
    }

    /// Seals a value in the place of the one before; none when the system gives no randomness.
    pub(crate) fn insert(&mut self, key: &WrappingKey, name: &str, value: &[u8]) -> Option<()> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        let payload = Payload { msg: value, aad: name.as_bytes() };
        let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload).ok()?;
        let encoded = STANDARD.encode([&nonce[..], &sealed].concat());
        self.values.insert(name.to_owned(), encoded);
        Some(())
    }

    /// Opens a value; the inner none tells that it is damaged, or sealed under another key or name.
    pub(crate) fn get(&self, key: &WrappingKey, name: &str) -> Option<Option<SecretSlice<u8>>> {
        self.values.get(name).map(|encoded| open(key, name, encoded))
    }

    /// Drops a value; says whether there was one.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.values.remove(name).is_some()
    }

    /// Drops all values with such names; says whether there were any.
    pub(crate) fn remove_all(&mut self, is_gone: impl Fn(&str) -> bool) -> bool {
        self.retain(|name, _| !is_gone(name))
    }

    /// Drops all values that cannot be opened; says whether there were any.
    pub(crate) fn remove_damaged(&mut self, key: &WrappingKey) -> bool {
        self.retain(|name, encoded| open(key, name, encoded).is_some())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn retain(&mut self, keep: impl Fn(&str, &str) -> bool) -> bool {
        let before = self.values.len();
        self.values.retain(|name, encoded| keep(name, encoded));
        self.values.len() < before
    }
}

fn open(key: &WrappingKey, name: &str, encoded: &str) -> Option<SecretSlice<u8>> {
    let bytes = STANDARD.decode(encoded).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
    let payload = Payload { msg: sealed, aad: name.as_bytes() };
    Some(cipher(key).decrypt(&XNonce::from(*nonce), payload).ok()?.into())
}

/// A name for a key that does not give it away.
fn key_id(key: &WrappingKey) -> String {
    let hash = Sha256::new().chain_update(b"sophon vault key id").chain_update(key).finalize();
    STANDARD.encode(&hash[..KEY_ID])
}

fn cipher(key: &WrappingKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&**key).into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn key() -> WrappingKey {
        WrappingKey::new(KEY)
    }

    fn sealed() -> Sealed {
        let mut sealed = Sealed::default();
        sealed.insert(&key(), "device", b"hello").unwrap();
        sealed
    }

    #[test]
    fn a_value_opens_only_under_its_own_key_and_name() {
        let mut sealed = sealed();
        assert_eq!(sealed.get(&key(), "device").unwrap().unwrap().expose_secret(), b"hello");
        assert!(sealed.get(&WrappingKey::new([8; 32]), "device").unwrap().is_none());
        let moved = sealed.values["device"].clone();
        sealed.values.insert("other".into(), moved);
        assert!(sealed.get(&key(), "other").unwrap().is_none());
        assert!(sealed.get(&key(), "absent").is_none());
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let sealed = sealed();
        let bytes = STANDARD.decode(&sealed.values["device"]).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(open(&key(), "device", &STANDARD.encode(&changed)).is_none(), "byte {at}");
        }
        assert!(open(&key(), "device", &STANDARD.encode(&bytes[..20])).is_none());
    }

    #[test]
    fn the_stored_form_holds_neither_the_value_nor_its_base64() {
        let stored = String::from_utf8(sealed().to_bytes(&key())).unwrap();
        assert!(!stored.contains("hello") && !stored.contains(&STANDARD.encode("hello")));
        let again = Sealed::parse(stored.as_bytes()).unwrap();
        assert_eq!(again.values.len(), 1);
        assert!(again.is_under(&key()) && !again.is_under(&WrappingKey::new([8; 32])));
        assert!(!stored.contains(&STANDARD.encode(KEY)));
    }

    #[test]
    fn damaged_values_are_dropped_and_whole_ones_kept() {
        let mut sealed = sealed();
        sealed.values.insert("bad".into(), "!!!".into());
        assert!(sealed.remove_damaged(&key()));
        assert!(sealed.get(&key(), "device").is_some());
        assert!(sealed.get(&key(), "bad").is_none());
    }

    proptest! {
        #[test]
        fn any_value_under_any_name_comes_back(name in ".*", value in any::<Vec<u8>>()) {
            let mut sealed = Sealed::default();
            sealed.insert(&key(), &name, &value).unwrap();
            let again = Sealed::parse(&sealed.to_bytes(&key())).unwrap();
            let opened = again.get(&key(), &name).unwrap().unwrap();
            prop_assert_eq!(opened.expose_secret(), value.as_slice());
        }

        #[test]
        fn no_bytes_make_the_parser_panic(bytes in any::<Vec<u8>>()) {
            let _ = Sealed::parse(&bytes);
        }
    }
}
