//! What holds in every state.

use proptest::prelude::*;

use super::*;
use crate::request::Page;
use crate::tray::{do_the_same, wants_ticks};

#[test]
fn a_code_that_has_ended_says_so() {
    assert!(shown(pairing(NOW)).contains("Code: ABCD-1234 (ended)"));
    assert!(shown(pairing(NOW + 600_000)).contains("Code: ABCD-1234 (10 min left)"));
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
fn an_answer_goes_to_the_request_that_it_stands_under() {
    let mut view = view(paired(up(None), up(None)));
    view.pending = vec![approval("a", "make"), approval("b", "make")];
    let decides = |index: usize, key: &str| {
        let menu = tray(&view, NOW).menu;
        let submenus = menu.into_iter().filter_map(|item| match item {
            Item::Submenu { items, .. } => Some(items),
            Item::Text(_) | Item::Action { .. } | Item::Check { .. } | Item::Separator => None,
        });
        let decide = |label: &str, verdict| Item::Action {
            label: label.into(),
            request: Request::Decide { key: key.into(), verdict, notify: false, seen: "s1".into() },
        };
        let items: Vec<_> = submenus.collect();
        items[index][..2]
            == [decide("Allow once", Verdict::AllowOnce), decide("Deny", Verdict::Deny)]
    };
    assert!(decides(0, "a") && decides(1, "b"));
}

#[test]
fn a_menu_whose_words_change_does_the_same_and_one_with_another_request_does_not() {
    let mut view = view(paired(up(None), down(Some(NOW + 7_200))));
    view.pending = vec![approval("a", "make")];
    let before = tray(&view, NOW).menu;
    let later = tray(&view, NOW + 1_000).menu;
    assert_ne!(before, later);
    assert!(do_the_same(&before, &later));
    view.pending = vec![approval("b", "make")];
    let other = tray(&view, NOW).menu;
    assert!(!do_the_same(&before, &other));
    view.pending = vec![Pending { seen: "s2".into(), ..approval("a", "make") }];
    let changed = tray(&view, NOW).menu;
    assert!(!do_the_same(&before, &changed));
}

#[test]
fn more_requests_than_fit_open_the_window_at_the_requests() {
    let mut view = view(paired(up(None), up(None)));
    view.pending = (0..6).map(|number| approval(&number.to_string(), "make")).collect();
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
        Installation::Unpaired { problem: None, npm: None },
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
        view.pending = vec![
            approval("a", &words),
            pending("b", Subject::Device(device(&words, Severity::Medium))),
            pending("c", Subject::Node(node(&words, Severity::High))),
            pending("d", Subject::Sender(sender(Some(&words)))),
        ];
        let other = seat(2, &words, Installation::Starting);
        if long % 2 == 0 {
            view.installations.push(other);
        }
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
