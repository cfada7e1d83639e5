//! What is watched, and how much of it may be added for good reason.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::CHATS;
use crate::bridge::COMPLAINTS;
use crate::measure::process;

/// How many messages a bridge remembers, to recognise one that comes again.
const REMEMBERED: usize = 4_096;
/// What it keeps for each of them in memory and on disk, in megabytes: the ids of the message, of
/// its updates, its run, and its approval.
const PER_MESSAGE: f64 = 0.000_3;

/// Something that a bridge could use ever more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    Resident,
    Proportional,
    Handles,
    Threads,
    Disk,
}

/// Everything that is watched, at one moment.
pub(super) struct Sample {
    /// Time since the beginning.
    pub(super) at: Duration,
    values: [Option<f64>; Quantity::ALL.len()],
}

impl Sample {
    /// Looks at a process and its folder; what this system does not tell is absent.
    pub(super) fn take(at: Duration, process: u32, folder: &Path) -> Self {
        let memory = process::memory(process);
        let values = Quantity::ALL.map(|quantity| match quantity {
            Quantity::Resident => memory.map(|memory| memory.resident),
            Quantity::Proportional => memory.map(|memory| memory.proportional),
            Quantity::Handles => process::handles(process).map(|count| count as f64),
            Quantity::Threads => process::threads(process).map(|count| count as f64),
            Quantity::Disk => size_of(folder).ok().map(|bytes| bytes as f64 / 1e6),
        });
        Self { at, values }
    }

    /// What was seen of a quantity.
    pub(super) fn of(&self, quantity: Quantity) -> Option<f64> {
        let at = Quantity::ALL.iter().position(|it| *it == quantity)?;
        self.values[at]
    }

    /// Describes it for programs: the seconds, and the values in the order of the quantities.
    pub(super) fn to_json(&self) -> Value {
        json!([self.at.as_secs_f64(), self.values])
    }
}

impl Quantity {
    pub(super) const ALL: [Self; 5] =
        [Self::Resident, Self::Proportional, Self::Handles, Self::Threads, Self::Disk];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Resident => "memory (RSS)",
            Self::Proportional => "memory (PSS)",
            Self::Handles => "files and sockets",
            Self::Threads => "threads",
            Self::Disk => "data folder",
        }
    }

    /// With a space before it; empty for a count.
    pub(super) fn unit(self) -> &'static str {
        match self {
            Self::Resident | Self::Proportional | Self::Disk => " MB",
            Self::Handles | Self::Threads => "",
        }
    }

    /// How much more of it there may be after so many messages.
    pub(super) fn allowed(self, messages: usize) -> f64 {
        let remembered = messages.min(REMEMBERED) as f64 * PER_MESSAGE;
        match self {
            Self::Resident | Self::Proportional | Self::Disk => 1.0 + remembered,
            Self::Handles => CHATS as f64,
            Self::Threads => 1.0,
        }
    }

    /// Why it may be more at all.
    pub(super) fn because(self) -> &'static str {
        match self {
            Self::Resident | Self::Proportional => {
                "the journal's cache has 0.5 MB, the allocator keeps as much of a busier moment, \
                 and 300 bytes of each of the last 4,096 messages are remembered"
            }
            Self::Handles => {
                "a connection to the cloud is kept for each chat for 90 s after a busier moment"
            }
            Self::Threads => "one may do an errand in the moment of the sample",
            Self::Disk => {
                "the journal's file keeps the room of a busier moment, and 300 bytes of each of \
                 the last 4,096 messages; its log has its full size within seconds"
            }
        }
    }
}

/// The bytes of all files of a folder that are the bridge's own.
fn size_of(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == OsStr::new(COMPLAINTS) {
            continue;
        }
        bytes += match entry.metadata() {
            Ok(found) if found.is_dir() => size_of(&entry.path())?,
            Ok(found) => found.len(),
            // A file that is replaced may be gone by now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_s_size_is_that_of_the_bridge_s_own_files() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("logs");
        fs::create_dir(&inner).unwrap();
        for (file, bytes) in [("journal.sqlite", 10), ("logs/a.log", 5), (COMPLAINTS, 100)] {
            fs::write(folder.path().join(file), vec![0; bytes]).unwrap();
        }
        assert_eq!(size_of(folder.path()).unwrap(), 15);
    }

    #[test]
    fn what_is_remembered_is_allowed_up_to_its_limit() {
        let allowed = |messages| Quantity::Resident.allowed(messages);
        assert!(allowed(0) < allowed(1_000));
        assert_eq!(allowed(REMEMBERED), allowed(1_000_000));
    }
}
