//! The menu: how things stand, what waits, and what can be done now.

use super::{Item, pending, status};
use crate::request::{Page, Request};
use crate::text::visible;
use crate::view::{Installation, Ticket, View};

/// Says what the menu has, from the top.
pub(super) fn menu(view: &View, now_ms: u64) -> Vec<Item> {
    let groups = [
        status::lines(&view.installation, now_ms),
        pending::lines(&view.approvals),
        about_the_pairing(&view.installation, now_ms),
        window(),
        program(view),
    ];
    let mut menu = Vec::new();
    for group in groups.into_iter().filter(|group| !group.is_empty()) {
        if !menu.is_empty() {
            menu.push(Item::Separator);
        }
        menu.extend(group);
    }
    menu
}

fn about_the_pairing(installation: &Installation, now_ms: u64) -> Vec<Item> {
    match installation {
        Installation::Starting | Installation::Locked { .. } => Vec::new(),
        Installation::Unpaired { .. } => vec![action("Pair this computer…", Request::Pair)],
        Installation::Revoked { .. } => vec![action("Pair this computer again…", Request::Pair)],
        Installation::Pairing { ticket, .. } => {
            let mut lines = match ticket {
                Some(ticket) => confirmation(ticket, now_ms),
                None => vec![status::text("Waiting for a code…")],
            };
            lines.push(action("Cancel pairing", Request::CancelPairing));
            lines
        }
        Installation::Paired(_) => vec![action("Pause", Request::Pause)],
        Installation::Paused { .. } => vec![action("Resume", Request::Resume)],
    }
}

fn confirmation(ticket: &Ticket, now_ms: u64) -> Vec<Item> {
    let left = status::time_left(ticket.expires_at_ms, now_ms)
        .map_or("ended".into(), |left| format!("{left} left"));
    vec![
        status::text(format!("Code: {} ({left})", visible(&ticket.code))),
        action("Open the page again", Request::Pair),
        action("Copy link", Request::CopyLink),
    ]
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
    let quit = match view.installation {
        Installation::Paired(_) => "Quit (the phone will show this computer as away)",
        Installation::Starting
        | Installation::Locked { .. }
        | Installation::Unpaired { .. }
        | Installation::Pairing { .. }
        | Installation::Paused { .. }
        | Installation::Revoked { .. } => "Quit",
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
