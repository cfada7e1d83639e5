//! Letters and marks that look like others.

mod script;

use std::fmt::Write as _;

use self::script::{Script, has_latin_twin, is_of_word, script};
use crate::visible;

/// Shows what would not be seen, as [`visible`] does, and marks what is taken for something else: in a
/// word of several scripts the letters that are not of its first one, or not Latin
/// (`pа‹U+0430›ypal`), in a text with Latin letters the words of others that could be read as Latin,
/// and everywhere what looks like a mark that means something in a command (`∕‹U+2215›`).
pub fn marked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    Surroundings::of(&chars).mark(&chars)
}

/// Shows every line of a text as [`marked`] does, and judges each by the whole text.
pub fn marked_lines(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let surroundings = Surroundings::of(&chars);
    chars.split(|c| *c == '\n').map(|line| surroundings.mark(line)).collect()
}

/// What is usual in a text.
struct Surroundings {
    has_latin: bool,
    /// Scripts of words that nobody takes for Latin ones.
    usual: Vec<Script>,
}

impl Surroundings {
    fn of(text: &[char]) -> Self {
        let mut usual = Vec::new();
        for script in words(text).filter_map(plain_script) {
            if !usual.contains(&script) {
                usual.push(script);
            }
        }
        Self { has_latin: text.iter().any(is_latin), usual }
    }

    fn mark(&self, text: &[char]) -> String {
        let mut shown = String::with_capacity(text.len());
        for part in text.split_inclusive(|c| c.is_whitespace()) {
            let is_beside_latin = part.iter().any(is_latin);
            for word in words(part) {
                let oddity = self.oddity(word, is_beside_latin);
                for c in word {
                    shown.push_str(&visible(c.encode_utf8(&mut [0; 4])));
                    if is_false_mark(*c) || oddity.has(*c) {
                        // Writing to a string cannot fail.
                        let _ = write!(shown, "‹U+{:04X}›", u32::from(*c));
                    }
                }
            }
        }
        shown
    }

    fn oddity(&self, word: &[char], is_beside_latin: bool) -> Oddity {
        let mut scripts = word.iter().filter_map(|c| script(*c));
        let Some(first) = scripts.next() else { return Oddity::None };
        if word.iter().any(is_latin) {
            return Oddity::AllBut(Script::Latin);
        }
        if scripts.any(|it| it != first) {
            return Oddity::AllBut(first);
        }
        let is_usual = self.usual.contains(&first) && !is_beside_latin;
        let is_disguised = self.has_latin && !is_usual && seems_latin(word);
        if is_disguised { Oddity::All } else { Oddity::None }
    }
}

/// Which letters of a word are not what they seem to be.
#[derive(Clone, Copy)]
enum Oddity {
    None,
    AllBut(Script),
    All,
}

impl Oddity {
    fn has(self, c: char) -> bool {
        match self {
            Self::None => false,
            Self::AllBut(own) => script(c).is_some_and(|it| it != own),
            Self::All => script(c).is_some(),
        }
    }
}

/// Splits a text into words and what is between them, one character each.
fn words(text: &[char]) -> impl Iterator<Item = &[char]> {
    text.chunk_by(|one, next| is_of_word(*one) && is_of_word(*next))
}

/// The script of a word of one script, not Latin, that could not be read as Latin.
fn plain_script(word: &[char]) -> Option<Script> {
    let mut scripts = word.iter().filter_map(|c| script(*c));
    let first = scripts.next().filter(|it| *it != Script::Latin)?;
    (scripts.all(|it| it == first) && !seems_latin(word)).then_some(first)
}

fn seems_latin(word: &[char]) -> bool {
    word.iter().all(|c| script(*c).is_none() || has_latin_twin(*c))
}

fn is_latin(c: &char) -> bool {
    script(*c) == Some(Script::Latin)
}

