use serde_json::Value;

/// Reads JSON as a gateway writes it.
///
/// Where it cuts a text in the middle of an emoji it writes half of a surrogate pair, which no
/// Rust text can hold; it becomes the replacement character, and the rest stays.
pub(crate) fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&with_whole_pairs(text))).ok()
}

/// Length of an escape `\uXXXX` in bytes.
const UNIT: usize = 6;

/// Replaces the escapes of halves that stand alone.
fn with_whole_pairs(text: &str) -> String {
    let mut repaired = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = rest.find('\\') {
        let (before, escape) = rest.split_at(position);
        repaired.push_str(before);
        let (written, length) = match (unit(escape), escape.get(UNIT..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (&escape[..2 * UNIT], 2 * UNIT),
            (Some(0xD800..=0xDFFF), _) => ("\\ufffd", UNIT),
            (Some(_), _) => (&escape[..UNIT], UNIT),
            (None, _) => {
                let length = escape.chars().take(2).map(char::len_utf8).sum();
                (&escape[..length], length)
            }
        };
        repaired.push_str(written);
        rest = &escape[length..];
    }
    repaired.push_str(rest);
    repaired
}

/// Reads the UTF-16 unit whose escape a text begins with.
fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.get(..UNIT)?.strip_prefix("\\u")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn half_an_emoji_becomes_a_replacement_character_and_the_rest_stays() {
        for (text, expected) in [
            (r#"["cut \ud83d"]"#, json!(["cut \u{fffd}"])),
            (r#"["\ude00 cut"]"#, json!(["\u{fffd} cut"])),
            (r#"["\ud83d\ude00 \ud83d!"]"#, json!(["😀 \u{fffd}!"])),
            (r#"["\ud83d\ud83d\ude00"]"#, json!(["\u{fffd}😀"])),
            (r#"["\\ud83d \ud83d"]"#, json!(["\\ud83d \u{fffd}"])),
            (r#"["\ud83dé\u00e9"]"#, json!(["\u{fffd}éé"])),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for text in ["", "{", r#"["\ud83d"#, r#"["\u12"]"#, "\\", r#"["\x"]"#] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_units_in_a_text_are_read_as_javascript_would_show_them(units in
            prop::collection::vec(prop_oneof![any::<u16>(), 0xD7F0u16..0xE010], 0..12))
        {
            let escaped: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let expected = String::from_utf16_lossy(&units);
            prop_assert_eq!(parse(&format!("\"{escaped}\"")), Some(Value::from(expected)));
        }

        #[test]
        fn any_text_is_read_without_panic(text in r#"[\\u"dD8c0-9aé\[\]{}:,]{0,40}"#) {
            parse(&text);
        }
    }
}
