//! Text of the other side, made fit for a log line or a window.

/// Cuts a text to `limit` characters and replaces its control characters by spaces.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let mut line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limit).collect();
    if text.chars().nth(limit).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_of_several_lines_becomes_a_short_line() {
        assert_eq!(one_line("a\nb\u{1b}cédef", 5), "a b c…");
        assert_eq!(one_line("whole", 5), "whole");
    }
}
