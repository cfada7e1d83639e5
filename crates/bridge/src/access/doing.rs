//! What was asked for here and has not come to its end: each thing once, however often it is asked
//! for.

use std::sync::Arc;

use openclaw::DeviceId;
use tokio::sync::oneshot;

use super::asks::Asks;
use super::book::List;
use super::{AccessAct, AccessDone, AccessError};
use crate::request_key::{device_key, node_key};

/// How many acts may be under way.
const MOST: usize = 1_024;

/// What came of an act.
pub(super) type Answer = Result<AccessDone, AccessError>;
/// Whoever waits for it.
pub(super) type Waiter = oneshot::Sender<Answer>;

/// The acts that are under way.
#[derive(Debug, Default)]
pub(super) struct Doing {
    entries: Vec<Entry>,
    last_number: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    act: AccessAct,
    waiters: Vec<Waiter>,
    done: Option<Done>,
}

/// It was done, or not; told once lists that were asked for after this moment have come.
#[derive(Debug)]
struct Done {
    answer: Answer,
    after: u64,
    lists: Vec<List>,
}

/// An act that came to its end.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) act: AccessAct,
    pub(super) waiters: Vec<Waiter>,
    pub(super) answer: Answer,
}

/// What an act is about: of acts about the same, one at a time is under way.
#[derive(Debug, PartialEq)]
enum Target<'a> {
    Request(String),
    Device(&'a DeviceId),
    Setup,
}

impl Doing {
    /// Says whether anything about the same is under way.
    pub(super) fn is_busy_with(&self, act: &AccessAct) -> bool {
        self.entries.iter().any(|entry| target(&entry.act) == target(act))
    }

    /// Takes an act up, and numbers it. The same act joins one that is under way; another one about
    /// the same is refused, and so is one too many: then there is no number.
    pub(super) fn admit(&mut self, act: AccessAct, waiter: Waiter) -> Option<u64> {
        let about_the_same = |entry: &&mut Entry| target(&entry.act) == target(&act);
        if let Some(entry) = self.entries.iter_mut().find(about_the_same) {
            if is_same(&entry.act, &act) {
                entry.waiters.push(waiter);
            } else {
                refuse(waiter, "something else is being done about it at this moment");
            }
            return None;
        }
        if self.entries.len() >= MOST {
            refuse(waiter, "too much is being done at this moment");
            return None;
        }
        self.last_number += 1;
        let number = self.last_number;
        self.entries.push(Entry { number, act, waiters: vec![waiter], done: None });
        Some(number)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn act(&self, number: u64) -> Option<&AccessAct> {
        self.entries.iter().find(|entry| entry.number == number).map(|entry| &entry.act)
    }

    pub(super) fn acts(&self) -> Arc<[AccessAct]> {
        self.entries.iter().map(|entry| entry.act.clone()).collect()
    }

    /// An act was done, or not. It is told once these lists, asked for after this moment, have
    /// come.
    pub(super) fn done(&mut self, number: u64, answer: Answer, after: u64, lists: Vec<List>) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.number == number) {
            entry.done = Some(Done { answer, after, lists });
        }
    }

    /// A list came, or will not; it was asked for at this moment.
    pub(super) fn listed(&mut self, list: List, begun: u64) {
        for done in self.entries.iter_mut().filter_map(|entry| entry.done.as_mut()) {
            if begun >= done.after {
                done.lists.retain(|waiting| *waiting != list);
            }
        }
    }

    /// There will be no lists any more.
    pub(super) fn unlisted(&mut self) {
        for done in self.entries.iter_mut().filter_map(|entry| entry.done.as_mut()) {
            done.lists.clear();
        }
    }

    /// Hands out what has come to its end.
    pub(super) fn finished(&mut self) -> Vec<Finished> {
        let is_finished =
            |entry: &mut Entry| entry.done.as_ref().is_some_and(|done| done.lists.is_empty());
        let finished = self.entries.extract_if(.., is_finished).filter_map(|entry| {
            let Entry { act, waiters, done, .. } = entry;
            done.map(|done| Finished { act, waiters, answer: done.answer })
        });
        finished.collect()
    }
}

/// Names the request that an act answers, and whether with yes.
pub(super) fn answers(act: &AccessAct) -> Option<(String, bool)> {
    match act {
        AccessAct::ApproveDevice(request) => Some((device_key(request), true)),
        AccessAct::RejectDevice(request) => Some((device_key(request), false)),
        AccessAct::ApproveNode(request) => Some((node_key(&request.id), true)),
        AccessAct::RejectNode(request) => Some((node_key(request), false)),
        AccessAct::ApproveSender { request, .. } => Some((request.key(), true)),
        AccessAct::DismissSender(request) => Some((request.key(), false)),
        AccessAct::RenameDevice { .. }
        | AccessAct::RemoveDevice(_)
        | AccessAct::RemoveNode(_)
        | AccessAct::RotateToken { .. }
        | AccessAct::RevokeToken { .. }
        | AccessAct::SetUp(_) => None,
    }
}

