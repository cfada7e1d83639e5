use serde_json::Value;

use crate::Usage;

/// Reads a text field of an object.
pub(crate) fn borrowed<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

/// Copies a text field of an object.
pub(super) fn owned(object: &Value, name: &str) -> Option<String> {
    borrowed(object, name).map(ToOwned::to_owned)
}

/// Copies a text field of an object that says something.
pub(super) fn filled(object: &Value, name: &str) -> Option<String> {
    borrowed(object, name).filter(|text| !text.trim().is_empty()).map(ToOwned::to_owned)
}

/// Reads the text of a message's or a result's content: a plain string, or the blocks of type
/// `text`, one below the other.
pub(crate) fn content_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let mut texts = blocks
                .iter()
                .filter(|block| borrowed(block, "type") == Some("text"))
                .filter_map(|block| borrowed(block, "text"));
            let mut joined = texts.next().unwrap_or_default().to_owned();
            for text in texts {
                joined.push('\n');
                joined.push_str(text);
            }
            joined
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

/// Reads what a message cost; none when it cost no tokens, as what the gateway itself says.
pub(crate) fn usage(message: &Value) -> Option<Usage> {
    let usage = message.get("usage")?;
    let tokens = |name: &str| usage.get(name).and_then(Value::as_u64);
    let read = ["input", "cacheRead", "cacheWrite"].into_iter().filter_map(tokens);
    let input_tokens = read.reduce(u64::saturating_add);
    let output_tokens = tokens("output");
    if input_tokens.unwrap_or(0) == 0 && output_tokens.unwrap_or(0) == 0 {
        return None;
    }
    Some(Usage {
        input_tokens,
        output_tokens,
        cost_usd: usage.pointer("/cost/total").and_then(Value::as_f64),
        model: filled(message, "model"),
        provider: filled(message, "provider"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn content_is_a_string_or_its_text_blocks() {
        assert_eq!(content_text(&json!("plain")), "plain");
        let blocks = json!([
            {"type": "thinking", "text": "hm"},
            {"type": "text", "text": "one"},
            {"type": "image", "data": "…"},
            {"type": "text", "text": "two"},
        ]);
        assert_eq!(content_text(&blocks), "one\ntwo");
        assert_eq!(content_text(&json!([{"type": "toolCall"}])), "");
        assert_eq!(content_text(&Value::Null), "");
    }

    #[test]
    fn cached_tokens_count_as_read() {
        let message = json!({"model": "m", "provider": "p", "usage": {"input": 10, "output": 20,
            "cacheRead": 5, "cacheWrite": 1, "cost": {"total": 0.25}}});
        assert_eq!(
            usage(&message),
            Some(Usage {
                input_tokens: Some(16),
                output_tokens: Some(20),
                cost_usd: Some(0.25),
                model: Some("m".into()),
                provider: Some("p".into()),
            })
        );
    }

    #[test]
    fn what_cost_nothing_has_no_usage() {
        assert_eq!(usage(&json!({"usage": {"input": 0, "output": 0}, "model": "injected"})), None);
        assert_eq!(usage(&json!({"model": "m"})), None);
    }
}
