//! Pairings that ended on this computer while the npm bridge's files still hold them: nobody goes on
//! with one of them by accident.

use std::io;
use std::path::{Path, PathBuf};

use sap::InstallationId;
use serde::{Deserialize, Serialize};

use super::failures::ended;
use crate::config::Config;
use crate::other_bridge::is_kept_in;

/// Largest file that is read, in bytes.
const MAX_SIZE: u64 = 64 * 1024;
/// How many are remembered; the oldest is forgotten for another one.
const MAX_ENDED: usize = 64;

/// Notes that a pairing ended on this computer: its person logged out, unpaired it, or removed it on the
/// phone. Where the npm bridge's files still hold it, says so in sentences, and it is offered no more.
/// Blocks, as files are read.
pub fn note_ended(config: &Config, installation: &InstallationId) -> Option<String> {
    let folder = config.npm_folder.as_ref().filter(|it| is_kept_in(it, installation))?;
    let mut known = Ended::read(&config.data_dir);
    if !known.installations.contains(installation) {
        known.installations.push(installation.clone());
        known.write(&config.data_dir);
    }
    let failure = ended(folder, installation);
    Some(format!("{} {}", failure.message, failure.hint.unwrap_or_default()))
}

/// Says whether a pairing ended on this computer.
pub(super) fn has_ended(data_dir: &Path, installation: &InstallationId) -> bool {
    Ended::read(data_dir).installations.contains(installation)
}

/// Notes that a person goes on with a pairing all the same.
pub(super) fn goes_on(data_dir: &Path, installation: &InstallationId) {
    let mut known = Ended::read(data_dir);
    if known.installations.contains(installation) {
        known.installations.retain(|it| it != installation);
        known.write(data_dir);
    }
}

/// What is remembered: `ended.json` in the data folder.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Ended {
    installations: Vec<InstallationId>,
}

impl Ended {
    fn read(data_dir: &Path) -> Self {
        let content = disk::read(&path(data_dir), MAX_SIZE).ok().flatten().unwrap_or_default();
        // What cannot be read keeps nobody from a pairing that works.
        serde_json::from_slice(&content).unwrap_or_default()
    }

    fn write(&mut self, data_dir: &Path) {
        let surplus = self.installations.len().saturating_sub(MAX_ENDED);
        self.installations.drain(..surplus);
        let written = serde_json::to_vec(self).map_err(io::Error::from).and_then(|text| {
            disk::create_folder(data_dir)?;
            disk::write(&path(data_dir), &text)
        });
        if let Err(error) = written {
            tracing::warn!(%error, "it cannot be remembered that a pairing ended");
        }
    }
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("ended.json")
}
