//! What a person can ask for, wherever they ask: tray, window, notification, second start.

use control::{DeviceAct, SetupLevel, Slot, Verdict};
use serde::{Deserialize, Serialize};

use crate::view::{SeatSettings, Settings};

/// A person's wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Request {
    /// Pair an installation; while that goes on, the same page is opened again.
    Pair {
        /// Which one; none: another one than there are.
        slot: Option<Slot>,
    },
    /// Go on with the pairing of the npm bridge.
    TakeOver {
        /// Which one goes on with it.
        slot: Slot,
        /// Whether to delete the npm bridge's files once their content is stored and read back.
        delete_files: bool,
    },
    /// Stop pairing.
    CancelPairing {
        /// Which one.
        slot: Slot,
    },
    /// Put the pairing page's address on the clipboard.
    CopyLink {
        /// Which one's.
        slot: Slot,
    },
    /// Answer a request.
    Decide {
        /// Key of the request.
        key: String,
        /// The answer.
        verdict: Verdict,
        /// Whether to tell a person who is let in (senders).
        notify: bool,
        /// Digest of the request that the person was shown.
        seen: String,
    },
    /// Do something to a device of a gateway.
    Device {
        /// Installation whose gateway it is.
        slot: Slot,
        /// Fingerprint of its key.
        device: String,
        /// What to do.
        act: DeviceAct,
    },
    /// Make a code for a phone, and show it.
    SetUp {
        /// Installation whose gateway the phone is to use.
        slot: Slot,
        /// What the phone is to be allowed.
        level: SetupLevel,
    },
    /// Hide the code for a phone, or what is said of it.
    HideSetup {
        /// Installation whose code it is.
        slot: Slot,
    },
    /// What was said about something done to a device was read.
    DismissNews {
        /// Installation that it is about.
        slot: Slot,
    },
    /// Open the window, or bring it to the front.
    Open {
        /// Page to show; none: the one that was shown last.
        page: Option<Page>,
    },
    /// Open the window at one request.
    Show {
        /// Key of the request.
        key: String,
    },
    /// Disconnect, and stay so until resumed.
    Pause {
        /// Which one.
        slot: Slot,
    },
    /// Connect again.
    Resume {
        /// Which one.
        slot: Slot,
    },
    /// Try to connect, or to read the secrets, now instead of later.
    RetryNow,
    /// Take these settings.
    Save {
        /// All of them.
        settings: Settings,
    },
    /// Take these settings of an installation.
    SaveSeat {
        /// Which one's.
        slot: Slot,
        /// All of them.
        settings: SeatSettings,
    },
    /// Start at login, or no longer.
    StartAtLogin {
        /// Whether to.
        on: bool,
    },
    /// Forget a pairing and delete its stored secrets; one that is not the only one goes away.
    Unpair {
        /// Which one.
        slot: Slot,
    },
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
    /// What waits for a decision, and what was decided.
    Requests,
    /// Devices of the gateway.
    Devices,
    /// Who may talk to the agent.
    Senders,
    /// What happened.
    Logs,
    /// What can be chosen.
    Settings,
    /// Version and licence.
    About,
}