/// Names the lists that show what an act did.
pub(super) fn shown_in(act: &AccessAct) -> Vec<List> {
    match act {
        AccessAct::ApproveSender { .. } | AccessAct::DismissSender(_) => vec![List::Senders],
        AccessAct::RejectDevice(_)
        | AccessAct::RenameDevice { .. }
        | AccessAct::RotateToken { .. }
        | AccessAct::RevokeToken { .. } => vec![List::Devices],
        AccessAct::RejectNode(_) => vec![List::Nodes],
        AccessAct::ApproveDevice(_)
        | AccessAct::ApproveNode(_)
        | AccessAct::RemoveDevice(_)
        | AccessAct::RemoveNode(_) => vec![List::Devices, List::Nodes],
        AccessAct::SetUp(_) => Vec::new(),
    }
}

fn target(act: &AccessAct) -> Target<'_> {
    match act {
        AccessAct::RenameDevice { device, .. }
        | AccessAct::RemoveDevice(device)
        | AccessAct::RemoveNode(device)
        | AccessAct::RotateToken { device, .. }
        | AccessAct::RevokeToken { device, .. } => Target::Device(device),
        AccessAct::SetUp(_) => Target::Setup,
        AccessAct::ApproveDevice(_)
        | AccessAct::RejectDevice(_)
        | AccessAct::ApproveNode(_)
        | AccessAct::RejectNode(_)
        | AccessAct::ApproveSender { .. }
        | AccessAct::DismissSender(_) => {
            Target::Request(answers(act).map(|(key, _)| key).unwrap_or_default())
        }
    }
}

/// Compares two acts about the same. Of a request, what does not matter to the answer may have
/// changed between two clicks.
fn is_same(one: &AccessAct, other: &AccessAct) -> bool {
    match one {
        AccessAct::ApproveNode(shown) => {
            matches!(other, AccessAct::ApproveNode(other) if other.offers_the_same_as(shown))
        }
        AccessAct::ApproveSender { notify, .. } => {
            matches!(other, AccessAct::ApproveSender { notify: other, .. } if other == notify)
        }
        AccessAct::DismissSender(_) => matches!(other, AccessAct::DismissSender(_)),
        AccessAct::ApproveDevice(_)
        | AccessAct::RejectDevice(_)
        | AccessAct::RejectNode(_)
        | AccessAct::RenameDevice { .. }
        | AccessAct::RemoveDevice(_)
        | AccessAct::RemoveNode(_)
        | AccessAct::RotateToken { .. }
        | AccessAct::RevokeToken { .. }
        | AccessAct::SetUp(_) => one == other,
    }
}

fn refuse(waiter: Waiter, what: &str) {
    let error = AccessError {
        what: what.into(),
        remedy: Some("Wait until that is over, and look again.".into()),
        code: "access_busy",
        is_gone: false,
    };
    // Whoever asked may have left.
    let _ = waiter.send(Err(error));
}

#[cfg(test)]
mod tests {
    use openclaw::RequestId;
    use openclaw::pairing::NodeRequest;
    use serde_json::json;

    use super::*;

    fn approve() -> AccessAct {
        AccessAct::ApproveDevice(RequestId::new("r"))
    }

    #[tokio::test]
    async fn a_double_click_is_done_once_and_told_to_both() {
        let mut doing = Doing::default();
        let (first, heard_first) = oneshot::channel();
        let (second, heard_second) = oneshot::channel();
        let number = doing.admit(approve(), first).unwrap();
        assert_eq!(doing.admit(approve(), second), None);
        assert_eq!(doing.acts().len(), 1);
        doing.done(number, Ok(AccessDone::Done), 7, vec![List::Devices]);
        doing.listed(List::Devices, 6);
        assert!(doing.finished().is_empty(), "that list may be older than what was done");
        doing.listed(List::Devices, 7);
        for finished in doing.finished() {
            for waiter in finished.waiters {
                waiter.send(finished.answer.clone()).unwrap();
            }
        }
        assert!(heard_first.await.unwrap().is_ok() && heard_second.await.unwrap().is_ok());
        assert!(doing.acts().is_empty());
    }

    #[tokio::test]
    async fn the_opposite_is_refused_while_it_is_under_way() {
        let mut doing = Doing::default();
        let (first, _heard) = oneshot::channel();
        doing.admit(approve(), first).unwrap();
        let (second, heard) = oneshot::channel();
        let reject = AccessAct::RejectDevice(RequestId::new("r"));
        assert_eq!(doing.admit(reject, second), None);
        assert_eq!(heard.await.unwrap().unwrap_err().code, "access_busy");
        let (third, _heard) = oneshot::channel();
        let other = AccessAct::RejectDevice(RequestId::new("another"));
        assert!(doing.admit(other, third).is_some());
    }

    #[tokio::test]
    async fn a_nodes_offer_that_changed_between_two_clicks_is_not_approved_with_the_first() {
        let offer = |time: u64, command: &str| {
            let offer = json!({"requestId": "r", "nodeId": "n", "ts": time, "commands": [command]});
            AccessAct::ApproveNode(Box::new(NodeRequest::parse(&offer).unwrap()))
        };
        let mut doing = Doing::default();
        let (first, _heard) = oneshot::channel();
        doing.admit(offer(1, "camera.snap"), first).unwrap();
        let (again, mut heard_again) = oneshot::channel();
        assert_eq!(doing.admit(offer(2, "camera.snap"), again), None);
        assert!(heard_again.try_recv().is_err(), "it waits with the first");
        let (changed, heard) = oneshot::channel();
        assert_eq!(doing.admit(offer(2, "system.run"), changed), None);
        assert_eq!(heard.await.unwrap().unwrap_err().code, "access_busy");
    }
}
