use std::fs;

use journal::{Change, Firmness, Journal, Table};

use crate::rows::{file, fill, open, put, remove, row};

#[test]
fn what_was_kept_comes_back_in_the_order_in_which_keys_were_first_put() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    journal
        .commit(&[put(Table::Posts, "z", "1"), put(Table::Updates, "b", "2")], Firmness::Power)
        .unwrap();
    journal.commit(&[put(Table::Posts, "a", "3")], Firmness::Process).unwrap();
    drop(journal);
    let mut journal = open(folder.path());
    journal.commit(&[put(Table::Posts, "m", "4")], Firmness::Process).unwrap();
    let expected = [
        row(Table::Updates, "b", "2"),
        row(Table::Posts, "z", "1"),
        row(Table::Posts, "a", "3"),
        row(Table::Posts, "m", "4"),
    ];
    assert_eq!(journal.rows().unwrap(), expected);
}

#[test]
fn a_replaced_row_stays_at_its_place_and_one_put_anew_comes_last() {
    let mut journal = Journal::in_memory().unwrap();
    let changes = ["a", "b", "c"].map(|key| put(Table::Turns, key, "old"));
    journal.commit(&changes, Firmness::Process).unwrap();
    let changes =
        [put(Table::Turns, "b", "new"), remove(Table::Turns, "a"), put(Table::Turns, "a", "new")];
    journal.commit(&changes, Firmness::Process).unwrap();
    let expected = [("b", "new"), ("c", "old"), ("a", "new")];
    assert_eq!(journal.rows().unwrap(), expected.map(|(key, value)| row(Table::Turns, key, value)));
}

#[test]
fn a_key_belongs_to_its_table_alone() {
    let mut journal = Journal::in_memory().unwrap();
    let everywhere = Table::ALL.map(|table| put(table, "same", table.name()));
    journal.commit(&everywhere, Firmness::Process).unwrap();
    journal.commit(&[remove(Table::Facts, "same")], Firmness::Process).unwrap();
    let rows = journal.rows().unwrap();
    assert_eq!(rows.len(), Table::ALL.len() - 1);
    assert!(rows.iter().all(|row| row.value == row.table.name().as_bytes()));
}

#[test]
fn clear_forgets_everything_that_came_before_it_and_nothing_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    journal.commit(&Table::ALL.map(|table| put(table, "old", "value")), Firmness::Process).unwrap();
    journal
        .commit(
            &[put(Table::Facts, "old too", ""), Change::Clear, put(Table::Facts, "new", "")],
            Firmness::Process,
        )
        .unwrap();
    drop(journal);
    assert_eq!(open(folder.path()).rows().unwrap(), [row(Table::Facts, "new", "")]);
}

#[test]
fn keys_and_values_of_any_kind_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let long = "k".repeat(10_000);
    let keys = ["", " ", "with\0nul", "quote'\"; --", "größer 日本 🦀", &long];
    let large = vec![0xFF; 3_000_000];
    let mut journal = open(folder.path());
    for key in keys {
        journal.commit(&[put(Table::Bubbles, key, &large)], Firmness::Process).unwrap();
    }
    drop(journal);
    let rows = open(folder.path()).rows().unwrap();
    assert_eq!(rows, keys.map(|key| row(Table::Bubbles, key, &large)));
}

#[test]
fn every_installation_has_a_journal_of_its_own_whatever_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(65);
    let ids = ["inst_A-1", "", "../../etc/passwd", "a/b", "a\\b", "日本", "nul\0", &long];
    for id in ids {
        let mut journal = Journal::open(folder.path(), id).unwrap().journal;
        journal.commit(&[put(Table::Facts, "id", id)], Firmness::Process).unwrap();
        assert_eq!(journal.path().unwrap().parent(), Some(folder.path()));
    }
    for id in ids {
        let journal = Journal::open(folder.path(), id).unwrap().journal;
        assert_eq!(journal.rows().unwrap(), [row(Table::Facts, "id", id)]);
    }
    assert!(folder.path().join("journal-inst_A-1.sqlite").is_file());
    assert!(folder.path().join("bridge-inst_A-1.lock").is_file());
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_what_is_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    drop(open(&folder));
    fs::set_permissions(file(&folder), fs::Permissions::from_mode(0o644)).unwrap();
    let mut journal = open(&folder);
    journal.commit(&[put(Table::Facts, "key", "value")], Firmness::Power).unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    names.sort();
    assert_eq!(
        names,
        [
            "bridge-inst_1.lock",
            "journal-inst_1.sqlite",
            "journal-inst_1.sqlite-shm",
            "journal-inst_1.sqlite-wal"
        ]
    );
    assert_eq!(mode(&folder), 0o700);
}

#[test]
fn a_removed_journal_leaves_only_its_lock_file_and_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    journal.commit(&[put(Table::Facts, "key", "value")], Firmness::Process).unwrap();
    journal.remove().unwrap();
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["bridge-inst_1.lock"]);
    assert_eq!(open(folder.path()).rows().unwrap(), []);
}

#[test]
fn the_file_shrinks_once_what_filled_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 8000);
    let full = fs::metadata(file(folder.path())).unwrap().len();
    let mut journal = open(folder.path());
    let outdated: Vec<_> =
        (1..8000).map(|number| remove(Table::Messages, &format!("key-{number:04}"))).collect();
    journal.commit(&outdated, Firmness::Process).unwrap();
    drop(journal);
    assert_eq!(fs::metadata(file(folder.path())).unwrap().len(), full);
    let journal = open(folder.path());
    let shrunk = fs::metadata(file(folder.path())).unwrap().len();
    assert!(full > 8_000_000 && shrunk < 200_000, "{full} bytes became {shrunk}");
    assert_eq!(journal.rows().unwrap(), [row(Table::Messages, "key-0000", [b'v'; 1000])]);
}

#[test]
fn neither_rows_that_come_and_go_nor_the_log_of_them_pile_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    for number in 0..300 {
        let key = format!("{number}");
        journal.commit(&[put(Table::Posts, &key, [0; 100_000])], Firmness::Process).unwrap();
        journal.commit(&[remove(Table::Posts, &key)], Firmness::Process).unwrap();
    }
    let size: u64 = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(size < 6_000_000, "30 MB went through and {size} bytes are left");
}
