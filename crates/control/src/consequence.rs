//! What an answer or an act brings about, in words for a terminal.

use bridge::{AccessAct, AccessDone};
use openclaw::pairing::Notification;

use crate::{DeviceAct, RequestKind, Verdict};

impl DeviceAct {
    /// Says what becomes of the device, as sentences.
    pub fn consequence(&self, is_own: bool) -> &'static str {
        match self {
            Self::Rename { .. } => "It is shown under this name; it keeps all its rights.",
            Self::Remove if is_own => {
                "This program loses its rights at the gateway and is cut off until it has joined \
                 again."
            }
            Self::Remove => {
                "It is cut off at once, and all its tokens are void. To come back it has to ask \
                 again; a program on the gateway's own computer that has the gateway's token is let \
                 in again by itself."
            }
            Self::RemoveNode => "Agents can no longer run commands on it until you allow it again.",
            Self::Rotate { .. } if is_own => {
                "This program's token changes: it is cut off and has to sign in again."
            }
            Self::Rotate { .. } => {
                "It is cut off at once, and its token is void. It needs the new one, or the \
                 gateway's own token, to sign in again; it keeps its rights."
            }
            Self::Revoke { .. } if is_own => "This program is cut off and has to ask again.",
            Self::Revoke { .. } => {
                "It is cut off at once and cannot sign in for this role. To come back it has to ask \
                 again; a program on the gateway's own computer that has the gateway's token is let \
                 in again by itself."
            }
        }
    }
}

impl Verdict {
    /// Says what an answer to a request of this kind brings about, as sentences.
    pub fn consequence(self, kind: RequestKind) -> &'static str {
        match (self, kind) {
            (Self::AllowAlways, _) => "It happens now, and will again without a question.",
            (Self::AllowOnce | Self::Allow, RequestKind::Approval) => "It happens, this once.",
            (Self::AllowOnce | Self::Allow, RequestKind::Device) => {
                "The device can do all that from now on, until you remove it."
            }
            (Self::AllowOnce | Self::Allow, RequestKind::Node) => {
                "Agents can run these commands on the device from now on."
            }
            (Self::AllowOnce | Self::Allow, RequestKind::Sender) => {
                "This person can talk to your agent in private chats. Groups, and commands of an \
                 owner, are not part of it."
            }
            (Self::Deny, RequestKind::Approval) => "It does not happen; the agent is told so.",
            (Self::Deny, RequestKind::Device | RequestKind::Node) => {
                "It stays as it was; it may ask again."
            }
            (Self::Deny, RequestKind::Sender) => {
                "The request is dropped without a word; the person may ask again."
            }
        }
    }
}

/// Says what was done, as a sentence.
pub fn done(act: &AccessAct, done: &AccessDone) -> String {
    let what = match act {
        AccessAct::ApproveDevice(_) => "The device may use the gateway now.",
        AccessAct::RejectDevice(_) => "The device was turned down.",
        AccessAct::ApproveNode(_) => "Agents can use the device's commands now.",
        AccessAct::RejectNode(_) => "The device's offer was turned down.",
        AccessAct::ApproveSender { .. } => "The person can talk to your agent now.",
        AccessAct::DismissSender(_) => "The request was dropped; the person is not told.",
        AccessAct::RenameDevice { .. } => "The device has another name now.",
        AccessAct::RemoveDevice(_) => "The device was removed.",
        AccessAct::RemoveNode(_) => "Agents can no longer run anything on the device.",
        AccessAct::RotateToken { .. } => "The device's token is another one now.",
        AccessAct::RevokeToken { .. } => "The device's token is void.",
        AccessAct::SetUp(_) => "The code was made.",
    };
    let more = match done {
        AccessDone::Told(Notification::Sent) => " They were told.",
        AccessDone::Told(Notification::Unsupported) => {
            " They were not told: this messenger cannot do that."
        }
        AccessDone::Told(Notification::Failed) => " They could not be told.",
        AccessDone::Told(Notification::Unknown) => " Whether they were told is not known.",
        AccessDone::Told(Notification::NotRequested) | AccessDone::Done | AccessDone::SetUp(_) => {
            ""
        }
    };
    format!("{what}{more}")
}
