//! Tool calls, and the approvals that they wait for.

use std::collections::HashSet;

use openclaw::recording::Recorded;
use openclaw::{ApprovalDetails, Decision, Event, Resolution, RunEventKind, ToolEvent};

use super::*;

/// Names what happens to tool calls, in order.
fn tool_steps(lines: &[Recorded]) -> Vec<&'static str> {
    run_events(lines)
        .iter()
        .filter_map(|event| match &event.kind {
            RunEventKind::Tool { event, .. } => Some(match event {
                ToolEvent::Announced { command: true, .. } => "announced",
                ToolEvent::Announced { command: false, .. } => "announced, no command",
                ToolEvent::Started { .. } => "started",
                ToolEvent::Output { .. } => "output",
                ToolEvent::Blocked { .. } => "blocked",
                ToolEvent::Result { pending_approval: true, .. } => "pending",
                ToolEvent::Result { is_error: true, .. } => "failed result",
                ToolEvent::Result { .. } => "result",
                ToolEvent::ItemEnded { failed: true, .. } => "item failed",
                ToolEvent::ItemEnded { .. } => "item ended",
                ToolEvent::CommandEnded { failed: true, .. } => "command failed",
                ToolEvent::CommandEnded { .. } => "command ended",
            }),
            _ => None,
        })
        .collect()
}

#[test]
fn the_older_generation_ends_the_run_while_its_approval_waits() {
    let lines = recording(OLDER, "d_exec_allow_once");
    let approval = requested(&lines).remove(0);
    assert_eq!(approval.command.as_deref(), Some("echo ALLOWONCE; ls /"));
    assert_eq!((approval.run_id.as_ref(), approval.tool_call_id.as_ref()), (None, None));
    assert_eq!(approval.security.as_deref(), Some("allowlist"));
    assert_eq!(approval.allowed, [Decision::AllowOnce, Decision::AllowAlways, Decision::Deny]);
    assert_eq!(approval.expires_at_ms - approval.created_at_ms, 1_800_000);
    assert_eq!(
        tool_steps(&lines),
        ["started", "announced", "announced", "pending", "item ended", "blocked", "blocked"]
    );

    let ends = ends(&lines);
    assert_eq!(ends[0].0, sent_runs(&lines)[0]);
    assert_eq!(ends[0].2.as_deref(), Some("Let me run that."));
    assert_eq!(ends[1].0.follows_approval(), Some(approval.id.as_str()));

    let outcome = last_history(&lines).exec_outcome(&approval.id).unwrap();
    assert_eq!((outcome.exit_code, outcome.denied), (Some(0), false));
    assert!(outcome.output.starts_with("ALLOWONCE bin boot"), "{}", outcome.output);
    assert!(outcome.output.ends_with("usr var work"), "{}", outcome.output);
}

#[test]
fn a_blocked_call_names_the_approval_that_it_waits_for() {
    let lines = recording(OLDER, "d_exec_allow_once");
    let approval = requested(&lines).remove(0);
    let mut blocked = 0;
    for event in run_events(&lines) {
        if let RunEventKind::Tool { event: ToolEvent::Blocked { approval_id }, .. } = event.kind {
            assert_eq!(approval_id.as_deref(), Some(approval.id.as_str()));
            blocked += 1;
        }
    }
    assert_eq!(blocked, 2);
}

