//! The form of a call in an encrypted session: what a person may read leaves as ciphertext only
//! (`sap.md`, §5).

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Call, CreateTask, FinishTask, RequestApproval, UpdateTask, keyed};
use crate::sealed::{Approvals, BlobKey, ContentKey, Messages, NoRandomness, Tasks};
use crate::{IdempotencyKey, SessionId};

/// The keys of one encrypted session, derived once.
#[derive(Debug)]
pub struct SessionSeal {
    messages: BlobKey<Messages>,
    tasks: BlobKey<Tasks>,
    approvals: BlobKey<Approvals>,
}

/// Fields of a body, sealed where a person may read them.
type Fields = Map<String, Value>;

impl SessionSeal {
    /// Derives the keys of a session.
    pub fn new(key: &ContentKey, session: &SessionId) -> Self {
        Self {
            messages: key.messages(session),
            tasks: key.tasks(session),
            approvals: key.approvals(session),
        }
    }

    fn message(&self, text: &str) -> Result<Value, NoRandomness> {
        Ok(json!(self.messages.seal(text)?))
    }

    fn task(&self, text: &str) -> Result<Value, NoRandomness> {
        Ok(json!(self.tasks.seal(text)?))
    }
}

impl Call {
    /// Writes the body with everything sealed that a person may read; a retry sends these very
    /// bytes again.
    ///
    /// # Errors
    /// [`NoRandomness`] when the system gives no random bytes.
    pub fn sealed_body(
        &self,
        key: &IdempotencyKey,
        seal: &SessionSeal,
    ) -> Result<Bytes, NoRandomness> {
        let fields = match self {
            Self::SendMessage(call) => {
                let mut fields = open_fields(call, &["text"]);
                fields.insert("text_ct".into(), seal.message(&call.text)?);
                fields
            }
            Self::SendMessageDelta(call) => {
                let mut fields = open_fields(call, &["delta"]);
                fields.insert("delta_ct".into(), seal.message(&call.delta)?);
                fields
            }
            Self::SendMessageEnd(call) => {
                let mut fields = open_fields(call, &["text"]);
                fields.insert("text_ct".into(), seal.message(&call.text)?);
                fields
            }
            Self::CreateTask(call) => create_task(call, seal)?,
            Self::UpdateTask(call) => update_task(call, seal)?,
            Self::FinishTask(call) => finish_task(call, seal)?,
            Self::RequestApproval(call) => request_approval(call, seal)?,
            // What a person may read is in none of them, or is sealed already.
            Self::RegisterDevice(_) | Self::GrantSessionKey { .. } | Self::NotifyToolFile(_) => {
                return Ok(self.body(key));
            }
        };
        Ok(Bytes::from(keyed(&fields, key)))
    }
}

fn create_task(call: &CreateTask, seal: &SessionSeal) -> Result<Fields, NoRandomness> {
    let mut fields = open_fields(call, &["status_label", "args"]);
    put(&mut fields, "status_label_ct", call.status_label.as_deref(), seal)?;
    put_json(&mut fields, "args_ct", call.args.as_ref(), seal)?;
    Ok(fields)
}

fn update_task(call: &UpdateTask, seal: &SessionSeal) -> Result<Fields, NoRandomness> {
    let mut fields = open_fields(call, &["status_label", "partial_result"]);
    put(&mut fields, "status_label_ct", call.status_label.as_deref(), seal)?;
    put_json(&mut fields, "partial_result_ct", call.partial_result.as_ref(), seal)?;
    Ok(fields)
}

fn finish_task(call: &FinishTask, seal: &SessionSeal) -> Result<Fields, NoRandomness> {
    let mut fields = open_fields(call, &["status_label", "error", "result"]);
    put(&mut fields, "status_label_ct", call.status_label.as_deref(), seal)?;
    put(&mut fields, "error_ct", call.error.as_deref(), seal)?;
    put_json(&mut fields, "result_ct", call.result.as_ref(), seal)?;
    Ok(fields)
}

fn request_approval(call: &RequestApproval, seal: &SessionSeal) -> Result<Fields, NoRandomness> {
    const DETAILS: [&str; 6] =
        ["title", "message", "command", "host", "tool_call_id", "approval_slug"];
    let mut fields = open_fields(call, &[]);
    let details: Fields = DETAILS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), fields.remove(*name)?)))
        .collect();
    let sealed = seal.approvals.seal(Value::Object(details).to_string())?;
    fields.insert("details_ct".into(), json!(sealed));
    Ok(fields)
}

