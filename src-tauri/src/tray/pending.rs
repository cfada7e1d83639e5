//! Approvals that wait, each with its answers.

use super::{Item, status};
use crate::request::{Page, Request};
use crate::text::{shorten_middle, visible};
use crate::view::{Approval, Decision};

/// How many approvals have a line of their own.
const LISTED: usize = 5;
/// Longest label of an approval, in characters.
const LONGEST: usize = 60;

/// Counts those that nobody has answered.
pub(super) fn waiting(approvals: &[Approval]) -> usize {
    approvals.iter().filter(|approval| approval.deciding.is_none()).count()
}

/// Lists the oldest, and says how many more there are.
pub(super) fn lines(approvals: &[Approval]) -> Vec<Item> {
    let mut lines: Vec<_> = approvals.iter().take(LISTED).map(line).collect();
    let label = match approvals.len().saturating_sub(LISTED) {
        0 => return lines,
        1 => "1 more request…".into(),
        more => format!("{more} more requests…"),
    };
    let request = Request::Open { page: Some(Page::Requests) };
    lines.push(Item::Action { label, request });
    lines
}

fn line(approval: &Approval) -> Item {
    let asked = approval.command.as_deref().unwrap_or(&approval.title);
    Item::Submenu { label: shorten_middle(&visible(asked), LONGEST), items: answers(approval) }
}

fn answers(approval: &Approval) -> Vec<Item> {
    let show = Item::Action {
        label: "Show…".into(),
        request: Request::Show { approval: approval.id.clone() },
    };
    match approval.deciding {
        Some(Decision::AllowOnce | Decision::AllowAlways) => {
            return vec![status::text("Allowing…"), show];
        }
        Some(Decision::Deny) => return vec![status::text("Denying…"), show],
        None => {}
    }
    let answer = |label: &str, decision| {
        approval.offers.contains(&decision).then(|| Item::Action {
            label: label.into(),
            request: Request::Decide { approval: approval.id.clone(), decision },
        })
    };
    let deny = answer("Deny", Decision::Deny);
    if approval.is_grave() {
        let why = status::text("Much is at stake: look before you allow it");
        return [why, show].into_iter().chain(deny).collect();
    }
    answer("Allow once", Decision::AllowOnce).into_iter().chain(deny).chain([show]).collect()
}
