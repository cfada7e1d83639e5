//! The vault's files, and the lock between processes that change them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use disk::{Lock, LockError};
use zeroize::Zeroizing;

use crate::VaultError;

/// Largest file that is read, in bytes; a vault is far smaller.
const MAX_SIZE: u64 = 16 * 1024 * 1024;
/// How long a writer waits for another process.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
const LOCK_POLL: Duration = Duration::from_millis(20);

/// Reads a whole file; none when it does not exist. One beyond [`MAX_SIZE`] is cut, and so damaged.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
    let bytes = disk::read(path, MAX_SIZE).map_err(VaultError::io(path))?;
    Ok(bytes.map(Zeroizing::new))
}

/// Replaces a file as a whole.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    disk::write(path, bytes).map_err(VaultError::io(path))
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
    disk::set_aside(path).map_err(VaultError::io(path))
}

/// Creates a folder that only its owner can enter, if it does not exist.
pub(crate) fn create_folder(path: &Path) -> Result<(), VaultError> {
    disk::create_folder(path).map_err(VaultError::io(path))
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

/// Waits for the lock between processes beside the secrets of `folder`; it is held until dropped.
///
/// # Errors
/// [`VaultError::Busy`] when another process keeps it for 10 s.
pub(crate) fn lock(folder: &Path) -> Result<Lock, VaultError> {
    create_folder(folder)?;
    let path = folder.join("vault.lock");
    let deadline = Instant::now() + LOCK_TIMEOUT;
    loop {
        match Lock::take(&path) {
            Ok(lock) => return Ok(lock),
            Err(LockError::Held { .. }) if Instant::now() < deadline => thread::sleep(LOCK_POLL),
            Err(LockError::Held { .. }) => return Err(VaultError::Busy { path }),
            Err(LockError::Unusable(source)) => return Err(VaultError::Io { path, source }),
        }
    }
}
