//! What the routes of `/v1/bridge/` do once a body is well-formed and new.

use std::time::Instant;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::{Outcome, Problem, Success};
use super::record::{ApprovalCard, Bubble, End, Finish, Task};
use super::rest::conflict;
use super::routes::Action;
use super::secrecy::Secrecy;
use super::session::{Entry, Session};
use super::state::State;
use super::{Dialect, devices, envelope, ids};

/// Who calls, about which session of the path, and when.
pub(super) struct Caller<'a> {
    pub(super) installation_id: &'a str,
    pub(super) session: Option<&'a str>,
    pub(super) now: Instant,
}

type Body = Map<String, Value>;

/// Does one call.
pub(super) fn apply(
    state: &mut State,
    caller: &Caller<'_>,
    action: Action,
    body: &Body,
) -> Outcome {
    match action {
        Action::SendMessage => send_message(state, caller, body),
        Action::SendMessageDelta => send_delta(state, caller, body),
        Action::SendMessageEnd => send_end(state, caller, body),
        Action::CreateTask => create_task(state, caller, body),
        Action::UpdateTask => update_task(state, caller, body),
        Action::FinishTask => finish_task(state, caller, body),
        Action::RequestApproval => request_approval(state, caller, body),
        Action::CreateSession => Ok(create_session(state, caller)),
        Action::NotifyToolFile => {
            open_session(state, caller, body)?;
            Ok(Success::fresh(json!({})))
        }
        Action::RegisterDevice => Ok(devices::register(state, caller, body)),
        Action::GrantSessionKey => grant_session_key(state, caller, body),
    }
}

fn send_message(state: &mut State, caller: &Caller<'_>, body: &Body) -> Outcome {
    if state.options.dialect == Dialect::Documented && body.get("text") == Some(&json!("")) {
        return Err(Problem::invalid_field("text", "empty", "is empty; a space opens a bubble"));
    }
    let at = open_session(state, caller, body)?;
    let session = &mut state.sessions[at];
    let (message_id, is_encrypted) = (ids::mint("msg"), body.contains_key("text_ct"));
    let opened_with = words(body, "text").unwrap_or_default();
    state.bubbles.insert(message_id.clone(), (at, session.bubbles.len()));
    session.timeline.push(Entry::Bubble(session.bubbles.len()));
    session.bubbles.push(Bubble {
        message_id: message_id.clone(),
        interaction_id: text(body, "interaction_id"),
        opens_blank: is_blank(&opened_with, is_encrypted),
        opened_with,
        is_encrypted,
        deltas: Vec::new(),
        streamed: String::new(),
        end: None,
        ends: 0,
        opened_at: caller.now,
        first_delta_at: None,
        ended_at: None,
    });
    Ok(Success::fresh(json!({"message_id": message_id})))
}

fn send_delta(state: &mut State, caller: &Caller<'_>, body: &Body) -> Outcome {
    let bubble = open_bubble(state, caller, body)?;
    if bubble.end.is_some() {
        state.violation("sendMessageDelta: a delta after the end");
        return Err(finalized());
    }
    let delta = words(body, "delta").unwrap_or_default();
    bubble.first_delta_at.get_or_insert(caller.now);
    if !bubble.is_encrypted {
        bubble.streamed.push_str(&delta);
    }
    bubble.deltas.push(delta);
    Ok(Success::fresh(json!({})))
}

fn send_end(state: &mut State, caller: &Caller<'_>, body: &Body) -> Outcome {
    let bubble = open_bubble(state, caller, body)?;
    bubble.ends += 1;
    if bubble.end.is_some() {
        state.violation("sendMessageEnd: a second end of one message");
        return Err(finalized());
    }
    let canonical = words(body, "text");
    let text_lost = canonical.is_none() && !bubble.deltas.is_empty();
    bubble.ended_at = Some(caller.now);
    bubble.end = Some(End {
        text: canonical,
        usage: body.get("usage").cloned(),
        finish_reason: text(body, "finish_reason"),
    });
    if text_lost {
        state.violation("sendMessageEnd: an end without the canonical text");
    }
    Ok(Success::fresh(json!({})))
}

