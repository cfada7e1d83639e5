use std::time::Duration;

use serde_json::Value;

/// Longest wait that is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(10 * 60);

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CallError {
    /// The gateway refused.
    #[error("{0}")]
    Refused(Refusal),
    /// No answer in time, or the line is too busy to take the call; it may have run or not.
    #[error("the gateway did not answer in time")]
    TimedOut,
    /// The connection ended first; the call may have run or not.
    #[error("the connection to the gateway ended before it answered")]
    Disconnected,
}

/// A refusal in the gateway's words.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the gateway refused: {message}")]
pub struct Refusal {
    /// Coarse code, such as `INVALID_REQUEST`.
    pub code: String,
    /// Sentence of the gateway.
    pub message: String,
    /// Precise reason, such as `APPROVAL_NOT_FOUND`, where the gateway gives one.
    pub reason: Option<String>,
    /// The same call can work later.
    pub retryable: bool,
    /// How long to wait before, at most ten minutes.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Reads the `error` of an answer; what is missing is made up for.
    pub fn parse(error: &Value) -> Self {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(ToOwned::to_owned);
        let details = error.get("details").unwrap_or(&Value::Null);
        let retry_after = error.get("retryAfterMs").and_then(Value::as_u64);
        Self {
            code: text(error.get("code")).unwrap_or_else(|| "UNKNOWN".into()),
            message: text(error.get("message")).unwrap_or_else(|| "it gives no reason".into()),
            reason: text(details.get("code")).or_else(|| text(details.get("reason"))),
            retryable: error.get("retryable").and_then(Value::as_bool).unwrap_or(false),
            retry_after: retry_after.map(|ms| Duration::from_millis(ms).min(LONGEST_WAIT)),
        }
    }

    fn is(&self, reason: &str) -> bool {
        self.reason.as_deref() == Some(reason)
    }
}

impl CallError {
    /// Says that this connection lacks the right to call the method, or that the method is
    /// unknown: a gateway tells both alike. The older generation says so only in its sentence.
    pub fn is_missing_scope(&self) -> bool {
        self.refusal().is_some_and(|refusal| {
            refusal.is("MISSING_SCOPE") || refusal.message.starts_with("missing scope:")
        })
    }

    /// Says that another decision was made before.
    pub fn approval_already_resolved(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.is("APPROVAL_ALREADY_RESOLVED"))
    }

    /// Says that the approval is unknown, expired, or died with the gateway.
    pub fn approval_not_found(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.is("APPROVAL_NOT_FOUND"))
    }

    /// Says that this request cannot be allowed for good; it still waits for a decision.
    pub fn allow_always_unavailable(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.is("APPROVAL_ALLOW_ALWAYS_UNAVAILABLE"))
    }

    /// Says that the run belongs to another device.
    pub fn is_unauthorized(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.message.starts_with("unauthorized"))
    }

    /// Says that the gateway starts or stops just now; the same call works later.
    pub fn is_restarting(&self) -> bool {
        self.refusal().is_some_and(|refusal| {
            refusal.is("gateway-restarting")
                || refusal.is("startup-sidecars")
                || (refusal.code == "UNAVAILABLE" && refusal.retryable)
        })
    }

    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::TimedOut | Self::Disconnected => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(error: &Value) -> CallError {
        CallError::Refused(Refusal::parse(error))
    }

    #[test]
    fn a_missing_scope_is_recognised_in_both_generations() {
        let newer = json!({"code": "FORBIDDEN", "message": "missing scope: operator.write",
            "details": {"code": "MISSING_SCOPE", "missingScope": "operator.write"}});
        let older = json!({"code": "INVALID_REQUEST", "message": "missing scope: operator.write"});
        assert!(refused(&newer).is_missing_scope());
        assert!(refused(&older).is_missing_scope());
        assert!(!refused(&json!({"code": "FORBIDDEN", "message": "no"})).is_missing_scope());
        assert!(!CallError::TimedOut.is_missing_scope());
    }

    #[test]
    fn refusals_about_approvals_are_told_apart_by_their_reason() {
        let of = |reason: &str| {
            refused(&json!({"code": "INVALID_REQUEST", "message": "…",
                "details": {"reason": reason}}))
        };
        assert!(of("APPROVAL_ALREADY_RESOLVED").approval_already_resolved());
        assert!(of("APPROVAL_NOT_FOUND").approval_not_found());
        assert!(of("APPROVAL_ALLOW_ALWAYS_UNAVAILABLE").allow_always_unavailable());
        assert!(!of("APPROVAL_NOT_FOUND").approval_already_resolved());
    }

    #[test]
    fn nobody_waits_for_ever() {
        let refusal = Refusal::parse(&json!({"code": "UNAVAILABLE", "retryAfterMs": u64::MAX}));
        assert_eq!(refusal.retry_after, Some(LONGEST_WAIT));
    }

    #[test]
    fn a_restarting_gateway_says_when_to_come_back() {
        let error = refused(&json!({"code": "UNAVAILABLE", "retryable": true,
            "message": "chat.send unavailable during gateway restart", "retryAfterMs": 1000,
            "details": {"reason": "gateway-restarting"}}));
        assert!(error.is_restarting());
        match error {
            CallError::Refused(refusal) => {
                assert_eq!(refusal.retry_after, Some(Duration::from_secs(1)));
            }
            CallError::TimedOut | CallError::Disconnected => panic!("not refused"),
        }
    }

    #[test]
    fn a_run_of_another_device_is_unauthorized() {
        let error = json!({"code": "INVALID_REQUEST", "message": "unauthorized"});
        assert!(refused(&error).is_unauthorized());
    }

    #[test]
    fn a_refusal_without_any_words_still_says_something() {
        for error in [json!(null), json!({"code": 7, "message": [], "details": "x"})] {
            let refusal = Refusal::parse(&error);
            assert_eq!(refusal.to_string(), "the gateway refused: it gives no reason");
            assert_eq!((refusal.code.as_str(), refusal.reason), ("UNKNOWN", None));
        }
    }
}
