use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use disk::{Lock, LockError};
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use crate::log::Log;
use crate::{Change, CommitError, Firmness, OpenError, Row, commit, database, schema};

/// Is the one owner of an installation's journal. Dropping it gives the installation back.
#[derive(Debug)]
pub struct Journal {
    // Closed in this order, before the lock is given back.
    log: Option<Arc<Log>>,
    connection: Connection,
    path: Option<PathBuf>,
    _lock: Option<Lock>,
}

/// Is a journal that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The journal.
    pub journal: Journal,
    /// Where a damaged file is now that was found in the journal's place; the journal is then
    /// empty.
    pub set_aside: Option<PathBuf>,
}

impl Journal {
    /// Opens the journal of an installation in the data folder; both are created if missing. What
    /// it holds survives a power cut.
    ///
    /// # Errors
    /// When another process carries the installation, or the file is a newer program's or cannot
    /// be used. A damaged file is no error: it is set aside.
    pub fn open(folder: &Path, installation: &str) -> Result<Opened, OpenError> {
        disk::create_folder(folder).map_err(OpenError::unusable(folder))?;
        let lock = lock(folder, installation)?;
        let path = journal_file(folder, installation);
        let (connection, set_aside) = database::open(&path)?;
        // Behind a link, the log lies elsewhere; the database knows where.
        let log = Log::open(connection.path().map_or(&*path, Path::new))
            .map_err(OpenError::unusable(&path))?;
        // What an earlier process left may only be in the system's memory yet.
        log.flush().map_err(OpenError::unusable(&path))?;
        let log = Some(Arc::new(log));
        let journal = Self { log, connection, path: Some(path), _lock: Some(lock) };
        Ok(Opened { journal, set_aside })
    }

    /// Deletes the journal of an installation that is gone, with all that was set aside of it; it
    /// need not be sound, nor exist.
    ///
    /// # Errors
    /// When another process carries the installation, or a file cannot be deleted.
    pub fn discard(folder: &Path, installation: &str) -> Result<(), OpenError> {
        if !folder.try_exists().map_err(OpenError::unusable(folder))? {
            return Ok(());
        }
        let _lock = lock(folder, installation)?;
        let path = journal_file(folder, installation);
        database::remove(&path).map_err(OpenError::unusable(&path))
    }

    /// Makes a journal that lives in memory only, and belongs to no installation.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory() -> Result<Self, CommitError> {
        let connection = schema::open_in_memory()?;
        Ok(Self { log: None, connection, path: None, _lock: None })
    }

    /// Gives everything that is kept: table by table, in the order in which keys were first put.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rows(&self) -> Result<Vec<Row>, CommitError> {
        commit::rows(&self.connection)
    }

    /// Makes all changes, in order; they are as firm as was asked when this returns, and so is
    /// everything before them.
    ///
    /// # Errors
    /// When the file cannot be written; none of the changes is then made, unless they are only
    /// [`CommitError::Unflushed`]. It may be tried again.
    pub fn commit(&mut self, changes: &[Change], firmness: Firmness) -> Result<(), CommitError> {
        commit::commit(&mut self.connection, changes)?;
        match (firmness, &self.log) {
            (Firmness::Power, Some(log)) => log.flush(),
            (Firmness::Power, None) | (Firmness::Process, _) => Ok(()),
        }
    }

    /// Names the journal's file; none for one in memory.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Gives the log that makes commits survive a power cut, none for one in memory; to be closed
    /// before the journal is.
    pub(crate) fn log(&self) -> Option<Arc<Log>> {
        self.log.clone()
    }

    /// Deletes the journal's file, and all that was set aside of it: the installation is gone.
    ///
    /// # Errors
    /// When a file cannot be deleted.
    pub fn remove(self) -> io::Result<()> {
        let Self { log, connection, path, _lock: lock } = self;
        drop(log);
        drop(connection);
        let removed = path.map_or(Ok(()), |path| database::remove(&path));
        drop(lock);
        removed
    }
}

/// Keeps an installation to one process.
fn lock(folder: &Path, installation: &str) -> Result<Lock, OpenError> {
    let path = folder.join(format!("bridge-{}.lock", file_name(installation)));
    Lock::take(&path).map_err(|error| match error {
        LockError::Held { pid } => OpenError::InUse { pid },
        LockError::Unusable(error) => OpenError::unusable(&path)(error),
    })
}

fn journal_file(folder: &Path, installation: &str) -> PathBuf {
    folder.join(format!("journal-{}.sqlite", file_name(installation)))
}

/// An id that is no good file name is replaced by its digest.
fn file_name(installation: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&installation.len()) && installation.bytes().all(is_plain) {
        return installation.to_owned();
    }
    Sha256::digest(installation).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;

    #[test]
    fn a_journal_without_room_says_so_keeps_what_it_had_and_goes_on_when_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), "full").unwrap().journal;
        let put = |key: &str, bytes| Change::Put {
            table: Table::Facts,
            key: key.into(),
            value: vec![0; bytes],
        };
        journal.commit(&[put("small", 10)], Firmness::Process).unwrap();
        let room = |pages: u32| {
            move |journal: &Journal| {
                let set = |_: &rusqlite::Row<'_>| Ok(());
                journal
                    .connection
                    .query_row(&format!("PRAGMA max_page_count = {pages}"), [], set)
                    .unwrap();
            }
        };
        room(30)(&journal);
        let large = [put("small", 20), put("large", 1_000_000)];
        let error = journal.commit(&large, Firmness::Power).unwrap_err();
        assert!(matches!(error, CommitError::Full { .. }), "{error:?}");
        let sizes = |journal: &Journal| {
            journal.rows().unwrap().iter().map(|row| row.value.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&journal), [10]);
        room(1_000_000)(&journal);
        journal.commit(&large, Firmness::Power).unwrap();
        assert_eq!(sizes(&journal), [20, 1_000_000]);
    }

    #[test]
    fn a_row_s_content_is_never_debug_printed() {
        let (table, key, value) = (Table::Facts, "key".to_owned(), b"secret".to_vec());
        let row = Row { table, key: key.clone(), value: value.clone() };
        assert_eq!(format!("{row:?}"), "Row(Facts \"key\", 6 bytes)");
        let put = Change::Put { table, key, value };
        assert_eq!(format!("{put:?}"), "Put(Facts \"key\", 6 bytes)");
    }
}
