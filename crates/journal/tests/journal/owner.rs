use std::fs;
use std::path::Path;

use journal::{Firmness, Journal, OpenError, Table};

use crate::child::{self, Other};
use crate::rows::{INSTALLATION, file, fill, open, put, row};

#[test]
fn a_second_owner_in_this_process_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let error = Journal::open(folder.path(), INSTALLATION).unwrap_err();
    let pid = std::process::id();
    if cfg!(unix) {
        assert!(matches!(error, OpenError::InUse { pid: Some(named) } if named == pid));
        let text = format!(
            "another Sophon program on this computer (process {pid}) already carries this installation"
        );
        assert_eq!(error.to_string(), text);
    }
    assert_eq!(error.code(), "journal_in_use");
    Journal::open(folder.path(), "another").unwrap();
    drop(first);
    open(folder.path());
}

#[test]
fn an_owner_in_another_process_is_named_and_its_end_by_force_gives_the_installation_back() {
    if let Some(folder) = child::folder() {
        let mut journal = open(&folder);
        journal.commit(&[put(Table::Facts, "key", "value")], Firmness::Process).unwrap();
        child::tell("opened");
        loop {
            std::thread::park();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let test = "owner::an_owner_in_another_process_is_named_and_its_end_by_force_gives_the_installation_back";
    let mut other = Other::run(test, folder.path());
    other.told().unwrap();
    let error = Journal::open(folder.path(), INSTALLATION).unwrap_err();
    let named = if cfg!(unix) { Some(other.id()) } else { None };
    assert!(matches!(error, OpenError::InUse { pid } if pid == named), "{error}");
    other.kill();
    let journal = open(folder.path());
    assert_eq!(journal.rows().unwrap(), [row(Table::Facts, "key", "value")]);
    let error = Journal::open(folder.path(), INSTALLATION).unwrap_err();
    let own = if cfg!(unix) { Some(std::process::id()) } else { None };
    assert!(matches!(error, OpenError::InUse { pid } if pid == own), "{error}");
}

#[cfg(unix)]
#[test]
fn the_number_of_an_owner_replaces_a_longer_one_of_an_earlier() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(format!("bridge-{INSTALLATION}.lock")), "9".repeat(15)).unwrap();
    let _first = open(folder.path());
    let error = Journal::open(folder.path(), INSTALLATION).unwrap_err();
    let own = std::process::id();
    assert!(matches!(error, OpenError::InUse { pid: Some(pid) } if pid == own), "{error}");
}

#[test]
fn an_owner_without_a_known_number_is_refused_all_the_same() {
    assert_eq!(
        OpenError::InUse { pid: None }.to_string(),
        "another Sophon program on this computer already carries this installation"
    );
}

/// What is left in a folder, apart from locks.
fn left(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    let mut left: Vec<_> = names.filter(|name| !name.ends_with(".lock")).collect();
    left.sort();
    left
}

/// Leaves a damaged journal and its log aside, and a sound one with a row in its place.
fn fill_with_damage(folder: &Path) {
    fill(folder, 3);
    fs::write(file(folder), "no database").unwrap();
    fs::write(file(folder).with_extension("sqlite-wal"), "no log").unwrap();
    assert!(Journal::open(folder, INSTALLATION).unwrap().set_aside.is_some());
    fill(folder, 3);
    assert_eq!(left(folder).len(), 3);
}

#[test]
fn a_journal_that_is_discarded_leaves_nothing_of_it_and_all_of_others() {
    let folder = tempfile::tempdir().unwrap();
    fill_with_damage(folder.path());
    drop(Journal::open(folder.path(), "inst_10").unwrap());
    let others = ["inst_10.sqlite.damaged-1", "inst_1.sqlite.damaged-1.new", "inst_1.txt"];
    for name in others {
        fs::write(folder.path().join(format!("journal-{name}")), "").unwrap();
    }
    Journal::discard(folder.path(), INSTALLATION).unwrap();
    let mut kept = [&others[..], &["inst_10.sqlite"]].concat();
    kept.sort_unstable();
    let kept: Vec<_> = kept.iter().map(|name| format!("journal-{name}")).collect();
    assert_eq!(left(folder.path()), kept);
    assert_eq!(open(folder.path()).rows().unwrap(), []);
}

#[test]
fn a_journal_that_cannot_be_opened_can_be_discarded_and_so_can_none() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 3);
    let connection = rusqlite::Connection::open(file(folder.path())).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    drop(connection);
    Journal::discard(folder.path(), INSTALLATION).unwrap();
    assert_eq!(left(folder.path()), [""; 0]);
    Journal::discard(folder.path(), INSTALLATION).unwrap();
    let missing = folder.path().join("missing");
    Journal::discard(&missing, INSTALLATION).unwrap();
    assert!(!missing.exists());
}

#[test]
fn a_journal_that_somebody_has_is_not_discarded() {
    let folder = tempfile::tempdir().unwrap();
    let mut owner = open(folder.path());
    let error = Journal::discard(folder.path(), INSTALLATION).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error:?}");
    owner.commit(&[put(Table::Facts, "key", "value")], Firmness::Process).unwrap();
    drop(owner);
    assert_eq!(open(folder.path()).rows().unwrap().len(), 1);
}

#[test]
fn an_owner_that_removes_its_journal_leaves_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    fill_with_damage(folder.path());
    open(folder.path()).remove().unwrap();
    assert_eq!(left(folder.path()), [""; 0]);
}
