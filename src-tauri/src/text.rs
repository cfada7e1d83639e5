//! Text of others, made fit to be judged by a person: nothing in it hides, and what is left out is
//! counted.

pub use control::visible;

/// Shortens a text to at most `max_chars` characters: its beginning and its end stay, and between
/// them `…(37 more)…` says how many characters are missing. With too little room for that, only the
/// beginning and `…` stay.
pub fn shorten_middle(text: &str, max_chars: usize) -> String {
    let total = text.chars().count();
    if total <= max_chars {
        return text.to_owned();
    }
    let mut missing = total - max_chars;
    loop {
        let mark = format!("…({missing} more)…");
        let kept = max_chars.saturating_sub(mark.chars().count());
        if kept < 2 {
            return beginning(text, max_chars);
        }
        // The number is part of the text that it makes longer.
        if total - kept != missing {
            missing = total - kept;
            continue;
        }
        let tail = kept / 2;
        let mut shortened: String = text.chars().take(kept - tail).collect();
        shortened.push_str(&mark);
        shortened.extend(text.chars().skip(total - tail));
        return shortened;
    }
}

/// Shortens a text whose end is missing already, by so many characters, to at most `max_chars`: after
/// its beginning `…(37 more)` says how many are missing altogether. With too little room for that,
/// only the beginning and `…` stay.
pub fn shorten_end(text: &str, max_chars: usize, missing: u32) -> String {
    let total = text.chars().count();
    let cut_before = usize::try_from(missing).unwrap_or(usize::MAX);
    for kept in (1..=total.min(max_chars)).rev() {
        let mark = format!("…({} more)", cut_before.saturating_add(total - kept));
        if kept + mark.chars().count() <= max_chars {
            let mut shortened: String = text.chars().take(kept).collect();
            shortened.push_str(&mark);
            return shortened;
        }
    }
    beginning(text, max_chars)
}

fn beginning(text: &str, max_chars: usize) -> String {
    let Some(kept) = max_chars.checked_sub(1) else { return String::new() };
    let mut shortened: String = text.chars().take(kept).collect();
    shortened.push('…');
    shortened
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_middle_gives_way_to_the_number_of_missing_characters() {
        let text = format!("git push{}origin main", "x".repeat(80));
        let shortened = shorten_middle(&text, 31);
        assert_eq!(shortened, "git pushxx…(79 more)…rigin main");
        assert_eq!(shorten_middle("short enough", 12), "short enough");
    }

    #[test]
    fn too_little_room_leaves_the_beginning() {
        assert_eq!(shorten_middle("a longer text", 6), "a lon…");
        assert_eq!(shorten_middle("a longer text", 1), "…");
        assert_eq!(shorten_middle("a longer text", 0), "");
    }

    #[test]
    fn a_text_whose_end_is_missing_counts_that_too() {
        assert_eq!(shorten_end("Ada's phone", 40, 7), "Ada's phone…(7 more)");
        assert_eq!(shorten_end("Ada's phone", 18, 7), "Ada's pho…(9 more)");
        assert_eq!(shorten_end("Ada's phone", 5, 7), "Ada'…");
        assert_eq!(shorten_end("", 40, 7), "…");
    }

    proptest! {
        #[test]
        fn a_shortened_text_fits_and_counts_right(text in "\\PC{0,1200}", max in 0usize..400) {
            let shortened = shorten_middle(&text, max);
            let total = text.chars().count();
            prop_assert!(shortened.chars().count() <= max);
            if total <= max {
                prop_assert_eq!(shortened, text);
            } else if max >= 20 {
                let kept = max - format!("…({total} more)…").chars().count();
                let (head, tail) = (kept / 2, kept / 2);
                let begin: String = text.chars().take(head).collect();
                let end: String = text.chars().skip(total - tail).collect();
                prop_assert!(shortened.starts_with(&begin) && shortened.ends_with(&end));
                // What is between them is the mark, with at most four more characters of the text.
                let counted = (total - max..=total)
                    .find(|missing| shortened.contains(&format!("…({missing} more)…")));
                let missing = counted.unwrap();
                let mark = format!("…({missing} more)…").chars().count();
                prop_assert_eq!(shortened.chars().count() - mark + missing, total);
            }
        }
    }
}
