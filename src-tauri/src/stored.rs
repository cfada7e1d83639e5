//! What this program remembers beside its secrets: `settings.json` in the data folder.

// Named, because the fuzz targets take this file in under another folder.
#[path = "stored/format.rs"]
mod format;

use std::io;
use std::path::{Path, PathBuf};

use control::Slot;

use self::format::{Format, VERSION};
use crate::view::AccessMode;

/// Largest file that is read, in bytes.
const MAX_SIZE: u64 = 256 * 1024;

/// What is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Whether notifications are shown.
    pub notifications: bool,
    /// When the gateway is asked who wants to join it.
    pub access: AccessMode,
    /// Installations of this computer, by their numbers.
    pub seats: Vec<StoredSeat>,
    /// Number of the next one that is added: no number is given twice.
    pub next_slot: Slot,
}

/// What is remembered of one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSeat {
    /// Its number.
    pub slot: Slot,
    /// Its name; empty: made of the computer's own name.
    pub name: String,
    /// Address of its gateway; empty: as OpenClaw's own configuration says.
    pub gateway_url: String,
    /// Folder of OpenClaw's configuration; empty: the usual one.
    pub openclaw_folder: String,
    /// Address of its cloud; empty: the usual one.
    pub cloud_url: String,
    /// Whether the person paused it.
    pub paused: bool,
    /// Name under which it was paired.
    pub paired_as: Option<String>,
    /// When it was paired, in milliseconds since 1970; none where that is not known.
    pub paired_at_ms: Option<u64>,
}

impl Default for Stored {
    fn default() -> Self {
        let seats = vec![StoredSeat::new(Slot::FIRST)];
        let next_slot = Slot(Slot::FIRST.0.saturating_add(1));
        Self { notifications: true, access: AccessMode::default(), seats, next_slot }
    }
}

impl StoredSeat {
    /// One of which nothing is known.
    pub fn new(slot: Slot) -> Self {
        Self {
            slot,
            name: String::new(),
            gateway_url: String::new(),
            openclaw_folder: String::new(),
            cloud_url: String::new(),
            paused: false,
            paired_as: None,
            paired_at_ms: None,
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
        match serde_json::from_slice::<Format>(&content) {
            Ok(format) if format.version <= VERSION => {
                (Self { path, read_only: false }, format.into(), None)
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
        let text = serde_json::to_vec_pretty(&Format::from(stored.clone()))?;
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
        let mut changed = stored;
        (changed.seats[0].name, changed.seats[0].paused) = ("Den".into(), true);
        let second = StoredSeat { paired_at_ms: Some(5), ..StoredSeat::new(Slot(2)) };
        changed.seats.push(second);
        (changed.seats[0].openclaw_folder, changed.next_slot) =
            ("~/.openclaw-work".into(), Slot(9));
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
