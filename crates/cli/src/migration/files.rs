//! The two files of the npm bridge: read only where nobody else can have put them there, deleted
//! only as they were read.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::unusable::{Unusable, Why};

/// Name of the file of the token and the device key.
pub(super) const CREDENTIALS: &str = "credentials.json";
/// Name of the file of the session keys.
pub(super) const SESSION_KEYS: &str = "session-keys.json";

/// Largest file of credentials that is read, in bytes.
const MAX_CREDENTIALS: u64 = 64 * 1024;
/// Largest file of session keys that is read, in bytes: those of 50,000 sessions.
const MAX_SESSION_KEYS: u64 = 8 * 1024 * 1024;

/// A file as it was read.
pub(super) struct Read {
    pub(super) path: PathBuf,
    pub(super) content: Zeroizing<Vec<u8>>,
    max_bytes: u64,
}

/// Reads the credentials in a folder; none when there are none.
pub(super) fn credentials(folder: &Path) -> Result<Option<Read>, Unusable> {
    read(folder.join(CREDENTIALS), MAX_CREDENTIALS)
}

/// Reads the session keys in a folder; none when there are none.
pub(super) fn session_keys(folder: &Path) -> Result<Option<Read>, Unusable> {
    read(folder.join(SESSION_KEYS), MAX_SESSION_KEYS)
}

impl Read {
    /// Says what is wrong with this file.
    pub(super) fn unusable(&self, why: Why) -> Unusable {
        Unusable { path: self.path.clone(), why }
    }

    /// Makes sure that the file still is what was read.
    pub(super) fn check_unchanged(&self) -> Result<(), Unusable> {
        let now = read(self.path.clone(), self.max_bytes)?;
        let is_same = now.is_some_and(|now| *now.content == *self.content);
        if is_same { Ok(()) } else { Err(self.unusable(Why::Changed)) }
    }

    /// Deletes the file, unless it is another one by now.
    pub(super) fn delete(&self) -> Result<(), Unusable> {
        self.check_unchanged()?;
        fs::remove_file(&self.path).map_err(|error| self.unusable(error.into()))
    }
}

fn read(path: PathBuf, max_bytes: u64) -> Result<Option<Read>, Unusable> {
    match content(&path, max_bytes) {
        Ok(Some(content)) => Ok(Some(Read { path, content, max_bytes })),
        Ok(None) => Ok(None),
        Err(why) => Err(Unusable { path, why }),
    }
}

fn content(path: &Path, max_bytes: u64) -> Result<Option<Zeroizing<Vec<u8>>>, Why> {
    let seen = match fs::symlink_metadata(path) {
        Ok(seen) => seen,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // Before it is opened: opening what is no file may wait for ever.
    check(&seen, max_bytes)?;
    let file = File::open(path)?;
    let opened = file.metadata()?;
    if !is_same(&seen, &opened) {
        return Err(Why::Changed);
    }
    check(&opened, max_bytes)?;
    // Room for all of it: what a vector leaves behind when it grows is wiped by nobody.
    let room = usize::try_from(opened.len()).map_err(|_| Why::TooLarge)?;
    let mut content = Zeroizing::new(Vec::with_capacity(room + 1));
    file.take(opened.len() + 1).read_to_end(&mut content)?;
    if content.len() != room {
        return Err(Why::Changed);
    }
    Ok(Some(content))
}

fn check(file: &Metadata, max_bytes: u64) -> Result<(), Why> {
    if file.is_symlink() {
        return Err(Why::Link);
    }
    if !file.is_file() {
        return Err(Why::NoFile);
    }
    check_owner(file)?;
    if file.len() > max_bytes { Err(Why::TooLarge) } else { Ok(()) }
}

#[cfg(unix)]
fn check_owner(file: &Metadata) -> Result<(), Why> {
    use std::os::unix::fs::MetadataExt as _;
    if file.uid() != rustix::process::geteuid().as_raw() {
        return Err(Why::Foreign);
    }
    if file.mode() & 0o002 != 0 { Err(Why::Open) } else { Ok(()) }
}

#[cfg(not(unix))]
fn check_owner(_: &Metadata) -> Result<(), Why> {
    Ok(())
}

#[cfg(unix)]
fn is_same(one: &Metadata, two: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (two.dev(), two.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(folder: &Path) -> String {
        credentials(folder).err().unwrap().to_string()
    }

    #[test]
    fn what_is_not_there_is_nothing_and_what_is_there_is_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        assert!(credentials(folder.path()).unwrap().is_none());
        assert!(credentials(&folder.path().join("no folder")).unwrap().is_none());
        fs::write(folder.path().join(SESSION_KEYS), "{}").unwrap();
        assert_eq!(*session_keys(folder.path()).unwrap().unwrap().content, b"{}");
    }

    #[test]
    fn what_is_no_file_or_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CREDENTIALS);
        fs::create_dir(&path).unwrap();
        assert!(refusal(folder.path()).contains("no ordinary file"));
        fs::remove_dir(&path).unwrap();
        fs::write(&path, " ".repeat(MAX_CREDENTIALS as usize + 1)).unwrap();
        assert!(refusal(folder.path()).contains("too large"));
        fs::write(&path, " ".repeat(MAX_CREDENTIALS as usize)).unwrap();
        assert!(credentials(folder.path()).unwrap().is_some());
    }

    #[test]
    fn a_file_that_is_another_one_by_now_is_not_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CREDENTIALS);
        fs::write(&path, "one").unwrap();
        let read = credentials(folder.path()).unwrap().unwrap();
        fs::write(&path, "two").unwrap();
        assert!(read.delete().unwrap_err().to_string().contains("changed"));
        assert!(path.exists());
        fs::write(&path, "one").unwrap();
        read.delete().unwrap();
        assert!(!path.exists());
        assert!(read.delete().is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_others_may_have_put_there_is_refused() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CREDENTIALS);
        fs::write(folder.path().join("elsewhere"), "{}").unwrap();
        symlink(folder.path().join("elsewhere"), &path).unwrap();
        assert!(refusal(folder.path()).contains("link"));
        fs::remove_file(&path).unwrap();
        fs::write(&path, "{}").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o646)).unwrap();
        assert!(refusal(folder.path()).contains("every user"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(credentials(folder.path()).unwrap().is_some());
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
            assert!(refusal(folder.path()).contains("another user"));
        }
    }
}
