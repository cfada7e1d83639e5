use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::request::Page;
use crate::view::{
    Approval, Decision, Identity, Paired, Problem, Settings, Severity, Ticket, TrayHost,
};

/// Now, in milliseconds since 1970.
const NOW: u64 = 1_800_000_000_000;

#[test]
fn at_the_start_nothing_is_known() {
    assert_snapshot!(shown(Installation::Starting), @r"
    icon: connecting
    tooltip: Sophon: starting…
      Sophon: starting…
    ----
    > Open Sophon Desktop
    > Logs
    > Settings
    ----
    > [x] Start at login
    > About
    > Quit
    ");
}

#[test]
fn locked_secrets_are_told_with_what_to_do() {
    let problem = problem("The keychain is locked.", "Unlock it, or wait until it is tried again.");
    assert_snapshot!(shown(Installation::Locked { problem }), @r"
    icon: needs you
    tooltip: Sophon: the stored secrets cannot be read
      The keychain is locked.
      Unlock it, or wait until it is tried again.
    > Try again
    ----
    > Open Sophon Desktop
    > Logs
    > Settings
    ----
    > [x] Start at login
    > About
    > Quit
    ");
}

#[test]
fn a_new_computer_can_be_paired() {
    assert_snapshot!(shown(Installation::Unpaired { problem: None }), @r"
    icon: not paired
    tooltip: Sophon: this computer is not paired
      This computer is not paired
    ----
    > Pair this computer…
    ----
    > Open Sophon Desktop
    > Logs
    > Settings
    ----
    > [x] Start at login
    > About
    > Quit
    ");
}

#[test]
fn a_failed_pairing_says_why_and_can_be_tried_again() {
    let problem =
        Some(problem("The code was refused on the phone.", "Pair again when you want to."));
    assert_snapshot!(shown(Installation::Unpaired { problem }), @r"
    icon: not paired
    tooltip: Sophon: this computer is not paired
      This computer is not paired
      The code was refused on the phone.
      Pair again when you want to.
    ----
    > Pair this computer…
    ----
    > Open Sophon Desktop
    > Logs
    > Settings
    ----
    > [x] Start at login
    > About
    > Quit
    ");
}

#[test]
fn pairing_begins_without_a_code() {
    let interrupted = Some("Sophon cannot be reached; it is tried again.".into());
    assert_snapshot!(shown(Installation::Pairing { ticket: None, interrupted }), @r"
    icon: connecting
    tooltip: Sophon: pairing this computer…
      This computer is being paired
      Sophon cannot be reached; it is tried again.
    ----
      Waiting for a code…
    > Cancel pairing
    ----
    > Open Sophon Desktop
    > Logs
    > Settings
    ----
    > [x] Start at login
    > About
    > Quit
    ");
}

#[test]
fn pairing_shows_the_code_and_how_long_it_holds() {
    assert_snapshot!(shown(pairing(NOW + 95_001)), @r"
    icon: connecting
    tooltip: Sophon: pairing this computer…
      This computer is being paired
    ----
      Code: ABCD-1234 (96 s left)
    > Open the page again
    > Copy link
    > Cancel pairing
    ----
    > Open Sophon Desktop
    > Logs
    > Settings
    ----
    > [x] Start at login
    > About
    > Quit
    ");
}

#[test]
fn a_code_that_has_ended_says_so() {
    assert!(shown(pairing(NOW)).contains("Code: ABCD-1234 (ended)"));
    assert!(shown(pairing(NOW + 600_000)).contains("Code: ABCD-1234 (10 min left)"));
}

#[test]
fn both_sides_are_connected() {
    assert_snapshot!(shown(paired(up(None), up(Some("2026.9.6")))), @r"
    icon: connected
    tooltip: Sophon: connected
      Sophon: connected
      OpenClaw 2026.9.6: connected
      Workshop
    ----
    > Pause
    ----
    > Open Sophon Desktop
    > Logs
    > Settings
    ----
    > [x] Start at login
    > About
    > Quit (the phone will show this computer as away)
    ");
}

#[test]
fn both_sides_are_being_connected() {
    assert_snapshot!(shown(paired(Link::Connecting, Link::Connecting)), @r"
    icon: connecting
    tooltip: Sophon: connecting…
      Sophon: connecting…
      OpenClaw: connecting…
      Workshop
    ----
    > Pause
    ----
    > Open Sophon Desktop
    > Logs
    > Settings
    ----
    > [x] Start at login
    > About
    > Quit (the phone will show this computer as away)
    ");
}

#[test]
fn a_side_that_is_missing_says_when_it_is_tried_again() {
    assert_snapshot!(shown(paired(up(None), down(Some(NOW + 7_200)))), @r"
    icon: degraded
    tooltip: Sophon: reconnecting to OpenClaw…
      Sophon: connected
      OpenClaw: reconnecting in 8 s
      Workshop
    > Try again
    ----
    > Pause
    ----
    > Open Sophon Desktop
    > Logs
    > Settings
    ----
    > [x] Start at login
    > About
    > Quit (the phone will show this computer as away)
    ");
}

#[test]
fn a_side_that_only_a_person_can_bring_back_says_how() {
    assert_snapshot!(shown(paired(up(None), down(None))), @r"
    icon: needs you
    tooltip: Sophon: no connection to OpenClaw, look at the menu
      Sophon: connected
      OpenClaw: The gateway refuses the token.
      Check the token in openclaw.json.
      Workshop
    > Try again
    ----
    > Pause
    ----
    > Open Sophon Desktop
    > Logs
    > Settings
    ----
    > [x] Start at login
    > About
    > Quit (the phone will show this computer as away)
    ");
}

#[test]
fn a_side_that_is_tried_again_after_a_break_is_still_missing() {
    let Installation::Paired(mut paired) = paired(up(None), Link::Connecting) else {
        unreachable!("it is paired")
    };
    assert_eq!(tray(&view(Installation::Paired(paired.clone())), NOW).icon, Icon::Connecting);
    paired.degraded_since_ms = Some(NOW - 1);
    let tray = tray(&view(Installation::Paired(paired)), NOW);
    assert_eq!(tray.icon, Icon::Degraded);
    assert_eq!(tray.tooltip, "Sophon: reconnecting to OpenClaw…");
}

#[test]
fn paused_it_can_be_resumed() {
    assert_snapshot!(shown(Installation::Paused { identity: identity() }), @r"
    icon: paused
    tooltip: Sophon: paused
      Sophon: paused
      Workshop
    ----
    > Resume
    ----
    > Open Sophon Desktop
    > Logs
    > Settings
    ----
    > [x] Start at login
    > About
    > Quit
    ");
}

#[test]
fn a_removed_pairing_can_be_made_again() {
    assert_snapshot!(shown(Installation::Revoked { identity: identity() }), @r"
    icon: needs you
    tooltip: Sophon: the pairing was removed on the phone
      The pairing was removed on the phone
      Workshop
    ----
    > Pair this computer again…
    ----
    > Open Sophon Desktop
    > Logs
    > Settings
    ----
    > [x] Start at login
    > About
    > Quit
    ");
}

#[test]
fn approvals_stand_with_their_answers() {
    let mut view = view(paired(up(None), up(None)));
    view.approvals = vec![
        approval("a", "git push origin my_branch"),
        Approval { severity: Severity::High, ..approval("b", "rm -rf /srv\n\u{202e}txt.exe") },
        Approval { deciding: Some(Decision::AllowOnce), ..approval("c", "make") },
        Approval { deciding: Some(Decision::Deny), ..approval("d", "make") },
        Approval { command: None, offers: vec![Decision::Deny], ..approval("e", "") },
        approval("f", "make"),
        approval("g", "make"),
    ];
    assert_snapshot!(print(&tray(&view, NOW)), @r"
    icon: connected, marked
    tooltip: Sophon: connected · 5 requests wait
      Sophon: connected
      OpenClaw: connected
      Workshop
    ----
    + git push origin my_branch
        > Allow once
        > Deny
        > Show…
    + rm -rf /srv⏎‹U+202E›txt.exe
          Much is at stake: look before you allow it
        > Show…
        > Deny
    + make
          Allowing…
        > Show…
    + make
          Denying…
        > Show…
    + Look something up
        > Deny
        > Show…
    > 2 more requests…
    ----
    > Pause
    ----
    > Open Sophon Desktop
    > Logs
    > Settings
    ----
    > [x] Start at login
    > About
    > Quit (the phone will show this computer as away)
    ");
}

#[test]
fn an_answer_goes_to_the_approval_that_it_stands_under() {
    let mut view = view(paired(up(None), up(None)));
    view.approvals = vec![approval("a", "make"), approval("b", "make")];
    let decides = |index: usize, approval: &str| {
        let menu = tray(&view, NOW).menu;
        let submenus = menu.into_iter().filter_map(|item| match item {
            Item::Submenu { items, .. } => Some(items),
            Item::Text(_) | Item::Action { .. } | Item::Check { .. } | Item::Separator => None,
        });
        let decide = |label: &str, decision| Item::Action {
            label: label.into(),
            request: Request::Decide { approval: approval.into(), decision },
        };
        let items: Vec<_> = submenus.collect();
        items[index][..2]
            == [decide("Allow once", Decision::AllowOnce), decide("Deny", Decision::Deny)]
    };
    assert!(decides(0, "a") && decides(1, "b"));
}

#[test]
fn a_menu_whose_words_change_does_the_same_and_one_with_another_approval_does_not() {
    let mut view = view(paired(up(None), down(Some(NOW + 7_200))));
    view.approvals = vec![approval("a", "make")];
    let before = tray(&view, NOW).menu;
    let later = tray(&view, NOW + 1_000).menu;
    assert_ne!(before, later);
    assert!(do_the_same(&before, &later));
    view.approvals = vec![approval("b", "make")];
    let other = tray(&view, NOW).menu;
    assert!(!do_the_same(&before, &other));
}

#[test]
fn more_requests_than_fit_open_the_window_at_the_requests() {
    let mut view = view(paired(up(None), up(None)));
    view.approvals = (0..6).map(|number| approval(&number.to_string(), "make")).collect();
    let more = Item::Action {
        label: "1 more request…".into(),
        request: Request::Open { page: Some(Page::Requests) },
    };
    assert!(tray(&view, NOW).menu.contains(&more));
}

#[test]
fn a_countdown_wants_ticks_until_it_is_over_and_nothing_else_does() {
    for (installation, ends_at) in [
        (pairing(NOW + 3_000), NOW + 3_000),
        (paired(down(Some(NOW + 2_000)), down(Some(NOW + 5_000))), NOW + 5_000),
    ] {
        let view = view(installation);
        assert!(wants_ticks(&view, NOW) && wants_ticks(&view, ends_at - 1));
        assert!(!wants_ticks(&view, ends_at));
        assert_eq!(tray(&view, ends_at), tray(&view, ends_at + 3_600_000));
    }
    for installation in [
        Installation::Starting,
        Installation::Unpaired { problem: None },
        paired(up(None), up(None)),
        paired(Link::Connecting, down(None)),
        Installation::Paused { identity: identity() },
        Installation::Revoked { identity: identity() },
    ] {
        let view = view(installation);
        assert!(!wants_ticks(&view, NOW));
        assert_eq!(tray(&view, NOW), tray(&view, NOW + 3_600_000));
    }
}

proptest! {
    #[test]
    fn words_of_others_stay_short_and_on_their_line(words in any::<String>(), long in 0..200usize) {
        let words = words + &"x".repeat(long);
        let identity = Identity { name: words.clone(), ..identity() };
        let link = Link::Down { problem: problem(&words, &words), retry_at_ms: None };
        let Installation::Paired(paired) = paired(up(Some(&words)), link) else {
            unreachable!("it is paired")
        };
        let mut view = view(Installation::Paired(Paired { identity, ..paired }));
        view.approvals = vec![approval("a", &words)];
        let tray = tray(&view, NOW);
        prop_assert!(!tray.tooltip.contains('\n') && tray.tooltip.chars().count() <= 90);
        for label in labels(&tray.menu) {
            prop_assert!(label.chars().count() <= 90, "{label}");
            prop_assert_eq!(&crate::text::visible(label), label);
        }
        let in_submenus = tray.menu.iter().filter(|item| matches!(item, Item::Submenu { .. }));
        for label in in_submenus.flat_map(|item| labels(std::slice::from_ref(item))) {
            prop_assert!(label.chars().count() <= 60, "{label}");
        }
    }
}

fn labels(items: &[Item]) -> Vec<&String> {
    let mut found = Vec::new();
    for item in items {
        match item {
            Item::Text(label) | Item::Action { label, .. } | Item::Check { label, .. } => {
                found.push(label);
            }
            Item::Submenu { label, items } => {
                found.push(label);
                found.extend(labels(items));
            }
            Item::Separator => {}
        }
    }
    found
}

fn shown(installation: Installation) -> String {
    print(&tray(&view(installation), NOW))
}

fn view(installation: Installation) -> View {
    View {
        version: "0.1.0".into(),
        installation,
        approvals: Vec::new(),
        settings: Settings {
            name: "Workshop".into(),
            start_at_login: true,
            notifications: true,
            gateway_url: String::new(),
            cloud_url: String::new(),
        },
        refused: None,
        tray: TrayHost::Shown,
        remarks: Vec::new(),
        log_folder: "/logs".into(),
    }
}

fn pairing(expires_at_ms: u64) -> Installation {
    let ticket = Ticket {
        code: "ABCD-1234".into(),
        url: "https://sophon.example/pair".into(),
        qr_path: "M0 0h1v1z".into(),
        qr_size: 29,
        expires_at_ms,
    };
    Installation::Pairing { ticket: Some(ticket), interrupted: None }
}

fn paired(cloud: Link, gateway: Link) -> Installation {
    Installation::Paired(Paired {
        identity: identity(),
        cloud,
        gateway,
        degraded_since_ms: None,
        sessions_today: 3,
        running: 1,
        queued: 0,
    })
}

fn identity() -> Identity {
    Identity {
        id: "inst_1".into(),
        name: "Workshop".into(),
        cloud: "https://api.sophon.example".into(),
        may: vec!["chat".into()],
    }
}

fn up(version: Option<&str>) -> Link {
    Link::Up { since_ms: NOW - 60_000, version: version.map(Into::into) }
}

fn down(retry_at_ms: Option<u64>) -> Link {
    let problem = problem("The gateway refuses the token.", "Check the token in openclaw.json.");
    Link::Down { problem, retry_at_ms }
}

fn problem(what: &str, remedy: &str) -> Problem {
    Problem { what: what.into(), remedy: Some(remedy.into()) }
}

fn approval(id: &str, command: &str) -> Approval {
    Approval {
        id: id.into(),
        title: "Look something up".into(),
        message: None,
        command: Some(command.into()),
        folder: Some("/srv".into()),
        host: Some("gateway".into()),
        agent: Some("main".into()),
        warnings: Vec::new(),
        severity: Severity::Medium,
        offers: vec![Decision::AllowOnce, Decision::AllowAlways, Decision::Deny],
        asked_at_ms: NOW - 5_000,
        expires_at_ms: NOW + 60_000,
        deciding: None,
    }
}
