use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// A program that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The app with its tray.
    Desktop,
    /// The bridge without a screen.
    Bridge,
}

/// Says where the program of a data folder listens: beside its files, and where that path is too long
/// for a socket, in the folder for temporary files under a name of its own.
pub fn address(data_dir: &Path, program: Program) -> PathBuf {
    let folder = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    place(&folder, program.name())
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Bridge => "bridge",
        }
    }
}

#[cfg(unix)]
fn place(folder: &Path, name: &str) -> PathBuf {
    /// Longest path of a socket in bytes; some systems take no more (`sun_path`, less its end).
    const LONGEST: usize = 100;
    let usual = folder.join(format!("{name}.sock"));
    if usual.as_os_str().len() <= LONGEST {
        return usual;
    }
    std::env::temp_dir().join(format!("sophon-{}-{name}.sock", short(folder)))
}

#[cfg(windows)]
fn place(folder: &Path, name: &str) -> PathBuf {
    PathBuf::from(format!(r"\\.\pipe\sophon-{}-{name}", short(folder)))
}

/// A short name that no other folder has.
fn short(folder: &Path) -> String {
    let hash = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_and_program_has_a_place_of_its_own() {
        let long = "/x".repeat(100);
        let places = ["/a", "/b", &long, &format!("{long}/y")].map(|folder| {
            [Program::Desktop, Program::Bridge].map(|it| address(Path::new(folder), it))
        });
        let all: std::collections::HashSet<_> = places.iter().flatten().collect();
        assert_eq!(all.len(), 8);
        assert!(all.iter().all(|place| place.as_os_str().len() <= 108), "{all:?}");
    }
}
