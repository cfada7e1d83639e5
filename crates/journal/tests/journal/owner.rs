use journal::{Firmness, Journal, OpenError, Table};

use crate::child::{self, Other};
use crate::rows::{INSTALLATION, open, put, row};

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
    std::fs::write(folder.path().join(format!("bridge-{INSTALLATION}.lock")), "9".repeat(15))
        .unwrap();
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
