use std::time::Duration;

use dial::DialError;

use crate::hello::PROTOCOLS;

/// Code of a gateway elsewhere that has seen too many wrong credentials.
const RATE_LIMITED: &str = "AUTH_RATE_LIMITED";

/// Why there is no connection to the gateway.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing answers, or nothing lets us through.
    #[error("the gateway cannot be reached: {0}")]
    Unreachable(#[source] DialError),
    /// The gateway is starting.
    #[error("the gateway is starting")]
    Starting {
        /// When it may be ready.
        retry_after: Duration,
    },
    /// The gateway finishes its work before it stops, and takes no new connections.
    #[error("the gateway is about to restart and takes no new connections")]
    Draining,
    /// The gateway wants a token, and none was given.
    #[error("the gateway asks for its token")]
    TokenMissing,
    /// The shared token is wrong.
    #[error("the gateway does not accept its shared token: it was changed")]
    TokenWrong {
        /// A device token that was kept may still be good.
        can_try_device_token: bool,
    },
    /// The device token was rotated, revoked or is too narrow; the shared token is worth a try.
    #[error("the gateway no longer accepts this computer's device token")]
    DeviceTokenRejected,
    /// Somebody has to approve this device at the gateway.
    #[error("the gateway's owner must approve this computer first{}", of_request(request_id))]
    PairingRequired {
        /// Request that waits for approval.
        request_id: Option<String>,
        /// `not-paired`, `scope-upgrade`, `role-upgrade` or `metadata-upgrade`.
        reason: Option<String>,
    },
    /// The proof of the device's identity was not accepted.
    #[error("the gateway does not accept this computer's device signature ({code})")]
    ProofRejected {
        /// The gateway's code, `DEVICE_AUTH_…`.
        code: String,
    },
    /// The gateway speaks only other versions of the protocol.
    #[error("{}", mismatch(ours, *theirs))]
    ProtocolMismatch {
        /// Versions that we speak.
        ours: &'static str,
        /// Version that the gateway speaks, where it says so.
        theirs: Option<u32>,
    },
    /// The gateway refuses for a reason of its own.
    #[error("the gateway refused the connection: {message}")]
    Refused {
        /// Precise or coarse code of the gateway.
        code: String,
        /// Sentence of the gateway.
        message: String,
    },
    /// Something answers that is no OpenClaw gateway.
    #[error("what answers at this address is no OpenClaw gateway: {0}")]
    NotAGateway(String),
    /// The gateway accepts, but says nothing.
    #[error("the gateway accepted the connection but did not answer in time")]
    TimedOut,
    /// The gateway closed the connection before it answered.
    #[error("the gateway closed the connection before it answered{}", with_reason(reason))]
    Closed {
        /// WebSocket close code, if one came.
        code: Option<u16>,
        /// Reason that came with it; may be empty.
        reason: String,
    },
}

impl ConnectError {
    /// Says that the same attempt can work later, without another credential or version.
    ///
    /// A fault can be both: a pairing that waits for approval is worth trying again now and then,
    /// and needs a person.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::Starting { .. }
            | Self::Draining
            | Self::PairingRequired { .. }
            | Self::NotAGateway(_)
            | Self::TimedOut
            | Self::Closed { .. } => true,
            Self::ProofRejected { code } => code.contains("NONCE") || code.contains("EXPIRED"),
            Self::Refused { code, .. } => code == RATE_LIMITED,
            Self::TokenMissing
            | Self::TokenWrong { .. }
            | Self::DeviceTokenRejected
            | Self::ProtocolMismatch { .. } => false,
        }
    }

    /// Says that it stays like this until a person does something.
    pub fn needs_person(&self) -> bool {
        match self {
            Self::TokenMissing
            | Self::TokenWrong { .. }
            | Self::PairingRequired { .. }
            | Self::ProtocolMismatch { .. }
            | Self::NotAGateway(_) => true,
            Self::ProofRejected { .. } | Self::Refused { .. } => !self.is_retryable(),
            Self::Unreachable(_)
            | Self::Starting { .. }
            | Self::Draining
            | Self::DeviceTokenRejected
            | Self::TimedOut
            | Self::Closed { .. } => false,
        }
    }

    /// Names the fault for logs, reports and translations; never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "gateway_unreachable",
            Self::Starting { .. } => "gateway_starting",
            Self::Draining => "gateway_draining",
            Self::TokenMissing => "gateway_token_missing",
            Self::TokenWrong { .. } => "gateway_token_wrong",
            Self::DeviceTokenRejected => "gateway_device_token_rejected",
            Self::PairingRequired { .. } => "gateway_pairing_required",
            Self::ProofRejected { .. } => "gateway_proof_rejected",
            Self::ProtocolMismatch { .. } => "gateway_protocol_mismatch",
            Self::Refused { .. } => "gateway_refused",
            Self::NotAGateway(_) => "not_a_gateway",
            Self::TimedOut => "gateway_silent",
            Self::Closed { .. } => "gateway_closed",
        }
    }

    /// Says what the person can do now, in one sentence.
    pub fn remedy(&self) -> String {
        match self {
            Self::Unreachable(_) => "Start OpenClaw with `openclaw gateway`.".into(),
            Self::Starting { .. } => "Wait a moment; the connection is tried again.".into(),
            Self::Draining => {
                "Wait until it has restarted; the connection is tried again.".into()
            }
            Self::TokenMissing | Self::TokenWrong { .. } => {
                "Enter the gateway's token; it is `gateway.auth.token` in ~/.openclaw/openclaw.json.".into()
            }
            Self::DeviceTokenRejected => {
                "Nothing: the shared token is tried next, and brings a new device token.".into()
            }
            Self::PairingRequired { request_id: Some(id), .. } => {
                format!("Run `openclaw devices approve {id}` on the gateway's computer.")
            }
            Self::PairingRequired { request_id: None, .. } => {
                "Run `openclaw devices list` on the gateway's computer and approve this one.".into()
            }
            Self::ProofRejected { .. } => {
                "Update OpenClaw and Sophon Desktop; if it stays, pair this computer anew.".into()
            }
            Self::ProtocolMismatch { theirs, .. } => match side_to_update(*theirs) {
                Side::Gateway => "Update OpenClaw with `openclaw update`.".into(),
                Side::Us => "Update Sophon Desktop.".into(),
                Side::Unknown => "Update OpenClaw and Sophon Desktop.".into(),
            },
            Self::Refused { .. } => {
                "Update OpenClaw and Sophon Desktop, or look into the gateway's log.".into()
            }
            Self::NotAGateway(_) => {
                "Check the gateway's address and port in `openclaw gateway status`.".into()
            }
            Self::TimedOut => "Restart OpenClaw with `openclaw gateway restart`.".into(),
            Self::Closed { .. } => {
                "Wait a moment; if it stays, look into the gateway's log.".into()
            }
        }
    }

    /// Says how long the gateway asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Starting { retry_after } => Some(*retry_after),
            Self::Unreachable(_)
            | Self::Draining
            | Self::TokenMissing
            | Self::TokenWrong { .. }
            | Self::DeviceTokenRejected
            | Self::PairingRequired { .. }
            | Self::ProofRejected { .. }
            | Self::ProtocolMismatch { .. }
            | Self::Refused { .. }
            | Self::NotAGateway(_)
            | Self::TimedOut
            | Self::Closed { .. } => None,
        }
    }
}