fn create_task(state: &mut State, caller: &Caller<'_>, body: &Body) -> Outcome {
    let at = open_session(state, caller, body)?;
    let session = &mut state.sessions[at];
    let task_id = text(body, "task_id").unwrap_or_default();
    let created_with = without_key(body);
    if let Some(task) = session.task(&task_id) {
        task.creates += 1;
        if task.created_with == created_with {
            return Ok(Success::again(json!({})));
        }
        state.violation("createTask: a task was created again with other content");
        return Err(conflict("a task of this id exists with other content"));
    }
    session.timeline.push(Entry::Task(session.tasks.len()));
    session.tasks.push(Task {
        task_id,
        interaction_id: text(body, "interaction_id"),
        kind: text(body, "kind").unwrap_or_default(),
        status_label: words(body, "status_label"),
        args: content(body, "args"),
        updates: Vec::new(),
        finish: None,
        creates: 1,
        created_at: caller.now,
        is_encrypted: session.secrecy == Secrecy::Encrypted,
        created_with,
    });
    Ok(Success::fresh(json!({})))
}

fn update_task(state: &mut State, caller: &Caller<'_>, body: &Body) -> Outcome {
    let task = known_task(state, caller, body)?;
    if task.finish.is_some() {
        state.violation("updateTask: an update after the finish");
        return Err(conflict("this task is finished"));
    }
    if let Some(label) = words(body, "status_label") {
        task.status_label = Some(label);
    }
    task.updates.push(Value::Object(without_key(body)));
    Ok(Success::fresh(json!({})))
}

fn finish_task(state: &mut State, caller: &Caller<'_>, body: &Body) -> Outcome {
    let task = known_task(state, caller, body)?;
    let finished_with = without_key(body);
    if let Some(finish) = &task.finish {
        if finish.finished_with == finished_with {
            return Ok(Success::again(json!({})));
        }
        state.violation("finishTask: a second finish with other content");
        return Err(conflict("this task is finished in another way"));
    }
    if let Some(label) = words(body, "status_label") {
        task.status_label = Some(label);
    }
    task.finish = Some(Finish {
        status: text(body, "status").unwrap_or_default(),
        error: words(body, "error"),
        result: content(body, "result"),
        at: caller.now,
        finished_with,
    });
    Ok(Success::fresh(json!({})))
}

fn request_approval(state: &mut State, caller: &Caller<'_>, body: &Body) -> Outcome {
    let at = open_session(state, caller, body)?;
    let session = &mut state.sessions[at];
    let approval_id = text(body, "approval_id").unwrap_or_default();
    let asked_with = without_key(body);
    if let Some(approval) = session.approval(&approval_id) {
        if approval.asked_with == asked_with {
            return Ok(Success::again(json!({})));
        }
        state.violation("requestApproval: an approval was asked again with other content");
        return Err(conflict("an approval of this id exists with other content"));
    }
    session.timeline.push(Entry::Approval(session.approvals.len()));
    session.approvals.push(ApprovalCard {
        approval_id,
        interaction_id: text(body, "interaction_id"),
        tool_call_id: text(body, "tool_call_id"),
        action: text(body, "action").unwrap_or_default(),
        severity: text(body, "severity").unwrap_or_default(),
        title: text(body, "title").unwrap_or_else(|| "Encrypted request".to_owned()),
        command: text(body, "command"),
        host: text(body, "host"),
        message: text(body, "message").or_else(|| text(body, "details_ct")).unwrap_or_default(),
        decided: None,
        asked_at: caller.now,
        is_encrypted: asked_with.contains_key("details_ct"),
        asked_with,
    });
    Ok(Success::fresh(json!({})))
}

fn create_session(state: &mut State, caller: &Caller<'_>) -> Success {
    let id = ids::mint("ses");
    state.sessions.push(Session::new(id.clone(), caller.installation_id.to_owned()));
    Success::fresh(json!({"session_id": id}))
}

