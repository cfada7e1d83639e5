//! What the bridge of a demonstration keeps, for as long as the demonstration lasts.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::bridge::Face;

/// A folder that is removed when it is dropped, with what was kept elsewhere on its behalf.
pub(super) struct Home {
    folder: TempDir,
    program: PathBuf,
    cloud: String,
    face: Face,
}

impl Home {
    /// Makes a folder for this program and this cloud.
    ///
    /// # Errors
    /// When the system's folder for temporary files cannot be written to.
    pub(super) fn new(program: PathBuf, cloud: String, face: Face) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("sophon-demo-").tempdir()?;
        Ok(Self { folder, program, cloud, face })
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // On Linux a bridge for a terminal is started without a keychain; elsewhere there is one.
        if cfg!(target_os = "linux") && self.face == Face::Events {
            return;
        }
        // Nothing is left to be done about an entry that cannot be removed.
        let _ = Command::new(&self.program)
            .args(["--logout", "--json"])
            .env("SOPHON_BASE_URL", &self.cloud)
            .env("SOPHON_CONFIG_DIR", self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}
