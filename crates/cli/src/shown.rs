//! Times and words of others, as a terminal shows them.

use control::{Foreign, Scope, marked, marked_lines};
use time::OffsetDateTime;

use crate::output::timestamp;

/// Longest text of a list, in characters.
const LONGEST: usize = 160;

/// Shows a text of others so that nothing in it hides.
pub(crate) fn foreign(text: &Foreign) -> String {
    let shown = marked(&text.text);
    if text.missing == 0 { shown } else { format!("{shown}… ({} more characters)", text.missing) }
}

/// Shows texts of others, one after the other; none where there are none.
pub(crate) fn foreigns(texts: &[Foreign]) -> Option<String> {
    let shown: Vec<String> = texts.iter().map(foreign).collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

/// Shows the beginning of a text on one line, and says how much is missing.
pub(crate) fn beginning(text: &str) -> String {
    let total = text.chars().count();
    if total <= LONGEST {
        return marked(text);
    }
    let kept: String = text.chars().take(LONGEST).collect();
    format!("{}… ({} more characters)", marked(&kept), total - LONGEST)
}

/// Shows a text whole: its lines one below the other, each behind a bar that nothing in it can fake.
pub(crate) fn whole(text: &str) -> String {
    let broken = marked_lines(text).join("⏎\n  │ ");
    format!("  │ {broken}")
}

/// Shows rights with what they mean, one a line.
pub(crate) fn scopes(scopes: &[Scope]) -> Vec<String> {
    let shown = |scope: &Scope| match &scope.meaning {
        Some(meaning) => format!("{}: {meaning}", foreign(&scope.name)),
        None => format!("{}: not known to this program", foreign(&scope.name)),
    };
    scopes.iter().map(shown).collect()
}

/// Says how long ago something was.
pub(crate) fn ago(at_ms: u64, now_ms: u64) -> String {
    match now_ms.checked_sub(at_ms) {
        Some(passed) if passed >= 1_000 => format!("{} ago", duration(passed)),
        Some(_) | None => "just now".to_owned(),
    }
}

/// Says how soon something ends.
pub(crate) fn ends(at_ms: u64, now_ms: u64) -> String {
    match at_ms.checked_sub(now_ms) {
        Some(left) if left >= 1_000 => format!("expires in {}", duration(left)),
        Some(_) | None => "is expiring".to_owned(),
    }
}

/// Writes a moment as RFC 3339, in UTC.
pub(crate) fn moment(at_ms: u64) -> String {
    let nanos = i128::from(at_ms) * 1_000_000;
    timestamp(
        OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH),
    )
}

fn duration(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortened_text_says_how_much_is_missing() {
        let long = format!("{}\u{1b}[2J", "x".repeat(200));
        assert_eq!(beginning(&long), format!("{}… (44 more characters)", "x".repeat(160)));
        let cut = Foreign { text: "a\u{202e}b".to_owned(), missing: 12 };
        assert_eq!(foreign(&cut), "a‹U+202E›b… (12 more characters)");
    }

    #[test]
    fn no_line_of_a_whole_text_stands_where_the_programs_own_lines_stand() {
        let spoofed = "true\nAnswers  none needed\u{1b}[A";
        assert_eq!(whole(spoofed), "  │ true⏎\n  │ Answers  none needed␛[A");
    }

    #[test]
    fn times_are_said_in_words() {
        assert_eq!(ago(0, 200), "just now");
        assert_eq!(ago(0, 61_000), "1 min ago");
        assert_eq!(ago(5_000, 0), "just now");
        assert_eq!(ends(7_300_000, 0), "expires in 2 h");
        assert_eq!(ends(0, 5_000), "is expiring");
        assert_eq!(moment(1_767_225_599_007), "2025-12-31T23:59:59.007Z");
    }
}
