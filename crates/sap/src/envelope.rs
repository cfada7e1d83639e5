//! The shape that every answer of the cloud has, whatever it answers.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::one_line::one_line;
use crate::retry_after::seconds;

/// How much of a code or path is kept, in characters.
const WORD_LENGTH: usize = 64;
/// How much of a sentence is kept, in characters.
const SENTENCE_LENGTH: usize = 300;
/// How many refused fields are named.
const MOST_FIELDS: usize = 20;

/// The body of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Envelope {
    /// `{"ok":true,"result":…}`.
    Ok { result: Value, idempotent: bool },
    /// `{"ok":false,"error":…}`.
    Error(CloudError),
    /// Something else: the page of a proxy, or nothing.
    Unreadable,
}

/// What the cloud says about a failure.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CloudError {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    /// Fields that were refused, as `path: code`.
    pub(crate) fields: Vec<String>,
    pub(crate) retry_after: Option<Duration>,
}

impl Envelope {
    pub(crate) fn read(body: &[u8]) -> Self {
        let Ok(Value::Object(mut body)) = serde_json::from_slice(body) else {
            return Self::Unreadable;
        };
        match (body.get("ok").and_then(Value::as_bool), body.get("error")) {
            (Some(true), _) => {
                let result = body.remove("result").unwrap_or_default();
                let idempotent = [body.get("idempotent"), result.get("idempotent")]
                    .contains(&Some(&Value::Bool(true)));
                Self::Ok { result, idempotent }
            }
            (Some(false), _) | (None, Some(Value::Object(_))) => {
                Self::Error(CloudError::read(&body))
            }
            (None, _) => Self::Unreadable,
        }
    }

    /// Takes the error out of an answer that may hold none.
    pub(crate) fn into_error(self) -> CloudError {
        match self {
            Self::Error(error) => error,
            Self::Ok { .. } | Self::Unreadable => CloudError::default(),
        }
    }
}

impl CloudError {
    fn read(body: &Map<String, Value>) -> Self {
        let error = body.get("error");
        let inner = |name: &str| error.and_then(|error| error.get(name));
        let millis = inner("retry_after_ms").or_else(|| body.get("retry_after_ms"));
        Self {
            code: inner("code").and_then(Value::as_str).map(|code| one_line(code, WORD_LENGTH)),
            message: inner("message")
                .and_then(Value::as_str)
                .map(|message| one_line(message, SENTENCE_LENGTH)),
            fields: inner("errors")
                .and_then(Value::as_array)
                .map(|errors| errors.iter().take(MOST_FIELDS).map(field).collect())
                .unwrap_or_default(),
            retry_after: millis.and_then(Value::as_f64).and_then(|ms| seconds(ms / 1000.0)),
        }
    }

    /// Says whether the token is good no more.
    pub(crate) fn is_revocation(&self) -> bool {
        matches!(self.code.as_deref(), Some("invalid_token" | "installation_revoked"))
    }
}

fn field(error: &Value) -> String {
    let path = match error.get("path") {
        Some(Value::String(path)) => path.clone(),
        Some(Value::Array(steps)) => steps.iter().map(step).collect::<Vec<_>>().join("."),
        Some(_) | None => "?".to_owned(),
    };
    let code = error.get("code").and_then(Value::as_str).unwrap_or("?");
    format!("{}: {}", one_line(&path, WORD_LENGTH), one_line(code, WORD_LENGTH))
}

fn step(step: &Value) -> String {
    step.as_str().map_or_else(|| step.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Envelope {
        Envelope::read(body.to_string().as_bytes())
    }

    #[test]
    fn a_success_gives_its_result_and_whether_it_is_a_repeat() {
        assert_eq!(
            read(json!({"ok": true, "result": {"message_id": "msg_1"}})),
            Envelope::Ok { result: json!({"message_id": "msg_1"}), idempotent: false }
        );
        for body in [
            json!({"ok": true, "result": {}, "idempotent": true}),
            json!({"ok": true, "result": {"idempotent": true}}),
        ] {
            let Envelope::Ok { idempotent, .. } = read(body) else { panic!("a success") };
            assert!(idempotent);
        }
    }

    #[test]
    fn an_error_gives_code_message_fields_and_wait() {
        let error = read(json!({"ok": false, "error": {
            "code": "validation_failed", "message": "two\nlines", "retry_after_ms": 1500,
            "errors": [{"path": "text", "code": "too_long", "message": "the text itself"},
                       {"path": ["usage", 0], "code": "type"}, 7]}}))
        .into_error();
        assert_eq!(error.code.as_deref(), Some("validation_failed"));
        assert_eq!(error.message.as_deref(), Some("two lines"));
        assert_eq!(error.fields, ["text: too_long", "usage.0: type", "?: ?"]);
        assert_eq!(error.retry_after, Some(Duration::from_millis(1500)));
    }

    #[test]
    fn an_error_of_another_shape_is_still_an_error() {
        for body in [json!({"ok": false}), json!({"ok": false, "error": "no"})] {
            assert_eq!(read(body), Envelope::Error(CloudError::default()));
        }
        let error = read(json!({"error": {"code": "invalid_token"}})).into_error();
        assert!(error.is_revocation());
    }

    #[test]
    fn anything_else_is_unreadable() {
        for body in ["", "<html>", "[]", "{}", r#"{"ok":"yes"}"#, r#"{"ok":true"#, "\u{0}"] {
            assert_eq!(Envelope::read(body.as_bytes()), Envelope::Unreadable, "{body}");
        }
    }
}
