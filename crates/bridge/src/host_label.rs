//! The name under which a person sees this computer: it describes the machine, and never borrows
//! the name of somebody else (`sap.md`, §7).

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Longest label, in characters.
const MAX_LENGTH: usize = 64;
/// What follows the computer's name in a label that nobody chose.
const RUNTIME: &str = "OpenClaw";
/// Stands for a computer without a name that can be shown.
const NAMELESS: &str = "This computer";
/// Names that would make the person believe that somebody else is at the other end.
const BORROWED: [&str; 17] = [
    "OpenAI",
    "ChatGPT",
    "GPT",
    "Claude",
    "Anthropic",
    "Gemini",
    "DeepMind",
    "Google",
    "Microsoft",
    "Copilot",
    "Apple",
    "Siri",
    "Alexa",
    "Meta AI",
    "Meta",
    "Sophon Support",
    "Official",
];

/// A checked label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostLabel(String);

/// Why a text cannot be a label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedLabel {
    /// There is nothing to see.
    #[error("a host label cannot be empty: name the computer, like `Work Mac OpenClaw`")]
    Empty,
    /// It is longer than 64 characters.
    #[error("a host label has at most {MAX_LENGTH} characters, this one has {length}: shorten it")]
    TooLong {
        /// Its length, in characters.
        length: usize,
    },
    /// It has characters that cannot be seen or that change how the others are shown.
    #[error("a host label cannot contain invisible or control characters: type it again")]
    Invisible,
    /// It uses a name that belongs to somebody else.
    #[error(
        "a host label describes your computer and cannot use the name `{name}`: \
         name the computer, like `Work Mac OpenClaw`"
    )]
    Borrowed {
        /// The name that belongs to somebody else.
        name: &'static str,
    },
}

impl HostLabel {
    /// Checks a label that a person chose; white space around it is ignored.
    ///
    /// # Errors
    /// [`RefusedLabel`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, RefusedLabel> {
        let text = text.trim();
        let length = text.chars().count();
        if length > MAX_LENGTH {
            return Err(RefusedLabel::TooLong { length });
        }
        if text.chars().any(is_invisible) {
            return Err(RefusedLabel::Invisible);
        }
        if !text.chars().any(char::is_alphanumeric) {
            return Err(RefusedLabel::Empty);
        }
        match borrowed_name(text) {
            Some(name) => Err(RefusedLabel::Borrowed { name }),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// Makes the label of a computer whose owner chose none: `<computer> OpenClaw`.
    pub fn default_for(hostname: &str) -> Self {
        let computer = hostname.trim().split('.').next().unwrap_or_default();
        let room = MAX_LENGTH - RUNTIME.len() - 1;
        let computer: String = computer.chars().take(room).collect();
        let named = if computer.is_empty() || computer == "localhost" {
            None
        } else {
            Self::parse(&format!("{computer} {RUNTIME}")).ok()
        };
        named.unwrap_or_else(|| Self(format!("{NAMELESS} {RUNTIME}")))
    }

    /// Borrows the label's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Control characters, and those of Unicode that have no shape of their own or turn the line.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'
            | '\u{17b5}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffd}' | '\u{e0000}'..='\u{e0fff}')
}

/// Finds a borrowed name among the words of a text, also one that is spread over several of them.
/// As a part of a longer word it is somebody's own name.
fn borrowed_name(text: &str) -> Option<&'static str> {
    let words = words(text);
    let mut spellings = Vec::new();
    for first in 0..words.len() {
        let mut joined = String::new();
        for word in &words[first..] {
            joined.push_str(word);
            spellings.push(fold(&joined));
            spellings.push(fold(joined.trim_end_matches(|c: char| c.is_ascii_digit())));
        }
    }
    BORROWED.into_iter().find(|name| spellings.contains(&fold(&words_of_name(name))))
}

fn words_of_name(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Splits at everything that is no letter or digit, and where a capital follows a small letter.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut last_is_small = false;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)) {
        let c = look_alike(c);
        if !c.is_alphanumeric() || (last_is_small && c.is_uppercase()) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.push(c);
        }
        last_is_small = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Takes letters of other alphabets, and signs used as letters, for the Latin letter they look like.
