//! Who may use the gateway: its devices, its messengers' senders, and codes for a phone.

use serde::{Deserialize, Serialize};
#[cfg(feature = "typescript")]
use ts_rs::TS;

use crate::{Foreign, Scope, Slot};

/// Who may use the gateway of one installation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct Access {
    /// Installation whose gateway it is.
    pub slot: Slot,
    /// Whether the gateway can be asked.
    pub standing: Standing,
    /// Its devices, connected and newest ones first; none before they were listed.
    pub devices: Option<Vec<Device>>,
    /// How many devices and requests cannot be understood.
    pub unreadable: u32,
    /// Whether devices can be renamed.
    pub can_rename: bool,
    /// Whether codes for a phone can be made.
    pub can_set_up: bool,
    /// What is known of senders.
    pub senders: SendersStanding,
    /// A code for a phone, while it is shown.
    pub setup: Option<Setup>,
    /// What the person asked for last and did not come about, or has more to it than they see.
    pub news: Option<Problem>,
}

/// Something to know: what happened, and what to do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct Problem {
    /// What happened, as a sentence.
    pub what: String,
    /// What a person can do now, as a sentence.
    pub remedy: Option<String>,
}

/// Whether the gateway can be asked who may use it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(TS))]
pub enum Standing {
    /// Nobody asked for it.
    Off,
    /// The connection is being made.
    Connecting,
    /// It can.
    Up,
    /// It cannot.
    Down {
        /// Why, and what to do now.
        problem: Problem,
    },
}

/// A device that may use the gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct Device {
    /// Fingerprint of its key.
    pub id: String,
    /// Name that the gateway's owner gave it.
    pub label: Option<Foreign>,
    /// Name that it gives itself.
    pub name: Option<Foreign>,
    /// Platform that it names.
    pub platform: Option<Foreign>,
    /// Program and mode that it names.
    pub program: Option<Foreign>,
    /// Roles that it has.
    pub roles: Vec<Foreign>,
    /// Scopes that it has.
    pub scopes: Vec<Scope>,
    /// How many further roles, scopes, abilities and commands are not listed.
    pub unlisted: u32,
    /// Address that it came from, where it is not this computer.
    pub address: Option<Foreign>,
    /// Web page that it came from.
    pub origin: Option<Foreign>,
    /// How it was approved.
    pub approved_via: Option<Foreign>,
    /// When it was last approved.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub approved_at_ms: Option<u64>,
    /// When it was last seen.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub last_seen_at_ms: Option<u64>,
    /// It is connected now, where the gateway says so.
    pub is_connected: Option<bool>,
    /// Its tokens, one a role.
    pub tokens: Vec<Token>,
    /// What agents may run on it, where it is a node.
    pub node: Option<NodeOfDevice>,
    /// It is this program's own device: whatever is done to it, is done to this program.
    pub is_own: bool,
    /// Something is being done to it, and the gateway has not confirmed that.
    pub is_changing: bool,
}

/// A token of a device; never the token itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct Token {
    /// Role that it signs in for.
    pub role: String,
    /// Scopes that it carries.
    pub scopes: Vec<Scope>,
    /// When the first one was issued.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub created_at_ms: Option<u64>,
    /// When it last became another one.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub rotated_at_ms: Option<u64>,
    /// When it was revoked.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub revoked_at_ms: Option<u64>,
    /// When somebody last signed in with it.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub last_used_at_ms: Option<u64>,
}

/// What agents may run on a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct NodeOfDevice {
    /// Abilities that it names.
    pub capabilities: Vec<Foreign>,
    /// Commands that agents may run on it.
    pub commands: Vec<Foreign>,
}

/// What can be done to a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(TS))]
pub enum DeviceAct {
    /// Give it a name that goes before its own.
    Rename {
        /// The name: 1 to 64 characters.
        name: String,
    },
    /// Remove it with all its tokens.
    Remove,
    /// Take back what agents may run on it.
    RemoveNode,
    /// Make a token another one; it signs in anew.
    Rotate {
        /// Role of the token.
        role: String,
    },
    /// Make a token void; it has to ask before it may sign in again.
    Revoke {
        /// Role of the token.
        role: String,
    },
}

/// What is known of senders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(TS))]
pub enum SendersStanding {
    /// They were not listed yet.
    Unknown,
    /// This gateway cannot be asked from here.
    NotOffered {
        /// What to type on its computer instead.
        command: String,
    },
    /// They could not be listed.
    Failed {
        /// Why, and what to do now.
        problem: Problem,
    },
    /// They were listed; those that wait are requests.
    Listed {
        /// Accounts that let unknown people ask.
        accounts: Vec<AccountOfSenders>,
        /// How many requests an account keeps; further people are ignored without a word.
        most_pending: Option<u32>,
        /// How many cannot be understood.
        unreadable: u32,
    },
}

/// An account of the agent with a messenger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct AccountOfSenders {
    /// Messenger, such as `telegram`.
    pub channel: String,
    /// Messenger's name.
    pub channel_name: Option<Foreign>,
    /// Account's id.
    pub account: String,
    /// Account's name.
    pub account_name: Option<Foreign>,
}

/// What a phone that joins with a code is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(TS))]
pub enum SetupLevel {
    /// Everything, administration too.
    Full,
    /// Everything but administration.
    Limited,
    /// To be a node, read and talk.
    Node,
}

/// A code for a phone. Whoever sees it can join instead.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(TS))]
pub enum Setup {
    /// It is being made.
    Making,
    /// It can be used.
    Ready {
        /// The code.
        code: String,
        /// The code as a QR code: an SVG path in a square of `qr_size` units.
        qr_path: String,
        /// Side of the QR code, in units of its path.
        qr_size: u32,
        /// What the phone will be allowed.
        level: SetupLevel,
        /// When it becomes void.
        #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
        expires_at_ms: Option<u64>,
    },
    /// It was used, or has become void: the code is gone.
    Over {
        /// What became of it, as a sentence.
        what: String,
    },
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match self {
            Self::Making => "Making",
            Self::Ready { .. } => "Ready",
            Self::Over { .. } => "Over",
        };
        f.write_str(state)
    }
}
