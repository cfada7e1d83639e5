//! Files that only their owner can read, replaced as a whole or not at all.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use zeroize::Zeroizing;

use crate::VaultError;

/// Largest file that is read, in bytes; a vault is far smaller.
const MAX_SIZE: u64 = 16 * 1024 * 1024;
/// How long a writer waits for another process.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
const LOCK_POLL: Duration = Duration::from_millis(20);

/// Reads a whole file; none when it does not exist. One beyond [`MAX_SIZE`] is cut, and so damaged.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(VaultError::Io { path: path.to_owned(), source }),
    };
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_SIZE).read_to_end(&mut bytes).map_err(VaultError::io(path))?;
    Ok(Some(bytes))
}

/// Replaces a file: whoever reads it sees the old content or the new, also after a power cut.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let replace = || {
        // Created readable by its owner only, and renamed over the old one.
        let mut file = tempfile::Builder::new().prefix(".vault-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        sync_folder(folder)
    };
    replace().map_err(VaultError::io(path))
}

/// Removes a file, if there is one.
pub(crate) fn remove(path: &Path) -> Result<(), VaultError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(VaultError::Io { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Renames a damaged file so that it is kept but not read again.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf, VaultError> {
    let moment = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".damaged-{moment}"));
    let aside = path.with_file_name(name);
    fs::rename(path, &aside).map_err(VaultError::io(path))?;
    Ok(aside)
}

/// Creates a folder that only its owner can enter, if it does not exist.
pub(crate) fn create_folder(path: &Path) -> Result<(), VaultError> {
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
    builder.create(path).map_err(VaultError::io(path))
}

/// Takes away everybody else's access to a file; says whether there was any.
#[cfg(unix)]
pub(crate) fn narrow(path: &Path) -> Result<bool, VaultError> {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(metadata) = fs::metadata(path) else { return Ok(false) };
    if metadata.permissions().mode() & 0o077 == 0 {
        return Ok(false);
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(VaultError::io(path))?;
    Ok(true)
}

/// Files of a profile folder are their owner's alone on this system.
#[cfg(not(unix))]
pub(crate) fn narrow(_path: &Path) -> Result<bool, VaultError> {
    Ok(false)
}

/// Holds the lock between processes until it is dropped.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock beside the secrets of `folder`.
    ///
    /// # Errors
    /// [`VaultError::Busy`] when another process keeps it for 10 s.
    pub(crate) fn take(folder: &Path) -> Result<Self, VaultError> {
        create_folder(folder)?;
        let path = folder.join("vault.lock");
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options.open(&path).map_err(VaultError::io(&path))?;
        let deadline = Instant::now() + LOCK_TIMEOUT;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    thread::sleep(LOCK_POLL);
                }
                Err(TryLockError::WouldBlock) => return Err(VaultError::Busy { path }),
                Err(TryLockError::Error(source)) => return Err(VaultError::Io { path, source }),
            }
        }
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
