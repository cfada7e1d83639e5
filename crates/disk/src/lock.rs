use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use crate::open_private;

/// Is held by one program at a time; the system gives it back however the program ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why a lock is not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody has it, perhaps in this process.
    #[error("it is locked{}", pid.map(|pid| format!(" by process {pid}")).unwrap_or_default())]
    Held {
        /// The process that has it, where the system lets it be known.
        pid: Option<u32>,
    },
    /// The file cannot be opened or locked.
    #[error(transparent)]
    Unusable(#[from] io::Error),
}

impl Lock {
    /// Takes the lock that a file stands for, without waiting; the file is created if missing, and
    /// stays.
    ///
    /// # Errors
    /// When somebody else has it, or the file cannot be used.
    pub fn take(path: &Path) -> Result<Self, LockError> {
        let mut file = open_private(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held { pid: holder(&file) }),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // The number only names the holder to others, and a full disk has no room for it.
        let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

// Windows lets nobody read what another has locked.
fn holder(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_held(error: &LockError) -> bool {
        matches!(error, LockError::Held { pid } if cfg!(windows) || *pid == Some(std::process::id()))
    }

    #[test]
    fn one_has_it_and_others_are_told_who_until_it_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        // What an earlier holder left, which is longer.
        std::fs::write(&path, "9".repeat(15)).unwrap();
        let first = Lock::take(&path).unwrap();
        let refused = Lock::take(&path).unwrap_err();
        assert!(is_held(&refused), "{refused:?}");
        let _other = Lock::take(&folder.path().join("b.lock")).unwrap();
        drop(first);
        Lock::take(&path).unwrap();
    }

    #[test]
    fn where_no_file_can_be_there_is_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let refused = Lock::take(&folder.path().join("missing/a.lock")).unwrap_err();
        assert!(
            matches!(&refused, LockError::Unusable(why) if why.kind() == io::ErrorKind::NotFound),
            "{refused:?}"
        );
        let refused = Lock::take(folder.path()).unwrap_err();
        assert!(matches!(refused, LockError::Unusable(_)), "{refused:?}");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_it_whoever_made_it() {
        use std::fs::{Permissions, metadata, set_permissions, write};
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (folder.path().join("new"), folder.path().join("old"));
        write(&old, "").unwrap();
        set_permissions(&old, Permissions::from_mode(0o644)).unwrap();
        for path in [&new, &old] {
            let _lock = Lock::take(path).unwrap();
            assert_eq!(metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
