//! Secrets in what tools print do not travel: each is replaced by a mark that says so.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// What stands where a secret stood.
pub(crate) const MARK: &str = "[secret hidden by Sophon]";

/// A secret shorter than this is not searched for: it would hide ordinary words.
const SHORTEST_KNOWN: usize = 8;

/// Hides secrets: those this bridge holds itself, wherever they stand, and those that tools print
/// and that have the form of a credential.
#[derive(Debug, Default)]
pub(crate) struct Redactor {
    known: Vec<SecretString>,
}

impl Redactor {
    /// Adds a secret of this bridge, such as the gateway's token.
    pub(crate) fn learn(&mut self, secret: &SecretString) {
        let new = self.known.iter().all(|old| old.expose_secret() != secret.expose_secret());
        if new && secret.expose_secret().len() >= SHORTEST_KNOWN {
            self.known.push(secret.clone());
        }
    }

    /// Hides only this bridge's own secrets.
    pub(crate) fn own(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for secret in &self.known {
            if shown.contains(secret.expose_secret()) {
                shown = shown.replace(secret.expose_secret(), MARK);
            }
        }
        shown
    }

    /// Hides this bridge's own secrets and everything that has the form of a credential.
    pub(crate) fn text(&self, text: &str) -> String {
        let own = self.own(text);
        CREDENTIAL
            .replace_all(&own, |found: &Captures<'_>| {
                let kept = found.name("kept").map_or("", |kept| kept.as_str());
                format!("{kept}{MARK}")
            })
            .into_owned()
    }

    /// Hides secrets in every string of a JSON value.
    pub(crate) fn json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Value::Object(fields) => {
                fields.into_iter().map(|(name, value)| (name, self.json(value))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }
}

/// Forms of credentials, each after its issuer's documentation.
const FORMS: [&str; 10] = [
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
    r"\bsk-[A-Za-z0-9_-]{16,}",
    r"\bgh[pousr]_[A-Za-z0-9]{30,}",
    r"\bgithub_pat_[A-Za-z0-9_]{30,}",
    r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    r"\bAIza[A-Za-z0-9_-]{35}",
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    r"\binst_[A-Za-z0-9]+:s_[a-z]+_[A-Za-z0-9]{16,}",
    r"(?P<kept>(?i:authorization: *bearer|authorization: *basic) +)[A-Za-z0-9._~+/=-]{8,}",
];

#[expect(clippy::expect_used, reason = "the pattern is a constant, and a test compiles it")]
static CREDENTIAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&FORMS.join("|")).expect("the credential pattern is valid"));

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_that_a_tool_prints_are_hidden() {
        let redactor = Redactor::default();
        for secret in [
            "sk-proj-abcdefghijklmnop1234",
            "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            "xoxb-1234567890-abcdef",
            "AKIAIOSFODNN7EXAMPLE",
            "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4",
            "inst_q9w8e7r6t5y4u3i2:s_live_AbC123dEf456GhI789jKl",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----",
        ] {
            let shown = redactor.text(&format!("before {secret} after"));
            assert_eq!(shown, format!("before {MARK} after"));
        }
        let header = redactor.text("Authorization: Bearer abcdefgh12345678");
        assert_eq!(header, format!("Authorization: Bearer {MARK}"));
    }

    #[test]
    fn ordinary_output_is_left_alone() {
        let redactor = Redactor::default();
        for text in [
            "ls -la /home/ada/sk-notes",
            "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
            "basket-weaving is fun",
            "the ghp_ prefix marks a token",
        ] {
            assert_eq!(redactor.text(text), text);
        }
    }

    #[test]
    fn own_secrets_are_hidden_wherever_they_stand() {
        let mut redactor = Redactor::default();
        redactor.learn(&SecretString::from("gateway-token-123"));
        let shown = redactor.json(json!({"env": ["T=gateway-token-123", 7]}));
        assert_eq!(shown, json!({"env": [format!("T={MARK}"), 7]}));
    }

    #[test]
    fn a_short_secret_does_not_hide_ordinary_words() {
        let mut redactor = Redactor::default();
        redactor.learn(&SecretString::from("token"));
        assert_eq!(redactor.own("a token"), "a token");
    }
}
