//! Session keys in their many spellings.

use super::RpcError;

/// The only agent that the simulated gateway has.
pub(super) const AGENT: &str = "main";

/// Finds the canonical form of a session key, `agent:<agent>:<key>` in lower case.
///
/// # Errors
/// When the key is empty, too long, or names an agent that does not exist.
pub(super) fn canonical(raw: &str) -> Result<String, RpcError> {
    if raw.trim().is_empty() || raw.chars().count() > 512 {
        return Err(RpcError::invalid("invalid session key"));
    }
    let lower = raw.trim().to_lowercase();
    let Some(rest) = lower.strip_prefix("agent:") else {
        return Ok(format!("agent:{AGENT}:{lower}"));
    };
    match rest.split_once(':') {
        Some((AGENT, key)) if !key.is_empty() => Ok(lower),
        Some((agent, _)) => {
            Err(RpcError::invalid(&format!("Agent \"{agent}\" no longer exists in configuration")))
        }
        None => Err(RpcError::invalid("invalid session key")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_key_has_one_canonical_form() {
        for raw in ["SES_x", "ses_X", "agent:MAIN:Ses_x"] {
            assert_eq!(canonical(raw).unwrap(), "agent:main:ses_x");
        }
        assert_eq!(canonical("a b:/#ü").unwrap(), "agent:main:a b:/#ü");
    }

    #[test]
    fn keys_without_meaning_are_refused() {
        for raw in ["", "  ", "agent:main:", "agent:main", "agent:other:x", &"x".repeat(513)] {
            assert!(canonical(raw).is_err(), "{raw}");
        }
    }
}
