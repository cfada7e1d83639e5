//! Requests that wait, each with its answers.

use control::{Pending, RequestKind, Subject, Verdict, marked};

use super::{Item, names, status};
use crate::asker::{self, DeviceWish, ToBeRead};
use crate::request::{Page, Request};
use crate::text::{shorten_middle, visible};
use crate::view::View;

/// How many requests have a line of their own.
const LISTED: usize = 5;
/// Longest line, in characters.
const LONGEST: usize = 60;
/// Room for a list within a line, in characters.
const LIST: usize = 40;

/// Counts those that nobody has answered.
pub(super) fn waiting(pending: &[Pending]) -> usize {
    pending.iter().filter(|request| request.deciding.is_none()).count()
}

/// Lists the oldest, and says how many more there are.
pub(super) fn lines(view: &View) -> Vec<Item> {
    let mut lines: Vec<_> =
        view.pending.iter().take(LISTED).map(|request| line(view, request)).collect();
    let label = match view.pending.len().saturating_sub(LISTED) {
        0 => return lines,
        1 => "1 more request…".into(),
        more => format!("{more} more requests…"),
    };
    let request = Request::Open { page: Some(Page::Requests) };
    lines.push(Item::Action { label, request });
    lines
}

fn line(view: &View, request: &Pending) -> Item {
    let via = names::via(view, request.slot).map(|name| format!("Through {name}"));
    let facts = via.into_iter().chain(facts(&request.subject));
    let items = facts.map(|fact| status::text(shorten_middle(&fact, LONGEST)));
    Item::Submenu {
        label: shorten_middle(&asked(&request.subject), LONGEST),
        items: items.chain(answers(request)).collect(),
    }
}

fn asked(subject: &Subject) -> String {
    match subject {
        Subject::Approval(approval) => {
            approval.command.as_deref().map_or_else(|| visible(&approval.title), marked)
        }
        Subject::Device(device) => {
            let wants = match asker::device_wish(device) {
                DeviceWish::Join => "wants to join",
                DeviceWish::MoreRights => "wants more rights",
                DeviceWish::Again => "wants to be let in again",
            };
            format!("{} {wants}", asker::device(device))
        }
        Subject::Node(node) => format!("{} offers commands to agents", asker::node(node)),
        Subject::Sender(sender) => format!("{} wants to talk", asker::sender(sender)),
    }
}

/// What must be known before it is allowed from here; the label of an approval says it all.
fn facts(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Approval(_) => None,
        Subject::Device(device) => {
            let new = device.change.as_ref().and_then(|it| asker::new_rights(it, LIST));
            let asks_for = || format!("Asks for {}", asker::rights(device, LIST));
            Some(new.map_or_else(asks_for, |new| format!("New: {new}")))
        }
        Subject::Node(node) => Some(format!("Offers {}", asker::commands(node, LIST))),
        Subject::Sender(sender) => {
            let account = shorten_middle(&visible(&sender.account), LIST / 2);
            Some(format!("Sender {}, account {account}", asker::shown(&sender.sender, LIST / 2)))
        }
    }
}

fn answers(request: &Pending) -> Vec<Item> {
    let words = Words::of(request.subject.kind());
    let show = Item::Action {
        label: "Show…".into(),
        request: Request::Show { key: request.key.clone() },
    };
    match request.deciding {
        Some(Verdict::AllowOnce | Verdict::AllowAlways | Verdict::Allow) => {
            return vec![status::text("Allowing…"), show];
        }
        Some(Verdict::Deny) => return vec![status::text(words.denying), show],
        None => {}
    }
    let answer = |label: &str, verdict| {
        request.offers.contains(&verdict).then(|| Item::Action {
            label: label.into(),
            request: Request::Decide {
                key: request.key.clone(),
                verdict,
                notify: false,
                seen: request.seen.clone(),
            },
        })
    };
    let deny = answer(words.deny, Verdict::Deny);
    let why = asker::to_be_read(request).map(|why| match why {
        ToBeRead::Grave => "Much is at stake: look before you allow it",
        ToBeRead::NotAllThere => "Long, or not what it looks like: look before you allow it",
    });
    if let Some(why) = why {
        let why = status::text(why);
        return [why, show].into_iter().chain(deny).collect();
    }
    let allow = [answer("Allow once", Verdict::AllowOnce), answer("Allow", Verdict::Allow)];
    allow.into_iter().flatten().chain(deny).chain([show]).collect()
}

/// How a no is called.
struct Words {
    deny: &'static str,
    denying: &'static str,
}

impl Words {
    fn of(kind: RequestKind) -> Self {
        match kind {
            RequestKind::Approval | RequestKind::Device | RequestKind::Node => {
                Self { deny: "Deny", denying: "Denying…" }
            }
            // Nobody is told, and the person may ask again.
            RequestKind::Sender => Self { deny: "Dismiss", denying: "Dismissing…" },
        }
    }
}
