//! What answers to an attempt to connect, read into faults.

use std::time::Duration;

use dial::DialError;
use serde_json::Value;

use super::{ConnectError, Refusal};

/// How long to wait where a gateway that is starting does not say.
const START_PATIENCE: Duration = Duration::from_millis(500);

impl ConnectError {
    /// Reads the `error` of the answer to `connect`.
    pub fn refused(error: &Value) -> Self {
        let Refusal { code, message, reason, retry_after, .. } = Refusal::parse(error);
        let details = error.get("details").unwrap_or(&Value::Null);
        let text = |name| details.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
        let theirs = || details.get("expectedProtocol").and_then(|v| v.as_u64()?.try_into().ok());
        if code == "UNAVAILABLE" {
            return Self::Starting { retry_after: retry_after.unwrap_or(START_PATIENCE) };
        }
        match reason.as_deref() {
            Some("AUTH_TOKEN_MISSING") => Self::TokenMissing,
            Some("AUTH_TOKEN_MISMATCH") => Self::TokenWrong {
                can_try_device_token: details.get("canRetryWithDeviceToken")
                    == Some(&Value::Bool(true)),
            },
            Some("AUTH_DEVICE_TOKEN_MISMATCH" | "AUTH_SCOPE_MISMATCH") => Self::DeviceTokenRejected,
            Some("PAIRING_REQUIRED") => {
                let request_id = text("requestId").filter(|id| can_be_typed(id));
                Self::PairingRequired { request_id, reason: text("reason") }
            }
            Some("PROTOCOL_MISMATCH") => Self::protocol_mismatch(theirs()),
            Some(proof) if proof.starts_with("DEVICE_AUTH_") => {
                Self::ProofRejected { code: proof.to_owned() }
            }
            // The older generation gives no code, only these words.
            None if message.starts_with("protocol mismatch") => Self::protocol_mismatch(theirs()),
            Some(_) | None => Self::Refused { code: reason.unwrap_or(code), message },
        }
    }

    pub(crate) fn protocol_mismatch(theirs: Option<u32>) -> Self {
        Self::ProtocolMismatch { ours: "3–4", theirs }
    }

    pub(crate) fn closed(code: Option<u16>, reason: String) -> Self {
        match code {
            Some(1012) => Self::Draining,
            Some(1013) => Self::Starting { retry_after: START_PATIENCE },
            _ => Self::Closed { code, reason },
        }
    }
}

/// A person is asked to type the id as part of a command, so it must not be a command itself.
pub(crate) fn can_be_typed(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    !id.is_empty() && !id.starts_with('-') && id.bytes().all(plain)
}

impl From<DialError> for ConnectError {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Rejected { status: 503, .. } => Self::Draining,
            DialError::Rejected { status, .. } if matches!(status, 200..=399 | 404 | 405 | 426) => {
                Self::NotAGateway(format!("it answers with HTTP {status}"))
            }
            DialError::NotWebSocket => Self::NotAGateway("it does not speak WebSocket".into()),
            DialError::Setup(_)
            | DialError::Refused
            | DialError::UnknownHost
            | DialError::Tls(_)
            | DialError::TimedOut
            | DialError::Rejected { .. }
            | DialError::Network(_) => Self::Unreachable(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(error: &Value) -> ConnectError {
        ConnectError::refused(error)
    }

    fn with_details(details: &Value) -> ConnectError {
        refused(&json!({"code": "INVALID_REQUEST", "message": "m", "details": details}))
    }

    #[test]
    fn each_refusal_of_the_handshake_becomes_its_own_fault() {
        for (code, fault) in [
            ("AUTH_TOKEN_MISSING", "gateway_token_missing"),
            ("AUTH_TOKEN_MISMATCH", "gateway_token_wrong"),
            ("AUTH_DEVICE_TOKEN_MISMATCH", "gateway_device_token_rejected"),
            ("AUTH_SCOPE_MISMATCH", "gateway_device_token_rejected"),
            ("PAIRING_REQUIRED", "gateway_pairing_required"),
            ("DEVICE_AUTH_SIGNATURE_INVALID", "gateway_proof_rejected"),
            ("PROTOCOL_MISMATCH", "gateway_protocol_mismatch"),
            ("AUTH_SOMETHING_NEW", "gateway_refused"),
        ] {
            assert_eq!(with_details(&json!({"code": code})).code(), fault, "{code}");
        }
    }

    #[test]
    fn a_request_id_that_would_be_a_command_is_not_offered_for_typing() {
        for (id, offered) in [
            ("0b5c7f8e-9d2a-4a58-8f0e-3f4f4b2f9b1a", true),
            ("", false),
            ("x; rm -r ~", false),
            ("--all", false),
            ("`x`", false),
        ] {
            let error = with_details(&json!({"code": "PAIRING_REQUIRED", "requestId": id}));
            assert_eq!(error.code(), "gateway_pairing_required");
            assert_eq!(error.remedy().contains("openclaw devices approve"), offered, "{id}");
        }
    }

    #[test]
    fn an_unavailable_gateway_is_starting_for_as_long_as_it_says() {
        let error = refused(&json!({"code": "UNAVAILABLE", "message": "gateway starting",
            "retryable": true, "retryAfterMs": 750, "details": {"reason": "startup-sidecars"}}));
        assert_eq!(error.retry_after(), Some(Duration::from_millis(750)));
        assert_eq!(ConnectError::closed(Some(1013), String::new()).code(), "gateway_starting");
    }

    #[test]
    fn http_answers_are_told_apart() {
        let rejected = |status| {
            let (body, retry_after) = (String::new(), None);
            ConnectError::from(DialError::Rejected { status, body, retry_after }).code()
        };
        assert_eq!(rejected(503), "gateway_draining");
        assert_eq!(rejected(404), "not_a_gateway");
        assert_eq!(rejected(200), "not_a_gateway");
        assert_eq!(rejected(403), "gateway_unreachable");
        assert_eq!(ConnectError::from(DialError::NotWebSocket).code(), "not_a_gateway");
    }
}
