//! Words of strangers as plain values.

use openclaw::pairing::{ForeignList, ForeignText};

use crate::Foreign;

impl Foreign {
    /// A text that was kept whole.
    pub(crate) fn whole(text: &str) -> Self {
        Self { text: text.to_owned(), missing: 0 }
    }

    /// Two texts with a space between them; where the first was cut, the second only counts.
    pub(crate) fn and(mut self, next: &Self) -> Self {
        if self.missing == 0 {
            self.text = format!("{} {}", self.text, next.text);
            self.missing = next.missing;
        } else {
            let more = 1 + next.text.chars().count() + next.missing as usize;
            self.missing = self.missing.saturating_add(number(more));
        }
        self
    }
}

impl From<&ForeignText> for Foreign {
    fn from(text: &ForeignText) -> Self {
        Self { text: text.as_str().to_owned(), missing: number(text.missing()) }
    }
}

/// The texts of a list, as they came.
pub(crate) fn texts(list: &[ForeignText]) -> Vec<Foreign> {
    list.iter().map(Foreign::from).collect()
}

/// A text where there is one.
pub(crate) fn text(text: Option<&ForeignText>) -> Option<Foreign> {
    text.map(Foreign::from)
}

/// How many items of these lists are not among those that were kept.
pub(crate) fn missing(lists: &[&ForeignList]) -> u32 {
    number(lists.iter().map(|list| list.missing()).sum())
}

/// A number that is far below the largest one.
pub(crate) fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_off_of_two_texts_is_counted_together() {
        let (ios, ui) = (Foreign::whole("openclaw-ios"), Foreign::whole("ui"));
        assert_eq!(ios.and(&ui), Foreign::whole("openclaw-ios ui"));
        let cut = Foreign { text: "x".repeat(256), missing: 10 };
        assert_eq!(cut.clone().and(&ui), Foreign { text: cut.text.clone(), missing: 13 });
        assert_eq!(ui.and(&cut).missing, 10);
    }
}
