use crate::CallError;

/// Why the gateway did not do what was asked about a device, a node or a sender.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PairingError {
    /// This version of the gateway does not do it for others.
    #[error("this version of OpenClaw cannot do that from here")]
    NotOffered {
        /// What can be typed on its computer instead.
        command: Option<String>,
    },
    /// This connection did not ask for a scope that it takes. Whoever approves a device needs
    /// every scope that the device asks for.
    #[error("the gateway wants a right for that which was not asked for{}", named(scope))]
    MissingScope {
        /// Scope that is missing; there may be others.
        scope: Option<String>,
        /// What can be typed on its computer instead.
        command: Option<String>,
    },
    /// The gateway does not let this connection do it: whoever renews or revokes a token needs
    /// its scopes, newer gateways want an administrator for everything about a node's token, and
    /// whoever signed in with a device token manages that device alone.
    #[error("the gateway does not allow that from here")]
    Denied {
        /// What can be typed on its computer instead.
        command: Option<String>,
    },
    /// What was meant is no longer there: decided elsewhere, removed or expired.
    #[error("it is no longer there: it was decided elsewhere, removed, or has expired")]
    Gone,
    /// A name that nothing can be called by.
    #[error("a name has 1 to 64 characters and no control characters")]
    UnfitName,
    /// The gateway did something, but what cannot be understood.
    #[error("the gateway's answer cannot be understood")]
    Unreadable,
    /// There is no answer, or a refusal of another kind.
    #[error("{0}")]
    Failed(#[source] CallError),
}

impl PairingError {
    /// Reads a failed call, with the command that would do the same.
    pub(super) fn of(error: CallError, command: Option<String>) -> Self {
        let CallError::Refused(refusal) = &error else { return Self::Failed(error) };
        let words = refusal.message.as_str();
        if let Some(scope) = words.strip_prefix("missing scope:") {
            return Self::MissingScope { scope: scope_named(scope), command };
        }
        let is_gone = ["unknown requestId", "unknown deviceId", "unknown nodeId"].contains(&words)
            || words == "pending DM access request no longer exists";
        let is_pairing = ["device pairing ", "device token ", "node pairing "]
            .iter()
            .any(|subject| words.starts_with(subject));
        if is_gone {
            Self::Gone
        } else if is_pairing && words.ends_with(" denied") {
            Self::Denied { command }
        } else if error.is_missing_scope() {
            Self::MissingScope { scope: None, command }
        } else {
            Self::Failed(error)
        }
    }

    /// Borrows what can be typed on the gateway's computer instead.
    pub fn command(&self) -> Option<&str> {
        match self {
            Self::NotOffered { command }
            | Self::MissingScope { command, .. }
            | Self::Denied { command } => command.as_deref(),
            Self::Gone | Self::UnfitName | Self::Unreadable | Self::Failed(_) => None,
        }
    }

    /// Names the fault for logs, reports and translations; never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotOffered { .. } => "pairing_not_offered",
            Self::MissingScope { .. } => "pairing_scope_missing",
            Self::Denied { .. } => "pairing_denied",
            Self::Gone => "pairing_gone",
            Self::UnfitName => "pairing_name_unfit",
            Self::Unreadable => "pairing_answer_unreadable",
            Self::Failed(_) => "pairing_failed",
        }
    }
}

/// Reads the name of a scope, if it is one.
fn scope_named(text: &str) -> Option<String> {
    let scope = text.trim();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'.';
    let is_scope = scope.starts_with("operator.") && scope.len() <= 64;
    (is_scope && scope.bytes().all(is_plain)).then(|| scope.to_owned())
}

fn named(scope: &Option<String>) -> String {
    scope.as_ref().map_or_else(String::new, |scope| format!(": {scope}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Refusal;

    fn refused(error: &Value) -> PairingError {
        let command = Some("openclaw devices list".to_owned());
        PairingError::of(CallError::Refused(Refusal::parse(error)), command)
    }

    #[test]
    fn a_missing_scope_is_named_in_both_generations() {
        let older = json!({"code": "INVALID_REQUEST", "message": "missing scope: operator.admin"});
        let newer = json!({"code": "FORBIDDEN", "message": "missing scope: operator.admin",
            "details": {"code": "MISSING_SCOPE", "missingScope": "operator.admin"}});
        for error in [older, newer] {
            let PairingError::MissingScope { scope, command } = refused(&error) else {
                panic!("{error} was read as something else")
            };
            assert_eq!(scope.as_deref(), Some("operator.admin"));
            assert_eq!(command.as_deref(), Some("openclaw devices list"));
        }
    }

    #[test]
    fn a_scope_that_is_none_is_not_repeated() {
        for strange in ["operator.admin; rm", "root", "operator.\u{1b}[31m", ""] {
            let error = json!({"code": "X", "message": format!("missing scope: {strange}")});
            assert!(matches!(refused(&error), PairingError::MissingScope { scope: None, .. }));
        }
    }

    #[test]
    fn what_is_gone_denied_or_failed_is_told_apart() {
        for (message, code) in [
            ("unknown requestId", "pairing_gone"),
            ("unknown deviceId", "pairing_gone"),
            ("unknown nodeId", "pairing_gone"),
            ("pending DM access request no longer exists", "pairing_gone"),
            ("device pairing approval denied", "pairing_denied"),
            ("device pairing removal denied", "pairing_denied"),
            ("device token rotation denied", "pairing_denied"),
            ("node pairing removal denied", "pairing_denied"),
            ("label required", "pairing_failed"),
        ] {
            let error = json!({"code": "INVALID_REQUEST", "message": message});
            assert_eq!(refused(&error).code(), code, "{message}");
        }
        let timed_out = PairingError::of(CallError::TimedOut, None);
        assert_eq!(timed_out, PairingError::Failed(CallError::TimedOut));
    }
}
