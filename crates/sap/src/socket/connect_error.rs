use std::time::{Duration, SystemTime};

use dial::DialError;

use super::Closed;
use crate::envelope::Envelope;
use crate::retry_after::retry_after;

/// Why the cloud's WebSocket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The token is good no more: stop dialling and offer to pair again.
    #[error("the cloud revoked this installation (HTTP {status}): pair this computer again")]
    Revoked {
        /// HTTP status of the answer.
        status: u16,
        /// The cloud's error code.
        code: Option<String>,
    },
    /// Too many connections, or a cloud that is busy: dial later.
    #[error("the cloud is busy")]
    Busy {
        /// How long to wait, at most an hour, where the cloud says it.
        retry_after: Option<Duration>,
    },
    /// The cloud, or something in its place, answered otherwise than with a WebSocket.
    #[error("the cloud refused the connection with HTTP {status}")]
    Refused {
        /// HTTP status of the answer.
        status: u16,
        /// The cloud's error code.
        code: Option<String>,
    },
    /// No connection came about.
    #[error("the cloud cannot be reached: {0}")]
    Unreachable(DialError),
    /// The connection ended before the first frame was sent.
    #[error("the connection ended at once: {0}")]
    Lost(Closed),
}

impl ConnectError {
    /// Says whether dialling again is useless until the person pairs again.
    pub fn is_revoked(&self) -> bool {
        matches!(self, Self::Revoked { .. } | Self::Lost(Closed::Revoked { .. }))
    }

    /// Says how long the cloud wants to be left alone, at most an hour.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after } => *retry_after,
            Self::Revoked { .. } | Self::Refused { .. } | Self::Unreachable(_) | Self::Lost(_) => {
                None
            }
        }
    }

    pub(super) fn from_dial(error: DialError, now: SystemTime) -> Self {
        let DialError::Rejected { status, body, retry_after: header } = error else {
            return Self::Unreachable(error);
        };
        let error = Envelope::read(body.as_bytes()).into_error();
        // A proxy that blocks says so with a page; a bare refusal can only be the cloud's own.
        let bare = matches!(status, 403 | 410) && body.trim().is_empty();
        if status == 401 || bare || error.is_revocation() {
            return Self::Revoked { status, code: error.code };
        }
        if matches!(status, 429 | 503) {
            let header = header.and_then(|header| retry_after(&header, now));
            return Self::Busy { retry_after: error.retry_after.or(header) };
        }
        Self::Refused { status, code: error.code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(status: u16, body: &str, retry_after: Option<&str>) -> ConnectError {
        let error = DialError::Rejected {
            status,
            body: body.to_owned(),
            retry_after: retry_after.map(ToOwned::to_owned),
        };
        ConnectError::from_dial(error, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn a_revocation_is_told_by_401_by_its_code_or_by_a_bare_refusal() {
        let body = |code| format!(r#"{{"ok":false,"error":{{"code":"{code}","message":"m"}}}}"#);
        assert!(rejected(401, "", None).is_revoked());
        assert!(rejected(403, &body("installation_revoked"), None).is_revoked());
        assert!(rejected(410, &body("installation_revoked"), None).is_revoked());
        assert!(rejected(403, &body("invalid_token"), None).is_revoked());
        assert!(rejected(403, "", None).is_revoked());
        assert!(rejected(410, "", None).is_revoked());
    }

    #[test]
    fn the_page_of_a_proxy_is_no_revocation() {
        for status in [302, 403, 404, 407, 410, 500, 502] {
            let error = rejected(status, "<html>blocked</html>", None);
            assert!(!error.is_revoked(), "{status}");
            assert!(matches!(error, ConnectError::Refused { status: told, .. } if told == status));
        }
    }

    #[test]
    fn a_busy_cloud_says_how_long_to_wait_in_its_body_or_header() {
        let body = r#"{"ok":false,"error":{"code":"rate_limited","retry_after_ms":2500}}"#;
        let wait = |error: ConnectError| error.retry_after();
        assert_eq!(wait(rejected(429, body, Some("9"))), Some(Duration::from_millis(2500)));
        assert_eq!(wait(rejected(503, "", Some("9"))), Some(Duration::from_secs(9)));
        assert_eq!(wait(rejected(503, "", None)), None);
    }

    #[test]
    fn without_an_answer_the_cloud_is_unreachable() {
        let error = ConnectError::from_dial(DialError::Refused, SystemTime::UNIX_EPOCH);
        assert!(matches!(error, ConnectError::Unreachable(DialError::Refused)));
        assert!(!error.is_revoked());
    }
}
