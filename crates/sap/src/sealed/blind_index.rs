use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::ContentKey;
use super::symmetric::derive;

/// Length of an index, in bytes.
const LENGTH: usize = 16;
/// Stands between the inputs; no UTF-8 has it.
const SEPARATOR: [u8; 1] = [0xff];

/// Names something for the cloud without saying what it is: 22 characters of base64url.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlindIndex(String);

/// The text is no blind index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a blind index has 22 characters of base64url")]
pub struct InvalidBlindIndex;

impl BlindIndex {
    /// Reads an index that the cloud sent.
    ///
    /// # Errors
    /// [`InvalidBlindIndex`] when the text is none.
    pub fn parse(text: &str) -> Result<Self, InvalidBlindIndex> {
        match URL_SAFE_NO_PAD.decode(text) {
            Ok(bytes) if bytes.len() == LENGTH => Ok(Self(text.to_owned())),
            Ok(_) | Err(_) => Err(InvalidBlindIndex),
        }
    }

    /// Borrows the index as the wire spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn compute(key: &ContentKey, scope: &str, inputs: &[&str]) -> Self {
        let index_key = derive(key.expose(), &["sophon/v1/blind-index"]);
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac =
            Hmac::<Sha256>::new_from_slice(index_key.as_slice()).expect("a key of any length");
        mac.update(scope.as_bytes());
        for input in inputs {
            mac.update(&SEPARATOR);
            mac.update(input.as_bytes());
        }
        Self(URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..LENGTH]))
    }
}

impl TryFrom<String> for BlindIndex {
    type Error = InvalidBlindIndex;

    fn try_from(text: String) -> Result<Self, InvalidBlindIndex> {
        Self::parse(&text)
    }
}

impl From<BlindIndex> for String {
    fn from(index: BlindIndex) -> Self {
        index.0
    }
}

impl fmt::Display for BlindIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_depends_on_the_key_on_each_input_and_on_where_each_ends() {
        let key = ContentKey::from_bytes(&[7; 32]);
        let other = ContentKey::from_bytes(&[8; 32]);
        let index = key.blind_index("agent_files", &["ses_1", "/a/b"]);
        assert_eq!(index, key.blind_index("agent_files", &["ses_1", "/a/b"]));
        for different in [
            other.blind_index("agent_files", &["ses_1", "/a/b"]),
            key.blind_index("agent_file", &["ses_1", "/a/b"]),
            key.blind_index("agent_files", &["ses_2", "/a/b"]),
            key.blind_index("agent_files", &["ses_1", "/a/c"]),
            key.blind_index("agent_files", &["/a/b", "ses_1"]),
            key.blind_index("agent_files", &["ses_1/a/b"]),
            key.blind_index("agent_files", &["ses_1/", "a/b"]),
            key.blind_index("agent_files", &["ses_1", "/a/b", ""]),
            key.blind_index("agent_filesses_1", &["/a/b"]),
            key.blind_index("agent_files", &[]),
        ] {
            assert_ne!(different, index);
        }
    }

    #[test]
    fn an_index_is_read_back_and_anything_else_is_not() {
        let index = ContentKey::from_bytes(&[7; 32]).blind_index("scope", &["input"]);
        assert_eq!(index.as_str().len(), 22);
        assert_eq!(BlindIndex::parse(index.as_str()), Ok(index.clone()));
        let json = serde_json::to_string(&index).unwrap();
        assert_eq!(serde_json::from_str::<BlindIndex>(&json).unwrap(), index);
        for text in
            ["", "a", "../../../../etc/passwd", "AAAAAAAAAAAAAAAAAAAAA", "+AAAAAAAAAAAAAAAAAAAAA"]
        {
            assert_eq!(BlindIndex::parse(text), Err(InvalidBlindIndex), "{text}");
            assert!(serde_json::from_value::<BlindIndex>(text.into()).is_err(), "{text}");
        }
    }
}
