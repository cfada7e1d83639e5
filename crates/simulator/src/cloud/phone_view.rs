//! What the phone page shows, as one JSON value.
//!
//! In an encrypted session it has envelopes, in fields that end in `_ct`: the page opens them.

use serde_json::{Value, json};

use super::record::{ApprovalCard, Bubble, Task};
use super::secrecy::Secrecy;
use super::session::{Entry, Session};
use super::state::{Installation, State};

/// Longest preview of a chat in the list, in characters.
const PREVIEW: usize = 80;

/// Describes the whole phone, with one chat open or none.
pub(super) fn phone(state: &State, open: Option<&str>) -> Value {
    let installations: Vec<Value> =
        state.installations.iter().rev().map(|it| installation(state, it)).collect();
    let sessions: Vec<Value> =
        state.sessions.iter().rev().map(|session| row(state, session)).collect();
    let chat = state
        .sessions
        .iter()
        .find(|session| Some(session.id.as_str()) == open)
        .map_or(Value::Null, |session| chat(state, session));
    json!({"installations": installations, "sessions": sessions, "chat": chat})
}

/// Lists the keys that were granted to a device.
pub(super) fn grants(state: &State, device_id: &str) -> Value {
    let granted = state.grants.iter().filter(|granted| granted.device_id == device_id);
    let listed: Vec<Value> = granted
        .map(|granted| {
            json!({"session_id": granted.session_id,
                   "wrapped_session_key": granted.wrapped_session_key})
        })
        .collect();
    json!(listed)
}

fn installation(state: &State, installation: &Installation) -> Value {
    let device = state
        .bridge_device(&installation.id)
        .map(|device| json!({"device_id": device.id, "pubkey": device.pubkey}));
    let presence = if installation.revoked {
        "revoked"
    } else if installation.is_connected() {
        "connected"
    } else {
        "away"
    };
    json!({"id": installation.id, "name": installation.name, "state": presence,
           "device": device})
}

fn row(state: &State, session: &Session) -> Value {
    let owner = owner(state, session);
    let busy = work_of(session, owner);
    let is_encrypted = session.secrecy == Secrecy::Encrypted;
    let mut row = json!({
        "id": session.id,
        "installation": owner.map(|owner| installation(state, owner)),
        "encrypted": is_encrypted,
        "busy": busy.is_some(),
        "asks": session.approvals.iter().any(|approval| approval.decided.is_none()),
        "ended": session.ended,
    });
    if is_encrypted {
        // The page finds title and preview in them.
        let is_persons = |entry: &&Entry| matches!(entry, Entry::Person(_));
        let first = session.timeline.iter().find(is_persons);
        row["first"] = json!(first.map(|entry| item(session, owner, entry)));
        row["last"] = json!(session.timeline.last().map(|entry| item(session, owner, entry)));
    } else {
        row["title"] = json!(title(session));
        row["preview"] = json!(preview(session));
    }
    row
}

fn chat(state: &State, session: &Session) -> Value {
    let mut chat = row(state, session);
    let owner = owner(state, session);
    let items: Vec<Value> =
        session.timeline.iter().map(|entry| item(session, owner, entry)).collect();
    chat["items"] = json!(items);
    chat["busy_with"] = json!(work_of(session, owner).flatten());
    chat
}

fn item(session: &Session, owner: Option<&Installation>, entry: &Entry) -> Value {
    let mut item = match entry {
        Entry::Person(message) => {
            let files: Vec<&str> =
                message.attachments.iter().map(|file| file.name.as_str()).collect();
            let delivered = owner.is_some_and(|it| it.updates.is_acked(&message.update_id));
            json!({"kind": "person", "id": message.id, "text": message.text,
                   "files": files, "delivered": delivered})
        }
        Entry::Bubble(at) => bubble(&session.bubbles[*at]),
        Entry::Task(at) => task(&session.tasks[*at]),
        Entry::Approval(at) => approval(&session.approvals[*at]),
    };
    if session.secrecy == Secrecy::Encrypted {
        seal(&mut item);
    }
    item
}

