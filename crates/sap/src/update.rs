//! What the cloud says to the bridge: the updates of the WebSocket.

mod parse;

use serde::{Deserialize, Serialize};

use crate::sealed::{DevicePublicKey, SealedGrant};
use crate::{ApprovalId, DeviceId, InteractionId, MessageId, SessionId, UpdateId};

/// One update, delivered at least once.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Its id, to acknowledge and to recognise a repeat by.
    pub id: UpdateId,
    /// Session that it belongs to, wherever the frame said so.
    pub session_id: Option<SessionId>,
    /// Interaction that it belongs to, wherever the frame said so.
    pub interaction_id: Option<InteractionId>,
    /// What happened.
    pub kind: UpdateKind,
}

/// What an update tells.
#[derive(Clone, Debug, PartialEq)]
pub enum UpdateKind {
    /// The person wrote a message.
    Message(UserMessage),
    /// The person stopped an answer, or all of a session's.
    Cancelled {
        /// Why, in the cloud's words.
        reason: Option<String>,
    },
    /// A session began.
    SessionStarted,
    /// A session was archived or deleted.
    SessionEnded,
    /// The person chose another model for a session; none means the default.
    ModelChanged {
        /// The model's name at the gateway.
        model: Option<String>,
    },
    /// The person decided an approval.
    ApprovalResolved {
        /// Approval that was decided.
        approval_id: ApprovalId,
        /// What was decided.
        decision: Decision,
        /// How far "always" reaches, in the cloud's words.
        scope: Option<String>,
        /// Why, in the cloud's words.
        reason: Option<String>,
    },
    /// The installation was created.
    InstallationCreated,
    /// The installation was revoked: nothing more may be sent.
    InstallationRevoked,
    /// The installation's permissions changed.
    PermissionsUpdated,
    /// The person has another device, which is to have the keys of encrypted sessions.
    DeviceAdded {
        /// Device that was added.
        device_id: DeviceId,
        /// Key to seal for.
        pubkey: DevicePublicKey,
        /// Name of the device, in the person's words.
        label: Option<String>,
        /// What kind of device it is, in the cloud's words; `bridge` is one like this program.
        platform: Option<String>,
    },
    /// A device is the person's no more: no key may be sealed for it from now on.
    DeviceRevoked {
        /// Device that was revoked.
        device_id: DeviceId,
    },
    /// Another device sealed the key of an encrypted session for this bridge.
    SessionKeyGranted {
        /// Device that the key is sealed for, where the cloud says so.
        device_id: Option<DeviceId>,
        /// The key, sealed.
        wrapped_session_key: SealedGrant,
    },
    /// A type that this version does not know.
    Unknown {
        /// The type's name.
        name: String,
    },
    /// A known type whose payload cannot be read.
    Malformed {
        /// The type's name.
        name: String,
        /// What is wrong with it, without its content.
        problem: String,
    },
}

/// A message of the person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserMessage {
    /// Its id, to recognise a repeat by.
    pub id: MessageId,
    /// Its text.
    pub content: Content,
    /// Files that came with it.
    pub attachments: Vec<Attachment>,
    /// How hard the model should think, in the cloud's words.
    pub thought_level: Option<String>,
}

/// The text of a message, readable or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Readable text.
    Plain(String),
    /// An envelope of an encrypted session, in base64.
    Encrypted(String),
}

/// A file that came with a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// Where it can be fetched without any credential of ours.
    pub url: Option<String>,
    /// Media type, such as `image/png`.
    pub mime: Option<String>,
    /// File name.
    pub name: Option<String>,
    /// Size in bytes, as the cloud says.
    pub size: Option<u64>,
}

/// A person's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Allow this once (`approve`, and `approveForSession` as the cloud stores it).
    Approve,
    /// Allow this and all that are like it (`approve_always`).
    ApproveAlways,
    /// Do not allow it (`deny`, `abort`, and anything that cannot be read as consent).
    Deny,
}
