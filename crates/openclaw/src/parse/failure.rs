use serde_json::Value;

use super::text::borrowed;
use crate::FailureKind;

/// Tells what kind of failure a `chat error` is: by its fields, else by its sentence.
pub(super) fn kind(payload: &Value, message: &str) -> FailureKind {
    let detail = payload.get("errorDetail").unwrap_or(&Value::Null);
    let fields = [
        borrowed(payload, "errorKind"),
        borrowed(detail, "failoverReason"),
        borrowed(detail, "providerRuntimeFailureKind"),
    ];
    fields
        .into_iter()
        .flatten()
        .find_map(by_word)
        .or_else(|| detail.get("httpStatus").and_then(Value::as_u64).and_then(by_status))
        .or_else(|| by_sentence(message))
        .unwrap_or(FailureKind::Unknown)
}

fn by_word(word: &str) -> Option<FailureKind> {
    match word {
        "refusal" | "content_filter" => Some(FailureKind::Refusal),
        "timeout" => Some(FailureKind::Timeout),
        "rate_limit" => Some(FailureKind::RateLimit),
        "context_length" | "context_overflow" => Some(FailureKind::ContextLength),
        "billing" => Some(FailureKind::Billing),
        _ if word == "auth" || word.starts_with("auth_") => Some(FailureKind::Auth),
        _ => None,
    }
}

fn by_status(status: u64) -> Option<FailureKind> {
    match status {
        401 | 403 => Some(FailureKind::Auth),
        402 => Some(FailureKind::Billing),
        408 | 504 => Some(FailureKind::Timeout),
        429 => Some(FailureKind::RateLimit),
        _ => None,
    }
}

/// The phrases are those of the gateway and of the providers whose words it passes on.
fn by_sentence(message: &str) -> Option<FailureKind> {
    const PHRASES: [(&str, FailureKind); 17] = [
        ("context length", FailureKind::ContextLength),
        ("context window", FailureKind::ContextLength),
        ("context overflow", FailureKind::ContextLength),
        ("prompt is too long", FailureKind::ContextLength),
        ("rate limit", FailureKind::RateLimit),
        ("too many requests", FailureKind::RateLimit),
        // A provider that is left alone for a while after either.
        ("auth/billing failure", FailureKind::Auth),
        ("billing", FailureKind::Billing),
        ("insufficient balance", FailureKind::Billing),
        ("out of credits", FailureKind::Billing),
        ("api key", FailureKind::Auth),
        ("authentication", FailureKind::Auth),
        ("unauthorized", FailureKind::Auth),
        ("timed out", FailureKind::Timeout),
        ("timeout", FailureKind::Timeout),
        ("content policy", FailureKind::Refusal),
        ("content filter", FailureKind::Refusal),
    ];
    let message = message.to_lowercase();
    let status = message
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| word.len() == 3)
        .find_map(|word| by_status(word.parse().ok()?));
    status.or_else(|| {
        PHRASES.iter().find(|(phrase, _)| message.contains(phrase)).map(|(_, kind)| *kind)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_tell_the_kind_before_the_sentence_does() {
        for (payload, expected) in [
            (json!({"errorKind": "rate_limit"}), FailureKind::RateLimit),
            (json!({"errorKind": "refusal"}), FailureKind::Refusal),
            (json!({"errorKind": "context_length"}), FailureKind::ContextLength),
            (
                json!({"errorKind": "unknown", "errorDetail": {"failoverReason": "billing"}}),
                FailureKind::Billing,
            ),
            (
                json!({"errorDetail": {"providerRuntimeFailureKind": "auth_invalid_token"}}),
                FailureKind::Auth,
            ),
            (json!({"errorDetail": {"httpStatus": 402}}), FailureKind::Billing),
        ] {
            assert_eq!(kind(&payload, "the request timed out"), expected, "{payload}");
        }
    }

    #[test]
    fn the_older_generation_tells_the_kind_only_in_its_sentence() {
        for (message, expected) in [
            ("401 Incorrect API key provided: x.", FailureKind::Auth),
            ("402 err", FailureKind::Billing),
            ("⚠️ API rate limit reached. Please try again later.", FailureKind::RateLimit),
            ("HTTP 429: slow down", FailureKind::RateLimit),
            ("LLM request timed out.", FailureKind::Timeout),
            ("Context overflow: prompt too large for the model.", FailureKind::ContextLength),
            ("HTTP 500: The server had an error.", FailureKind::Unknown),
            ("", FailureKind::Unknown),
        ] {
            assert_eq!(kind(&Value::Null, message), expected, "{message}");
        }
    }
}
