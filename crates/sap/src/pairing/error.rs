use std::time::Duration;

use dial::DialError;

/// Why pairing could not go on.
#[derive(Debug, thiserror::Error)]
pub enum PairingError {
    /// No answer came.
    #[error("{0}")]
    Unreachable(DialError),
    /// The cloud said no.
    #[error("the cloud refused to pair with HTTP {status}: {message}")]
    Refused {
        /// HTTP status of the answer.
        status: u16,
        /// The cloud's error code.
        code: Option<String>,
        /// The cloud's own sentence, or what stands in for it.
        message: String,
    },
    /// The cloud, or something in its place, answered what cannot be used.
    #[error("the cloud's answer cannot be used: {0}; start pairing again")]
    Unreadable(String),
    /// Too many tries, or a cloud that is busy.
    #[error("the cloud is busy: try again in {} s", after.as_secs().max(1))]
    Busy {
        /// How long to wait, at most an hour.
        after: Duration,
    },
}

impl PairingError {
    /// Says whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Busy { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || matches!(status, 408 | 425),
            Self::Unreadable(_) => false,
        }
    }
}

impl From<DialError> for PairingError {
    fn from(error: DialError) -> Self {
        Self::Unreachable(error)
    }
}
