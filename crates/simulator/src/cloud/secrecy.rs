//! Whether a session is encrypted, and that nothing in it travels the other way.

use serde_json::{Map, Value};

use super::answer::Problem;

/// How the content of a session travels; whatever comes first tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrecy {
    /// Nothing came yet.
    Untold,
    /// As text.
    Plain,
    /// As envelopes that only the devices of the session open.
    Encrypted,
}

/// Fields that must not be readable in an encrypted session.
const READABLE: [&str; 13] = [
    "text",
    "delta",
    "status_label",
    "error",
    "args",
    "partial_result",
    "result",
    "title",
    "message",
    "command",
    "host",
    "tool_call_id",
    "approval_slug",
];

impl Secrecy {
    /// Says what a session is after a call with this body.
    pub(super) fn after(self, body: &Map<String, Value>) -> Self {
        match self {
            Self::Plain | Self::Encrypted => self,
            Self::Untold if ciphertext_in(body).is_some() => Self::Encrypted,
            Self::Untold if readable_in(body).is_some() => Self::Plain,
            Self::Untold => Self::Untold,
        }
    }

    /// Refuses a body that a session of this kind must not have.
    pub(super) fn check(self, body: &Map<String, Value>) -> Result<(), Problem> {
        let (field, code, message) = match self {
            Self::Untold => return Ok(()),
            Self::Encrypted => {
                (readable_in(body), "plaintext", "is readable in an encrypted session")
            }
            Self::Plain => {
                (ciphertext_in(body), "ciphertext", "is encrypted in a session that is not")
            }
        };
        field.map_or(Ok(()), |field| Err(Problem::invalid_field(field, code, message)))
    }
}

fn readable_in(body: &Map<String, Value>) -> Option<&'static str> {
    READABLE.into_iter().find(|field| body.contains_key(*field))
}

fn ciphertext_in(body: &Map<String, Value>) -> Option<&str> {
    body.keys().map(String::as_str).find(|field| is_ciphertext(field))
}

fn is_ciphertext(field: &str) -> bool {
    field.ends_with("_ct") || field == "path_blind_idx"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::routes::{Form, ROUTES};
    use super::*;

    fn body(value: Value) -> Map<String, Value> {
        let Value::Object(body) = value else { panic!("the body is no object") };
        body
    }

    #[test]
    fn the_first_content_tells_what_a_session_is() {
        let plain = body(json!({"session_id": "s", "text": "x"}));
        let encrypted = body(json!({"session_id": "s", "text_ct": "AA=="}));
        let neither = body(json!({"session_id": "s", "status": "completed"}));
        assert_eq!(Secrecy::Untold.after(&plain), Secrecy::Plain);
        assert_eq!(Secrecy::Untold.after(&encrypted), Secrecy::Encrypted);
        assert_eq!(Secrecy::Untold.after(&neither), Secrecy::Untold);
        assert_eq!(Secrecy::Encrypted.after(&plain), Secrecy::Encrypted);
        assert!(Secrecy::Plain.check(&plain).is_ok() && Secrecy::Plain.check(&encrypted).is_err());
        assert!(Secrecy::Encrypted.check(&plain).is_err());
        assert!(Secrecy::Encrypted.check(&encrypted).is_ok());
    }

    #[test]
    fn one_readable_field_beside_ciphertext_is_refused() {
        for field in READABLE {
            let mut mixed = body(json!({"session_id": "s", "details_ct": "AA=="}));
            mixed.insert(field.to_owned(), json!("x"));
            assert!(Secrecy::Encrypted.check(&mixed).is_err(), "{field}");
            assert!(Secrecy::Plain.check(&mixed).is_err(), "{field}");
        }
    }

    #[test]
    fn every_field_with_an_encrypted_twin_counts_as_readable() {
        for field in ROUTES.iter().flat_map(|route| route.fields) {
            let is_envelope = matches!(field.form, Form::Ciphertext(_) | Form::BlindIndex);
            assert_eq!(is_ciphertext(field.name), is_envelope, "{}", field.name);
            let twin = field.name.strip_suffix("_ct").unwrap_or_default();
            let has_twin = ROUTES.iter().flat_map(|route| route.fields).any(|it| it.name == twin);
            assert!(!has_twin || READABLE.contains(&twin), "{twin}");
        }
    }
}
