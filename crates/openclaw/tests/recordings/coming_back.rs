//! What is left after a connection, or the gateway itself, was gone.

use openclaw::{ApprovalKind, History, parse_approval};

use super::*;

#[test]
fn the_newer_generation_tells_a_run_in_flight_after_a_reconnect() {
    let lines = recording(NEWER, "c_reconnect_mid");
    let run = sent_runs(&lines).remove(0);
    let histories: Vec<_> = answers(&lines, "chat.history")
        .into_iter()
        .map(|answer| History::parse(answer).unwrap())
        .collect();
    let in_flight = histories[0].in_flight.as_ref().unwrap();
    assert_eq!(in_flight.run_id.as_ref(), Some(&run));
    assert!(in_flight.text.starts_with("w0 w1"), "{}", in_flight.text);
    assert!(histories[0].has_active_run);
    let done = histories.last().unwrap();
    assert!(!done.has_active_run && done.in_flight.is_none());
    assert_eq!(done.accepted(&run), Some(0));
    assert_eq!(done.last_usage().unwrap().model.as_deref(), Some("fake-1"));
}

#[test]
fn the_older_generation_says_nothing_about_a_run_in_flight() {
    let lines = recording(OLDER, "c_reconnect_mid");
    let first = History::parse(answers(&lines, "chat.history")[0]).unwrap();
    assert!(first.in_flight.is_none() && !first.has_active_run);
    assert_eq!(last_history(&lines).accepted(&sent_runs(&lines)[0]), None);
}

#[test]
fn pending_approvals_are_listed_as_they_were_asked() {
    for version in [OLDER, NEWER] {
        let lines = recording(version, "c_reconnect_mid_tool");
        let listed: Vec<_> = answers(&lines, "exec.approval.list")[0]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| parse_approval(ApprovalKind::Exec, item).unwrap())
            .collect();
        assert_eq!(listed, requested(&lines), "{version}");
    }
}

#[test]
fn a_killed_gateway_of_the_newer_generation_shows_that_the_message_was_accepted() {
    let lines = recording(NEWER, "restart_sigkill_midrun");
    let run = sent_runs(&lines).remove(0);
    let histories: Vec<_> =
        answers(&lines, "chat.history").into_iter().filter_map(History::parse).collect();
    assert!(histories.iter().any(|history| history.accepted(&run).is_some()));
}
