use std::collections::HashMap;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use proptest::prelude::*;

use super::*;
use crate::Answer;

/// Keeps keys, or refuses to.
#[derive(Default)]
struct Keys {
    kept: Mutex<HashMap<String, Vec<u8>>>,
    refuses: bool,
}

impl KeyStore for Keys {
    fn load<'a>(&'a self, name: &'a str) -> Answer<'a, Option<Zeroizing<Vec<u8>>>> {
        let kept = self.kept.lock().unwrap().get(name).cloned();
        Box::pin(async move { Ok(kept.map(Zeroizing::new)) })
    }

    fn save<'a>(&'a self, name: &'a str, key: &'a [u8]) -> Answer<'a, ()> {
        let saved = if self.refuses {
            let (what, remedy) = ("the keychain is locked".into(), Some("Unlock it.".into()));
            Err(KeyStoreError { what, remedy })
        } else {
            self.kept.lock().unwrap().insert(name.to_owned(), key.to_vec());
            Ok(())
        };
        Box::pin(async move { saved })
    }

    fn remove<'a>(&'a self, _: &'a str) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

fn seal() -> RowSeal {
    RowSeal::under(&[7; KEY]).unwrap()
}

/// A row as the journal has it.
fn sealed_by(seal: &mut RowSeal, table: Table, key: &str, value: &[u8]) -> Row {
    match seal.seal(Change::Put { table, key: key.into(), value: value.to_vec() }) {
        Change::Put { table, key, value } => Row { table, key, value },
        other @ (Change::Remove { .. } | Change::Clear) => panic!("{other:?}"),
    }
}

fn sealed(table: Table, key: &str, value: &[u8]) -> Row {
    sealed_by(&mut seal(), table, key, value)
}

#[tokio::test]
async fn the_key_is_made_once_and_what_one_start_sealed_the_next_opens() {
    let keys = Keys::default();
    let mut first = RowSeal::load_or_make(&keys).await.unwrap();
    let made = keys.kept.lock().unwrap()[JOURNAL_KEY].clone();
    assert_eq!(made.len(), KEY);
    let mut row = sealed_by(&mut first, Table::Turns, "1", b"hello");
    let second = RowSeal::load_or_make(&keys).await.unwrap();
    assert!(second.open(&mut row));
    assert_eq!(row.value, b"hello");
    assert_eq!(keys.kept.lock().unwrap()[JOURNAL_KEY], made);
}

#[tokio::test]
async fn a_key_that_is_none_is_replaced() {
    let keys = Keys::default();
    keys.kept.lock().unwrap().insert(JOURNAL_KEY.into(), b"short".to_vec());
    RowSeal::load_or_make(&keys).await.unwrap();
    assert_eq!(keys.kept.lock().unwrap()[JOURNAL_KEY].len(), KEY);
}

#[tokio::test]
async fn nothing_is_sealed_under_a_key_that_cannot_be_kept() {
    let keys = Keys { refuses: true, ..Keys::default() };
    let error = RowSeal::load_or_make(&keys).await.unwrap_err();
    assert_eq!(error.remedy.as_deref(), Some("Unlock it."));
}

#[test]
fn a_value_opens_in_no_other_place_and_under_no_other_key() {
    let row = sealed(Table::Turns, "1", b"hello");
    let mut moved = [
        Row { key: "2".into(), ..row.clone() },
        Row { table: Table::Posts, ..row.clone() },
        Row { key: String::new(), ..row.clone() },
    ];
    for row in &mut moved {
        let before = row.clone();
        assert!(!seal().open(row), "{row:?}");
        assert!(*row == before, "what cannot be opened stays as it is");
    }
    let other = RowSeal::under(&[8; KEY]).unwrap();
    assert!(!other.open(&mut row.clone()));
    assert!(seal().open(&mut row.clone()));
}

#[test]
fn every_changed_or_missing_byte_is_noticed() {
    let row = sealed(Table::Facts, "gateway", b"hello");
    for at in 0..row.value.len() {
        let mut changed = row.clone();
        changed.value[at] ^= 1;
        assert!(!seal().open(&mut changed), "byte {at} changed");
        let mut cut = row.clone();
        cut.value.truncate(at);
        assert!(!seal().open(&mut cut), "cut to {at} bytes");
    }
}

#[test]
fn no_two_values_have_the_same_nonce() {
    let mut seals = [seal(), seal()];
    let mut nonces = HashMap::new();
    for round in 0..1000 {
        let row = sealed_by(&mut seals[round % 2], Table::Bubbles, "1", b"");
        nonces.insert(row.value[..NONCE].to_vec(), round);
    }
    assert_eq!(nonces.len(), 1000);
}

#[test]
fn a_memory_is_sealed_as_well() {
    let mut row = sealed(Table::Updates, "\"upd_1\"", b"");
    assert!(seal().open(&mut row) && row.value.is_empty());
    let mut planted = Row { value: Vec::new(), ..row };
    assert!(!seal().open(&mut planted));
}

#[test]
fn changes_that_keep_nothing_stay_as_they_are() {
    let remove = Change::Remove { table: Table::Turns, key: "1".into() };
    assert!(seal().seal(remove.clone()) == remove);
    assert!(seal().seal(Change::Clear) == Change::Clear);
}

#[test]
fn the_key_is_never_debug_printed() {
    assert_eq!(format!("{:?}", seal()), "RowSeal { .. }");
}

fn tables() -> impl Strategy<Value = Table> {
    proptest::sample::select(Table::ALL.to_vec())
}

proptest! {
    #[test]
    fn any_value_comes_back(table in tables(), key in ".*", value in any::<Vec<u8>>()) {
        let mut row = sealed(table, &key, &value);
        prop_assert!(seal().open(&mut row));
        let expected = Row { table, key, value };
        prop_assert!(row == expected);
    }

    #[test]
    fn neither_a_text_nor_its_base64_is_in_what_is_written(text in "[a-z]{8,40}") {
        let row = sealed(Table::Posts, "1", text.as_bytes());
        for readable in [text.clone(), STANDARD_NO_PAD.encode(&text)] {
            // The end of a base64 text depends on what follows it.
            let readable = &readable.as_bytes()[..8];
            prop_assert!(!row.value.windows(8).any(|window| window == readable));
        }
    }

    #[test]
    fn no_bytes_open(value in any::<Vec<u8>>()) {
        let mut row = Row { table: Table::Posts, key: "1".into(), value };
        prop_assert!(!seal().open(&mut row));
    }
}
