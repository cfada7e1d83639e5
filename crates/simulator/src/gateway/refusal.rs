//! How the gateway refuses a connection.

use serde_json::{Value, json};

use super::Generation;

/// A reason for which the gateway refuses a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectRefusal {
    /// The shared token is wrong.
    TokenMismatch,
    /// A device came without a credential.
    TokenMissing,
    /// Neither a device nor a credential came.
    DeviceIdentityRequired,
    /// The device token is not the one that the device holds.
    DeviceTokenMismatch,
    /// The device token does not hold the scopes that are asked for.
    ScopeMismatch,
    /// The setup code is used up, expired or unknown.
    BootstrapTokenInvalid,
    /// The device must be approved first.
    PairingRequired(PairingReason),
    /// The device's signature does not verify.
    SignatureInvalid,
    /// The device signed another challenge.
    NonceMismatch,
    /// The device signed no challenge.
    NonceRequired,
    /// The device signed too long ago, or its clock is wrong.
    SignatureExpired,
    /// The device's id is not the fingerprint of its key.
    DeviceIdMismatch,
    /// The protocol range does not hold the gateway's protocol.
    ProtocolMismatch,
    /// The gateway has not finished starting.
    Starting,
}

/// Why a device must be approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairingReason {
    /// It is unknown.
    NotPaired,
    /// It asks for more scopes than it was given.
    ScopeUpgrade,
    /// Its token was revoked.
    RoleUpgrade,
    /// It says something else about itself than when it was approved.
    MetadataUpgrade,
}

impl PairingReason {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::NotPaired => "not-paired",
            Self::ScopeUpgrade => "scope-upgrade",
            Self::RoleUpgrade => "role-upgrade",
            Self::MetadataUpgrade => "metadata-upgrade",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::NotPaired => "pairing required: device is not approved yet",
            Self::ScopeUpgrade => {
                "pairing required: device is asking for more scopes than currently approved"
            }
            Self::RoleUpgrade => {
                "pairing required: device is asking for a higher role than currently approved"
            }
            Self::MetadataUpgrade => {
                "pairing required: device identity changed and must be re-approved"
            }
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::NotPaired => "Approve this device from the pending pairing requests.",
            Self::ScopeUpgrade => "Review the requested scopes, then approve the pending upgrade.",
            Self::RoleUpgrade => {
                "Review the requested role upgrade, then approve the pending request."
            }
            Self::MetadataUpgrade => {
                "Review the refreshed device details, then approve the pending request."
            }
        }
    }
}

/// What a refusal says about the connection that it refuses.
pub(super) struct Refused<'a> {
    pub(super) generation: Generation,
    pub(super) params: &'a Value,
    /// The pending request, the approved scopes of the device if it has any.
    pub(super) pairing: Option<(String, Option<Vec<String>>)>,
}

/// What a refusal looks like on the wire.
struct Facts {
    details_code: &'static str,
    family: Family,
    message: &'static str,
}

/// Refusals whose errors have the same shape.
#[derive(Clone, Copy)]
enum Family {
    /// The credential is at fault; what the gateway recommends.
    Credential(&'static str),
    /// The proof is at fault; what of it.
    Proof(&'static str),
    NoIdentity,
    Pairing(PairingReason),
    Protocol,
    Starting,
}

impl ConnectRefusal {
    /// The code in `error.details.code`, where the newer generation gives one.
    pub fn details_code(self) -> Option<&'static str> {
        Some(self.facts().details_code).filter(|code| !code.is_empty())
    }

    pub(super) fn close_code(self) -> u16 {
        match self.facts().family {
            Family::Protocol => 1002,
            Family::Starting => 1013,
            Family::Credential(_) | Family::Proof(_) | Family::NoIdentity | Family::Pairing(_) => {
                1008
            }
        }
    }

    pub(super) fn close_reason(self) -> &'static str {
        if self == Self::Starting { "gateway starting" } else { self.facts().message }
    }

    /// Tells whether the client proved itself wrongly, which a correct one never does.
    pub(super) fn is_flawed_proof(self) -> bool {
        matches!(self.facts().family, Family::Proof(_))
    }

    pub(super) fn error(self, refused: &Refused<'_>) -> Value {
        let Facts { details_code, family, message } = self.facts();
        let (code, details) = match family {
            Family::Credential(next_step) => {
                ("INVALID_REQUEST", credential_details(details_code, next_step, refused))
            }
            Family::Proof(reason) => {
                ("INVALID_REQUEST", json!({"code": details_code, "reason": reason}))
            }
            Family::NoIdentity => ("NOT_PAIRED", json!({"code": details_code})),
            Family::Pairing(reason) => ("NOT_PAIRED", pairing_details(reason, refused)),
            Family::Protocol => ("INVALID_REQUEST", protocol_details(refused)),
            Family::Starting => ("UNAVAILABLE", json!({"reason": "startup-sidecars"})),
        };
        let mut error = json!({"code": code, "message": message, "details": details});
        if self == Self::Starting {
            error["retryable"] = true.into();
            error["retryAfterMs"] = 500.into();
        }
        error
    }

