//! What this program remembers beside its secrets: `settings.json` in the data folder.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Version of the file's format.
const VERSION: u64 = 1;
/// Largest file that is read, in bytes.
const MAX_SIZE: u64 = 64 * 1024;

/// What is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stored {
    version: u64,
    /// Name of this computer; empty: made of the computer's own name.
    pub name: String,
    /// Whether notifications are shown.
    pub notifications: bool,
    /// Address of the gateway; empty: as OpenClaw's own configuration says.
    pub gateway_url: String,
    /// Address of Sophon Cloud; empty: the usual one.
    pub cloud_url: String,
    /// Whether the person paused the installation.
    pub paused: bool,
    /// Name under which this computer was paired.
    pub paired_as: Option<String>,
}

impl Default for Stored {
    fn default() -> Self {
        Self {
            version: VERSION,
            name: String::new(),
            notifications: true,
            gateway_url: String::new(),
            cloud_url: String::new(),
            paused: false,
            paired_as: None,
        }
    }
}

/// The file.
#[derive(Debug)]
pub struct StoredFile {
    path: PathBuf,
    /// A newer program's file is left alone.
    read_only: bool,
}

impl StoredFile {
    /// Reads the file below `folder`; says what a person should know where it could not be used.
    pub fn read(folder: &Path) -> (Self, Stored, Option<String>) {
        let path = folder.join("settings.json");
        let content = match disk::read(&path, MAX_SIZE) {
            Ok(Some(content)) => content,
            Ok(None) => return (Self { path, read_only: false }, Stored::default(), None),
            Err(error) => {
                let remark = format!(
                    "The settings in {} cannot be read ({error}); the usual ones are used.",
                    path.display()
                );
                return (Self { path, read_only: true }, Stored::default(), Some(remark));
            }
        };
        match serde_json::from_slice::<Stored>(&content) {
            Ok(stored) if stored.version <= VERSION => {
                (Self { path, read_only: false }, stored, None)
            }
            Ok(_) => {
                let remark = format!(
                    "{} was written by a newer version of this program; it is left alone, and the \
                     usual settings are used. Update this program.",
                    path.display()
                );
                (Self { path, read_only: true }, Stored::default(), Some(remark))
            }
            Err(_) => {
                let aside = disk::set_aside(&path);
                let place = aside.as_ref().unwrap_or(&path).display();
                let remark = format!(
                    "The settings were damaged; the usual ones are used. The damaged file is {place}."
                );
                (Self { path, read_only: aside.is_err() }, Stored::default(), Some(remark))
            }
        }
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// When it cannot be written, or belongs to a newer version of this program.
    pub fn write(&self, stored: &Stored) -> io::Result<()> {
        if self.read_only {
            return Err(io::Error::other(format!(
                "{} cannot be changed by this version",
                self.path.display()
            )));
        }
        if let Some(folder) = self.path.parent() {
            disk::create_folder(folder)?;
        }
        let text = serde_json::to_vec_pretty(&Stored { version: VERSION, ..stored.clone() })?;
        disk::write(&self.path, &text)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("not/there/yet");
        let (file, stored, remark) = StoredFile::read(&place);
        assert_eq!((stored.clone(), remark), (Stored::default(), None));
        let changed = Stored { name: "Den".into(), paused: true, ..stored };
        file.write(&changed).unwrap();
        assert_eq!(StoredFile::read(&place).1, changed);
    }

    #[test]
    fn a_damaged_file_is_kept_aside_and_said() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("settings.json"), b"{\"version\": 1, \xff").unwrap();
        let (file, stored, remark) = StoredFile::read(folder.path());
        assert_eq!(stored, Stored::default());
        assert!(remark.unwrap().contains(".damaged-"));
        file.write(&stored).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_newer_programs_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let newer = r#"{"version": 2, "name": "Den", "unheard": [1]}"#;
        fs::write(&path, newer).unwrap();
        let (file, stored, remark) = StoredFile::read(folder.path());
        assert_eq!(stored, Stored::default());
        assert!(remark.unwrap().contains("newer version"));
        file.write(&stored).unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), newer);
    }
}
