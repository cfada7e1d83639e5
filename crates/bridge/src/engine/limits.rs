//! What the wire can carry (`sap.md`: one text field 64 KB, tool input and output 100 KB). What is
//! larger is cut where a person can see it.

use serde_json::{Value, json};

/// Largest text field in bytes.
pub(crate) const MAX_TEXT: usize = 64 * 1024;
/// Largest tool input or output in bytes, with room for the JSON around it.
pub(crate) const MAX_TOOL: usize = 96 * 1024;

/// The same for what is sealed: its base64, with nonce and tag, is what the cloud measures.
pub(crate) const SEALED_TEXT: usize = MAX_TEXT / 4 * 3 - 32;
pub(crate) const SEALED_TOOL: usize = MAX_TOOL / 4 * 3;

const MARKER_ROOM: usize = 64;
const PREVIEW: usize = 4 * 1024;
/// Longest character in bytes.
const LONGEST_CHARACTER: usize = 4;

/// Cuts a text to `max` bytes with a marker that says how much is missing.
pub(crate) fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let kept = head(text, max.saturating_sub(MARKER_ROOM));
    format!("{kept}\n[… {} bytes cut by Sophon …]", text.len() - kept.len())
}

/// How much of an answer may be streamed so that its end, marker included, still fits.
pub(crate) fn streamable(text: &str) -> &str {
    head(text, MAX_TEXT - MARKER_ROOM)
}

/// How much more may be streamed of an answer that is sealed, after so many bytes of it.
pub(crate) fn streamable_sealed(more: &str, sent: usize) -> &str {
    let room = (SEALED_TEXT - MARKER_ROOM).saturating_sub(sent);
    // Where a character did not fit, no later and shorter one may follow.
    if room < LONGEST_CHARACTER { "" } else { head(more, room) }
}

/// Keeps a JSON value, or shows its beginning where it is too large.
pub(crate) fn cut_json(value: Value) -> Value {
    cut_json_to(value, MAX_TOOL)
}

/// The same for another limit, in bytes.
pub(crate) fn cut_json_to(value: Value, max: usize) -> Value {
    let text = value.to_string();
    if text.len() <= max {
        return value;
    }
    as_cut(&text, head(&text, PREVIEW))
}

/// Stands for a JSON value that is too large, given its text and what is shown of it.
pub(crate) fn as_cut(text: &str, beginning: &str) -> Value {
    json!({"cut_by_sophon": true, "bytes": text.len(), "beginning": beginning})
}

fn head(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_is_left_alone() {
        assert_eq!(cut("héllo", 64), "héllo");
    }

    #[test]
    fn a_cut_text_says_how_much_is_missing_and_fits() {
        let long = "é".repeat(40_000);
        let shown = cut(&long, MAX_TEXT);
        assert!(shown.len() <= MAX_TEXT);
        let kept = shown.chars().take_while(|c| *c == 'é').count() * 2;
        assert!(shown.ends_with(&format!("[… {} bytes cut by Sophon …]", long.len() - kept)));
    }

    #[test]
    fn what_is_streamed_is_a_prefix_of_what_the_end_shows() {
        let long = "word ".repeat(20_000);
        assert!(cut(&long, MAX_TEXT).starts_with(streamable(&long)));
    }

    #[test]
    fn large_arguments_keep_their_beginning_and_size() {
        let shown = cut_json(json!({"script": "x".repeat(MAX_TOOL)}));
        assert_eq!(shown["cut_by_sophon"], true);
        assert!(shown["beginning"].as_str().unwrap().starts_with("{\"script\":\"xxx"));
    }
}