enum Side {
    Gateway,
    Us,
    Unknown,
}

fn side_to_update(theirs: Option<u32>) -> Side {
    match theirs {
        Some(theirs) if theirs < *PROTOCOLS.start() => Side::Gateway,
        Some(theirs) if theirs > *PROTOCOLS.end() => Side::Us,
        Some(_) | None => Side::Unknown,
    }
}

fn mismatch(ours: &str, theirs: Option<u32>) -> String {
    let side = match side_to_update(theirs) {
        Side::Gateway => "OpenClaw is too old",
        Side::Us => "Sophon Desktop is too old for this OpenClaw",
        Side::Unknown => "OpenClaw and Sophon Desktop do not fit together",
    };
    match theirs {
        Some(theirs) => format!("{side}: it speaks protocol {theirs}, we speak {ours}"),
        None => format!("{side}: it does not speak protocol {ours}"),
    }
}

fn of_request(request_id: &Option<String>) -> String {
    request_id.as_ref().map_or_else(String::new, |id| format!(" (request {id})"))
}

fn with_reason(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refused(error: &Value) -> ConnectError {
        ConnectError::refused(error)
    }

    fn with_details(details: &Value) -> ConnectError {
        refused(&json!({"code": "INVALID_REQUEST", "message": "m", "details": details}))
    }

    #[test]
    fn a_stale_proof_is_tried_again_and_a_wrong_one_needs_a_person() {
        for (code, retryable) in [
            ("DEVICE_AUTH_NONCE_MISMATCH", true),
            ("DEVICE_AUTH_SIGNATURE_EXPIRED", true),
            ("DEVICE_AUTH_SIGNATURE_INVALID", false),
            ("DEVICE_AUTH_DEVICE_ID_MISMATCH", false),
        ] {
            let error = with_details(&json!({"code": code}));
            assert_eq!((error.is_retryable(), error.needs_person()), (retryable, !retryable));
        }
    }

    #[test]
    fn a_protocol_mismatch_says_which_side_to_update() {
        for (theirs, side) in [
            (Some(2), "Update OpenClaw with `openclaw update`."),
            (Some(5), "Update Sophon Desktop."),
            (None, "Update OpenClaw and Sophon Desktop."),
        ] {
            let error = refused(&json!({"code": "INVALID_REQUEST",
                "message": "protocol mismatch", "details": {"expectedProtocol": theirs}}));
            assert_eq!(error.remedy(), side);
            assert!(!error.is_retryable());
        }
        let error = ConnectError::protocol_mismatch(Some(5));
        assert_eq!(
            error.to_string(),
            "Sophon Desktop is too old for this OpenClaw: it speaks protocol 5, we speak 3–4"
        );
    }

    #[test]
    fn a_pairing_request_is_named_in_the_remedy() {
        let error = with_details(&json!({"code": "PAIRING_REQUIRED", "reason": "not-paired",
            "requestId": "bcf49cbd"}));
        assert_eq!(
            error.remedy(),
            "Run `openclaw devices approve bcf49cbd` on the gateway's computer."
        );
        assert!(error.is_retryable() && error.needs_person());
    }

    #[test]
    fn too_many_wrong_attempts_pass_and_any_other_refusal_stays() {
        let limited = with_details(&json!({"code": "AUTH_RATE_LIMITED"}));
        assert!(limited.is_retryable() && !limited.needs_person());
        let other = with_details(&json!({"code": "CONTROL_UI_ORIGIN_NOT_ALLOWED"}));
        assert!(!other.is_retryable() && other.needs_person());
    }
}
