//! Which script a letter is of, and whether it could be taken for a Latin one.

use unicode_normalization::char::is_combining_mark;

/// Scripts whose letters are taken for each other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    /// Latin letters of other widths and styles, and those of phonetics.
    Styled,
    /// With Coptic, which was made from it.
    Greek,
    Cyrillic,
    Armenian,
    Hebrew,
    Arabic,
    Cherokee,
    Lisu,
    /// Any further one that has no place in a Latin word.
    Other,
}

/// Says whether a character is of a word: a letter, a digit, a mark on them, or what joins words.
pub(super) fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || is_combining_mark(c)
}

/// The script of a letter; none for digits, marks, what belongs to all scripts, and scripts that are
/// written together with Latin words as a matter of course.
pub(super) fn script(c: char) -> Option<Script> {
    if c.is_ascii() {
        return c.is_ascii_alphabetic().then_some(Script::Latin);
    }
    if !c.is_alphabetic() || is_combining_mark(c) || joins_latin(c) {
        return None;
    }
    Some(match c {
        '\u{1c0}'..='\u{1c3}'
        | '\u{250}'..='\u{2af}'
        | '\u{1d00}'..='\u{1dbf}'
        | '\u{2100}'..='\u{2188}'
        | '\u{2c60}'..='\u{2c7f}'
        | '\u{a720}'..='\u{a7ff}'
        | '\u{ab30}'..='\u{ab6f}'
        | '\u{fb00}'..='\u{fb06}'
        | '\u{ff21}'..='\u{ff5a}'
        | '\u{1d400}'..='\u{1d7ff}'
        | '\u{1df00}'..='\u{1dfff}' => Script::Styled,
        '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => Script::Latin,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' | '\u{2c80}'..='\u{2cff}' => Script::Greek,
        '\u{400}'..='\u{52f}'
        | '\u{1c80}'..='\u{1c8f}'
        | '\u{a640}'..='\u{a69f}'
        | '\u{1e030}'..='\u{1e08f}' => Script::Cyrillic,
        '\u{530}'..='\u{58f}' | '\u{fb13}'..='\u{fb17}' => Script::Armenian,
        '\u{590}'..='\u{5ff}' | '\u{fb1d}'..='\u{fb4f}' => Script::Hebrew,
        '\u{600}'..='\u{6ff}'
        | '\u{750}'..='\u{77f}'
        | '\u{870}'..='\u{8ff}'
        | '\u{fb50}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefc}' => Script::Arabic,
        '\u{13a0}'..='\u{13ff}' | '\u{ab70}'..='\u{abbf}' => Script::Cherokee,
        '\u{a4d0}'..='\u{a4ff}' | '\u{11fb0}' => Script::Lisu,
        _ => Script::Other,
    })
}

/// Modifiers and raised letters; Chinese, Japanese and Korean; and Thai, Lao and Khmer, which put no
/// space between words.
fn joins_latin(c: char) -> bool {
    matches!(
        c,
        '\u{aa}'
            | '\u{b5}'
            | '\u{ba}'
            | '\u{2b0}'..='\u{2ff}'
            | '\u{e00}'..='\u{eff}'
            | '\u{1100}'..='\u{11ff}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{2071}'
            | '\u{207f}'
            | '\u{2090}'..='\u{209c}'
            | '\u{3005}'..='\u{31ff}'
            | '\u{3400}'..='\u{9fff}'
            | '\u{a960}'..='\u{a97f}'
            | '\u{ac00}'..='\u{d7ff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff66}'..='\u{ffdc}'
            | '\u{1aff0}'..='\u{1b16f}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

/// Says whether a letter that is not Latin could be taken for one that is.
pub(super) fn has_latin_twin(c: char) -> bool {
    let twins = match script(c) {
        Some(Script::Styled | Script::Cherokee | Script::Lisu) => return true,
        Some(Script::Cyrillic) => "авгекмнопрстухьѕіјѵһԁԛԝүӏАВГЕЗКМНОПРСТУХЬЅІЈҮӀԌԚԜ",
        Some(Script::Greek) => "αγεηικνορςστυχωϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧⲟⲣⲥ",
        Some(Script::Armenian) => "ազգլհյոսրցւքօԼՈՍՏՑՕ",
        Some(Script::Hebrew) => "וןסם",
        Some(Script::Arabic) => "اهةہ",
        Some(Script::Latin | Script::Other) | None => "",
    };
    twins.contains(c)
}
