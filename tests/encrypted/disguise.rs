//! Finds what should not be there, also where it stands in another form than its own.

use std::collections::{BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// How many bytes at the beginning of a form tell where it could be.
const BEGINNING: usize = 4;

/// Looks for secrets, each in all its forms.
pub(crate) struct Search {
    forms: HashMap<[u8; BEGINNING], Vec<(String, Vec<u8>)>>,
    /// Which two bytes begin a form: most begin none, and looking here is quick.
    begins: Vec<bool>,
}

impl Search {
    pub(crate) fn new() -> Self {
        Self { forms: HashMap::new(), begins: vec![false; 1 << 16] }
    }

    /// Adds a secret that is called so.
    pub(crate) fn add(&mut self, name: &str, secret: &[u8]) {
        for (form, bytes) in disguises(secret) {
            let beginning = bytes[..BEGINNING].try_into().unwrap();
            let called = format!("{name} ({form})");
            self.begins[pair(beginning)] = true;
            self.forms.entry(beginning).or_default().push((called, bytes));
        }
    }

    /// A search for words.
    pub(crate) fn for_words(words: &[&str]) -> Self {
        let mut search = Self::new();
        words.iter().for_each(|word| search.add(word, word.as_bytes()));
        search
    }

    /// Lists what is among these bytes, with its form.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        for (at, beginning) in bytes.array_windows::<BEGINNING>().enumerate() {
            if !self.begins[pair(*beginning)] {
                continue;
            }
            for (name, form) in self.forms.get(beginning).into_iter().flatten() {
                if bytes[at..].starts_with(form) {
                    found.insert(name.as_str());
                }
            }
        }
        found
    }
}

fn pair([first, second, ..]: [u8; BEGINNING]) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

/// The forms in which bytes are written down.
fn disguises(secret: &[u8]) -> Vec<(String, Vec<u8>)> {
    let each = |form: &dyn Fn(u8) -> String| -> Vec<u8> {
        secret.iter().flat_map(|byte| form(*byte).into_bytes()).collect()
    };
    let list: Vec<String> = secret.iter().map(u8::to_string).collect();
    let mut forms = vec![
        ("as it is".to_owned(), secret.to_vec()),
        ("reversed".to_owned(), secret.iter().rev().copied().collect()),
        ("UTF-16".to_owned(), secret.iter().flat_map(|byte| [*byte, 0]).collect()),
        ("hex".to_owned(), each(&|byte| format!("{byte:02x}"))),
        ("HEX".to_owned(), each(&|byte| format!("{byte:02X}"))),
        ("percent".to_owned(), each(&|byte| format!("%{byte:02x}"))),
        ("PERCENT".to_owned(), each(&|byte| format!("%{byte:02X}"))),
        ("JSON".to_owned(), each(&|byte| format!("\\u00{byte:02x}"))),
        ("list".to_owned(), list.join(", ").into_bytes()),
        ("dense list".to_owned(), list.join(",").into_bytes()),
    ];
    for before in 0..3 {
        for (name, alphabet) in [("base64", STANDARD_NO_PAD), ("base64url", URL_SAFE_NO_PAD)] {
            let form = in_the_middle(&alphabet.encode([&vec![0; before], secret].concat()), before);
            forms.push((format!("{name} after {before}"), form));
        }
    }
    forms.sort();
    forms.dedup_by(|one, other| one.1 == other.1);
    forms
}

/// Of base64, what does not depend on the so many bytes before, nor on what follows.
fn in_the_middle(encoded: &str, before: usize) -> Vec<u8> {
    let first = (before * 8).div_ceil(6);
    let last = if encoded.len().is_multiple_of(4) { encoded.len() } else { encoded.len() - 1 };
    encoded.as_bytes()[first..last].to_vec()
}

#[test]
fn a_word_is_found_in_whichever_form_it_stands() {
    let search = Search::for_words(&["marmalade"]);
    let text = "toast, marmalade, tea";
    let mut written = vec![
        text.to_owned(),
        text.chars().rev().collect(),
        text.bytes().map(|byte| format!("{byte:02x}")).collect(),
        text.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        text.bytes().map(|byte| format!("\\u{byte:04x}")).collect(),
        format!("{:?}", text.as_bytes()),
    ];
    for before in 0..3 {
        let text = format!("{}{text}", &"..."[..before]);
        written.push(STANDARD_NO_PAD.encode(&text));
        written.push(URL_SAFE_NO_PAD.encode(&text));
    }
    for written in &written {
        assert!(!search.found_in(written.as_bytes()).is_empty(), "{written}");
    }
    assert!(search.found_in(b"toast, marmelade, tea").is_empty());
}
