//! The right to carry an installation: on one computer, one program of a person has it at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use journal::{Journal, OpenError, Opened};
use sap::InstallationId;

use crate::config::Config;
use crate::exit::Failure;
use crate::paths::usual_data_dir;

/// An installation that this program may carry.
#[derive(Debug)]
pub struct Claim {
    /// What must outlive the program. No other program of this data folder has it meanwhile.
    pub journal: Journal,
    /// What keeps programs with other data folders away.
    pub hold: Hold,
    /// What a person should know: that the journal was damaged, and where it is now.
    pub remark: Option<String>,
}

/// Keeps programs of this person with other data folders from an installation until it is dropped.
#[derive(Debug)]
pub struct Hold {
    _lock: Option<File>,
}

/// Claims an installation for this program.
///
/// # Errors
/// Another program has it, with the exit code [`crate::Exit::InUse`]; or its journal is a newer
/// program's, or cannot be used.
pub fn claim(config: &Config, installation: &InstallationId) -> Result<Claim, Failure> {
    let Opened { journal, set_aside } = Journal::open(&config.data_dir, installation.as_str())?;
    let hold = match usual_data_dir() {
        Some(folder) => hold(&folder, installation)?,
        None => Hold { _lock: None },
    };
    let remark = set_aside.map(|damaged| {
        tracing::warn!(path = %damaged.display(), "a damaged journal was set aside");
        format!(
            "The journal of messages under way was damaged and was moved to {}. Messages that \
             waited in it may have to be sent again.",
            damaged.display()
        )
    });
    Ok(Claim { journal, hold, remark })
}

/// Takes the lock that programs with other data folders look for as well. A folder that cannot be
/// used keeps nobody away, and stops nobody.
fn hold(folder: &Path, installation: &InstallationId) -> Result<Hold, OpenError> {
    let name = format!("carried-{}.lock", file_name(installation));
    match disk::create_folder(folder).and_then(|()| lock(&folder.join(name))) {
        Ok(Ok(file)) => Ok(Hold { _lock: Some(file) }),
        Ok(Err(pid)) => Err(OpenError::InUse { pid }),
        Err(error) => {
            tracing::debug!(%error, "programs with another data folder cannot be kept away");
            Ok(Hold { _lock: None })
        }
    }
}

/// Takes a lock, or tells the process that has it where the system lets it be known.
fn lock(path: &Path) -> io::Result<Result<File, Option<u32>>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            write!(file, "{}", std::process::id())?;
            Ok(Ok(file))
        }
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // Windows lets nobody read what another has locked.
            let read = file.take(20).read_to_string(&mut text);
            Ok(Err(read.ok().and_then(|_| text.parse().ok())))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The id as far as it can stand in the name of a file; nothing secret is in it.
fn file_name(installation: &InstallationId) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    installation.as_str().chars().take(64).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_installation_has_one_holder_and_others_are_told_its_process() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("not/there/yet");
        let (one, two) = (InstallationId::new("inst_one"), InstallationId::new("inst_two"));
        let held = hold(&place, &one).unwrap();
        let refused = hold(&place, &one).unwrap_err();
        let this = std::process::id();
        let names_it = matches!(refused, OpenError::InUse { pid: Some(pid) } if pid == this);
        assert!(names_it || cfg!(windows), "{refused:?}");
        hold(&place, &two).unwrap();
        drop(held);
        hold(&place, &one).unwrap();
    }

    #[test]
    fn a_place_that_cannot_be_used_refuses_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let id = InstallationId::new("inst_one");
        hold(&file.join("below"), &id).unwrap();
    }

    #[test]
    fn no_id_leaves_its_folder() {
        let name = file_name(&InstallationId::new("../../x y"));
        assert_eq!(name, "------x-y");
        assert!(file_name(&InstallationId::new("x".repeat(500))).len() <= 64);
    }
}
