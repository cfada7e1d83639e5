//! Files that only their owner can read, replaced as a whole or not at all; and locks between
//! programs.

mod lock;

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

pub use crate::lock::{Lock, LockError};

/// What [`set_aside`] adds to a file's name, before the moment.
const SET_ASIDE: &str = ".damaged-";

/// Reads a whole file; none when it does not exist. What lies beyond `max_bytes` is cut off.
///
/// # Errors
/// When the file exists and cannot be read.
pub fn read(path: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(max_bytes).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Replaces a file: whoever reads it sees the old content or the new, also after a power cut.
///
/// # Errors
/// When the folder does not exist, or cannot be written to; the old content then stays.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // Created readable by its owner only, and renamed over the old one.
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Renames a damaged file so that it is kept but not read again; says where it is now.
///
/// # Errors
/// When it cannot be renamed.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let moment = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!("{SET_ASIDE}{moment}"));
    let aside = path.with_file_name(name);
    fs::rename(path, &aside)?;
    Ok(aside)
}

/// Says whether a file's name is the one that [`set_aside`] gave to a file with another name.
pub fn is_set_aside(name: &OsStr, original: &OsStr) -> bool {
    let (name, original) = (name.as_encoded_bytes(), original.as_encoded_bytes());
    let moment = name.strip_prefix(original).and_then(|it| it.strip_prefix(SET_ASIDE.as_bytes()));
    moment.is_some_and(|it| !it.is_empty() && it.iter().all(u8::is_ascii_digit))
}

/// Opens a file for reading and writing, created if missing, that only its owner can read from now
/// on.
///
/// # Errors
/// When it cannot be opened, or others' access cannot be taken away.
pub fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mut permissions = file.metadata()?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(0o600);
            file.set_permissions(permissions)?;
        }
    }
    Ok(file)
}

/// Creates a folder that only its owner can enter, if it does not exist.
///
/// # Errors
/// When it cannot be created.
pub fn create_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert_eq!(read(&path, 100).unwrap(), None);
        write(&path, b"first, longer").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(read(&path, 100).unwrap().unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_file_is_kept_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"damaged").unwrap();
        let aside = set_aside(&path).unwrap();
        assert_eq!(read(&path, 100).unwrap(), None);
        assert_eq!(read(&aside, 100).unwrap().unwrap(), b"damaged");
        let name = aside.file_name().unwrap();
        assert!(is_set_aside(name, OsStr::new("file")));
        for other in ["fil", "file.damaged-", "other", ""] {
            assert!(!is_set_aside(name, OsStr::new(other)), "{other}");
        }
        assert!(!is_set_aside(OsStr::new("file.damaged-1.new"), OsStr::new("file")));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_what_is_written() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        create_folder(&inner).unwrap();
        write(&inner.join("file"), b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&inner), mode(&inner.join("file"))), (0o700, 0o600));
    }
}
