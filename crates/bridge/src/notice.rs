use sap::{InstallationId, SessionId};

use crate::{PastRequest, Settled};

/// Something that whoever watches an installation may want to tell a person.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// The cloud accepted the connection and is ready.
    CloudUp {
        /// Installation that the cloud says this is.
        installation_id: Option<InstallationId>,
    },
    /// The connection to the cloud is gone, or did not come about.
    CloudDown {
        /// Why, as a sentence fragment.
        cause: String,
        /// Why, as a stable word.
        code: &'static str,
    },
    /// The gateway accepted the connection.
    GatewayUp {
        /// The gateway's version.
        version: Option<String>,
    },
    /// The connection to the gateway is gone, or did not come about.
    GatewayDown {
        /// Why, as a sentence fragment.
        cause: String,
        /// What a person can do about it.
        remedy: Option<String>,
        /// Why, as a stable word.
        code: &'static str,
    },
    /// Both sides are connected.
    Ready,
    /// The cloud does not accept this installation's token any more: everything stopped.
    Revoked {
        /// The cloud's error code, or `installation_revoked`.
        code: String,
    },
    /// The journal cannot be written any more, so that nothing is carried; or it can again.
    Storage {
        /// Why it cannot, as a sentence fragment; none when it can again.
        trouble: Option<String>,
    },
    /// A message cannot be carried.
    MessageRefused {
        /// Session that the message belongs to.
        session: SessionId,
        /// Why, as a sentence.
        why: String,
    },
    /// A message of an encrypted session waits, a minute at most, for the phone to hand over the key.
    KeyAwaited {
        /// Session that the message belongs to.
        session: SessionId,
    },
    /// Another device of the person is handed the keys of all encrypted sessions.
    KeysHandedOn {
        /// Name of the device, as the cloud says; none where it says none.
        label: Option<String>,
        /// How many sessions' keys.
        sessions: usize,
    },
    /// Keys of encrypted sessions cannot be kept: they serve, but are handed over again after a
    /// restart.
    KeysUnkept {
        /// Why, as a sentence fragment.
        why: String,
    },
    /// The cloud refused something of a turn for good.
    DeliveryFailed {
        /// Session that it belongs to.
        session: SessionId,
        /// The cloud's error code.
        code: String,
    },
    /// A person's decision was applied otherwise than made, or not at all. Where the approval ends
    /// by that, [`Notice::ApprovalSettled`] follows.
    DecisionChanged {
        /// Approval that was decided.
        approval_id: String,
        /// What happened, as a sentence fragment.
        what: String,
    },
    /// An approval that the person was asked about came to its end; told once for each.
    ApprovalSettled {
        /// Approval that ended.
        approval_id: String,
        /// How it ended.
        outcome: Settled,
    },
    /// A request of a device, a node or a sender came to its end.
    RequestEnded(PastRequest),
    /// A code for a phone was used.
    SetupUsed {
        /// Names the code, as it was made.
        id: String,
        /// Name that the phone gives itself, cut, as it came.
        name: Option<String>,
        /// The phone got its credentials; else the code is spent, and whether it did is unknown.
        is_certain: bool,
    },
}
