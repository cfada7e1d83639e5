use std::collections::BTreeMap;

use journal::{Change, Firmness, Row, Table};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::rows::{open, put, remove};

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Change>, Firmness),
    Reopen,
}

/// What a journal promises: rows by table, each with its place in the order.
#[derive(Default)]
struct Model {
    rows: BTreeMap<(Table, String), (u64, Vec<u8>)>,
    puts: u64,
}

impl Model {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Put { table, key, value } => {
                self.puts += 1;
                let place = self.puts;
                let row = self.rows.entry((*table, key.clone())).or_insert((place, Vec::new()));
                row.1.clone_from(value);
            }
            Change::Remove { table, key } => {
                self.rows.remove(&(*table, key.clone()));
            }
            Change::Clear => self.rows.clear(),
        }
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|((table, _), (place, _))| (*table, *place));
        rows.into_iter()
            .map(|((table, key), (_, value))| crate::rows::row(*table, key, value))
            .collect()
    }
}

fn change() -> impl Strategy<Value = Change> {
    let table = prop::sample::select(Table::ALL.to_vec());
    let key = prop_oneof![4 => "[a-f]", 1 => any::<String>()];
    let value = vec(any::<u8>(), 0..6000);
    prop_oneof![
        12 => (table.clone(), key.clone(), value).prop_map(|(table, key, value)| put(table, &key, value)),
        6 => (table, key).prop_map(|(table, key)| remove(table, &key)),
        1 => Just(Change::Clear),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let firmness = prop_oneof![9 => Just(Firmness::Process), 1 => Just(Firmness::Power)];
    prop_oneof![
        8 => (vec(change(), 0..12), firmness).prop_map(|(changes, firmness)| Step::Commit(changes, firmness)),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_journal_keeps_what_an_ordered_map_would(steps in vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = open(folder.path());
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Commit(changes, firmness) => {
                    journal.commit(&changes, firmness).unwrap();
                    changes.iter().for_each(|change| model.apply(change));
                }
                Step::Reopen => {
                    drop(journal);
                    journal = open(folder.path());
                }
            }
            prop_assert_eq!(journal.rows().unwrap(), model.rows());
        }
    }
}
