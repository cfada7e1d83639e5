use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use crate::lock::Lock;
use crate::{Change, CommitError, Firmness, OpenError, Row, commit, database, schema};

/// Is the one owner of an installation's journal. Dropping it gives the installation back.
#[derive(Debug)]
pub struct Journal {
    // Closed before the lock is given back.
    connection: Connection,
    path: Option<PathBuf>,
    /// What the database is set to.
    firmness: Firmness,
    /// Says that all of it survives a power cut; nobody knows what an earlier process left.
    is_settled: bool,
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
    /// Opens the journal of an installation in the data folder; both are created if missing.
    ///
    /// # Errors
    /// When another process carries the installation, or the file is a newer program's or cannot
    /// be used. A damaged file is no error: it is set aside.
    pub fn open(folder: &Path, installation: &str) -> Result<Opened, OpenError> {
        disk::create_folder(folder).map_err(OpenError::unusable(folder))?;
        let name = file_name(installation);
        let lock = Lock::take(&folder.join(format!("bridge-{name}.lock")))?;
        let path = folder.join(format!("journal-{name}.sqlite"));
        let (connection, set_aside) = database::open(&path)?;
        let journal = Self {
            connection,
            path: Some(path),
            firmness: Firmness::Process,
            is_settled: false,
            _lock: Some(lock),
        };
        Ok(Opened { journal, set_aside })
    }

    /// Makes a journal that lives in memory only, and belongs to no installation.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory() -> Result<Self, CommitError> {
        let connection = schema::open_in_memory()?;
        Ok(Self {
            connection,
            path: None,
            firmness: Firmness::Process,
            is_settled: false,
            _lock: None,
        })
    }

    /// Gives everything that is kept: table by table, in the order in which keys were first put.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rows(&self) -> Result<Vec<Row>, CommitError> {
        commit::rows(&self.connection)
    }

    /// Makes all changes, in order; they are as firm as was asked when this returns.
    ///
    /// # Errors
    /// When the file cannot be written; none of the changes is then made, and it may be tried
    /// again.
    pub fn commit(&mut self, changes: &[Change], firmness: Firmness) -> Result<(), CommitError> {
        if self.firmness != firmness {
            // Outside of any transaction, where alone it takes effect.
            self.connection.execute_batch(match firmness {
                Firmness::Process => "PRAGMA synchronous = NORMAL",
                Firmness::Power => "PRAGMA synchronous = FULL",
            })?;
            self.firmness = firmness;
        }
        // Changes that change nothing write nothing, and nothing would then wait for the disk,
        // where less firm commits may not have arrived.
        let settling = firmness == Firmness::Power && !self.is_settled;
        commit::commit(&mut self.connection, changes, settling)?;
        self.is_settled = firmness == Firmness::Power;
        Ok(())
    }

    /// Names the journal's file; none for one in memory.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Deletes the journal's file: the installation is gone.
    ///
    /// # Errors
    /// When the file cannot be deleted.
    pub fn remove(self) -> io::Result<()> {
        let Self { connection, path, _lock: lock, .. } = self;
        drop(connection);
        let removed = path.map_or(Ok(()), |path| database::remove(&path));
        drop(lock);
        removed
    }
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
    fn a_firm_commit_that_changes_nothing_makes_earlier_ones_firm() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), "firm").unwrap().journal;
        let log = journal.path().unwrap().with_extension("sqlite-wal");
        let mut grown_by = |firmness| {
            let put = Change::Put { table: Table::Facts, key: "key".into(), value: vec![1] };
            let before = std::fs::metadata(&log).unwrap().len();
            journal.commit(&[put], firmness).unwrap();
            std::fs::metadata(&log).unwrap().len() - before
        };
        assert!(grown_by(Firmness::Process) > 0);
        assert_eq!(grown_by(Firmness::Process), 0);
        // The database waits for the disk when it writes.
        assert!(grown_by(Firmness::Power) > 0);
        assert_eq!(grown_by(Firmness::Power), 0);
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