/// The fields of a body but for these.
fn open_fields(call: &impl Serialize, sealed: &[&str]) -> Fields {
    // Plain structs always serialise, to objects.
    let Ok(Value::Object(mut fields)) = serde_json::to_value(call) else { return Fields::new() };
    for name in sealed {
        fields.remove(*name);
    }
    fields
}

fn put(
    fields: &mut Fields,
    name: &str,
    text: Option<&str>,
    seal: &SessionSeal,
) -> Result<(), NoRandomness> {
    if let Some(text) = text {
        fields.insert(name.into(), seal.task(text)?);
    }
    Ok(())
}

fn put_json(
    fields: &mut Fields,
    name: &str,
    value: Option<&Value>,
    seal: &SessionSeal,
) -> Result<(), NoRandomness> {
    put(fields, name, value.map(Value::to_string).as_deref(), seal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Action, ApprovalId, MessageId, SendMessage, SendMessageDelta, SendMessageEnd, Severity,
        TaskId, TaskStatus,
    };

    const SECRET: &str = "plum-pudding";

    fn session() -> SessionId {
        SessionId::new("ses_1")
    }

    fn calls() -> Vec<Call> {
        let text = || SECRET.to_owned();
        let (session_id, task_id) = (session(), TaskId::new("call-1"));
        let message_id = MessageId::new("msg_1");
        vec![
            Call::SendMessage(SendMessage {
                session_id: session(),
                interaction_id: None,
                text: text(),
            }),
            Call::SendMessageDelta(SendMessageDelta {
                message_id: message_id.clone(),
                delta: text(),
            }),
            Call::SendMessageEnd(SendMessageEnd {
                message_id,
                text: text(),
                usage: None,
                finish_reason: None,
            }),
            Call::CreateTask(CreateTask {
                session_id: session(),
                interaction_id: None,
                task_id: task_id.clone(),
                kind: "exec".into(),
                status_label: Some(text()),
                args: Some(json!({"command": SECRET})),
            }),
            Call::UpdateTask(UpdateTask {
                session_id: session(),
                interaction_id: None,
                task_id: task_id.clone(),
                status_label: Some(text()),
                partial_result: Some(json!({"text": SECRET})),
            }),
            Call::FinishTask(FinishTask {
                session_id: session(),
                interaction_id: None,
                task_id,
                name: Some("exec".into()),
                status: TaskStatus::Failed,
                status_label: Some(text()),
                error: Some(text()),
                result: Some(json!({"text": SECRET})),
            }),
            Call::RequestApproval(RequestApproval {
                session_id,
                interaction_id: None,
                approval_id: ApprovalId::new("a-1"),
                approval_slug: Some(text()),
                action: Action::ShellExec,
                tool_call_id: Some(TaskId::new(SECRET)),
                title: text(),
                severity: Severity::High,
                command: Some(text()),
                host: Some(text()),
                message: text(),
            }),
        ]
    }

    #[test]
    fn nothing_that_a_person_may_read_leaves_as_it_is() {
        let seal = SessionSeal::new(&ContentKey::from_bytes(&[7; 32]), &session());
        for call in calls() {
            let body = call.sealed_body(&IdempotencyKey::derive(&["x"]), &seal).unwrap();
            let text = String::from_utf8(body.to_vec()).unwrap();
            assert!(!text.contains(SECRET), "{text}");
            assert!(text.contains("_ct\":"), "{text}");
        }
    }

    #[test]
    fn what_the_cloud_needs_stays_readable_and_the_phone_reads_the_rest() {
        let key = ContentKey::from_bytes(&[7; 32]);
        let seal = SessionSeal::new(&key, &session());
        let approval = calls().pop().unwrap();
        let body = approval.sealed_body(&IdempotencyKey::derive(&["x"]), &seal).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        let expected =
            ["action", "approval_id", "details_ct", "idempotency_key", "session_id", "severity"];
        assert_eq!(names, expected);
        let details = key.approvals(&session()).open(body["details_ct"].as_str().unwrap()).unwrap();
        let details: Value = serde_json::from_str(&details).unwrap();
        assert_eq!(details["command"], SECRET);
        assert_eq!(details["title"], SECRET);
    }
}
