//! In which form what a lane says leaves.

use std::sync::Arc;

use bytes::Bytes;
use sap::sealed::NoRandomness;
use sap::{Call, IdempotencyKey, SessionSeal};

/// In which form what a session says leaves.
#[derive(Clone, Debug, Default)]
pub(crate) enum Seal {
    /// As it is.
    #[default]
    Open,
    /// Not at all: the session is encrypted, and its key is not here.
    Locked,
    /// Encrypted.
    Sealed(Arc<SessionSeal>),
}

impl Seal {
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