fn grant_session_key(state: &mut State, caller: &Caller<'_>, body: &Body) -> Outcome {
    let at = session_of(state, caller, caller.session.unwrap_or_default())?;
    devices::receive_grants(state, caller, at, body)
}

/// Finds the session of a body that may be written to.
fn open_session(state: &mut State, caller: &Caller<'_>, body: &Body) -> Result<usize, Problem> {
    let id = body.get("session_id").and_then(Value::as_str).unwrap_or_default();
    let at = session_of(state, caller, id)?;
    let session = &state.sessions[at];
    let interaction = body.get("interaction_id").and_then(Value::as_str);
    session.check_interaction(interaction, state.options.interaction_ttl, caller.now)?;
    keep_secrecy(state, at, body)?;
    Ok(at)
}

fn session_of(state: &State, caller: &Caller<'_>, id: &str) -> Result<usize, Problem> {
    let at = state
        .sessions
        .iter()
        .position(|it| it.id == id && it.installation_id == caller.installation_id)
        .ok_or_else(|| {
            Problem::new(StatusCode::NOT_FOUND, "session_not_found", "no such session")
        })?;
    if state.sessions[at].ended {
        return Err(Problem::new(StatusCode::GONE, "session_deleted", "the session is gone"));
    }
    Ok(at)
}

fn open_bubble<'a>(
    state: &'a mut State,
    caller: &Caller<'_>,
    body: &Body,
) -> Result<&'a mut Bubble, Problem> {
    let id = body.get("message_id").and_then(Value::as_str).unwrap_or_default();
    let not_found = || Problem::new(StatusCode::NOT_FOUND, "message_not_found", "no such message");
    let (session_at, bubble_at) = *state.bubbles.get(id).ok_or_else(not_found)?;
    let session = &state.sessions[session_at];
    session_of(state, caller, &session.id)?;
    let interaction = session.bubbles[bubble_at].interaction_id.as_deref();
    session.check_interaction(interaction, state.options.interaction_ttl, caller.now)?;
    keep_secrecy(state, session_at, body)?;
    Ok(&mut state.sessions[session_at].bubbles[bubble_at])
}

fn known_task<'a>(
    state: &'a mut State,
    caller: &Caller<'_>,
    body: &Body,
) -> Result<&'a mut Task, Problem> {
    let at = open_session(state, caller, body)?;
    let id = body.get("task_id").and_then(Value::as_str).unwrap_or_default();
    state.sessions[at]
        .task(id)
        .ok_or_else(|| Problem::invalid_field("task_id", "unknown", "names no task"))
}

/// Lets a call tell what its session is, and refuses one that goes against it.
fn keep_secrecy(state: &mut State, session_at: usize, body: &Body) -> Result<(), Problem> {
    let before = state.sessions[session_at].secrecy;
    before.check(body)?;
    let after = before.after(body);
    state.sessions[session_at].secrecy = after;
    if before == Secrecy::Untold && after == Secrecy::Encrypted {
        state.violation("encrypted content in a session whose key nobody was granted");
    }
    Ok(())
}

/// Says whether a bubble opens without words: as far as can be told of an envelope, one that hides
/// at most one character.
fn is_blank(text: &str, is_encrypted: bool) -> bool {
    if is_encrypted {
        envelope::hidden_len(text).is_ok_and(|length| length <= 1)
    } else {
        text.trim().is_empty()
    }
}

fn finalized() -> Problem {
    Problem::new(StatusCode::CONFLICT, "message_finalized", "the message has ended")
}

fn text(body: &Body, name: &str) -> Option<String> {
    body.get(name).and_then(Value::as_str).map(ToOwned::to_owned)
}

/// A field, or its encrypted twin.
fn content(body: &Body, name: &str) -> Option<Value> {
    body.get(name).or_else(|| body.get(&format!("{name}_ct"))).cloned()
}

fn words(body: &Body, name: &str) -> Option<String> {
    content(body, name)?.as_str().map(ToOwned::to_owned)
}

/// A body without the key that makes repeats of one call recognisable: what the call is about.
fn without_key(body: &Body) -> Body {
    let mut body = body.clone();
    body.remove("idempotency_key");
    body
}