/// Names what is ciphertext as such.
fn seal(item: &mut Value) {
    let Some(fields) = item.as_object_mut() else { return };
    for field in ["text", "label", "args", "output", "error", "details"] {
        if let Some(envelope) = fields.remove(field) {
            fields.insert(format!("{field}_ct"), envelope);
        }
    }
}

fn bubble(bubble: &Bubble) -> Value {
    let reason = bubble.end.as_ref().and_then(|end| end.finish_reason.as_deref());
    let mut item = json!({"kind": "agent", "id": bubble.message_id, "open": bubble.is_open(),
                          "finish_reason": reason});
    let ended = bubble.end.as_ref().is_some_and(|end| end.text.is_some());
    if bubble.is_encrypted && !ended && !bubble.deltas.is_empty() {
        item["deltas_ct"] = json!(bubble.deltas);
    } else {
        item["text"] = json!(bubble.shown().trim_start());
    }
    item
}

fn task(task: &Task) -> Value {
    let finish = task.finish.as_ref();
    let partial = task.updates.iter().rev().find_map(|update| {
        update.get("partial_result").or_else(|| update.get("partial_result_ct"))
    });
    let output = finish.and_then(|finish| finish.result.as_ref()).or(partial);
    json!({
        "kind": "tool",
        "id": task.task_id,
        "tool": task.kind,
        "label": task.status_label,
        "status": finish.map_or("running", |finish| finish.status.as_str()),
        "args": task.args.as_ref().map(readable),
        "output": output.map(readable),
        "error": finish.and_then(|finish| finish.error.as_deref()),
    })
}

fn approval(card: &ApprovalCard) -> Value {
    let mut item = json!({"kind": "approval", "id": card.approval_id, "severity": card.severity,
                          "decided": card.decided});
    if card.is_encrypted {
        item["details"] = card.asked_with.get("details_ct").cloned().unwrap_or_default();
    } else {
        item["title"] = json!(card.title);
        item["message"] = json!(card.message);
        item["command"] = json!(card.command);
        item["host"] = json!(card.host);
    }
    item
}

fn title(session: &Session) -> String {
    let first = session.timeline.iter().find_map(|entry| match entry {
        Entry::Person(message) => first_line(&message.text),
        Entry::Bubble(_) | Entry::Task(_) | Entry::Approval(_) => None,
    });
    first.unwrap_or_else(|| "New chat".to_owned())
}

fn preview(session: &Session) -> String {
    let last = session.timeline.iter().rev().find_map(|entry| match entry {
        Entry::Person(message) => first_line(&message.text),
        Entry::Bubble(at) => first_line(session.bubbles[*at].shown()),
        Entry::Task(at) => Some(session.tasks[*at].kind.clone()),
        Entry::Approval(at) => Some(session.approvals[*at].title.clone()),
    });
    last.unwrap_or_default()
}

fn first_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(PREVIEW).collect())
}

fn owner<'a>(state: &'a State, session: &Session) -> Option<&'a Installation> {
    state.installations.iter().find(|it| it.id == session.installation_id)
}

/// What the person could stop, if anything: the oldest open interaction where it is known, because
/// later ones only wait for it.
fn work_of<'a>(session: &'a Session, owner: Option<&Installation>) -> Option<Option<&'a str>> {
    let answering = session.bubbles.iter().find(|bubble| bubble.is_open());
    if let Some(bubble) = answering {
        return Some(bubble.interaction_id.as_deref());
    }
    let running = session.tasks.iter().find(|task| task.finish.is_none());
    if let Some(task) = running {
        return Some(task.interaction_id.as_deref());
    }
    match session.timeline.last()? {
        Entry::Person(message) if owner?.updates.is_acked(&message.update_id) => {
            Some(Some(&message.interaction_id))
        }
        Entry::Person(_) | Entry::Bubble(_) | Entry::Task(_) | Entry::Approval(_) => None,
    }
}

fn readable(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            serde_json::to_string_pretty(value).unwrap_or_default()
        }
    }
}