    fn facts(self) -> Facts {
        let (details_code, family, message) = match self {
            Self::TokenMismatch => (
                "AUTH_TOKEN_MISMATCH",
                Family::Credential("update_auth_credentials"),
                "unauthorized: gateway token mismatch (provide gateway auth token)",
            ),
            Self::TokenMissing => (
                "AUTH_TOKEN_MISSING",
                Family::Credential("update_auth_configuration"),
                "unauthorized: gateway token missing (provide gateway auth token)",
            ),
            Self::DeviceTokenMismatch => (
                "AUTH_DEVICE_TOKEN_MISMATCH",
                Family::Credential("update_auth_credentials"),
                "unauthorized: device token mismatch (rotate/reissue device token)",
            ),
            Self::ScopeMismatch => (
                "AUTH_SCOPE_MISMATCH",
                Family::Credential("review_auth_configuration"),
                "unauthorized: device token scope mismatch (re-pair or approve scope upgrade)",
            ),
            Self::BootstrapTokenInvalid => (
                "AUTH_BOOTSTRAP_TOKEN_INVALID",
                Family::Credential("review_auth_configuration"),
                "unauthorized: setup code invalid, expired, revoked, or already used (create a \
                 new code; review `openclaw devices list`)",
            ),
            Self::DeviceIdentityRequired => {
                ("DEVICE_IDENTITY_REQUIRED", Family::NoIdentity, "device identity required")
            }
            Self::PairingRequired(reason) => {
                ("PAIRING_REQUIRED", Family::Pairing(reason), reason.message())
            }
            Self::SignatureInvalid => (
                "DEVICE_AUTH_SIGNATURE_INVALID",
                Family::Proof("device-signature"),
                "device signature invalid",
            ),
            Self::NonceMismatch => (
                "DEVICE_AUTH_NONCE_MISMATCH",
                Family::Proof("device-nonce-mismatch"),
                "device nonce mismatch",
            ),
            Self::NonceRequired => (
                "DEVICE_AUTH_NONCE_REQUIRED",
                Family::Proof("device-nonce-missing"),
                "device nonce required",
            ),
            Self::SignatureExpired => (
                "DEVICE_AUTH_SIGNATURE_EXPIRED",
                Family::Proof("device-signature-stale"),
                "device signature expired",
            ),
            Self::DeviceIdMismatch => (
                "DEVICE_AUTH_DEVICE_ID_MISMATCH",
                Family::Proof("device-id-mismatch"),
                "device identity mismatch",
            ),
            Self::ProtocolMismatch => ("PROTOCOL_MISMATCH", Family::Protocol, "protocol mismatch"),
            Self::Starting => ("", Family::Starting, "gateway starting; retry shortly"),
        };
        Facts { details_code, family, message }
    }
}

fn credential_details(code: &str, next_step: &str, refused: &Refused<'_>) -> Value {
    let retry = code == "AUTH_TOKEN_MISMATCH" && refused.params["device"].is_object();
    json!({
        "code": code,
        "authReason": code.trim_start_matches("AUTH_").to_lowercase(),
        "canRetryWithDeviceToken": retry,
        "recommendedNextStep": if retry { "retry_with_device_token" } else { next_step },
    })
}

fn protocol_details(refused: &Refused<'_>) -> Value {
    match refused.generation {
        Generation::Older => json!({"expectedProtocol": 3}),
        Generation::Newer => json!({
            "code": "PROTOCOL_MISMATCH",
            "clientMinProtocol": refused.params["minProtocol"],
            "clientMaxProtocol": refused.params["maxProtocol"],
            "expectedProtocol": 4,
            "minimumProbeProtocol": 3,
        }),
    }
}

fn pairing_details(reason: PairingReason, refused: &Refused<'_>) -> Value {
    let (request_id, approved) = refused.pairing.clone().unwrap_or_default();
    let mut details = json!({
        "code": "PAIRING_REQUIRED",
        "reason": reason.word(),
        "requestId": request_id,
        "remediationHint": reason.remedy(),
        "deviceId": refused.params["device"]["id"],
        "requestedRole": "operator",
        "requestedScopes": refused.params["scopes"],
    });
    if let Some(scopes) = approved {
        details["approvedRoles"] = json!(["operator"]);
        details["approvedScopes"] = json!(scopes);
    }
    details
}
