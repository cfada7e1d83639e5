/// Makes a sentence of a fragment. What another program put into it cannot steer a terminal: control
/// characters become spaces.
pub fn sentence(fragment: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut letters = fragment.trim_end_matches('.').chars().map(plain);
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_becomes_a_sentence_once() {
        assert_eq!(sentence("the keychain is locked"), "The keychain is locked.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence("it said \u{1b}[2J\n"), "It said  [2J .");
    }
}
