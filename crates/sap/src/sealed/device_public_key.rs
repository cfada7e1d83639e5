use std::fmt;

use serde::{Deserialize, Serialize};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::device_key::shared_key;
use super::error::random;
use super::symmetric::KEY;
use super::{ContentKey, SealError, base64_text, key_from_hex};

/// First byte of a sealed box.
pub(super) const VERSION: u8 = 0x02;

/// The public half of a device's key: what is sealed for it, only that device opens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DevicePublicKey([u8; KEY]);

/// The text is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public key has 64 hexadecimal digits")]
pub struct InvalidPublicKey;

/// A session's key, sealed for one device, as the wire carries it, in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedGrant(String);

impl DevicePublicKey {
    /// Reads 64 hexadecimal digits, of either case.
    ///
    /// # Errors
    /// [`InvalidPublicKey`] when the text is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidPublicKey> {
        key_from_hex(text).map(|key| Self(*key)).ok_or(InvalidPublicKey)
    }

    /// Seals a session's key so that only this device opens it.
    ///
    /// # Errors
    /// [`SealError`] when the system gives no random bytes, or the public key is worthless.
    pub fn seal(&self, key: &ContentKey) -> Result<SealedGrant, SealError> {
        let ephemeral = StaticSecret::from(*Zeroizing::new(random::<KEY>()?));
        let sealing = shared_key(&ephemeral, &self.to_dalek()).ok_or(SealError::WeakKey)?;
        let mut envelope = vec![VERSION];
        envelope.extend_from_slice(PublicKey::from(&ephemeral).as_bytes());
        envelope.extend_from_slice(&sealing.seal(key.expose())?);
        Ok(SealedGrant(base64_text::encode(&envelope)))
    }

    pub(super) fn of(secret: &StaticSecret) -> Self {
        Self(PublicKey::from(secret).to_bytes())
    }

    fn to_dalek(self) -> PublicKey {
        PublicKey::from(self.0)
    }
}

impl fmt::Display for DevicePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for DevicePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DevicePublicKey({self})")
    }
}

impl TryFrom<String> for DevicePublicKey {
    type Error = InvalidPublicKey;

    fn try_from(text: String) -> Result<Self, InvalidPublicKey> {
        Self::parse(&text)
    }
}

impl From<DevicePublicKey> for String {
    fn from(key: DevicePublicKey) -> Self {
        key.to_string()
    }
}

impl SealedGrant {
    /// Wraps a grant as the wire spells it; whether it is one shows when it is opened.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Borrows the base64.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_read_in_either_case_and_written_in_lower_case() {
        let text = "0f".repeat(32);
        let key = DevicePublicKey::parse(&text).unwrap();
        assert_eq!(key.to_string(), text);
        assert_eq!(DevicePublicKey::parse(&text.to_uppercase()), Ok(key));
        assert_eq!(serde_json::to_value(key).unwrap(), text);
        assert_eq!(serde_json::from_value::<DevicePublicKey>(text.into()).unwrap(), key);
    }

    #[test]
    fn a_text_that_is_no_public_key_is_refused() {
        let digits = |count| "a".repeat(count);
        for text in [
            String::new(),
            digits(62),
            digits(63),
            digits(65),
            digits(66),
            digits(63) + "g",
            digits(62) + "+a",
            digits(62) + "é",
            format!(" {}", digits(63)),
        ] {
            assert_eq!(DevicePublicKey::parse(&text), Err(InvalidPublicKey), "{text}");
        }
    }

    #[test]
    fn nothing_is_sealed_for_a_worthless_public_key() {
        let key = ContentKey::from_bytes(&[7; 32]);
        let (zero, one) = ("00".repeat(32), format!("01{}", "00".repeat(31)));
        let order_of_eight = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
        for text in [zero.as_str(), one.as_str(), order_of_eight] {
            let public = DevicePublicKey::parse(text).unwrap();
            assert_eq!(public.seal(&key), Err(SealError::WeakKey), "{text}");
        }
    }
}
