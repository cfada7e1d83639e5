//! Holds the body of a call against the fields of its route.

use serde_json::{Map, Value};

use super::answer::FieldError;
use super::envelope::hidden_len;
use super::routes::{Field, Form, Presence};

/// The largest body, in bytes.
pub(super) const MAX_BODY: usize = 1024 * 1024;
/// The longest text field, in bytes.
pub(super) const MAX_TEXT: usize = 64 * 1024;
/// The largest input or output of a tool, in bytes of JSON.
pub(super) const MAX_TOOL_JSON: usize = 100 * 1024;

/// Lists every field that is missing, null, wrongly typed or too large.
pub(super) fn check(body: &Map<String, Value>, fields: &[Field]) -> Vec<FieldError> {
    fields.iter().filter_map(|field| check_field(body, field)).collect()
}

/// Lists the fields that the route does not know.
pub(super) fn unknown<'a>(body: &'a Map<String, Value>, fields: &[Field]) -> Vec<&'a str> {
    let known = |name: &str| fields.iter().any(|field| field.name == name);
    body.keys().map(String::as_str).filter(|name| !known(name)).collect()
}

fn check_field(body: &Map<String, Value>, field: &Field) -> Option<FieldError> {
    let error = |code, message: &str| {
        Some(FieldError { path: field.name.to_owned(), code, message: message.to_owned() })
    };
    let Some(value) = body.get(field.name) else {
        let needed = match field.presence {
            Presence::Required => true,
            Presence::Optional => false,
            Presence::Unless(other) => !body.contains_key(other),
        };
        return if needed { error("required", "is missing") } else { None };
    };
    if value.is_null() {
        return error("null", "is null where it should be absent");
    }
    match judge(value, field.form) {
        Ok(()) => None,
        Err((code, message)) => error(code, message),
    }
}

type Judgement = Result<(), (&'static str, &'static str)>;

fn judge(value: &Value, form: Form) -> Judgement {
    match form {
        Form::Key => ensure(
            value.as_str().is_some_and(is_idempotency_key),
            "invalid",
            "is not 1 to 64 characters of [A-Za-z0-9_-]",
        ),
        Form::Id => ensure(
            value.as_str().is_some_and(|id| (1..=256).contains(&id.chars().count())),
            "invalid",
            "is not a text of 1 to 256 characters",
        ),
        Form::Text => text(value).map(|_| ()),
        Form::NonBlank => {
            let blank = text(value)?.trim().is_empty();
            ensure(!blank, "empty", "says nothing")
        }
        Form::Json => {
            ensure(value.to_string().len() <= MAX_TOOL_JSON, "too_large", "is larger than 100 KB")
        }
        Form::Ciphertext(longest) => {
            let text = value.as_str().ok_or(("wrong_type", "is not a text"))?;
            let hidden = hidden_len(text).map_err(|why| ("invalid", why))?;
            ensure(hidden <= longest, "too_large", "hides more than it may")
        }
        Form::BlindIndex => ensure(
            value.as_str().is_some_and(|text| text.len() == 22 && text.bytes().all(is_base64url)),
            "invalid",
            "is not 22 characters of base64url",
        ),
        Form::PublicKey => ensure(
            value.as_str().is_some_and(|text| {
                text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            }),
            "invalid",
            "is not 64 hexadecimal digits",
        ),
        Form::Count => ensure(value.is_u64(), "wrong_type", "is not a whole number from zero"),
        Form::Percent => ensure(
            value.as_f64().is_some_and(|number| (0.0..=100.0).contains(&number)),
            "invalid",
            "is not a number from 0 to 100",
        ),
        Form::OneOf(words) => ensure(
            value.as_str().is_some_and(|word| words.contains(&word)),
            "invalid",
            "is none of the known words",
        ),
        Form::Usage => usage(value),
        Form::Objects => ensure(
            value.as_array().is_some_and(|list| list.iter().all(Value::is_object)),
            "wrong_type",
            "is not a list of objects",
        ),
    }
}

