use std::sync::Arc;
use std::time::SystemTime;

use crate::engine::Load;
use crate::{PastRequest, PendingApproval};

/// The state of an installation, whole; everything that is shown is a function of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The connection to the cloud.
    pub cloud: Link,
    /// The connection to the gateway.
    pub gateway: Link,
    /// How much is going on.
    pub load: Load,
    /// Approvals that wait for the person or for the gateway's confirmation, oldest first; none
    /// once the installation has stopped.
    pub approvals: Arc<[PendingApproval]>,
    /// Requests that came to their end, newest first, at most [`crate::REMEMBERED`].
    pub history: Arc<[PastRequest]>,
    /// Why nothing can be written to the journal now, as a sentence fragment: until it can, nothing
    /// is carried.
    pub storage: Option<String>,
}

/// One of the two connections.
#[derive(Clone, Debug, PartialEq)]
pub enum Link {
    /// Being made.
    Connecting {
        /// How often it was tried before.
        attempt: u32,
    },
    /// Made, and heard from within its window.
    Up {
        /// Since when.
        since: SystemTime,
        /// Version of the other side, where it says so.
        peer: Option<String>,
    },
    /// Not there.
    Down {
        /// Why, as a sentence fragment.
        cause: String,
        /// What a person can do about it.
        remedy: Option<String>,
        /// Why, as a stable word.
        code: &'static str,
        /// When it is tried again; never where only a person can help.
        retry_at: Option<SystemTime>,
    },
    /// Not wanted any more.
    Stopped,
}

impl Link {
    /// Says whether the other side is connected.
    pub fn is_up(&self) -> bool {
        matches!(self, Self::Up { .. })
    }
}

impl Snapshot {
    pub(crate) fn starting() -> Self {
        let link = Link::Connecting { attempt: 0 };
        Self {
            cloud: link.clone(),
            gateway: link,
            load: Load::default(),
            approvals: Arc::default(),
            history: Arc::default(),
            storage: None,
        }
    }
}
