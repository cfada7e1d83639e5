//! Identifiers of the wire: opaque, compared whole, never taken apart.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the identifier as the wire spells it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Borrows the identifier as the wire spells it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text_id! {
    /// Names a paired installation (`inst_` and 16 base62 characters).
    InstallationId;
    /// Names a chat between a person and this installation (`ses_…`).
    SessionId;
    /// Names one message of a session, the person's or ours (`msg_…`).
    MessageId;
    /// Names one question of a person together with everything that answers it (`int_…`).
    InteractionId;
    /// Names a tool card: the agent's own tool-call id, up to 256 characters.
    TaskId;
    /// Names an approval: the gateway's own approval id.
    ApprovalId;
    /// Names a device that may read encrypted sessions.
    DeviceId;
}

/// Names an update; a string or an integer, opaque, echoed in the form in which it came.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum UpdateId {
    /// An integer form, monotonic per installation.
    Number(i64),
    /// A text form.
    Text(String),
}

impl fmt::Display for UpdateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// Makes a repeated call harmless: 1 to 64 characters of `[A-Za-z0-9_-]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Derives the key from what the call is about, so that a retry after a restart finds it again.
    pub fn derive(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part.len().to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(URL_SAFE_NO_PAD.encode(hash.finalize()))
    }

    /// Borrows the key as the wire spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_id_is_echoed_in_the_form_in_which_it_came() {
        for json in ["42", "\"42\"", "\"upd_9\""] {
            let id: UpdateId = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&id).unwrap(), json);
        }
    }

    #[test]
    fn a_derived_key_fits_the_wire_and_depends_on_every_part() {
        let key = IdempotencyKey::derive(&["end", "msg_1"]);
        assert!((1..=64).contains(&key.as_str().len()));
        assert!(key.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert_eq!(key, IdempotencyKey::derive(&["end", "msg_1"]));
        assert_ne!(key, IdempotencyKey::derive(&["endm", "sg_1"]));
    }
}
