//! Requests that wait for a person, of every kind.
//!
//! Times are milliseconds since 1970, by this computer's clock.

use serde::{Deserialize, Serialize};
#[cfg(feature = "typescript")]
use ts_rs::TS;

/// Which of this computer's installations is meant: their number, which never changes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct Slot(pub u32);

impl Slot {
    /// The installation that every computer begins with.
    pub const FIRST: Self = Self(1);
}

/// Something that waits for a person's decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct Pending {
    /// Names it on this computer: `approval:…`, `device:…`, `node:…` or `sender:…`.
    pub key: String,
    /// Installation that it came through.
    pub slot: Slot,
    /// Since when it waits, where that is known.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub asked_at_ms: Option<u64>,
    /// When it ends by itself, where it does.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub expires_at_ms: Option<u64>,
    /// Answers that can be given.
    pub offers: Vec<Verdict>,
    /// The answer that was given here and that the gateway has not confirmed.
    pub deciding: Option<Verdict>,
    /// Digest of what a person judges of it: another one where it has changed under its key.
    pub seen: String,
    /// What is asked.
    pub subject: Subject,
}

/// A person's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(TS))]
pub enum Verdict {
    /// Yes, this time (approvals).
    AllowOnce,
    /// Yes, and do not ask again (approvals).
    AllowAlways,
    /// Yes (devices, nodes and senders).
    Allow,
    /// No.
    Deny,
}

/// What kind of request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(TS))]
pub enum RequestKind {
    /// An agent asks before it acts.
    Approval,
    /// A device wants to join the gateway, or to be allowed more.
    Device,
    /// A device offers commands that agents could run on it.
    Node,
    /// An unknown person wants to talk to the agent.
    Sender,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(TS))]
pub enum Subject {
    /// An agent asks before it acts.
    Approval(Approval),
    /// A device wants to join the gateway, or to be allowed more.
    Device(DeviceRequest),
    /// A device offers commands that agents could run on it.
    Node(NodeRequest),
    /// An unknown person wants to talk to the agent.
    Sender(SenderRequest),
}

/// An agent's question to its owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct Approval {
    /// Id at the gateway.
    pub id: String,
    /// What it is about, in a few words.
    pub title: String,
    /// What a plugin says about it.
    pub message: Option<String>,
    /// The exact command, where one is to run; only the bridge's own secrets are hidden in it, with
    /// a mark.
    pub command: Option<String>,
    /// Program that the command would start, as the gateway found it.
    pub binary: Option<String>,
    /// Folder that the command runs in.
    pub folder: Option<String>,
    /// Where the command runs: `gateway`, `node` or `sandbox`.
    pub host: Option<String>,
    /// Agent that asks.
    pub agent: Option<String>,
    /// Session that the agent asks in, as the gateway names it.
    pub session: Option<String>,
    /// The gateway's own warnings.
    pub warnings: Vec<String>,
    /// What the gateway found out about the command, as sentence fragments.
    pub analysis: Vec<String>,
    /// How much is at stake.
    pub severity: Severity,
    /// What `Allow always` leaves behind, as a sentence; only where it is offered.
    pub grant: Option<String>,
}

/// How much is at stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "typescript", derive(TS))]
pub enum Severity {
    /// Little.
    Low,
    /// As usual.
    Medium,
    /// Much.
    High,
    /// Everything.
    Critical,
}

/// A text that a stranger may have written: as it came, control characters too, but cut where it is
/// long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct Foreign {
    /// What was kept of it.
    pub text: String,
    /// How many characters were cut off at its end.
    pub missing: u32,
}

/// A right at the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct Scope {
    /// Its name.
    pub name: Foreign,
    /// What whoever has it can do, as a sentence fragment; none where the name is not known.
    pub meaning: Option<String>,
}

/// A device that wants to join the gateway, or to be allowed more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct DeviceRequest {
    /// Fingerprint of its key, which is proven.
    pub device: String,
    /// Name that it gives itself.
    pub name: Option<Foreign>,
    /// Platform that it names.
    pub platform: Option<Foreign>,
    /// Program and mode that it names, such as `openclaw-ios ui`.
    pub program: Option<Foreign>,
    /// Roles that it asks for.
    pub roles: Vec<Foreign>,
    /// Scopes that it asks for.
    pub scopes: Vec<Scope>,
    /// How many further roles and scopes are not listed.
    pub unlisted: u32,
    /// Address that it came from, where it is not this computer.
    pub address: Option<Foreign>,
    /// Web page that it came from.
    pub origin: Option<Foreign>,
    /// What would be different, where the device is known.
    pub change: Option<DeviceChange>,
    /// It is this program's own device.
    pub is_own: bool,
    /// How much is at stake: `Critical` where it could administer the gateway.
    pub severity: Severity,
}

/// What a known device asks to be different.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct DeviceChange {
    /// Name under which it is known.
    pub known_as: Option<Foreign>,
    /// Roles that it does not have.
    pub new_roles: Vec<Foreign>,
    /// Scopes that it does not have.
    pub new_scopes: Vec<Scope>,
    /// Roles that it had, and whose token was revoked.
    pub revoked_roles: Vec<Foreign>,
    /// It names another name, platform or program than before.
    pub is_introduced_anew: bool,
}

/// A device that offers commands which agents could run on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct NodeRequest {
    /// Id of the device.
    pub device: String,
    /// Name that it gives itself.
    pub name: Option<Foreign>,
    /// Platform that it names.
    pub platform: Option<Foreign>,
    /// Abilities that it names.
    pub capabilities: Vec<Foreign>,
    /// Commands that agents could run on it.
    pub commands: Vec<Foreign>,
    /// Permissions that it says it has on its own system.
    pub permissions: Vec<Foreign>,
    /// How many further abilities, commands and permissions are not listed.
    pub unlisted: u32,
    /// Address that it came from, where it is not this computer.
    pub address: Option<Foreign>,
    /// How much is at stake: `High` where agents could run programs on it.
    pub severity: Severity,
}

/// An unknown person who wrote to the agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(TS))]
pub struct SenderRequest {
    /// Messenger, such as `telegram`.
    pub channel: String,
    /// Messenger's name.
    pub channel_name: Option<Foreign>,
    /// Account that was written to.
    pub account: String,
    /// Account's name.
    pub account_name: Option<Foreign>,
    /// Who wrote, as the messenger numbers people.
    pub sender: Foreign,
    /// What the messenger tells of the person: names and values.
    pub details: Vec<(Foreign, Foreign)>,
    /// How many details were left out.
    pub unlisted: u32,
    /// When the person last wrote.
    #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
    pub last_seen_at_ms: Option<u64>,
    /// The person can be told that they were approved.
    pub can_notify: bool,
}

impl Subject {
    /// Says what kind of request it is.
    pub fn kind(&self) -> RequestKind {
        match self {
            Self::Approval(_) => RequestKind::Approval,
            Self::Device(_) => RequestKind::Device,
            Self::Node(_) => RequestKind::Node,
            Self::Sender(_) => RequestKind::Sender,
        }
    }

    /// Says how much is at stake.
    pub fn severity(&self) -> Severity {
        match self {
            Self::Approval(approval) => approval.severity,
            Self::Device(device) => device.severity,
            Self::Node(node) => node.severity,
            Self::Sender(_) => Severity::Medium,
        }
    }
}

impl Pending {
    /// Says whether so much is at stake that the whole request must have been seen.
    pub fn is_grave(&self) -> bool {
        match self.subject.severity() {
            Severity::Low | Severity::Medium => false,
            Severity::High | Severity::Critical => true,
        }
    }
}
