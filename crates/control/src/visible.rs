//! Text of others, made fit to be judged by a person: nothing in it hides.

use std::fmt::Write as _;

/// Shows what would not be seen, or would change how its surroundings are seen: a line break as `⏎`,
/// control characters as their pictures (`␛`), and format characters, fillers and all spaces but the
/// plain one by their number (`‹U+202E›`).
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push('⏎'),
            '\0'..='\u{1f}' => shown.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => shown.push('␡'),
            c if hides(c) => {
                // Writing to a string cannot fail.
                let _ = write!(shown, "‹U+{:04X}›", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

/// Unicode's format and default-ignorable characters, the blanks that look like nothing or like a
/// space, and the C1 controls.
fn hides(c: char) -> bool {
    if c != ' ' && (c.is_control() || c.is_whitespace()) {
        return true;
    }
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_text_of_any_script_stays_as_it_is() {
        for text in ["ls -la ~/Büro", "日本語 テスト", "נתונים", "cafe\u{301} 🦀", ""]
        {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn what_hides_or_reorders_is_shown() {
        assert_eq!(visible("a\nb\tc\0\u{1b}[2K\u{7f}"), "a⏎b␉c␀␛[2K␡");
        assert_eq!(visible("rm \u{202e}txt.exe"), "rm ‹U+202E›txt.exe");
        assert_eq!(
            visible("a\u{200b}b\u{feff}c\u{85}\u{e0041}"),
            "a‹U+200B›b‹U+FEFF›c‹U+0085›‹U+E0041›"
        );
        assert_eq!(visible("rm\u{a0}-rf\u{2028}\u{3164}"), "rm‹U+00A0›-rf‹U+2028›‹U+3164›");
    }

    proptest! {
        #[test]
        fn nothing_that_hides_is_left(text in any::<String>()) {
            let shown = visible(&text);
            prop_assert!(!shown.chars().any(|c| c.is_control() || hides(c)), "{shown:?}");
            prop_assert_eq!(visible(&shown), shown);
        }
    }
}
