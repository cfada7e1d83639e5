//! What real gateways of both generations said, read back.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its recording fails")]
#![expect(clippy::wildcard_enum_match_arm, reason = "tests look for one kind of event among many")]

mod answers;
mod coming_back;
mod commands;
mod pairing;

use std::path::PathBuf;

use openclaw::recording::{self, Recorded};
use openclaw::{Approval, Event, History, RunEvent, RunEventKind, RunId};
use serde_json::Value;

const OLDER: &str = "2026.5.6";
const NEWER: &str = "2026.9.6";

fn folder(version: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/traces")).join(version)
}

fn recording(version: &str, scenario: &str) -> Vec<Recorded> {
    recording::read(folder(version).join(format!("{scenario}.jsonl"))).unwrap()
}

fn all_recordings() -> Vec<(String, Vec<Recorded>)> {
    let mut all = Vec::new();
    for version in [OLDER, NEWER] {
        for entry in folder(version).read_dir().unwrap() {
            let path = entry.unwrap().path();
            all.push((path.display().to_string(), recording::read(&path).unwrap()));
        }
    }
    assert!(all.len() >= 38, "only {} recordings", all.len());
    all
}

fn run_events(lines: &[Recorded]) -> Vec<RunEvent> {
    let run_event = |line: &Recorded| match line.event() {
        Some(Event::Run(event)) => Some(event),
        Some(
            Event::ApprovalRequested(_)
            | Event::ApprovalResolved { .. }
            | Event::Pairing(_)
            | Event::Tick
            | Event::Shutdown { .. }
            | Event::Other,
        )
        | None => None,
    };
    lines.iter().filter_map(run_event).collect()
}

fn answers<'a>(lines: &'a [Recorded], method: &str) -> Vec<&'a Value> {
    let ids: Vec<_> =
        lines.iter().filter(|line| line.method() == Some(method)).map(Recorded::id).collect();
    lines
        .iter()
        .filter(|line| line.method().is_none() && line.id().is_some() && ids.contains(&line.id()))
        .map(Recorded::payload)
        .collect()
}

fn sent_runs(lines: &[Recorded]) -> Vec<RunId> {
    lines
        .iter()
        .filter(|line| line.method() == Some("chat.send"))
        .map(|line| RunId::new(line.frame["params"]["idempotencyKey"].as_str().unwrap()))
        .collect()
}

fn last_history(lines: &[Recorded]) -> History {
    History::parse(answers(lines, "chat.history").last().unwrap()).unwrap()
}

fn requested(lines: &[Recorded]) -> Vec<Approval> {
    lines
        .iter()
        .filter_map(|line| match line.event() {
            Some(Event::ApprovalRequested(approval)) => Some(approval),
            _ => None,
        })
        .collect()
}

/// Names how runs end, in order, with their text or message.
fn ends(lines: &[Recorded]) -> Vec<(RunId, &'static str, Option<String>)> {
    run_events(lines)
        .into_iter()
        .filter_map(|event| match event.kind {
            RunEventKind::Final { text, .. } => Some((event.run_id, "final", text)),
            RunEventKind::Failed { message, .. } => Some((event.run_id, "failed", Some(message))),
            RunEventKind::Aborted { text, .. } => Some((event.run_id, "aborted", text)),
            _ => None,
        })
        .collect()
}

#[test]
fn every_recorded_event_is_understood() {
    for (path, lines) in all_recordings() {
        for line in &lines {
            let Some(name) = line.event_name() else { continue };
            let matters = matches!(name, "agent" | "chat" | "tick" | "shutdown")
                || name.contains(".approval.re")
                || name.contains(".pair.");
            let understood = line.event().unwrap() != Event::Other;
            assert_eq!(understood, matters, "{path}: {}", line.frame);
        }
    }
}
