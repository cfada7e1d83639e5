//! How a call fails.

use serde_json::{Value, json};

use super::Generation;

/// The error of one call, in the shape of the wire.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RpcError(pub(super) Value);

impl RpcError {
    /// Refuses a request that is wrong.
    pub(super) fn invalid(message: &str) -> Self {
        Self(json!({"code": "INVALID_REQUEST", "message": message}))
    }

    /// Refuses a request that is wrong, with a reason that a program can read.
    pub(super) fn because(message: &str, reason: &str) -> Self {
        let details = json!({"reason": reason});
        Self(json!({"code": "INVALID_REQUEST", "message": message, "details": details}))
    }

    /// Refuses an approval that nobody knows, or nobody knows any more.
    pub(super) fn approval_not_found() -> Self {
        Self(json!({
            "code": "INVALID_REQUEST",
            "message": "unknown or expired approval id",
            "details": {
                "reason": "APPROVAL_NOT_FOUND",
                "remediation":
                    "Re-request the action; pending approvals are cleared after expiry or restart.",
            },
        }))
    }

    /// Refuses a call for which the connection lacks a scope.
    pub(super) fn missing_scope(generation: Generation, scope: &str) -> Self {
        let message = format!("missing scope: {scope}");
        match generation {
            Generation::Older => Self::invalid(&message),
            Generation::Newer => Self(json!({
                "code": "FORBIDDEN",
                "message": message,
                "details": {
                    "code": "MISSING_SCOPE",
                    "missingScope": scope,
                    "requiredScopes": [scope],
                },
            })),
        }
    }

    /// Puts off a call until the gateway has restarted.
    pub(super) fn restarting(method: &str) -> Self {
        Self(json!({
            "code": "UNAVAILABLE",
            "message": format!("{method} unavailable during gateway restart"),
            "retryable": true,
            "retryAfterMs": 1000,
            "details": {"method": method, "reason": "gateway-restarting", "phase": "accepting"},
        }))
    }
}