/// What looks like `;`, `/`, `|`, `-`, `.`, `$`, `&`, `` ` ``, `'` or `"` and is none.
fn is_false_mark(c: char) -> bool {
    matches!(
        c,
        '\u{37e}'
            | '\u{2010}'..='\u{2012}'
            | '\u{2018}'..='\u{201f}'
            | '\u{2024}'
            | '\u{2032}'..='\u{2036}'
            | '\u{2044}'
            | '\u{2212}'
            | '\u{2215}'
            | '\u{2216}'
            | '\u{2223}'
            | '\u{29f5}'
            | '\u{29f8}'
            | '\u{fe68}'
            | '\u{ff01}'..='\u{ff0f}'
            | '\u{ff1a}'..='\u{ff20}'
            | '\u{ff3b}'..='\u{ff40}'
            | '\u{ff5b}'..='\u{ff5e}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in [
            "paypal",
            "Привет, мир",
            "он у нас",
            "Docker у нас дома: он тут",
            "Ελλάδα 2",
            "Το Docker τρέχει τώρα",
            "naïve café",
            "nai\u{308}ve",
            "Việt_Nam",
            "日本語とABC、カメラXで撮る",
            "한국어API를",
            "iPhoneของฉัน",
            "שלום world",
            "مرحبا world",
            "हिन्दी text",
            "v2-Δ",
            "5µs, 2ª, xⁿ, 10m²",
        ] {
            assert_eq!(marked(text), text);
        }
    }

    #[test]
    fn letters_of_another_script_in_a_word_are_marked() {
        for (text, shown) in [
            ("pа\u{443}pal.com", "pа‹U+0430›у‹U+0443›pal.com"),
            ("аpple", "а‹U+0430›pple"),
            ("ρука", "ρу‹U+0443›к‹U+043A›а‹U+0430›"),
            ("r\u{1d5c6} x", "r\u{1d5c6}‹U+1D5C6› x"),
            ("pⲟypal", "pⲟ‹U+2C9F›ypal"),
            ("ꓑATH", "ꓑ‹U+A4D1›ATH"),
            ("g\u{5e1}gle", "g\u{5e1}‹U+05E1›gle"),
            ("go\u{101d}gle", "go\u{101d}‹U+101D›gle"),
            ("\u{10415}ath", "\u{10415}‹U+10415›ath"),
            ("\u{fb01}le", "\u{fb01}‹U+FB01›le"),
        ] {
            assert_eq!(marked(text), shown);
        }
    }

    #[test]
    fn neither_marks_nor_low_lines_end_a_word() {
        assert_eq!(marked("p\u{301}аypal"), "p\u{301}а‹U+0430›ypal");
        assert_eq!(marked("а\u{301}\u{20dd}pple"), "а‹U+0430›\u{301}\u{20dd}pple");
        assert_eq!(marked("MY_РАТН"), "MY_Р‹U+0420›А‹U+0410›Т‹U+0422›Н‹U+041D›");
    }

    #[test]
    fn a_whole_word_that_could_be_read_as_latin_is_marked_among_latin_ones() {
        let shown = "а‹U+0430›р‹U+0440›р‹U+0440›ӏ‹U+04CF›е‹U+0435›";
        assert_eq!(marked("https://аррӏе.com"), format!("https://{shown}.com"));
        assert_eq!(marked("open аррӏе"), format!("open {shown}"));
        assert_eq!(marked("аррӏе"), "аррӏе", "nothing says that it is Latin");
        // An ordinary word of its script elsewhere makes it ordinary, but not within an address.
        assert_eq!(marked("Docker и аррӏе"), "Docker и аррӏе");
        let address = format!("https://{shown}.com # привет");
        assert_eq!(marked("https://аррӏе.com # привет"), address);
        assert_eq!(marked("run ＲＭ"), "run Ｒ‹U+FF32›Ｍ‹U+FF2D›");
        assert_eq!(marked("run ꓑꓮ"), "run ꓑ‹U+A4D1›ꓮ‹U+A4EE›");
    }

    #[test]
    fn each_line_is_judged_by_the_whole_text() {
        assert_eq!(marked_lines("curl\nсо⏎\n"), ["curl", "с‹U+0441›о‹U+043E›⏎", ""]);
    }

    #[test]
    fn marks_that_mean_nothing_in_a_command_are_told_from_those_that_do() {
        let shown = marked("rm \u{2215}x\u{37e} \u{2010}rf");
        assert_eq!(shown, "rm \u{2215}‹U+2215›x\u{37e}‹U+037E› \u{2010}‹U+2010›rf");
        assert_eq!(marked("a\u{202e}b"), "a‹U+202E›b");
    }
}
