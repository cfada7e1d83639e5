/// The system's source of randomness failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers: {0}")]
pub struct NoRandomness(getrandom::Error);

/// Why an envelope cannot be opened; it repeats nothing of what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is no base64.
    #[error("the envelope is no base64")]
    NotBase64,
    /// It, or the key in it, has a length that none has.
    #[error("the envelope is of a wrong length")]
    Length,
    /// Its first byte names a form that this version does not know.
    #[error("the envelope is of version {0}, which is unknown here")]
    Version(u8),
    /// Its tag does not fit: another key sealed it, or somebody changed it.
    #[error("the envelope was sealed with another key, or changed")]
    Forged,
    /// The public key in it makes the same secret with everybody's key.
    #[error("the envelope was sealed with a worthless public key")]
    WeakKey,
    /// The key fits, but what it holds is not UTF-8.
    #[error("the envelope holds something else than text")]
    NotText,
}

/// Why a key cannot be sealed for a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Trying again may help.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The device's public key makes the same secret with everybody's key: nothing must be sealed
    /// for it.
    #[error("the device's public key is worthless")]
    WeakKey,
}

impl OpenError {
    /// Says whether the envelope may be sound, and wants another key than the one tried.
    pub fn may_want_another_key(self) -> bool {
        match self {
            Self::Forged => true,
            Self::NotBase64 | Self::Length | Self::Version(_) | Self::WeakKey | Self::NotText => {
                false
            }
        }
    }
}

/// Takes random bytes from the system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    Ok(bytes)
}
