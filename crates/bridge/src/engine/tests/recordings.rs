//! Whole turns as real gateways played them, from their first frame to their last.

use std::path::PathBuf;

use openclaw::{Call, Decision, Event, Generation, Resolution, RunId};
use serde_json::{Value, json};

use super::super::{Input, Purpose};
use super::harness::{Harness, SESSION};

/// Plays the inbound frames of a recorded turn into the engine, under our run and session.
fn replay(version: &str, name: &str, message: &str) -> Harness {
    let generation = if version == "2026.5.6" { Generation::Older } else { Generation::Newer };
    let mut h = Harness::with_gateway(generation);
    h.say("m1", message);
    let run = h.last_run();
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/traces")
        .join(version)
        .join(format!("{name}.jsonl"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let frames: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (recorded_run, recorded_key) = recorded_ids(&frames);
    let ours = format!("agent:main:{SESSION}");
    for frame in &frames {
        if frame["dir"] != "in" {
            continue;
        }
        let frame = frame["f"].to_string();
        let frame = frame.replace(&recorded_run, run.as_str());
        let frame: Value = serde_json::from_str(&frame.replace(&recorded_key, &ours)).unwrap();
        play(&mut h, &frame, &run);
    }
    h.wait(std::time::Duration::from_secs(1));
    h
}

fn recorded_ids(frames: &[Value]) -> (String, String) {
    let send = frames.iter().find(|frame| frame["f"]["method"] == "chat.send").unwrap();
    let params = &send["f"]["params"];
    let key = params["sessionKey"].as_str().unwrap();
    let key = if key.starts_with("agent:") { key.to_owned() } else { format!("agent:main:{key}") };
    (params["idempotencyKey"].as_str().unwrap().to_owned(), key.to_lowercase())
}

fn play(h: &mut Harness, frame: &Value, run: &RunId) {
    let payload = &frame["payload"];
    if payload["status"] == "started" && payload["runId"] == run.as_str() {
        let sent = h.calls.iter().position(|(_, call)| matches!(call, Call::ChatSend { .. }));
        if let Some(index) = sent {
            let (purpose, _) = h.calls.remove(index);
            h.feed(Input::Answered(purpose, Ok(payload.clone())));
        }
    }
    if payload["messages"].is_array() {
        // The recorded history answers whatever is being looked up.
        while let Some(index) =
            h.calls.iter().position(|(_, call)| matches!(call, Call::ChatHistory { .. }))
        {
            let (purpose, _): (Purpose, _) = h.calls.remove(index);
            h.feed(Input::Answered(purpose, Ok(payload.clone())));
        }
    }
    if let Some(name) = frame["event"].as_str() {
        match openclaw::parse_event(name, &payload.to_string()) {
            Event::ApprovalResolved { id, decision: Some(decision), .. } => {
                // It was decided by the client that recorded this.
                let decided = match decision {
                    Decision::AllowOnce => sap::Decision::Approve,
                    Decision::AllowAlways => sap::Decision::ApproveAlways,
                    Decision::Deny => sap::Decision::Deny,
                };
                h.decide(&id, decided);
                let (decision, how) = (Some(decision), Resolution::Decided);
                h.feed(Input::Gateway(Event::ApprovalResolved { id, decision, how }));
            }
            event => h.feed(Input::Gateway(event)),
        }
    }
}

fn one_bubble(h: &Harness) -> super::harness::Bubble {
    let bubbles = h.bubbles();
    assert_eq!(bubbles.len(), 1, "{bubbles:#?}");
    bubbles[0].clone()
}

fn cards(h: &Harness) -> Vec<(String, String)> {
    let creates = h.posted("createTask").len();
    let finishes: Vec<_> = h
        .posted("finishTask")
        .iter()
        .map(|body| {
            let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
            (text("name"), text("status"))
        })
        .collect();
    assert_eq!(creates, finishes.len(), "every card that was created was finished");
    finishes
}

const ANSWER: &str = "Hello from the fake model. Hello from the fake model. \
                      Hello from the fake model. Hello from the fake model.";

#[test]
fn a_plain_chat_is_streamed_and_ended_with_its_canonical_text() {
    for version in ["2026.5.6", "2026.9.6"] {
        let h = replay(version, "d_chat_plain", "hello");
        let bubble = one_bubble(&h);
        assert_eq!(bubble.end.as_deref(), Some(ANSWER), "{version}");
        assert!(ANSWER.starts_with(&bubble.streamed), "{version}: {}", bubble.streamed);
        assert_eq!(bubble.usage["output_tokens"], 20, "{version}: {}", bubble.usage);
        assert!(cards(&h).is_empty());
    }
}

#[test]
fn a_command_that_was_allowed_is_one_card_in_one_bubble() {
    for version in ["2026.5.6", "2026.9.6"] {
        let h = replay(version, "d_exec_allow_once", "run: echo ALLOWONCE; ls /");
        let bubble = one_bubble(&h);
        let end = bubble.end.unwrap();
        assert!(end.starts_with("Let me run that.\n\n"), "{version}: {end}");
        assert!(end.starts_with(&bubble.streamed), "{version}: {}", bubble.streamed);
        assert_eq!(h.posted("requestApproval").len(), 1);
        assert_eq!(h.posted("requestApproval")[0]["command"], "echo ALLOWONCE; ls /");
        assert!(h.posted("requestApproval")[0]["tool_call_id"].is_string());
        assert_eq!(cards(&h), [("exec".into(), "completed".into())], "{version}");
        let created = h.posted("createTask")[0];
        assert_eq!(created["args"], json!({"command": "echo ALLOWONCE; ls /"}), "{version}");
        let result = h.posted("finishTask")[0]["result"].to_string();
        assert!(result.contains("ALLOWONCE"), "{version}: {result}");
    }
}

#[test]
fn a_command_that_was_denied_is_a_failed_card() {
    for version in ["2026.5.6", "2026.9.6"] {
        let h = replay(version, "d_exec_deny", "run: echo DENYME");
        assert!(one_bubble(&h).end.is_some(), "{version}");
        assert_eq!(cards(&h), [("exec".into(), "failed".into())], "{version}");
    }
}

#[test]
fn two_commands_of_one_turn_are_two_cards_in_one_bubble() {
    for (version, name) in [("2026.5.6", "a_exec_two_tools"), ("2026.9.6", "b_exec_two_tools")] {
        let h = replay(version, name, "two tools");
        assert!(one_bubble(&h).end.is_some(), "{version}");
        assert_eq!(h.posted("requestApproval").len(), 2, "{version}");
        assert_eq!(cards(&h).len(), 2, "{version}");
    }
}

#[test]
fn a_command_that_needs_no_approval_is_one_card() {
    for version in ["2026.5.6", "2026.9.6"] {
        let h = replay(version, "c_exec_allow_always_second", "run again");
        assert!(one_bubble(&h).end.is_some(), "{version}");
        assert_eq!(cards(&h), [("exec".into(), "completed".into())], "{version}");
    }
}

#[test]
fn a_model_that_refuses_the_key_ends_the_bubble_once_with_a_remedy() {
    for version in ["2026.5.6", "2026.9.6"] {
        let h = replay(version, "c_model_e401", "hello");
        let end = one_bubble(&h).end.unwrap();
        assert!(end.contains("Check the API key"), "{version}: {end}");
    }
}

#[test]
fn retries_of_a_failing_model_are_not_the_end_of_the_run() {
    for version in ["2026.5.6", "2026.9.6"] {
        let h = replay(version, "c_model_e429", "hello");
        let end = one_bubble(&h).end.unwrap();
        assert!(end.contains("patience"), "{version}: {end}");
    }
}
