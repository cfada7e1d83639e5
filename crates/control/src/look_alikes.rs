//! Letters and marks that look like others.

use std::fmt::Write as _;

use crate::visible;

/// Scripts whose letters are taken for each other's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Cherokee,
    /// Latin letters of other widths and styles.
    Styled,
}

/// Shows what would not be seen, as [`visible`] does, and marks what is taken for something else: in a
/// word of several scripts the letters that are not of its first one (`pа‹U+0430›ypal`), and
/// everywhere what looks like a mark that means something in a command (`∕‹U+2215›`).
pub fn marked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut word = Vec::new();
    for c in text.chars() {
        if c.is_alphanumeric() {
            word.push(c);
            continue;
        }
        flush(&mut word, &mut shown);
        shown.push_str(&visible(c.encode_utf8(&mut [0; 4])));
        if is_false_mark(c) {
            mark(c, &mut shown);
        }
    }
    flush(&mut word, &mut shown);
    shown
}

fn flush(word: &mut Vec<char>, shown: &mut String) {
    let mut scripts = word.iter().filter_map(|c| script(*c));
    let first = scripts.next();
    let is_mixed = scripts.any(|it| Some(it) != first);
    let is_latin = word.iter().any(|c| script(*c) == Some(Script::Latin));
    let own = if is_latin { Some(Script::Latin) } else { first };
    for c in word.drain(..) {
        shown.push_str(&visible(c.encode_utf8(&mut [0; 4])));
        if is_mixed && script(c).is_some_and(|it| Some(it) != own) {
            mark(c, shown);
        }
    }
}

fn mark(c: char, shown: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(shown, "‹U+{:04X}›", u32::from(c));
}

fn script(c: char) -> Option<Script> {
    if !c.is_alphabetic() {
        return None;
    }
    Some(match c {
        'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => Script::Latin,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Script::Greek,
        '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{a640}'..='\u{a69f}' => {
            Script::Cyrillic
        }
        '\u{530}'..='\u{58f}' => Script::Armenian,
        '\u{13a0}'..='\u{13ff}' | '\u{ab70}'..='\u{abbf}' => Script::Cherokee,
        '\u{250}'..='\u{2af}'
        | '\u{1d00}'..='\u{1dbf}'
        | '\u{2100}'..='\u{214f}'
        | '\u{ff21}'..='\u{ff5a}'
        | '\u{1d400}'..='\u{1d7ff}' => Script::Styled,
        _ => return None,
    })
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
    fn a_word_of_one_script_stays_as_it_is() {
        for text in ["paypal", "Привет, мир", "Ελλάδα 2", "naïve café", "日本語とABC", "v2-Δ"]
        {
            assert_eq!(marked(text), text);
        }
    }

    #[test]
    fn letters_of_another_script_in_a_word_are_marked() {
        assert_eq!(marked("pа\u{443}pal.com"), "pа‹U+0430›у‹U+0443›pal.com");
        assert_eq!(marked("аpple"), "а‹U+0430›pple");
        assert_eq!(marked("ρука"), "ρу‹U+0443›к‹U+043A›а‹U+0430›");
        assert_eq!(marked("r\u{1d5c6} x"), "r\u{1d5c6}‹U+1D5C6› x");
    }

    #[test]
    fn marks_that_mean_nothing_in_a_command_are_told_from_those_that_do() {
        let shown = marked("rm \u{2215}x\u{37e} \u{2010}rf");
        assert_eq!(shown, "rm \u{2215}‹U+2215›x\u{37e}‹U+037E› \u{2010}‹U+2010›rf");
        assert_eq!(marked("a\u{202e}b"), "a‹U+202E›b");
    }
}
