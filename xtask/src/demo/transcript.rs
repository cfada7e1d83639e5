//! Who said what, as a newcomer reads it.

use std::io::IsTerminal as _;

/// Width of the column that says who.
const WHO: usize = 10;
/// Width of a scene's title line.
const LINE: usize = 78;
/// How much of a text is shown, in characters.
const SHOWN: usize = 160;

/// Prints a transcript.
pub(super) struct Transcript {
    coloured: bool,
}

impl Transcript {
    pub(super) fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { coloured: wanted && std::io::stdout().is_terminal() }
    }

    /// Begins a scene.
    pub(super) fn scene(&self, title: &str) {
        let rest = "─".repeat(LINE.saturating_sub(title.chars().count() + 4));
        println!("\n{}", self.styled("1", &format!("── {title} {rest}")));
    }

    /// The person does something.
    pub(super) fn person(&self, what: &str) {
        self.line("36", "Ada", what);
    }

    /// The agent does something.
    pub(super) fn agent(&self, what: &str) {
        self.line("32", "agent", what);
    }

    /// A tool card.
    pub(super) fn tool(&self, what: &str) {
        self.line("33", "tool", what);
    }

    /// A request for the person's consent.
    pub(super) fn request(&self, what: &str) {
        self.line("35", "asks", what);
    }

    /// The bridge does something.
    pub(super) fn bridge(&self, what: &str) {
        self.line("34", "bridge", what);
    }

    /// Something about what stands above, such as how long it took.
    pub(super) fn aside(&self, what: &str) {
        println!("  {:WHO$} {}", "", self.styled("2", what));
    }

    /// Something that should have happened did not.
    pub(super) fn missing(&self, what: &str) {
        self.line("31", "MISSING", what);
    }

    fn line(&self, colour: &str, who: &str, what: &str) {
        println!("  {} {what}", self.styled(colour, &format!("{who:WHO$}")));
    }

    fn styled(&self, code: &str, text: &str) -> String {
        if self.coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Puts a text on one line, and shows where it was cut.
pub(super) fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let joined = lines.join(" ⏎ ");
    if joined.chars().count() <= SHOWN {
        return joined;
    }
    let kept: String = joined.chars().take(SHOWN).collect();
    format!("{kept} …")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_many_lines_is_shown_on_one() {
        assert_eq!(one_line("a\n\n  b \nc"), "a ⏎ b ⏎ c");
    }

    #[test]
    fn a_long_text_shows_that_it_was_cut() {
        let shown = one_line(&"ä".repeat(500));
        assert!(shown.chars().count() == SHOWN + 2 && shown.ends_with(" …"));
    }
}
