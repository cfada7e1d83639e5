//! What each state looks like.

use insta::assert_snapshot;

use super::*;

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
    tooltip: Sophon: The keychain is locked.
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
    assert_snapshot!(shown(Installation::Unpaired { problem: None, npm: None }), @r"
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
    assert_snapshot!(shown(Installation::Unpaired { problem, npm: None }), @r"
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
fn both_sides_are_connected() {
    assert_snapshot!(shown(paired(up(None), up(Some("2026.9.6")))), @r"
    icon: connected
    tooltip: Sophon: connected
      Sophon: connected
      OpenClaw 2026.9.6: connected
      Workshop
    ----
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
fn both_sides_are_being_connected() {
    assert_snapshot!(shown(paired(Link::Connecting, Link::Connecting)), @r"
    icon: connecting
    tooltip: Sophon: connecting…
      Sophon: connecting…
      OpenClaw 2026.9.6: connecting…
      Workshop
    ----
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
fn a_side_that_is_missing_says_when_it_is_tried_again() {
    assert_snapshot!(shown(paired(up(None), down(Some(NOW + 7_200)))), @r"
    icon: degraded
    tooltip: Sophon: reconnecting to OpenClaw…
      Sophon: connected
      OpenClaw 2026.9.6: reconnecting in 8 s
      Workshop
    > Try again
    ----
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
fn a_side_that_only_a_person_can_bring_back_says_how() {
    assert_snapshot!(shown(paired(up(None), down(None))), @r"
    icon: needs you
    tooltip: Sophon: no connection to OpenClaw, look at the menu
      Sophon: connected
      OpenClaw 2026.9.6: The gateway refuses the token.
      Check the token in openclaw.json.
      Workshop
    > Try again
    ----
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
fn while_nothing_can_be_stored_it_is_not_connected_and_says_what_to_do() {
    let Installation::Paired(mut paired) = paired(up(None), down(Some(NOW + 7_200))) else {
        unreachable!("it is paired")
    };
    paired.storage = Some(Box::new(problem(
        "The disk has no room for the journal.",
        "Free some space on the disk, or let it be written to: then it goes on by itself.",
    )));
    assert_snapshot!(shown(Installation::Paired(paired)), @r"
    icon: needs you
    tooltip: Sophon: nothing can be stored, look at the menu
      Nothing can be stored, so messages wait at Sophon
      The disk has no room for the journal.
      Free some space on the disk, or let it be written to: then it goes on by itself.
      Sophon: connected
      OpenClaw 2026.9.6: reconnecting in 8 s
      Workshop
    > Try again
    ----
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
fn paused_it_can_be_resumed() {
    assert_snapshot!(shown(Installation::Paused { identity: identity() }), @r"
    icon: paused
    tooltip: Sophon: paused
      Sophon: paused
      Workshop
    ----
    > Resume
    > Pair another installation…
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
