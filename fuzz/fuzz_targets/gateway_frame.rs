//! A message of the gateway: an event of any kind, or the answer to a call.

#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw::{
    Approval, ApprovalKind, CallError, Event, Incoming, Refusal, RunEventKind, SendAnswer,
    ToolEvent, parse_approval, parse_event,
};
use serde_json::Value;

fuzz_target!(|text: &str| {
    let Ok(incoming) = Incoming::parse(text) else { return };
    assert!(Incoming::parse(fuzz::half(text)).is_err(), "half a message is no message");
    match incoming {
        Incoming::Event { name, payload } => check_event(parse_event(&name, payload), payload),
        Incoming::Answer { id, result } => {
            assert!(id.len() <= text.len());
            match result {
                Ok(payload) => check_payload(&payload),
                Err(error) => check_refusal(Refusal::parse(&error)),
            }
        }
    }
});

fn check_event(event: Event, payload: &str) {
    match event {
        Event::Run(event) => {
            if let Ok(wire) = serde_json::from_str::<Value>(payload) {
                assert_eq!(
                    wire["runId"],
                    event.run_id.as_str(),
                    "the run is the one that was named"
                );
                assert_eq!(wire["sessionKey"], event.session_key.as_str());
            }
            check_kind(event.kind, payload.len());
        }
        Event::ApprovalRequested(approval) => check_approval(&approval),
        Event::ApprovalResolved { id, .. } => assert!(!id.trim().is_empty()),
        Event::Pairing(_) | Event::Tick | Event::Shutdown { .. } | Event::Other => {}
    }
}

fn check_kind(kind: RunEventKind, length: usize) {
    let text = match kind {
        RunEventKind::Text { text } | RunEventKind::Preamble { text, .. } => text,
        RunEventKind::Final { text, .. } | RunEventKind::Aborted { text, .. } => {
            assert!(text.as_deref() != Some(""), "an answer without text has none");
            text.unwrap_or_default()
        }
        RunEventKind::Failed { message, .. } => {
            assert!(!message.trim().is_empty(), "a failure has a sentence");
            return;
        }
        RunEventKind::Tool { event, .. } => match event {
            ToolEvent::Output { tail: text }
            | ToolEvent::Result { text, .. }
            | ToolEvent::CommandEnded { output: text, .. } => text,
            ToolEvent::Announced { .. }
            | ToolEvent::Started { .. }
            | ToolEvent::Blocked { .. }
            | ToolEvent::ItemEnded { .. } => return,
        },
        RunEventKind::Started
        | RunEventKind::Model { .. }
        | RunEventKind::Usage { .. }
        | RunEventKind::Retrying { .. }
        | RunEventKind::AttemptEnded { .. }
        | RunEventKind::Alive => return,
    };
    assert!(text.len() <= length, "nothing is added to what the agent said");
}

fn check_payload(payload: &Value) {
    let _ = SendAnswer::parse(payload);
    let listed = payload.get("approvals").unwrap_or(payload).as_array();
    for item in listed.into_iter().flatten() {
        for kind in [ApprovalKind::Exec, ApprovalKind::Plugin] {
            if let Some(approval) = parse_approval(kind, item) {
                check_approval(&approval);
            }
        }
    }
}

fn check_approval(approval: &Approval) {
    assert!(!approval.id.trim().is_empty(), "an approval can be answered");
    assert!(!approval.allowed.is_empty(), "there is always a decision to make");
    assert!(approval.warnings.iter().all(|warning| !warning.trim().is_empty()));
}

fn check_refusal(refusal: Refusal) {
    assert!(!refusal.code.is_empty() || !refusal.message.is_empty());
    let error = CallError::Refused(refusal);
    let decided = [error.approval_already_resolved(), error.approval_not_found()];
    assert!(!decided.iter().all(|is_so| *is_so), "a refusal has one reason");
    assert!(!error.to_string().is_empty());
}
