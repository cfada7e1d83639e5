use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::error::random;
use super::symmetric::KEY;
use super::{AgentFile, Approvals, BlindIndex, BlobKey, Messages, NoRandomness, Tasks};
use crate::SessionId;

/// The key of one encrypted session, from which all its other keys come.
///
/// The wire calls it the session key. Copies are wiped when they are dropped.
#[derive(Clone)]
pub struct ContentKey(Zeroizing<[u8; KEY]>);

impl ContentKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`NoRandomness`] when the system gives no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        random().map(Zeroizing::new).map(Self)
    }

    /// Restores a key that was kept.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// Shows the key, for a vault to keep.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Derives the key for the text of a session's messages.
    pub fn messages(&self, session: &SessionId) -> BlobKey<Messages> {
        BlobKey::derive(self, &["messages/", session.as_str()])
    }

    /// Derives the key for what a session's tool cards show.
    pub fn tasks(&self, session: &SessionId) -> BlobKey<Tasks> {
        BlobKey::derive(self, &["tasks/", session.as_str()])
    }

    /// Derives the key for the details of a session's approvals.
    pub fn approvals(&self, session: &SessionId) -> BlobKey<Approvals> {
        BlobKey::derive(self, &["approvals/", session.as_str()])
    }

    /// Derives the key for the name and the content of one file.
    pub fn agent_file(&self, session: &SessionId, index: &BlindIndex) -> BlobKey<AgentFile> {
        BlobKey::derive(self, &["agent_files/", session.as_str(), "/", index.as_str()])
    }

    /// Computes the name under which the cloud finds something again without learning what it is.
    pub fn blind_index(&self, scope: &str, inputs: &[&str]) -> BlindIndex {
        BlindIndex::compute(self, scope, inputs)
    }
}

impl PartialEq for ContentKey {
    /// Compares in constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl Eq for ContentKey {}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_being_kept_and_restored() {
        let key = ContentKey::generate().unwrap();
        assert_eq!(ContentKey::from_bytes(key.expose()), key);
        assert_ne!(ContentKey::generate().unwrap(), key);
    }
}
