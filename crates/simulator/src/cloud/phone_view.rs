//! What the phone page shows, as one JSON value.

use serde_json::{Value, json};

use super::record::{ApprovalCard, Bubble, Task};
use super::session::{Entry, Session};
use super::state::{Installation, State};

/// Longest preview of a chat in the list, in characters.
const PREVIEW: usize = 80;

/// Describes the whole phone, with one chat open or none.
pub(super) fn phone(state: &State, open: Option<&str>) -> Value {
    let installations: Vec<Value> = state.installations.iter().rev().map(installation).collect();
    let sessions: Vec<Value> =
        state.sessions.iter().rev().map(|session| row(state, session)).collect();
    let chat = state
        .sessions
        .iter()
        .find(|session| Some(session.id.as_str()) == open)
        .map_or(Value::Null, |session| chat(state, session));
    json!({"installations": installations, "sessions": sessions, "chat": chat})
}

fn installation(installation: &Installation) -> Value {
    let state = if installation.revoked {
        "revoked"
    } else if installation.is_connected() {
        "connected"
    } else {
        "away"
    };
    json!({"id": installation.id, "name": installation.name, "state": state})
}

fn row(state: &State, session: &Session) -> Value {
    let owner = owner(state, session);
    let busy = work_of(session, owner);
    json!({
        "id": session.id,
        "title": title(session),
        "preview": preview(session),
        "installation": owner.map(installation),
        "busy": busy.is_some(),
        "asks": session.approvals.iter().any(|approval| approval.decided.is_none()),
        "ended": session.ended,
    })
}

fn chat(state: &State, session: &Session) -> Value {
    let mut chat = row(state, session);
    let owner = owner(state, session);
    let items: Vec<Value> = session
        .timeline
        .iter()
        .map(|entry| match entry {
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
        })
        .collect();
    chat["items"] = json!(items);
    chat["busy_with"] = json!(work_of(session, owner).flatten());
    chat
}

fn bubble(bubble: &Bubble) -> Value {
    let reason = bubble.end.as_ref().and_then(|end| end.finish_reason.as_deref());
    json!({"kind": "agent", "id": bubble.message_id, "text": bubble.shown().trim_start(),
           "open": bubble.is_open(), "finish_reason": reason})
}

fn task(task: &Task) -> Value {
    let finish = task.finish.as_ref();
    let partial = task.updates.iter().rev().find_map(|update| update.get("partial_result"));
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
    json!({
        "kind": "approval",
        "id": card.approval_id,
        "title": card.title,
        "message": card.message,
        "command": card.command,
        "host": card.host,
        "severity": card.severity,
        "decided": card.decided,
    })
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
