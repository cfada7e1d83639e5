//! How deeply a JSON5 text is nested: its parser goes down without a limit until the stack is
//! used up, and the program with it.

use std::str::Chars;

/// Deepest nesting that is read, the same as for JSON.
const DEEPEST: usize = 128;

/// Says whether a text is nested more deeply than it can be read.
pub(crate) fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '[' | '{' if depth == DEEPEST => return true,
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            '"' | '\'' => skip_string(&mut chars, c),
            '/' => skip_comment(&mut chars),
            _ => {}
        }
    }
    false
}

fn skip_string(chars: &mut Chars<'_>, quote: char) {
    while let Some(c) = chars.next() {
        if c == quote {
            return;
        }
        if c == '\\' {
            chars.next();
        }
    }
}

fn skip_comment(chars: &mut Chars<'_>) {
    match chars.next() {
        Some('/') => {
            chars.find(|c| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}'));
        }
        Some('*') => {
            let rest = chars.as_str();
            let end = rest.find("*/").map_or(rest.len(), |at| at + 2);
            *chars = rest[end..].chars();
        }
        // It is no JSON5, and the parser stops here.
        Some(_) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_that_are_open_at_once_are_counted() {
        for (open, close) in [("[", "]"), ("{a:", "}")] {
            assert!(!is_too_deep(&format!("{}{}", open.repeat(DEEPEST), close.repeat(DEEPEST))));
            assert!(is_too_deep(&open.repeat(DEEPEST + 1)));
        }
        assert!(!is_too_deep(&"[],{},".repeat(1_000)));
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let many = "[".repeat(1_000);
        for text in [
            format!("'{many}'"),
            format!("\"\\\"{many}\""),
            format!("// {many}\n"),
            format!("/* {many} */"),
            format!("/* {many}"),
        ] {
            assert!(!is_too_deep(&text), "{text}");
        }
    }

    #[test]
    fn nothing_hides_brackets_that_count() {
        let many = "[".repeat(1_000);
        for before in ["'\\''", "\"]\"", "// ]\r", "// '\u{2028}", "/* ' */", "/**/", "''"] {
            assert!(is_too_deep(&format!("{before}{many}")), "{before}");
        }
        let unclosed = "[']'/*]*/,".repeat(DEEPEST + 1);
        assert!(is_too_deep(&unclosed));
    }
}
