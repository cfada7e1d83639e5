//! A frame of the cloud's WebSocket, and what is said back to it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sap::{Content, Decision, Incoming, Outgoing, Question, Update, UpdateKind};
use serde_json::{Map, Value};

fuzz_target!(|text: &str| {
    let Ok(incoming) = Incoming::parse(text) else { return };
    assert!(Incoming::parse(fuzz::half(text)).is_err(), "half a frame is no frame");
    let frame: Value = serde_json::from_str(text).expect("what was read is JSON");
    match incoming {
        Incoming::Update(update) => check_update(&update, &frame["update"], text),
        Incoming::Question(question) => check_question(&question, &frame),
        Incoming::Other { kind } => assert!(kind.chars().count() <= 65, "the type is kept short"),
        Incoming::Ready { .. } | Incoming::Ping | Incoming::Pong => {}
    }
});

fn check_update(update: &Update, wire: &Value, text: &str) {
    let ack: Value = written(&Outgoing::Ack { up_to: update.id.clone() });
    assert_eq!(ack["up_to_update_id"], wire["update_id"], "the id is echoed in the form it came");
    match &update.kind {
        UpdateKind::Message(message) => {
            let (Content::Plain(said) | Content::Encrypted(said)) = &message.content;
            assert!(said.len() <= text.len(), "nothing is added to what the person wrote");
            assert!(!message.id.as_str().is_empty(), "a repeat can be recognised");
            assert!(update.session_id.is_some(), "a message belongs to a session");
        }
        UpdateKind::ApprovalResolved { decision, .. } => {
            let consent = wire.to_string().contains("\"approve");
            assert!(consent || *decision == Decision::Deny, "consent is spelled out");
        }
        UpdateKind::Unknown { name } | UpdateKind::Malformed { name, .. } => {
            assert!(name.chars().count() <= 65, "the type is kept short");
        }
        UpdateKind::Cancelled { .. }
        | UpdateKind::SessionStarted
        | UpdateKind::SessionEnded
        | UpdateKind::ModelChanged { .. }
        | UpdateKind::InstallationCreated
        | UpdateKind::InstallationRevoked
        | UpdateKind::PermissionsUpdated
        | UpdateKind::DeviceAdded { .. }
        | UpdateKind::DeviceRevoked { .. }
        | UpdateKind::SessionKeyGranted { .. } => {}
    }
}

fn check_question(question: &Question, wire: &Value) {
    let Question { req_id, kind, .. } = question.clone();
    let is_exact = !has_fraction(&req_id);
    let answer = Outgoing::Answer { req_id, kind, result: Ok(Map::new()) };
    assert!(!is_exact || written(&answer)["req_id"] == wire["req_id"], "the id is echoed");
    let ours = Incoming::parse(&answer.to_text());
    assert!(matches!(ours, Ok(Incoming::Other { .. })), "what answers a question asks none");
}

/// Says whether a value holds a number that is rounded whenever it is read.
fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(values) => values.iter().any(has_fraction),
        Value::Object(fields) => fields.values().any(has_fraction),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

fn written(frame: &Outgoing) -> Value {
    serde_json::from_str(&frame.to_text()).expect("what is written is JSON")
}
