//! What a person sees, as one value: the tray, the window and `--print-menu` are functions of it.
//!
//! Times are milliseconds since 1970, by this computer's clock.

use control::{Access, PastRequest, Pending, Slot};
use serde::{Deserialize, Serialize};

pub use control::Problem;

/// Everything that is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct View {
    /// Version of this program.
    pub version: String,
    /// Installations of this computer, oldest first; never empty: the only one may be unpaired.
    pub installations: Vec<Seat>,
    /// Requests that wait for a decision, oldest first, of all installations.
    pub pending: Vec<Pending>,
    /// What was decided, newest first, at most 200; only while a window is open.
    pub history: Vec<PastRequest>,
    /// Who may use the gateways: an entry for each that is asked, only while a window is open.
    pub access: Vec<Access>,
    /// What the person chose.
    pub settings: Settings,
    /// Why the last change of the settings was not taken.
    pub refused: Option<RefusedSetting>,
    /// Whether the tray icon is there.
    pub tray: TrayHost,
    /// What a person should know about this start: where secrets are kept, for example.
    pub remarks: Vec<String>,
    /// Folder of the log files.
    pub log_folder: String,
}

/// One installation of this computer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Seat {
    /// Its number, which never changes.
    pub slot: Slot,
    /// How it stands with Sophon.
    pub standing: Installation,
    /// What the person chose for it.
    pub settings: SeatSettings,
    /// When it was paired, where that is known: its token is as old.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub paired_at_ms: Option<u64>,
}

/// How this computer stands with Sophon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Installation {
    /// The keychain is being asked.
    Starting,
    /// The stored secrets cannot be read, or another program carries the installation; it is tried
    /// again.
    Locked {
        /// What happened, and what to do now.
        problem: Problem,
    },
    /// There is no pairing.
    Unpaired {
        /// Why the last try to pair ended.
        problem: Option<Problem>,
        /// A pairing of the npm bridge that can be gone on with.
        npm: Option<NpmPairing>,
    },
    /// A person is to confirm in the browser or on the phone.
    Pairing {
        /// What they confirm; none until the cloud gave it.
        ticket: Option<Ticket>,
        /// What holds it up, as a sentence.
        interrupted: Option<String>,
    },
    /// Paired and wanted.
    Paired(Paired),
    /// Paired, and disconnected by the person.
    Paused {
        /// Name and rights of the installation.
        identity: Identity,
    },
    /// The pairing was removed on the phone.
    Revoked {
        /// Name and rights that the installation had.
        identity: Identity,
    },
}

/// A pairing that the npm bridge keeps on this computer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NpmPairing {
    /// Id of the installation.
    pub id: String,
    /// Cloud that it is paired with.
    pub cloud: String,
    /// Folder of the npm bridge's files.
    pub folder: String,
}

/// What a person confirms to pair this computer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Ticket {
    /// Code to type on the phone.
    pub code: String,
    /// Page to confirm on.
    pub url: String,
    /// The page's address as a QR code: an SVG path in a square of `qr_size` units.
    pub qr_path: String,
    /// Side of the QR code, in units of its path.
    pub qr_size: u32,
    /// When the code ends.
    #[cfg_attr(test, ts(type = "number"))]
    pub expires_at_ms: u64,
}

/// Name and rights of an installation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Identity {
    /// Id of the installation.
    pub id: String,
    /// Name that the phone shows.
    pub name: String,
    /// Cloud that it is paired with.
    pub cloud: String,
    /// What it may do, as sentence fragments.
    pub may: Vec<String>,
}

/// A pairing that is at work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Paired {
    /// Name and rights of the installation.
    pub identity: Identity,
    /// The connection to Sophon Cloud.
    pub cloud: Link,
    /// The connection to OpenClaw.
    pub gateway: Link,
    /// Version that OpenClaw said last.
    pub gateway_version: Option<String>,
    /// Since when one side has been missing, if one is after both had been there.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub degraded_since_ms: Option<u64>,
    /// Sessions in which something happened today.
    pub sessions_today: u32,
    /// Turns that are being answered.
    pub running: u32,
    /// Turns that wait.
    pub queued: u32,
    /// Messages of encrypted chats that wait for the phone's key.
    pub locked: u32,
    /// Parts of answers that the cloud refused for good, since the bridge was started.
    pub undelivered: u32,
    /// Why nothing can be stored, and what to do now: until it can, nothing is carried.
    pub storage: Option<Box<Problem>>,
}

/// One of the two connections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Link {
    /// Being made.
    Connecting,
    /// Made, and heard from within its window.
    Up {
        /// Since when.
        #[cfg_attr(test, ts(type = "number"))]
        since_ms: u64,
        /// Version of the other side, where it says so.
        version: Option<String>,
    },
    /// Not there.
    Down {
        /// What happened, and what to do now.
        problem: Problem,
        /// When it is tried again; never where only a person can help.
        #[cfg_attr(test, ts(type = "number | null"))]
        retry_at_ms: Option<u64>,
    },
}

/// What the person chose for the whole program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Settings {
    /// Whether the program starts, hidden, when the person logs in.
    pub start_at_login: bool,
    /// Whether notifications are shown.
    pub notifications: bool,
    /// When the gateway is asked who wants to join it.
    pub access: AccessMode,
}

/// When the gateway is asked who wants to join it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum AccessMode {
    /// Never.
    #[default]
    Off,
    /// While the person looks at its devices, senders or requests.
    Shown,
    /// All the time, so that requests of devices and senders are told of.
    Always,
}

/// What the person chose for one installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SeatSettings {
    /// Its name on this computer, and on the phone from the next pairing on.
    pub name: String,
    /// Address of the gateway; empty: as OpenClaw's own configuration says.
    pub gateway_url: String,
    /// Folder of OpenClaw's configuration; empty: the usual one.
    pub openclaw_folder: String,
    /// Address of Sophon Cloud; empty: the usual one.
    pub cloud_url: String,
}

/// A change of the settings that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RefusedSetting {
    /// Installation whose settings were not taken; none: those of the program.
    pub slot: Option<Slot>,
    /// Field of [`Settings`] or [`SeatSettings`] that is wrong.
    pub field: String,
    /// Why, as a sentence.
    pub why: String,
}

/// Whether the tray icon is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum TrayHost {
    /// It is.
    Shown,
    /// This desktop has nowhere to put it so far.
    Missing,
    /// It was not asked for.
    Off,
}

/// When the two sides of an installation were last heard from, looked at while the window is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Pulse {
    /// The installation.
    pub slot: Slot,
    /// Sophon Cloud.
    pub cloud: Option<Beat>,
    /// OpenClaw.
    pub gateway: Option<Beat>,
}

/// A sign of life of one side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Beat {
    /// When it came.
    #[cfg_attr(test, ts(type = "number"))]
    pub heard_at_ms: u64,
    /// How long the last measured answer took, in milliseconds.
    pub round_trip_ms: Option<f64>,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LogLine {
    /// When.
    #[cfg_attr(test, ts(type = "number"))]
    pub at_ms: u64,
    /// `error`, `warn`, `info` or `debug`.
    pub level: String,
    /// Part of the program that wrote it.
    pub from: String,
    /// What happened.
    pub text: String,
}
