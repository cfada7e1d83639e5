use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::one_line::one_line;

/// How much of a close frame's reason is kept, in characters; the frame itself holds 123 bytes.
const REASON_LENGTH: usize = 123;
const REVOCATIONS: [&str; 2] = ["invalid_token", "installation_revoked"];

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// Nothing came for 30 seconds, or for 5 after this computer changed its network.
    #[error("nothing was heard from the cloud for too long")]
    Silent,
    /// The computer slept; dial again at once.
    #[error("the computer was asleep")]
    Woke,
    /// The cloud ended it.
    #[error("the cloud closed the connection ({}) {reason}", code.unwrap_or(1005))]
    ByServer {
        /// Code of the close frame.
        code: Option<u16>,
        /// Reason of the close frame, often empty.
        reason: String,
    },
    /// The network ended it, or carried what is no WebSocket.
    #[error("the connection was lost: {0}")]
    Network(String),
    /// The token is good no more: stop dialling and offer to pair again.
    #[error("the cloud revoked this installation ({reason}): pair this computer again")]
    Revoked {
        /// Reason of the close frame.
        reason: String,
    },
}

impl Closed {
    pub(super) fn by_server(frame: Option<CloseFrame>) -> Self {
        let Some(frame) = frame else {
            return Self::ByServer { code: None, reason: String::new() };
        };
        let code = u16::from(frame.code);
        let reason = one_line(&frame.reason, REASON_LENGTH);
        if matches!(code, 4401 | 4403) && REVOCATIONS.iter().any(|word| reason.contains(word)) {
            return Self::Revoked { reason };
        }
        Self::ByServer { code: Some(code), reason }
    }

    pub(super) fn ended() -> Self {
        Self::Network("it ended without a goodbye".into())
    }
}

impl From<Error> for Closed {
    fn from(error: Error) -> Self {
        if matches!(error, Error::Capacity(_)) {
            return Self::Network("the cloud sent a message above 16 MiB".into());
        }
        if matches!(error, Error::ConnectionClosed | Error::AlreadyClosed) {
            return Self::ended();
        }
        if let Error::Io(error) = error {
            return Self::Network(error.to_string());
        }
        // Other texts can hold what the other side sent.
        Self::Network("the other side does not keep to the WebSocket protocol".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(code: u16, reason: &'static str) -> Closed {
        Closed::by_server(Some(CloseFrame { code: code.into(), reason: reason.into() }))
    }

    #[test]
    fn a_close_frame_revokes_only_with_code_and_reason_together() {
        for (code, reason) in [(4401, "invalid_token"), (4403, "installation_revoked")] {
            assert_eq!(closed(code, reason), Closed::Revoked { reason: reason.into() });
        }
        for (code, reason) in [(4401, "bye"), (4403, ""), (1000, "invalid_token"), (4001, "ping")] {
            let told = Closed::ByServer { code: Some(code), reason: reason.into() };
            assert_eq!(closed(code, reason), told);
        }
    }
}
