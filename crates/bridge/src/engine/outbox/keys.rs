//! What keys, or their want, mean for the lanes.

use std::time::Instant;

use sap::sealed::ContentKey;
use sap::{DeviceId, SessionId};

use super::{LaneId, LaneKind, Outbox, Seal};

impl Outbox {
    /// From now on nothing of a session leaves but sealed with this key; without one, nothing does.
    pub(crate) fn encrypt(&mut self, session: &SessionId, key: Option<ContentKey>) {
        for kind in [LaneKind::Chat, LaneKind::Approvals] {
            let id = LaneId { session: session.clone(), kind };
            if let Some(lane) = self.lanes.get_mut(&id) {
                lane.seal = Seal::of(session, key.as_ref());
                self.queue(&id);
            }
        }
        self.encrypted.insert(session.clone(), key);
    }

    /// Says whether nothing of a session leaves in plain text.
    pub(crate) fn is_encrypted(&self, session: &SessionId) -> bool {
        self.encrypted.contains_key(session)
    }

    /// Hands no key to a device any more; what is on its way already may still arrive.
    pub(crate) fn forget_device(&mut self, device: &DeviceId) {
        let aside = self.lanes.keys().filter(|id| id.kind == LaneKind::Aside);
        for id in aside.cloned().collect::<Vec<_>>() {
            if let Some(lane) = self.lanes.get_mut(&id) {
                lane.forget_device(device);
            }
            self.queue(&id);
            self.changed.insert(id);
        }
    }

    /// Gives up what has waited too long for the key of its session: its interaction is over.
    pub(crate) fn give_up_locked(&mut self, now: Instant) {
        let locked = self.lanes.iter_mut().filter(|(_, lane)| lane.seal.is_locked());
        for (id, lane) in locked {
            for turn in lane.give_up_stale(now) {
                tracing::warn!(session = %id.session, ?turn, "nothing could be said without a key");
                self.changed.insert(id.clone());
            }
        }
    }
}
