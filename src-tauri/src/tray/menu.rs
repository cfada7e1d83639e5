//! The menu: how things stand, what waits, and what can be done now.

use super::{Item, names, pending, status};
use crate::request::{Page, Request};
use crate::text::visible;
use crate::view::{Installation, Seat, Ticket, View};

/// Says what the menu has, from the top.
pub(super) fn menu(view: &View, now_ms: u64) -> Vec<Item> {
    let mut groups = status::groups(view, now_ms);
    groups.extend([pending::lines(view), pairings(view, now_ms), window(), program(view)]);
    let mut menu = Vec::new();
    for group in groups.into_iter().filter(|group| !group.is_empty()) {
        if !menu.is_empty() {
            menu.push(Item::Separator);
        }
        menu.extend(group);
    }
    menu
}

/// What can be done about the pairing of each installation, behind its name where there are several.
fn pairings(view: &View, now_ms: u64) -> Vec<Item> {
    let mut lines = match view.installations.as_slice() {
        [only] => about_the_pairing(only, now_ms),
        several => several
            .iter()
            .map(|seat| (names::name(view, seat), about_the_pairing(seat, now_ms)))
            .filter(|(_, items)| !items.is_empty())
            .map(|(label, items)| Item::Submenu { label, items })
            .collect(),
    };
    if can_pair_another(view) {
        lines.push(action("Pair another installation…", Request::Pair { slot: None }));
    }
    lines
}

fn can_pair_another(view: &View) -> bool {
    let standings = || view.installations.iter().map(|seat| &seat.standing);
    let is_paired = |standing: &Installation| {
        matches!(standing, Installation::Paired(_) | Installation::Paused { .. })
    };
    let is_pairing = |standing: &Installation| matches!(standing, Installation::Pairing { .. });
    standings().any(is_paired) && !standings().any(is_pairing)
}

fn about_the_pairing(seat: &Seat, now_ms: u64) -> Vec<Item> {
    let slot = seat.slot;
    let pair = Request::Pair { slot: Some(slot) };
    match &seat.standing {
        Installation::Starting | Installation::Locked { .. } => Vec::new(),
        Installation::Unpaired { .. } => vec![action("Pair this computer…", pair)],
        Installation::Revoked { .. } => vec![action("Pair this computer again…", pair)],
        Installation::Pairing { ticket, .. } => {
            let mut lines = match ticket {
                Some(ticket) => {
                    let copy = action("Copy link", Request::CopyLink { slot });
                    vec![code(ticket, now_ms), action("Open the page again", pair), copy]
                }
                None => vec![status::text("Waiting for a code…")],
            };
            lines.push(action("Cancel pairing", Request::CancelPairing { slot }));
            lines
        }
        Installation::Paired(_) => vec![action("Pause", Request::Pause { slot })],
        Installation::Paused { .. } => vec![action("Resume", Request::Resume { slot })],
    }
}

fn code(ticket: &Ticket, now_ms: u64) -> Item {
    let left = status::time_left(ticket.expires_at_ms, now_ms)
        .map_or("ended".into(), |left| format!("{left} left"));
    status::text(format!("Code: {} ({left})", visible(&ticket.code)))
}

fn window() -> Vec<Item> {
    let at = |page| Request::Open { page: Some(page) };
    vec![
        action("Open Sophon Desktop", Request::Open { page: None }),
        action("Logs", at(Page::Logs)),
        action("Settings", at(Page::Settings)),
    ]
}

fn program(view: &View) -> Vec<Item> {
    let starts = view.settings.start_at_login;
    let is_carrying = |seat: &Seat| matches!(seat.standing, Installation::Paired(_));
    let quit = if view.installations.iter().any(is_carrying) {
        "Quit (the phone will show this computer as away)"
    } else {
        "Quit"
    };
    vec![
        Item::Check {
            label: "Start at login".into(),
            checked: starts,
            request: Request::StartAtLogin { on: !starts },
        },
        action("About", Request::Open { page: Some(Page::About) }),
        action(quit, Request::Quit),
    ]
}

fn action(label: &str, request: Request) -> Item {
    Item::Action { label: label.into(), request }
}