fn ensure(holds: bool, code: &'static str, message: &'static str) -> Judgement {
    if holds { Ok(()) } else { Err((code, message)) }
}

fn text(value: &Value) -> Result<&str, (&'static str, &'static str)> {
    let text = value.as_str().ok_or(("wrong_type", "is not a text"))?;
    ensure(text.len() <= MAX_TEXT, "too_large", "is longer than 64 KB")?;
    Ok(text)
}

fn usage(value: &Value) -> Judgement {
    let object = value.as_object().ok_or(("wrong_type", "is not an object"))?;
    let fits = |name: &str, value: &Value| match name {
        "input_tokens" | "output_tokens" => value.is_u64(),
        "estimated_cost_usd" => value.as_f64().is_some_and(|cost| cost >= 0.0),
        "model" | "provider" => value.is_string(),
        _ => false,
    };
    let all_fit = object.iter().all(|(name, value)| fits(name, value));
    ensure(all_fit, "invalid", "has a field that is unknown, null or wrongly typed")
}

fn is_idempotency_key(key: &str) -> bool {
    (1..=64).contains(&key.len()) && key.bytes().all(is_base64url)
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::routes::{ROUTES, find};
    use super::*;

    fn problems(route: &str, body: Value) -> Vec<(String, &'static str)> {
        let (route, _) = find(route).unwrap();
        let Value::Object(body) = body else { panic!("the body is no object") };
        check(&body, route.fields).into_iter().map(|error| (error.path, error.code)).collect()
    }

    #[test]
    fn a_whole_body_passes() {
        let body = json!({"idempotency_key": "a-b_C9", "session_id": "ses_1", "text": "",
            "usage": {"input_tokens": 3, "estimated_cost_usd": 0.1, "model": "m"}});
        assert_eq!(problems("sendMessage", body), []);
    }

    #[test]
    fn every_broken_field_is_named_with_what_is_wrong() {
        let body = json!({"idempotency_key": "a b", "session_id": 7, "interaction_id": null,
            "text": "x".repeat(MAX_TEXT + 1), "usage": {"input_tokens": -1}});
        assert_eq!(
            problems("sendMessage", body),
            [
                ("idempotency_key".into(), "invalid"),
                ("session_id".into(), "invalid"),
                ("interaction_id".into(), "null"),
                ("text".into(), "too_large"),
                ("usage".into(), "invalid"),
            ]
        );
    }

    #[test]
    fn an_approval_says_what_it_asks_in_plain_or_encrypted_words() {
        let plain = json!({"idempotency_key": "k", "session_id": "s", "approval_id": "a",
            "action": "shell.exec", "severity": "low", "title": "Run ls", "message": " \n"});
        assert_eq!(problems("requestApproval", plain), [("message".into(), "empty")]);
        let encrypted = json!({"idempotency_key": "k", "session_id": "s", "approval_id": "a",
            "action": "shell.exec", "severity": "low", "details_ct": "AA=="});
        assert_eq!(problems("requestApproval", encrypted), []);
    }

    #[test]
    fn a_text_of_exactly_64_kilobytes_passes() {
        let body =
            json!({"idempotency_key": "k", "message_id": "m", "delta": "x".repeat(MAX_TEXT)});
        assert_eq!(problems("sendMessageDelta", body), []);
    }

    proptest! {
        #[test]
        fn any_value_in_any_field_is_judged(text in ".{0,80}", number in any::<f64>(), pick in 0..5) {
            let value = match pick {
                0 => json!(text),
                1 => json!(number),
                2 => json!([text]),
                3 => json!({"model": number}),
                _ => json!(null),
            };
            for route in ROUTES {
                let body: Map<String, Value> =
                    route.fields.iter().map(|f| (f.name.to_owned(), value.clone())).collect();
                prop_assert!(check(&body, route.fields).len() <= route.fields.len());
                prop_assert!(unknown(&body, route.fields).is_empty());
            }
        }
    }
}
