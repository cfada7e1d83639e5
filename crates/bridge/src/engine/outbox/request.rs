//! A request to the cloud whose bytes are fixed.

use std::time::Instant;

use bytes::Bytes;
use sap::{Call, IdempotencyKey};
use serde_json::Value;

use super::super::act::TurnId;
use super::super::limits::{as_cut, cut};

/// To what a text is cut when the cloud finds a body too large, in bytes.
const SMALLER_TEXT: usize = 16 * 1024;

/// A request whose bytes are fixed.
#[derive(Debug)]
pub(super) struct Request {
    /// The number of what it was made of.
    pub(super) number: u64,
    pub(super) call: Call,
    pub(super) body: Bytes,
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
            Call::SendMessage(_) | Call::RequestApproval(_) => return false,
        }
        self.was_cut = true;
        self.key = IdempotencyKey::derive(&[self.key.as_str(), "smaller"]);
        true
    }
}

/// The key of something with an id of its own; `count` tells the updates of a lane apart.
pub(super) fn key_of(session: &str, call: &Call, count: u64) -> IdempotencyKey {
    match call {
        Call::CreateTask(task) => {
            IdempotencyKey::derive(&["create", session, task.task_id.as_str()])
        }
        Call::UpdateTask(task) => {
            // A card may show the same output twice, with another in between.
            let count = count.to_string();
            let shown = format!("{:?}{:?}", task.status_label, task.partial_result);
            IdempotencyKey::derive(&["update", session, task.task_id.as_str(), &count, &shown])
        }
        Call::FinishTask(task) => {
            IdempotencyKey::derive(&["finish", session, task.task_id.as_str()])
        }
        Call::RequestApproval(approval) => {
            IdempotencyKey::derive(&["approval", session, approval.approval_id.as_str()])
        }
        Call::SendMessage(_) | Call::SendMessageDelta(_) | Call::SendMessageEnd(_) => {
            IdempotencyKey::derive(&[session, &format!("{call:?}")])
        }
    }
}

fn shown_as_cut(value: Option<Value>) -> Option<Value> {
    let text = value?.to_string();
    Some(as_cut(&text, &cut(&text, SMALLER_TEXT)))
}
