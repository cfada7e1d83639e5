use std::path::Path;
use std::time::Duration;

use journal::{Change, Firmness, Journal, Row, Table, Told, Writer};

use crate::child::{self, Other};
use crate::rows::{open, put};

const ROUNDS: u64 = 20;
/// How many batches may wait for the journal.
const AHEAD: u64 = 8;

#[test]
fn a_killed_process_leaves_only_whole_batches_in_order_and_all_that_it_told_of() {
    if let Some(folder) = child::folder() {
        write_for_ever(&folder);
    }
    let folder = tempfile::tempdir().unwrap();
    for round in 0..ROUNDS {
        let test =
            "kill::a_killed_process_leaves_only_whole_batches_in_order_and_all_that_it_told_of";
        let mut other = Other::run(test, folder.path());
        let told = other.told().unwrap();
        // Any moment will do, but that at which it has just told: it is then between batches.
        std::thread::sleep(Duration::from_micros(1300 * round));
        let told = other.kill().pop().unwrap_or(told);
        let kept = whole_batches(&open(folder.path()).rows().unwrap());
        assert!(kept >= told.parse().unwrap(), "told of {told}, and {kept} are there");
    }
}

/// Every batch adds a row to three tables and says in a fourth how many there are.
fn write_for_ever(folder: &Path) -> ! {
    let journal = open(folder);
    let before = whole_batches(&journal.rows().unwrap());
    let (told, committed) = std::sync::mpsc::channel();
    let writer = Writer::start(journal, move |news| match news {
        Told::Committed(batch) => {
            child::tell(before + batch);
            told.send(batch).unwrap();
        }
        other @ (Told::Failed(_) | _) => panic!("{other:?}"),
    })
    .unwrap();
    let (mut last, mut done) = (0, 0);
    loop {
        while last < done + AHEAD {
            let number = before + last + 1;
            let value = vec![0; 300 * (number % 5) as usize];
            let mut changes: Vec<_> = [Table::Updates, Table::Turns, Table::Posts]
                .map(|table| put(table, &format!("{number:06}"), &value))
                .into();
            changes.push(put(Table::Facts, "count", number.to_string()));
            last = writer.write(changes, Firmness::Process);
        }
        done = committed.recv().unwrap();
    }
}

/// Checks that there are whole batches only, in order, and counts them.
fn whole_batches(rows: &[Row]) -> u64 {
    let keys = |table| rows.iter().filter(move |row| row.table == table).map(|row| &row.key);
    let count = rows
        .iter()
        .find(|row| row.table == Table::Facts)
        .map_or(0, |row| str::from_utf8(&row.value).unwrap().parse().unwrap());
    let expected: Vec<_> = (1..=count).map(|number| format!("{number:06}")).collect();
    for table in [Table::Updates, Table::Turns, Table::Posts] {
        assert!(keys(table).eq(&expected), "{table:?} holds other batches than 1 to {count}");
    }
    count
}

#[test]
fn a_batch_that_fails_midway_leaves_nothing_of_itself() {
    let mut journal = Journal::in_memory().unwrap();
    journal.commit(&[put(Table::Facts, "key", "old")], Firmness::Process).unwrap();
    // No value can be larger than a gigabyte.
    let (table, key) = (Table::Facts, "large".to_owned());
    let changes = [put(table, "key", "new"), Change::Put { table, key, value: vec![0; 1 << 30] }];
    let error = journal.commit(&changes, Firmness::Process).unwrap_err();
    assert_eq!(error.code(), "journal_failed");
    assert_eq!(journal.rows().unwrap(), [crate::rows::row(Table::Facts, "key", "old")]);
    journal.commit(&changes[..1], Firmness::Process).unwrap();
    assert_eq!(journal.rows().unwrap(), [crate::rows::row(Table::Facts, "key", "new")]);
}
