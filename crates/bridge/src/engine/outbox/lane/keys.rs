//! Keys that a lane hands on, and what else nobody waits for.

use sap::{Call, DeviceId};

use super::super::super::act::Post;
use super::{Lane, State};

impl Lane {
    /// Says whether the current request is one that a cloud without encrypted sessions does not know.
    pub(in super::super) fn is_optional(&self) -> bool {
        self.current.as_ref().is_some_and(|request| match request.call {
            Call::RegisterDevice(_) | Call::NotifyToolFile(_) => true,
            Call::GrantSessionKey { .. }
            | Call::SendMessage(_)
            | Call::SendMessageDelta(_)
            | Call::SendMessageEnd(_)
            | Call::CreateTask(_)
            | Call::UpdateTask(_)
            | Call::FinishTask(_)
            | Call::RequestApproval(_) => false,
        })
    }

    /// Hands no key to a device any more.
    pub(in super::super) fn forget_device(&mut self, device: &DeviceId) {
        let is_for_it = |call: &Call| {
            matches!(call, Call::GrantSessionKey { grant, .. }
                if grant.recipients.iter().any(|recipient| recipient.device_id == *device))
        };
        self.line.retain(|item| !matches!(&item.post, Post::Ready(call) if is_for_it(call)));
        let Some(request) = self.current.as_ref().filter(|request| is_for_it(&request.call)) else {
            return;
        };
        if self.state == State::InFlight {
            // What is on its way may arrive, but it is not sent again, nor by the next process.
            self.line.is_done(request.number);
            self.is_last_try = true;
        } else {
            self.complete();
        }
    }
}
