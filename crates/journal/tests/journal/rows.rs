use std::path::{Path, PathBuf};

use journal::{Change, Firmness, Journal, Row, Table};

pub(crate) const INSTALLATION: &str = "inst_1";

pub(crate) fn put(table: Table, key: &str, value: impl AsRef<[u8]>) -> Change {
    Change::Put { table, key: key.into(), value: value.as_ref().into() }
}

pub(crate) fn remove(table: Table, key: &str) -> Change {
    Change::Remove { table, key: key.into() }
}

pub(crate) fn row(table: Table, key: &str, value: impl AsRef<[u8]>) -> Row {
    Row { table, key: key.into(), value: value.as_ref().into() }
}

pub(crate) fn open(folder: &Path) -> Journal {
    let opened = Journal::open(folder, INSTALLATION).unwrap();
    assert_eq!(opened.set_aside, None);
    opened.journal
}

pub(crate) fn file(folder: &Path) -> PathBuf {
    folder.join(format!("journal-{INSTALLATION}.sqlite"))
}

/// Keeps so many rows of a kilobyte, and closes the journal.
pub(crate) fn fill(folder: &Path, rows: usize) {
    let changes: Vec<_> = (0..rows)
        .map(|number| put(Table::Messages, &format!("key-{number:04}"), [b'v'; 1000]))
        .collect();
    open(folder).commit(&changes, Firmness::Process).unwrap();
}
