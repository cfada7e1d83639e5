//! A request to the cloud whose bytes are fixed once it is first sent.

use std::time::Instant;

use bytes::Bytes;
use sap::{Call, IdempotencyKey};
use serde_json::Value;

use super::super::act::TurnId;
use super::super::limits::{as_cut, cut};

/// To what a text is cut when the cloud finds a body too large, in bytes.
const SMALLER_TEXT: usize = 16 * 1024;

/// A request that is sent until the cloud answers it for good.
#[derive(Debug)]
pub(super) struct Request {
    /// The number of what it was made of.
    pub(super) number: u64,
    pub(super) call: Call,
    /// Its bytes, the same in every try; none before they are written, or written anew.
    pub(super) body: Option<Bytes>,
    pub(super) key: IdempotencyKey,
    pub(super) turn: TurnId,
    pub(super) since: Instant,
    pub(super) attempts: u32,
    pub(super) was_cut: bool,
}

impl Request {
    /// Cuts what the cloud found too large, once, under a key of its own; says whether it could.
    pub(super) fn make_smaller(&mut self) -> bool {
        if self.was_cut {
            return false;
        }
        match &mut self.call {
            Call::SendMessageEnd(end) => end.text = cut(&end.text, SMALLER_TEXT),
            Call::SendMessageDelta(delta) => delta.delta = cut(&delta.delta, SMALLER_TEXT),
            Call::CreateTask(task) => task.args = shown_as_cut(task.args.take()),
            Call::UpdateTask(task) => {
                task.partial_result = shown_as_cut(task.partial_result.take())
            }
            Call::FinishTask(task) => {
                task.result = shown_as_cut(task.result.take());
                task.error = task.error.take().map(|error| cut(&error, SMALLER_TEXT));
            }
            Call::SendMessage(_)
            | Call::RequestApproval(_)
            | Call::RegisterDevice(_)
            | Call::GrantSessionKey { .. }
            | Call::NotifyToolFile(_) => return false,
        }
        self.was_cut = true;
        self.key = IdempotencyKey::derive(&[self.key.as_str(), "smaller"]);
        true
    }
}

/// The key of something with an id of its own. `nonce` makes it unique where the same may be said
/// again with other content; of the content, which a key may outlive, nothing goes into it.
pub(super) fn key_of(session: &str, call: &Call, nonce: u64) -> IdempotencyKey {
    let nonce = nonce.to_string();
    match call {
        Call::CreateTask(task) => {
            IdempotencyKey::derive(&["create", session, task.task_id.as_str()])
        }
        Call::UpdateTask(task) => {
            IdempotencyKey::derive(&["update", session, task.task_id.as_str(), &nonce])
        }
        Call::FinishTask(task) => {
            IdempotencyKey::derive(&["finish", session, task.task_id.as_str()])
        }
        Call::RequestApproval(approval) => {
            IdempotencyKey::derive(&["approval", session, approval.approval_id.as_str()])
        }
        Call::RegisterDevice(_)
        | Call::GrantSessionKey { .. }
        | Call::NotifyToolFile(_)
        | Call::SendMessage(_)
        | Call::SendMessageDelta(_)
        | Call::SendMessageEnd(_) => IdempotencyKey::derive(&[&call.route(), session, &nonce]),
    }
}

fn shown_as_cut(value: Option<Value>) -> Option<Value> {
    let text = value?.to_string();
    Some(as_cut(&text, &cut(&text, SMALLER_TEXT)))
}
