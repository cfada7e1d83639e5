//! The content of the one keychain item: the wrapping key and the credentials.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Version of the item's format.
const VERSION: u64 = 1;

/// A key that seals other keys.
pub(crate) type WrappingKey = Zeroizing<[u8; 32]>;

/// What the keychain item holds.
#[derive(Clone)]
pub(crate) struct Root {
    /// Seals the values of the sealed file.
    pub(crate) wrapping_key: WrappingKey,
    /// Credentials by name.
    pub(crate) credentials: BTreeMap<String, SecretString>,
}

/// Why stored bytes are not what this version writes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// They are not in the format at all.
    Damaged,
    /// A newer version wrote them.
    Future(u64),
}

#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

#[derive(Deserialize)]
struct Stored {
    wrapping_key: String,
    #[serde(default)]
    credentials: BTreeMap<String, SecretText>,
}

#[derive(Deserialize)]
#[serde(from = "String")]
struct SecretText(SecretString);

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

#[derive(Serialize)]
struct Written<'a> {
    version: u64,
    wrapping_key: &'a str,
    credentials: BTreeMap<&'a str, &'a str>,
}

impl Root {
    /// Makes an empty one with a fresh wrapping key; none when the system gives no randomness.
    pub(crate) fn fresh() -> Option<Self> {
        let mut wrapping_key = WrappingKey::default();
        getrandom::fill(wrapping_key.as_mut_slice()).ok()?;
        Some(Self { wrapping_key, credentials: BTreeMap::new() })
    }

    /// Reads the stored form.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        check_version(bytes, VERSION)?;
        let stored: Stored = serde_json::from_slice(bytes).map_err(|_| Unreadable::Damaged)?;
        let encoded = Zeroizing::new(stored.wrapping_key);
        let decoded =
            Zeroizing::new(STANDARD.decode(encoded.as_str()).map_err(|_| Unreadable::Damaged)?);
        let wrapping_key =
            Zeroizing::new(decoded.as_slice().try_into().map_err(|_| Unreadable::Damaged)?);
        let credentials =
            stored.credentials.into_iter().map(|(name, text)| (name, text.0)).collect();
        Ok(Self { wrapping_key, credentials })
    }

    /// Writes the stored form.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let encoded = Zeroizing::new(STANDARD.encode(self.wrapping_key.as_slice()));
        let credentials = self
            .credentials
            .iter()
            .map(|(name, secret)| (name.as_str(), secret.expose_secret()))
            .collect();
        let written = Written { version: VERSION, wrapping_key: &encoded, credentials };
        // A struct of strings always serialises.
        Zeroizing::new(serde_json::to_vec(&written).unwrap_or_default())
    }
}

/// Tells damage from the work of a newer version, before the rest is looked at.
pub(crate) fn check_version(bytes: &[u8], known: u64) -> Result<(), Unreadable> {
    let found: Versioned = serde_json::from_slice(bytes).map_err(|_| Unreadable::Damaged)?;
    match found.version {
        0 => Err(Unreadable::Damaged),
        version if version > known => Err(Unreadable::Future(version)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let mut root = Root::fresh().unwrap();
        root.credentials.insert("a \"name\"".into(), "s3cret\n".into());
        let again = Root::parse(&root.to_bytes()).unwrap();
        assert_eq!(*again.wrapping_key, *root.wrapping_key);
        assert_eq!(again.credentials["a \"name\""].expose_secret(), "s3cret\n");
    }

    #[test]
    fn a_newer_format_is_told_from_damage() {
        assert_eq!(Root::parse(br#"{"version":7}"#).err(), Some(Unreadable::Future(7)));
        for damaged in [&b""[..], b"{}", b"\xff\x00", br#"{"version":1,"wrapping_key":"AAAA"}"#] {
            assert_eq!(Root::parse(damaged).err(), Some(Unreadable::Damaged));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Root::parse(&bytes);
        }
    }
}
