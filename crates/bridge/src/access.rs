//! Who may use the gateway: its devices and nodes, and unknown senders of its messengers. It takes a
//! right that the bridge's own link never asks for, so there is a second connection for it, signed
//! in with the shared token, open only while somebody attends to it.

mod asks;
mod book;
mod doing;
mod errand;
mod line;
mod link;
mod right;
mod rounds;
mod shelf;

use std::sync::Arc;
use std::time::SystemTime;

use openclaw::pairing::{
    Devices, NodeRequest, Nodes, Notification, SenderRequest, Senders, SetupAccess, SetupCode,
};
use openclaw::{DeviceId, DeviceRole, RequestId};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use self::errand::not_connected;
use self::link::{AccessLink, Order};
use crate::KeyStore;
use crate::links::Lead;

/// How many orders wait to be taken up.
const ORDERS: usize = 1_024;

/// How much anybody cares who may use the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attention {
    /// Not at all: there is no connection.
    #[default]
    Off,
    /// Requests are to be told of: there is a connection, and senders are looked for now and then.
    Background,
    /// A person looks at it: senders and what no event tells of are looked for often.
    Shown,
}

/// What is known of who may use the gateway.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccessSnapshot {
    /// Whether the gateway can be asked.
    pub standing: AccessStanding,
    /// Its devices; those of the last connection while the next one is being made.
    pub devices: Option<Arc<Devices>>,
    /// Its nodes.
    pub nodes: Option<Arc<Nodes>>,
    /// Unknown senders.
    pub senders: SendersSnapshot,
    /// What was asked for here and the gateway has not confirmed.
    pub doing: Arc<[AccessAct]>,
    /// Device of this installation's own link.
    pub own_device: Option<DeviceId>,
    /// Whether devices can be renamed.
    pub can_rename: bool,
    /// Whether codes for a phone can be made.
    pub can_set_up: bool,
}

impl AccessSnapshot {
    /// Says whether the gateway's lists are there, or known not to come.
    pub fn is_settled(&self) -> bool {
        match self.standing {
            AccessStanding::Up { .. } => {
                let has_senders = self.senders != SendersSnapshot::Unknown;
                self.devices.is_some() && self.nodes.is_some() && has_senders
            }
            AccessStanding::Down { .. } => true,
            AccessStanding::Off | AccessStanding::Connecting => false,
        }
    }
}

/// Whether the gateway can be asked who may use it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum AccessStanding {
    /// Nobody attends to it.
    #[default]
    Off,
    /// The connection is being made.
    Connecting,
    /// It can.
    Up {
        /// Since when.
        since: SystemTime,
    },
    /// It cannot; it is tried again while somebody attends to it.
    Down {
        /// Why, as a sentence fragment.
        cause: String,
        /// What a person can do about it.
        remedy: Option<String>,
    },
}

/// What is known of unknown senders.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SendersSnapshot {
    /// They were not listed yet.
    #[default]
    Unknown,
    /// This version of the gateway does not tell.
    NotOffered {
        /// What to type on its computer instead.
        command: String,
    },
    /// They could not be listed.
    Failed {
        /// Why, as a sentence fragment.
        why: String,
    },
    /// They were listed.
    Listed(Arc<Senders>),
}

/// Something that a person wants done about who may use the gateway.
#[derive(Clone, Debug, PartialEq)]
pub enum AccessAct {
    /// Let a device join, or be what it asks to be.
    ApproveDevice(RequestId),
    /// Turn a device's request down.
    RejectDevice(RequestId),
    /// Let agents use a node's commands: those of the offer as it was shown, or none.
    ApproveNode(Box<NodeRequest>),
    /// Turn a node's offer down.
    RejectNode(RequestId),
    /// Let a person talk to the agent in private.
    ApproveSender {
        /// Request of the person.
        request: Box<SenderRequest>,
        /// Whether to tell them.
        notify: bool,
    },
    /// Drop a person's request without an answer.
    DismissSender(Box<SenderRequest>),
    /// Give a device a name that goes before its own.
    RenameDevice {
        /// Device to name.
        device: DeviceId,
        /// The name.
        name: String,
    },
    /// Remove a device with all its tokens.
    RemoveDevice(DeviceId),
    /// Take back what agents may run on a node.
    RemoveNode(DeviceId),
    /// Make a device's token another one.
    RotateToken {
        /// Device of the token.
        device: DeviceId,
        /// Role of the token.
        role: DeviceRole,
    },
    /// Make a device's token void.
    RevokeToken {
        /// Device of the token.
        device: DeviceId,
        /// Role of the token.
        role: DeviceRole,
    },
    /// Make a code for a phone.
    SetUp(SetupAccess),
}

/// What came of an [`AccessAct`] that the gateway confirmed.
#[derive(Clone, Debug)]
pub enum AccessDone {
    /// It was done.
    Done,
    /// A person may talk to the agent; what became of telling them.
    Told(Notification),
    /// A code for a phone.
    SetUp(SetupCode),
}

/// Something that was wanted was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct AccessError {
    /// What happened, as a sentence fragment.
    pub what: String,
    /// What a person can do now, as a sentence.
    pub remedy: Option<String>,
    /// What happened, as a stable word.
    pub code: &'static str,
    /// It was done already, elsewhere, or is over.
    pub is_gone: bool,
}

/// The second connection, and what it brought.
#[derive(Debug)]
pub(crate) struct Access {
    attention: watch::Sender<Attention>,
    orders: mpsc::Sender<Order>,
    snapshot: watch::Receiver<AccessSnapshot>,
}

impl Access {
    /// Makes the handle, and the task of the connection.
    pub(crate) fn new(
        lead: Lead,
        keys: Arc<dyn KeyStore>,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (attention, attended) = watch::channel(Attention::Off);
        let (orders, inbox) = mpsc::channel(ORDERS);
        let (publish, snapshot) = watch::channel(AccessSnapshot::default());
        let link = AccessLink::new(lead, keys, attended, inbox, publish);
        (Self { attention, orders, snapshot }, link.run())
    }

    pub(crate) fn attend(&self, attention: Attention) {
        self.attention
            .send_if_modified(|current| std::mem::replace(current, attention) != attention);
    }

    pub(crate) fn snapshot(&self) -> watch::Receiver<AccessSnapshot> {
        self.snapshot.clone()
    }

    /// Gives the order at once, whether or not anybody waits for its outcome.
    pub(crate) fn act(
        &self,
        act: AccessAct,
    ) -> impl Future<Output = Result<AccessDone, AccessError>> + Send + use<> {
        let (answer, outcome) = oneshot::channel();
        let ordered = self.orders.try_send((act, answer));
        async move {
            if let Err(TrySendError::Full(_)) = ordered {
                return Err(too_much());
            }
            outcome.await.unwrap_or_else(|_| not_connected(None))
        }
    }
}

fn too_much() -> AccessError {
    AccessError {
        what: "too much is being done at this moment".into(),
        remedy: Some("Wait until that is over, and look again.".into()),
        code: "access_busy",
        is_gone: false,
    }
}
