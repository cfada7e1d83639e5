//! Several installations side by side.

use insta::assert_snapshot;

use super::*;

fn two(one: Installation, other: Installation) -> View {
    view_of([seat(1, "Workshop", one), seat(3, "Home", other)])
}

#[test]
fn each_stands_under_its_name_and_the_neediest_gives_icon_and_tooltip() {
    let mut view = two(paired(up(None), up(None)), paired(up(None), down(Some(NOW + 7_200))));
    view.pending = vec![Pending { slot: Slot(3), ..approval("a", "make") }];
    assert_snapshot!(print(&tray(&view, NOW)), @r"
    icon: degraded, marked
    tooltip: Sophon, Home: reconnecting to OpenClaw… · 1 request waits
      Workshop
      Sophon: connected
      OpenClaw 2026.9.6: connected
    ----
      Home
      Sophon: connected
      OpenClaw 2026.9.6: reconnecting in 8 s
    ----
    > Try again
    ----
    + make
          Through Home
        > Allow once
        > Deny
        > Show…
    ----
    + Workshop
        > Pause
    + Home
        > Pause
    > Pair another installation…
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
fn one_that_is_being_paired_has_its_code_behind_its_name() {
    let view = two(Installation::Paused { identity: identity() }, pairing(NOW + 95_001));
    assert_snapshot!(print(&tray(&view, NOW)), @r"
    icon: connecting
    tooltip: Sophon, Home: pairing…
      Workshop
      Sophon: paused
    ----
      Home
      Sophon: pairing…
    ----
    + Workshop
        > Resume
    + Home
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
fn what_is_the_same_for_all_needs_no_name() {
    let view = two(paired(up(None), up(None)), paired(up(None), up(None)));
    assert_eq!(tray(&view, NOW).tooltip, "Sophon: connected");
}

#[test]
fn the_icon_is_that_of_the_one_that_needs_a_person_most() {
    let by_need = || {
        [
            (paired(up(None), down(None)), Icon::NeedsYou),
            (paired(up(None), down(Some(NOW + 1))), Icon::Degraded),
            (Installation::Starting, Icon::Connecting),
            (Installation::Unpaired { problem: None, npm: None }, Icon::NotPaired),
            (paired(up(None), up(None)), Icon::Connected),
            (Installation::Paused { identity: identity() }, Icon::Paused),
        ]
    };
    for (at, (needier, icon)) in by_need().into_iter().enumerate() {
        for (other, _) in by_need().into_iter().skip(at) {
            let view = two(needier.clone(), other.clone());
            assert_eq!(tray(&view, NOW).icon, icon, "{view:?}");
            let view = two(other, needier.clone());
            assert_eq!(tray(&view, NOW).icon, icon, "{view:?}");
        }
    }
}

#[test]
fn equal_names_are_told_apart_by_their_numbers() {
    let paused = || Installation::Paused { identity: identity() };
    let view = view_of(
        [1, 2, 7].map(|slot| seat(slot, if slot == 2 { "Home" } else { "Workshop" }, paused())),
    );
    let submenus = tray(&view, NOW).menu.into_iter().filter_map(|item| match item {
        Item::Submenu { label, items } => Some((label, items)),
        Item::Text(_) | Item::Action { .. } | Item::Check { .. } | Item::Separator => None,
    });
    let resume = |slot| {
        let request = Request::Resume { slot: Slot(slot) };
        vec![Item::Action { label: "Resume".into(), request }]
    };
    let wanted = [("Workshop (1)", 1), ("Home", 2), ("Workshop (7)", 7)]
        .map(|(name, slot)| (name.to_owned(), resume(slot)));
    assert_eq!(submenus.collect::<Vec<_>>(), wanted);
}

#[test]
fn a_countdown_of_any_of_them_wants_ticks() {
    let idle = || paired(up(None), up(None));
    let counting = || paired(up(None), down(Some(NOW + 1)));
    for view in [two(idle(), counting()), two(counting(), idle())] {
        assert!(wants_ticks(&view, NOW) && !wants_ticks(&view, NOW + 1));
    }
    assert!(!wants_ticks(&two(idle(), idle()), NOW));
}
