//! The right to carry an installation: on one computer, one program of a person has it at a time.

use std::path::Path;

use disk::{Lock, LockError};
use journal::{Journal, OpenError, Opened};
use sap::InstallationId;

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
    _lock: Option<Lock>,
}

/// Claims an installation for this program. Blocks, as its journal is read.
///
/// # Errors
/// Another program has it, with the exit code [`crate::Exit::InUse`]; or its journal is a newer
/// program's, or cannot be used.
pub fn claim(data_dir: &Path, installation: &InstallationId) -> Result<Claim, Failure> {
    let Opened { journal, set_aside } = Journal::open(data_dir, installation.as_str())?;
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

/// Removes the journal of an installation that is gone. Blocks, as files are deleted.
///
/// # Errors
/// A program of this data folder has it, with the exit code [`crate::Exit::InUse`]; or it cannot be
/// deleted.
pub fn discard(data_dir: &Path, installation: &InstallationId) -> Result<(), Failure> {
    Ok(Journal::discard(data_dir, installation.as_str())?)
}

/// Takes the lock that programs with other data folders look for as well. A folder that cannot be
/// used keeps nobody away, and stops nobody.
fn hold(folder: &Path, installation: &InstallationId) -> Result<Hold, OpenError> {
    let name = format!("carried-{}.lock", file_name(installation));
    let taken = disk::create_folder(folder)
        .map_err(LockError::from)
        .and_then(|()| Lock::take(&folder.join(name)));
    match taken {
        Ok(lock) => Ok(Hold { _lock: Some(lock) }),
        Err(LockError::Held { pid }) => Err(OpenError::InUse { pid }),
        Err(LockError::Unusable(error)) => {
            tracing::debug!(%error, "programs with another data folder cannot be kept away");
            Ok(Hold { _lock: None })
        }
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
