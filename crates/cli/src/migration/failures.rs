//! Why a pairing is not taken over, apart from the npm bridge's files themselves.

use std::path::Path;

use bridge::KeyStoreError;
use sap::{BridgeToken, InstallationId};

use super::files::CREDENTIALS;
use crate::exit::{Exit, Failure, sentence};
use crate::other_bridge::OtherBridge;

/// Word for programs: the npm bridge has to be stopped first.
pub(super) const STILL_RUNS: &str = "npm_bridge_running";

/// The npm bridge runs: what it is handed from now on would be lost.
pub(super) fn still_runs(other: &OtherBridge, pid: u32) -> Failure {
    Failure {
        exit: Exit::InUse,
        code: STILL_RUNS,
        message: format!(
            "The npm bridge @sophonai/bridge (process {pid}) still carries this installation. Two at \
             once would answer messages twice or not at all."
        ),
        hint: Some(format!("{} Then take its pairing over.", other.remedy())),
    }
}

/// There is nothing to take over, and a person said that there is.
pub(super) fn nothing_found() -> Failure {
    Failure {
        exit: Exit::Failure,
        code: "npm_pairing_missing",
        message: "No pairing of an npm bridge was found on this computer.".to_owned(),
        hint: Some(
            "If it keeps it elsewhere, name that folder by SOPHON_CONFIG_DIR; otherwise pair this \
             computer."
                .to_owned(),
        ),
    }
}

/// It ended on this computer, and the npm bridge's file still holds it.
pub(super) fn ended(folder: &Path, installation: &InstallationId) -> Failure {
    Failure {
        exit: Exit::Failure,
        code: "npm_pairing_ended",
        message: format!(
            "{} of the npm bridge still holds this access in plain text: delete it. The pairing as \
             {installation} ended on this computer, so that it is not taken over from there.",
            folder.join(CREDENTIALS).display()
        ),
        hint: Some(
            "To go on with it all the same, start `sophon-bridge --take-over` in a terminal."
                .to_owned(),
        ),
    }
}

/// It is not what a person agreed to any more.
pub(super) fn gone() -> Failure {
    Failure {
        exit: Exit::Failure,
        code: "npm_pairing_changed",
        message: "The pairing of the npm bridge has changed meanwhile. Nothing was taken over."
            .to_owned(),
        hint: Some("Try again.".to_owned()),
    }
}

/// Another pairing must not be lost.
pub(super) fn paired_otherwise(stored: &BridgeToken) -> Failure {
    let name = stored.installation_id();
    Failure {
        exit: Exit::Failure,
        code: "already_paired",
        message: format!(
            "This computer is paired already, as {name}, with another token than the npm bridge's. \
             Nothing was taken over."
        ),
        hint: Some("To use the npm bridge's pairing instead, log out first.".to_owned()),
    }
}

/// What was stored is not what comes back.
pub(super) fn not_kept() -> Failure {
    Failure {
        exit: Exit::Failure,
        code: "npm_pairing_not_kept",
        message:
            "What was taken over could not be read back. The npm bridge's files are untouched."
                .to_owned(),
        hint: Some("Try again, or pair this computer anew.".to_owned()),
    }
}

/// The keys could not be stored.
pub(super) fn of_key_store(error: KeyStoreError) -> Failure {
    let KeyStoreError { what, remedy } = error;
    let message = format!("{} The npm bridge's files are untouched.", sentence(&what));
    Failure { exit: Exit::Failure, code: "fatal", message, hint: remedy }
}
