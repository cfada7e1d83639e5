use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use journal::{Firmness, Journal, OpenError, Table};
use rusqlite::Connection;

use crate::rows::{INSTALLATION, file, fill, open, put, row};

/// Damages a filled journal, and checks that it is set aside as it was and a fresh one serves.
#[track_caller]
fn is_set_aside(damage: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 200);
    damage(&file(folder.path()));
    let damaged = fs::read(file(folder.path())).ok();
    let opened = Journal::open(folder.path(), INSTALLATION).unwrap();
    let aside = opened.set_aside.unwrap();
    assert!(aside.to_str().unwrap().contains(".sqlite") && aside.exists());
    if damaged.is_some() {
        assert_eq!(fs::read(aside).ok(), damaged);
    }
    let mut journal = opened.journal;
    assert_eq!(journal.rows().unwrap(), []);
    journal.commit(&[put(Table::Facts, "after", "all")], Firmness::Power).unwrap();
    drop(journal);
    assert_eq!(open(folder.path()).rows().unwrap(), [row(Table::Facts, "after", "all")]);
}

fn overwrite(path: &Path, at: usize, bytes: &[u8]) {
    let mut content = fs::read(path).unwrap();
    content[at..at + bytes.len()].copy_from_slice(bytes);
    fs::write(path, content).unwrap();
}

#[test]
fn a_file_cut_short_is_set_aside() {
    for length in [1, 50, 100, 4096, 100_000] {
        is_set_aside(|path| {
            OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap()
        });
    }
}

#[test]
fn a_file_that_is_no_database_is_set_aside() {
    is_set_aside(|path| overwrite(path, 0, &[0xA5; 100]));
    is_set_aside(|path| overwrite(path, 20, &[0xA5; 20]));
    is_set_aside(|path| fs::write(path, "no database at all").unwrap());
    is_set_aside(|path| fs::write(path, vec![0; 100_000]).unwrap());
}

#[test]
fn garbage_in_the_middle_is_noticed_and_set_aside() {
    is_set_aside(|path| overwrite(path, 4096 * 20, &[0xA5; 4096 * 10]));
    is_set_aside(|path| overwrite(path, 4096 * 2, &[0; 4096]));
}

#[test]
fn a_key_that_changed_on_the_disk_is_noticed_and_set_aside() {
    is_set_aside(|path| {
        let content = fs::read(path).unwrap();
        let at = content.windows(8).position(|bytes| bytes == b"key-0100").unwrap();
        overwrite(path, at, b"kex-0100");
    });
}

#[test]
fn a_folder_in_its_place_is_set_aside() {
    is_set_aside(|path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    });
}

#[test]
fn a_log_that_lost_its_database_is_set_aside() {
    is_set_aside(|path| {
        fs::remove_file(path).unwrap();
        fs::write(path.with_extension("sqlite-wal"), "a log").unwrap();
    });
}

#[test]
fn the_database_of_another_program_is_set_aside() {
    is_set_aside(|path| {
        fs::remove_file(path).unwrap();
        Connection::open(path).unwrap().execute_batch("CREATE TABLE updates (a, b)").unwrap();
    });
}

#[test]
fn a_journal_without_one_of_its_tables_or_columns_is_set_aside() {
    let sql = |sql: &'static str| {
        move |path: &Path| {
            Connection::open(path).unwrap().execute_batch(sql).unwrap();
        }
    };
    is_set_aside(sql("DROP TABLE posts"));
    is_set_aside(sql("ALTER TABLE posts RENAME COLUMN value TO content"));
    is_set_aside(sql("ALTER TABLE posts ADD COLUMN more TEXT"));
}

#[test]
fn an_empty_file_is_a_fresh_journal() {
    let folder = tempfile::tempdir().unwrap();
    fs::File::create(file(folder.path())).unwrap();
    let mut journal = open(folder.path());
    journal.commit(&[put(Table::Facts, "key", "value")], Firmness::Process).unwrap();
    drop(journal);
    assert_eq!(open(folder.path()).rows().unwrap(), [row(Table::Facts, "key", "value")]);
}

#[test]
fn an_unusable_log_costs_only_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 3);
    let log = file(folder.path()).with_extension("sqlite-wal");
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&log)
        .unwrap()
        .write_all(&[0xA5; 9000])
        .unwrap();
    fs::write(file(folder.path()).with_extension("sqlite-shm"), [0xA5; 32768]).unwrap();
    assert_eq!(open(folder.path()).rows().unwrap().len(), 3);
}

#[test]
fn a_newer_program_s_journal_is_refused_and_untouched() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 3);
    let path = file(folder.path());
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    drop(connection);
    let before = fs::read(&path).unwrap();
    let error = Journal::open(folder.path(), INSTALLATION).unwrap_err();
    assert!(matches!(&error, OpenError::Future { version: 7, path: named } if *named == path));
    assert_eq!((error.code(), error.remedy()), ("journal_future", "Update this program."));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn a_file_that_merely_cannot_be_reached_is_refused_and_stays_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    std::os::unix::fs::symlink(&path, &path).unwrap();
    let error = Journal::open(folder.path(), INSTALLATION).unwrap_err();
    assert!(matches!(&error, OpenError::Unusable { path: named, .. } if *named == path));
    assert!(path.is_symlink());
}

#[test]
fn a_place_where_no_journal_can_be_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("data");
    fs::write(&taken, "a file").unwrap();
    let error = Journal::open(&taken, INSTALLATION).unwrap_err();
    assert!(error.to_string().contains(taken.to_str().unwrap()), "{error}");
    let lock = folder.path().join(format!("bridge-{INSTALLATION}.lock"));
    fs::create_dir(&lock).unwrap();
    let error = Journal::open(folder.path(), INSTALLATION).unwrap_err();
    assert!(error.to_string().contains(lock.to_str().unwrap()), "{error}");
    assert_eq!(error.code(), "journal_unusable");
}
