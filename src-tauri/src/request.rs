//! What a person can ask for, wherever they ask: tray, window, notification, second start.

use serde::{Deserialize, Serialize};

use crate::view::{Decision, Settings};

/// A person's wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Request {
    /// Pair this computer; while that goes on, the same page is opened again.
    Pair,
    /// Go on with the pairing of the npm bridge.
    TakeOver {
        /// Whether to delete the npm bridge's files once their content is stored and read back.
        delete_files: bool,
    },
    /// Stop pairing.
    CancelPairing,
    /// Put the pairing page's address on the clipboard.
    CopyLink,
    /// Answer an approval.
    Decide {
        /// Id of the approval.
        approval: String,
        /// The answer.
        decision: Decision,
    },
    /// Open the window, or bring it to the front.
    Open {
        /// Page to show; none: the one that was shown last.
        page: Option<Page>,
    },
    /// Open the window at one approval.
    Show {
        /// Id of the approval.
        approval: String,
    },
    /// Disconnect, and stay so until resumed.
    Pause,
    /// Connect again.
    Resume,
    /// Try to connect, or to read the secrets, now instead of later.
    RetryNow,
    /// Take these settings.
    Save {
        /// All of them.
        settings: Settings,
    },
    /// Start at login, or no longer.
    StartAtLogin {
        /// Whether to.
        on: bool,
    },
    /// Forget the pairing and delete the stored secrets.
    Unpair,
    /// Open the folder of the log files.
    OpenLogFolder,
    /// End the program.
    Quit,
}

/// A page of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Page {
    /// Health of the installation, and pairing.
    Overview,
    /// What waits for a decision.
    Requests,
    /// What happened.
    Logs,
    /// What can be chosen.
    Settings,
    /// Version and licence.
    About,
}