#[test]
fn the_newer_generation_waits_inside_the_run() {
    let lines = recording(NEWER, "d_exec_allow_once");
    let run = sent_runs(&lines).remove(0);
    let approval = requested(&lines).remove(0);
    assert_eq!(approval.run_id.as_ref(), Some(&run));
    assert!(approval.tool_call_id.is_some());
    assert_eq!(approval.allowed, [Decision::AllowOnce, Decision::Deny]);
    assert_eq!(approval.session_key.unwrap().as_str(), "agent:main:ses_d_exec_allow_once");
    assert_eq!(
        tool_steps(&lines),
        ["announced", "started", "output", "result", "item ended", "command ended"]
    );
    assert_eq!(ends(&lines).len(), 1);

    let events = run_events(&lines);
    assert!(events.iter().all(|event| event.run_id == run));
    assert!(events.iter().any(|event| event.kind
        == RunEventKind::Model { provider: Some("fake".into()), model: Some("fake-1".into()) }));
    assert!(events.iter().any(|event| event.kind == RunEventKind::Usage { output_tokens: 40 }));
    assert!(events.iter().any(|event| matches!(
        &event.kind,
        RunEventKind::Preamble { text, .. } if text == "Let me run that."
    )));
}

#[test]
fn both_generations_tell_what_they_found_out_about_a_command() {
    for (version, is_newer) in [(OLDER, false), (NEWER, true)] {
        let approval = requested(&recording(version, "d_exec_allow_once")).remove(0);
        let expected = ApprovalDetails {
            is_newer,
            agent: Some("main".into()),
            binary: Some("/usr/bin/echo".into()),
            ask: Some("on-miss".into()),
            commands: Some(2),
            ..ApprovalDetails::default()
        };
        assert_eq!(approval.details.as_deref(), Some(&expected));
    }
}

#[test]
fn a_denied_command_fails_in_both_generations() {
    let older = recording(OLDER, "d_exec_deny");
    let approval = requested(&older).remove(0);
    assert!(older.iter().filter_map(Recorded::event).any(|event| matches!(
        event,
        Event::ApprovalResolved { id, decision: Some(Decision::Deny), how: Resolution::Decided }
            if id == approval.id
    )));
    let outcome = last_history(&older).exec_outcome(&approval.id).unwrap();
    assert!(outcome.denied);
    assert!(outcome.output.contains("user-denied"), "{}", outcome.output);

    assert_eq!(
        tool_steps(&recording(NEWER, "d_exec_deny")),
        ["announced", "started", "failed result", "item failed", "command failed"]
    );
}

#[test]
fn a_command_that_fails_has_its_exit_code() {
    let older = recording(OLDER, "c_exec_fail_nonzero");
    let approval = requested(&older).remove(0);
    let outcome = last_history(&older).exec_outcome(&approval.id).unwrap();
    assert_eq!((outcome.exit_code, outcome.denied), (Some(2), false));

    let newer = run_events(&recording(NEWER, "c_exec_fail_nonzero"));
    assert!(newer.iter().any(|event| matches!(
        event.kind,
        RunEventKind::Tool {
            event: ToolEvent::CommandEnded { exit_code: Some(2), failed: true, .. },
            ..
        }
    )));
}

#[test]
fn an_allowed_command_runs_in_the_older_generation_without_a_question() {
    let lines = recording(OLDER, "c_exec_allow_always_second");
    assert!(requested(&lines).is_empty());
    assert_eq!(
        tool_steps(&lines),
        ["started", "announced", "announced", "output", "result", "item ended", "command ended"]
    );
}

#[test]
fn two_commands_of_one_turn_are_two_approvals_and_two_calls() {
    for version in [OLDER, NEWER] {
        let lines = recording(version, "a_exec_two_tools");
        let calls: HashSet<_> = run_events(&lines)
            .into_iter()
            .filter_map(|event| match event.kind {
                RunEventKind::Tool { call_id, .. } => Some(call_id),
                _ => None,
            })
            .collect();
        assert_eq!(calls.len(), 2, "{version}");
    }
    let older = recording(OLDER, "a_exec_two_tools");
    let followed: Vec<_> = ends(&older)
        .iter()
        .filter_map(|(run, ..)| run.follows_approval().map(ToOwned::to_owned))
        .collect();
    let asked: Vec<_> = requested(&older).into_iter().map(|approval| approval.id).collect();
    assert_eq!(followed.len(), 2);
    assert!(followed.iter().all(|approval| asked.contains(approval)));
}
