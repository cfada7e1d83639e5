//! In which form what a lane says leaves.

use bytes::Bytes;
use sap::sealed::{ContentKey, NoRandomness};
use sap::{Call, IdempotencyKey, SessionId, SessionSeal};

/// In which form what a session says leaves.
#[derive(Debug, Default)]
pub(super) enum Seal {
    /// As it is.
    #[default]
    Open,
    /// Not at all: the session is encrypted, and its key is not here.
    Locked,
    /// Encrypted.
    Sealed(Box<SessionSeal>),
}

impl Seal {
    /// That of an encrypted session whose key is this one, where it is here.
    pub(super) fn of(session: &SessionId, key: Option<&ContentKey>) -> Self {
        key.map_or(Self::Locked, |key| Self::Sealed(Box::new(SessionSeal::new(key, session))))
    }

    /// Says whether new requests must wait.
    pub(super) fn is_locked(&self) -> bool {
        matches!(self, Self::Locked)
    }

    /// Says whether what leaves is encrypted.
    pub(super) fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed(_))
    }

    /// Writes a request's body; none while the session is locked.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub(super) fn body(
        &self,
        call: &Call,
        key: &IdempotencyKey,
    ) -> Result<Option<Bytes>, NoRandomness> {
        match self {
            Self::Open => Ok(Some(call.body(key))),
            Self::Locked => Ok(None),
            Self::Sealed(seal) => call.sealed_body(key, seal).map(Some),
        }
    }
}
