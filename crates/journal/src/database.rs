use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::is_damage;
use crate::{CommitError, OpenError, Table, schema};

const HEADER_BYTES: usize = 100;
/// Where the header holds the application's id and the format's version, big-endian.
const APPLICATION_AT: usize = 68;
const VERSION_AT: usize = 60;
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Those of `commit`, which are all kept prepared: three for every table.
const STATEMENTS: usize = 3 * Table::ALL.len();
const BUSY: Duration = Duration::from_millis(250);
/// Above this size a file that is mostly free pages is shrunk.
const SHRUNK_ABOVE_BYTES: i64 = 4 * 1024 * 1024;
/// A `fullfsync` costs nothing but where `fsync` alone does not reach the disk: on macOS.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA fullfsync = ON;
    PRAGMA journal_size_limit = 4194304;
    PRAGMA cache_size = -512;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
";

/// Is why a file does not become a database.
enum Refusal {
    Damaged(String),
    Other(OpenError),
}

impl From<OpenError> for Refusal {
    fn from(error: OpenError) -> Self {
        Self::Other(error)
    }
}

/// Opens the database, created if missing; a damaged one is moved aside and a fresh one begun.
/// Also says where the damaged one is now.
pub(crate) fn open(path: &Path) -> Result<(Connection, Option<PathBuf>), OpenError> {
    match open_sound(path) {
        Ok(connection) => Ok((connection, None)),
        Err(Refusal::Other(error)) => Err(error),
        Err(Refusal::Damaged(reason)) => {
            let aside = set_aside(path).map_err(OpenError::unusable(path))?;
            tracing::warn!(reason, "a damaged journal was set aside, a fresh one begins");
            match open_sound(path) {
                Ok(connection) => Ok((connection, aside)),
                Err(Refusal::Other(error)) => Err(error),
                Err(Refusal::Damaged(reason)) => Err(OpenError::unusable(path)(reason)),
            }
        }
    }
}

/// Names the write-ahead log of a database.
pub(crate) fn log(path: &Path) -> PathBuf {
    let [_, log, _] = files(path);
    log
}

/// Copies all of the write-ahead log into the database's own file, syncs that and cuts the log to
/// nothing, beside whoever has the database open.
pub(crate) fn empty_log(path: &Path) -> Result<(), CommitError> {
    let is_busy = connect(path)
        .and_then(|connection| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        })
        .map_err(|error| CommitError::Unflushed { source: error.into() })?;
    if is_busy {
        return Err(CommitError::Unflushed { source: "the database is busy".into() });
    }
    Ok(())
}

/// Deletes the file and what belongs to it, and what was set aside of any of them.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    for path in files(path).into_iter().chain(copies_set_aside(path)?) {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn open_sound(path: &Path) -> Result<Connection, Refusal> {
    if is_missing(path)? {
        let empty = schema::empty_file().map_err(OpenError::unusable(path))?;
        disk::write(path, &empty).map_err(OpenError::unusable(path))?;
    }
    check_header(path)?;
    let connection = connect(path).map_err(|error| refusal(path, error))?;
    check(path, &connection)?;
    if let Err(error) = shrink(&connection) {
        tracing::info!(%error, "the journal stays larger than it needs to be");
    }
    Ok(connection)
}

/// Says whether a fresh file is due: there is none, or an empty one without a write-ahead log.
fn is_missing(path: &Path) -> Result<bool, Refusal> {
    let [main, log, _] = files(path).map(|path| match fs::metadata(&path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpenError::unusable(&path)(error)),
    });
    let (main, log) = (main?, log?);
    if main.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(Refusal::Damaged("a folder in its place".into()));
    }
    if main.is_some_and(|found| found.len() > 0) {
        return Ok(false);
    }
    if log.is_some_and(|found| found.len() > 0) {
        return Err(Refusal::Damaged("a write-ahead log without its database".into()));
    }
    Ok(true)
}

/// Looks at the file before the database engine may touch it.
fn check_header(path: &Path) -> Result<(), Refusal> {
    let mut header = Vec::with_capacity(HEADER_BYTES);
    disk::open_private(path)
        .and_then(|file| file.take(HEADER_BYTES as u64).read_to_end(&mut header))
        .map_err(OpenError::unusable(path))?;
    if header.len() < HEADER_BYTES || !header.starts_with(MAGIC) {
        return Err(Refusal::Damaged("not a database".into()));
    }
    let number = |at: usize| {
        header[at..].first_chunk().map_or(0, |bytes: &[u8; 4]| u32::from_be_bytes(*bytes))
    };
    judge(path, number(APPLICATION_AT), number(VERSION_AT))
}

fn check(path: &Path, connection: &Connection) -> Result<(), Refusal> {
    let number = |name: &str| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i32>(0))
            .map(i32::cast_unsigned)
            .map_err(|error| refusal(path, error))
    };
    judge(path, number("application_id")?, number("user_version")?)?;
    match schema::damage(connection) {
        Ok(None) => Ok(()),
        Ok(Some(reason)) => Err(Refusal::Damaged(reason)),
        Err(error) => Err(refusal(path, error)),
    }
}

fn judge(path: &Path, application: u32, version: u32) -> Result<(), Refusal> {
    if application != schema::APPLICATION || version == 0 {
        return Err(Refusal::Damaged("the database of another program".into()));
    }
    if version > schema::VERSION {
        return Err(OpenError::Future { path: path.into(), version }.into());
    }
    Ok(())
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(SETTINGS)?;
    Ok(connection)
}

fn shrink(connection: &Connection) -> rusqlite::Result<()> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (pages, free) = (number("page_count")?, number("freelist_count")?);
    if free * 2 <= pages || pages * number("page_size")? <= SHRUNK_ABOVE_BYTES {
        return Ok(());
    }
    let mut steps = connection.prepare("PRAGMA incremental_vacuum")?;
    let mut steps = steps.query([])?;
    while steps.next()?.is_some() {}
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn refusal(path: &Path, error: rusqlite::Error) -> Refusal {
    if is_damage(&error) {
        Refusal::Damaged(error.to_string())
    } else {
        Refusal::Other(OpenError::unusable(path)(error))
    }
}

fn set_aside(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut first = None;
    for path in files(path) {
        match disk::set_aside(&path) {
            Ok(aside) => first = first.or(Some(aside)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(first)
}

/// Finds the files that [`set_aside`] left; a folder that was in their place is somebody else's.
fn copies_set_aside(path: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let names = files(path).map(|path| path.file_name().unwrap_or_default().to_owned());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if names.iter().any(|original| disk::is_set_aside(&name, original))
            && !entry.file_type()?.is_dir()
        {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// The database, its write-ahead log and that log's index.
fn files(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|ending| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        name.into()
    })
}
