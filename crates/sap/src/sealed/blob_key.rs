use std::fmt;
use std::marker::PhantomData;
use std::mem;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::symmetric::Symmetric;
use super::{ContentKey, NoRandomness, OpenError, base64_text};

/// Text of messages, whole or in parts (`messages/<session>`).
#[derive(Debug)]
pub enum Messages {}

/// What tool cards show (`tasks/<session>`).
#[derive(Debug)]
pub enum Tasks {}

/// Details of approvals (`approvals/<session>`).
#[derive(Debug)]
pub enum Approvals {}

/// Name and content of one file (`agent_files/<session>/<blind index>`).
#[derive(Debug)]
pub enum AgentFile {}

/// Seals and opens the content of one kind `K` in one session.
///
/// It holds the expanded key: keep it for as long as the session is busy.
pub struct BlobKey<K> {
    key: Symmetric,
    kind: PhantomData<fn() -> K>,
}

/// Sealed content as the wire carries it, in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Envelope(String);

impl<K> BlobKey<K> {
    /// Derives the key for a path, which is given in parts.
    pub(super) fn derive(key: &ContentKey, path: &[&str]) -> Self {
        let info = [&["sophon/v1/blob/"], path].concat();
        Self { key: Symmetric::derive(key.expose(), &info), kind: PhantomData }
    }

    /// Seals text, or the bytes of a file.
    ///
    /// # Errors
    /// [`NoRandomness`] when the system gives no random bytes.
    pub fn seal(&self, plaintext: impl AsRef<[u8]>) -> Result<Envelope, NoRandomness> {
        Ok(Envelope(base64_text::encode(&self.key.seal(plaintext.as_ref())?)))
    }

    /// Opens an envelope of text; it may be in base64 of either alphabet, with or without padding.
    ///
    /// # Errors
    /// [`OpenError`] when it is no envelope, this key does not fit, or it holds no text.
    pub fn open(&self, envelope: &str) -> Result<Zeroizing<String>, OpenError> {
        let plaintext = mem::take(&mut *self.open_bytes(envelope)?);
        String::from_utf8(plaintext).map(Zeroizing::new).map_err(|error| {
            error.into_bytes().zeroize();
            OpenError::NotText
        })
    }

    /// Opens an envelope of anything, such as the bytes of a file.
    ///
    /// # Errors
    /// [`OpenError`] when it is no envelope, or this key does not fit.
    pub fn open_bytes(&self, envelope: &str) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.key.open(&base64_text::decode(envelope)?)
    }
}

impl<K> fmt::Debug for BlobKey<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlobKey(…)")
    }
}

impl Envelope {
    /// Borrows the base64.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SessionId;

    fn key() -> BlobKey<Messages> {
        ContentKey::from_bytes(&[7; 32]).messages(&SessionId::new("ses_1"))
    }

    #[test]
    fn nothing_has_a_well_known_envelope() {
        assert_eq!(key().seal("").unwrap().as_str(), "AA==");
        assert_eq!(*key().open("AA").unwrap(), "");
    }

    #[test]
    fn bytes_that_are_no_text_are_opened_as_bytes_alone() {
        let envelope = key().seal([0xff, 0xfe]).unwrap();
        assert_eq!(key().open(envelope.as_str()), Err(OpenError::NotText));
        assert_eq!(*key().open_bytes(envelope.as_str()).unwrap(), [0xff, 0xfe]);
    }

    #[test]
    fn an_envelope_is_a_plain_string_in_json() {
        let envelope = key().seal("x").unwrap();
        let json = serde_json::to_value(&envelope).unwrap();
        assert_eq!(json, envelope.as_str());
        assert_eq!(serde_json::from_value::<Envelope>(json).unwrap(), envelope);
    }

    #[test]
    fn only_an_envelope_whose_tag_does_not_fit_may_want_another_key() {
        assert!(OpenError::Forged.may_want_another_key());
        for error in [
            OpenError::NotBase64,
            OpenError::Length,
            OpenError::Version(9),
            OpenError::WeakKey,
            OpenError::NotText,
        ] {
            assert!(!error.may_want_another_key(), "{error}");
        }
    }
}
