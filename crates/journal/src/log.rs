use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{CommitError, database};

/// Is the write-ahead log, where the database leaves commits to the system's memory: flushed, all
/// of them survive a power cut, also while the database goes on writing.
///
/// A commit that is not in the log any more is in the database's own file, which reached the disk
/// before the log was begun anew or cut: a checkpoint does so, and `synchronous = NORMAL` syncs the
/// header of a log that begins, and its folder, before the first frame. The file is opened once:
/// while the database is open the log is never replaced, and the system may report a failure to
/// write it only to who had it open by then.
///
/// No other file of the database may be opened like this: closing it would drop the locks on it.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
    /// Where the database is.
    database: PathBuf,
    /// Says that a sync failed. The system may then take for written what is not, and the next
    /// sync of the same content may succeed for nothing.
    is_doubtful: AtomicBool,
}

impl Log {
    /// Opens the log of a database that is open, at the place where the database has it.
    pub(crate) fn open(database: &Path) -> io::Result<Self> {
        // Windows syncs only what can be written.
        let file = File::options().read(true).write(true).open(database::log(database))?;
        Ok(Self { file, database: database.into(), is_doubtful: AtomicBool::new(false) })
    }

    /// Makes everything that was committed before survive a power cut.
    pub(crate) fn flush(&self) -> Result<(), CommitError> {
        if self.is_doubtful.load(Ordering::Relaxed) {
            database::empty_log(&self.database)?;
        }
        // It asks macOS for F_FULLFSYNC, as little else reaches the disk there.
        let synced = self.file.sync_data();
        self.is_doubtful.store(synced.is_err(), Ordering::Relaxed);
        synced.map_err(|error| CommitError::Unflushed { source: error.into() })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rusqlite::Connection;

    use super::*;
    use crate::{Change, Firmness, Journal, Row, Table};

    fn filled(folder: &Path) -> Journal {
        let mut journal = Journal::open(folder, "log").unwrap().journal;
        let (table, key, value) = (Table::Facts, "key".to_owned(), vec![1]);
        journal.commit(&[Change::Put { table, key, value }], Firmness::Process).unwrap();
        journal
    }

    fn len(journal: &Journal) -> u64 {
        fs::metadata(database::log(journal.path().unwrap())).unwrap().len()
    }

    #[test]
    fn a_flush_leaves_the_log_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let journal = filled(folder.path());
        let before = len(&journal);
        Log::open(journal.path().unwrap()).unwrap().flush().unwrap();
        assert!(before > 0);
        assert_eq!(len(&journal), before);
    }

    #[test]
    fn after_a_failure_everything_is_written_again_and_the_database_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = filled(folder.path());
        let log = Log::open(journal.path().unwrap()).unwrap();
        log.is_doubtful.store(true, Ordering::Relaxed);
        log.flush().unwrap();
        assert_eq!(len(&journal), 0);
        assert!(!log.is_doubtful.load(Ordering::Relaxed));
        let (table, key, value) = (Table::Facts, "later".to_owned(), vec![2]);
        journal.commit(&[Change::Put { table, key, value }], Firmness::Process).unwrap();
        log.flush().unwrap();
        assert!(len(&journal) > 0);
        let rows = |journal: &Journal| -> Vec<_> {
            journal.rows().unwrap().into_iter().map(|Row { value, .. }| value).collect()
        };
        assert_eq!(rows(&journal), [[1], [2]]);
        drop((log, journal));
        assert_eq!(rows(&Journal::open(folder.path(), "log").unwrap().journal), [[1], [2]]);
    }

    #[test]
    fn what_could_not_be_written_again_stays_doubtful() {
        let folder = tempfile::tempdir().unwrap();
        let journal = filled(folder.path());
        let log = Log::open(journal.path().unwrap()).unwrap();
        log.is_doubtful.store(true, Ordering::Relaxed);
        let obstacle = Connection::open(journal.path().unwrap()).unwrap();
        obstacle.execute_batch("BEGIN IMMEDIATE").unwrap();
        for _ in 0..2 {
            assert_eq!(log.flush().unwrap_err().code(), "journal_unflushed");
            assert!(len(&journal) > 0);
        }
        drop(obstacle);
        log.flush().unwrap();
        assert_eq!(len(&journal), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_log_that_cannot_be_synced_is_told_of_and_doubtful() {
        let folder = tempfile::tempdir().unwrap();
        let journal = filled(folder.path());
        let database = journal.path().unwrap().to_owned();
        // A device has nothing to sync, and says so.
        let file = File::options().write(true).open("/dev/null").unwrap();
        let log = Log { file, database, is_doubtful: AtomicBool::new(false) };
        let error = log.flush().unwrap_err();
        assert!(matches!(error, CommitError::Unflushed { .. }), "{error:?}");
        assert!(log.is_doubtful.load(Ordering::Relaxed));
    }

    #[cfg(unix)]
    #[test]
    fn the_log_of_a_database_behind_a_link_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let path = filled(folder.path()).path().unwrap().to_owned();
        let target = elsewhere.path().join("kept.sqlite");
        fs::rename(&path, &target).unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        let mut journal = Journal::open(folder.path(), "log").unwrap().journal;
        journal.commit(&[], Firmness::Power).unwrap();
        assert_eq!(journal.rows().unwrap().len(), 1);
        assert!(database::log(&target).exists() && !database::log(&path).exists());
    }
}