fn look_alike(c: char) -> char {
    match c {
        'а' | 'α' | '@' => 'a',
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'с' | 'ϲ' => 'c',
        'С' | 'Ϲ' => 'C',
        'ԁ' => 'd',
        'е' | 'ε' | 'є' => 'e',
        'Е' | 'Ε' => 'E',
        'ɡ' => 'g',
        'һ' => 'h',
        'Н' | 'Η' => 'H',
        'і' | 'ι' | 'ı' | '|' | '!' => 'i',
        'І' | 'Ι' | 'Ӏ' => 'I',
        'М' | 'Μ' => 'M',
        'п' | 'η' => 'n',
        'Ν' => 'N',
        'о' | 'ο' | 'ø' => 'o',
        'О' | 'Ο' => 'O',
        'р' | 'ρ' => 'p',
        'Р' | 'Ρ' => 'P',
        'ѕ' | '$' => 's',
        'Ѕ' => 'S',
        'т' | 'τ' => 't',
        'Т' | 'Τ' => 'T',
        'υ' => 'u',
        'х' | 'χ' => 'x',
        'Х' | 'Χ' => 'X',
        other => other,
    }
}

/// Lowers the case and gives digits and letters that are read for each other one form.
fn fold(word: &str) -> String {
    let digit = |c| match c {
        '0' => 'o',
        '1' | 'l' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        other => other,
    };
    word.chars().flat_map(char::to_lowercase).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_computers_pass_as_they_are() {
        for label in [
            "Work Mac OpenClaw",
            "Claudette's Mac",
            "Metadata server",
            "Pineapple",
            "Ada Appleby's PC",
            "Сервер Ани",
            "書斎のPC",
            "Ünal-Büro ❤️ 2",
            "Sophon box",
            "Support desk 3",
            "web-01",
        ] {
            assert_eq!(HostLabel::parse(label).unwrap().as_str(), label);
        }
        assert_eq!(HostLabel::parse("  Den \n").unwrap().as_str(), "Den");
    }

    #[test]
    fn a_name_of_somebody_else_is_refused_however_it_is_written() {
        for (label, name) in [
            ("OpenAI", "OpenAI"),
            ("Open AI server", "OpenAI"),
            ("0pen-A1", "OpenAI"),
            ("my CLAUDE", "Claude"),
            ("C l a u d e", "Claude"),
            ("C1aude", "Claude"),
            ("Сlаude", "Claude"),
            ("Ｃｌａｕｄｅ", "Claude"),
            ("𝐂𝐥𝐚𝐮𝐝𝐞", "Claude"),
            ("Cläude", "Claude"),
            ("ClaudeCode", "Claude"),
            ("claude_3", "Claude"),
            ("ChatGPT4", "ChatGPT"),
            ("g00gle", "Google"),
            ("Micro$oft PC", "Microsoft"),
            ("Co-Pilot", "Copilot"),
            ("S!ri", "Siri"),
            ("M3TA", "Meta"),
            ("Sophon  Support", "Sophon Support"),
            ("official support", "Official"),
            ("Officia1", "Official"),
        ] {
            assert_eq!(HostLabel::parse(label), Err(RefusedLabel::Borrowed { name }), "{label}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for label in ["a\u{202e}b", "a\u{200b}b", "a\tb", "a\nb", "a\0b", "a\u{e0041}", "\u{1b}[1m"]
        {
            assert_eq!(HostLabel::parse(label), Err(RefusedLabel::Invisible), "{label:?}");
        }
        for label in ["", "   ", "---", "❤"] {
            assert_eq!(HostLabel::parse(label), Err(RefusedLabel::Empty), "{label:?}");
        }
    }

    #[test]
    fn a_label_has_at_most_64_characters_however_many_bytes() {
        assert!(HostLabel::parse(&"é".repeat(64)).is_ok());
        let refused = HostLabel::parse(&"x".repeat(65));
        assert_eq!(refused, Err(RefusedLabel::TooLong { length: 65 }));
    }

    #[test]
    fn a_computer_is_named_after_itself_unless_its_name_cannot_be_shown() {
        for (hostname, label) in [
            ("ada-mbp.local", "ada-mbp OpenClaw"),
            ("web01.example.org", "web01 OpenClaw"),
            ("", "This computer OpenClaw"),
            ("localhost", "This computer OpenClaw"),
            ("claude-dev", "This computer OpenClaw"),
            ("\u{202e}x", "This computer OpenClaw"),
        ] {
            assert_eq!(HostLabel::default_for(hostname).as_str(), label);
        }
        assert_eq!(HostLabel::default_for(&"x".repeat(300)).as_str().len(), MAX_LENGTH);
    }

    proptest! {
        #[test]
        fn whatever_the_computer_is_called_its_label_is_a_label(hostname in ".*") {
            let label = HostLabel::default_for(&hostname);
            prop_assert_eq!(HostLabel::parse(label.as_str()), Ok(label.clone()));
        }
    }
}
