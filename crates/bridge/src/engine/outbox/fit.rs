//! Makes what an encrypted session says fit: an envelope in base64 is a third longer than what is in
//! it, and the cloud's limits are for what it sees.

use sap::{Call, RequestApproval};
use serde_json::Value;

use super::super::limits::{SEALED_TEXT, SEALED_TOOL, cut, cut_json_to};

/// What is left of a command and of its explanation where both do not fit, in bytes.
const COMMAND: usize = 36 * 1024;
const EXPLANATION: usize = 8 * 1024;

/// Cuts what would be too large once it is sealed, with marks that a person sees.
pub(super) fn fit(call: &mut Call) {
    match call {
        Call::SendMessage(message) => shorten(&mut message.text, SEALED_TEXT),
        Call::SendMessageDelta(delta) => shorten(&mut delta.delta, SEALED_TEXT),
        Call::SendMessageEnd(end) => shorten(&mut end.text, SEALED_TEXT),
        Call::CreateTask(task) => fit_value(&mut task.args),
        Call::UpdateTask(task) => fit_value(&mut task.partial_result),
        Call::FinishTask(task) => {
            fit_value(&mut task.result);
            if let Some(error) = &mut task.error {
                shorten(error, SEALED_TEXT);
            }
        }
        Call::RequestApproval(approval) => {
            // All details travel in one envelope, as JSON, which escapes some characters.
            let mut room = COMMAND;
            while room > EXPLANATION && json_len(approval) > SEALED_TEXT {
                shorten(&mut approval.message, EXPLANATION);
                if let Some(command) = &mut approval.command {
                    shorten(command, room);
                }
                room /= 2;
            }
        }
        Call::RegisterDevice(_) | Call::GrantSessionKey { .. } | Call::NotifyToolFile(_) => {}
    }
}

fn json_len(approval: &RequestApproval) -> usize {
    serde_json::to_vec(approval).map_or(0, |json| json.len())
}

fn shorten(text: &mut String, max: usize) {
    if text.len() > max {
        *text = cut(text, max);
    }
}

fn fit_value(value: &mut Option<Value>) {
    *value = value.take().map(|value| cut_json_to(value, SEALED_TOOL));
}

#[cfg(test)]
mod tests {
    use sap::sealed::ContentKey;
    use sap::{
        Action, ApprovalId, CreateTask, IdempotencyKey, MessageId, SendMessageEnd, SessionId,
        SessionSeal, Severity, TaskId,
    };
    use serde_json::json;

    use super::*;

    /// The longest field of what the cloud sees.
    fn longest(mut call: Call) -> usize {
        fit(&mut call);
        let session = SessionId::new("ses_1");
        let seal = SessionSeal::new(&ContentKey::from_bytes(&[7; 32]), &session);
        let body = call.sealed_body(&IdempotencyKey::derive(&["x"]), &seal).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let fields = body.as_object().unwrap().values();
        fields.filter_map(Value::as_str).map(str::len).max().unwrap()
    }

    #[test]
    fn what_is_sealed_is_within_the_limits_of_what_the_cloud_sees() {
        let end = Call::SendMessageEnd(SendMessageEnd {
            message_id: MessageId::new("msg_1"),
            text: "é".repeat(32 * 1024),
            usage: None,
            finish_reason: None,
        });
        let text = longest(end);
        assert!((60 * 1024..=64 * 1024).contains(&text), "{text}");
        let task = Call::CreateTask(CreateTask {
            session_id: SessionId::new("ses_1"),
            interaction_id: None,
            task_id: TaskId::new("call_1"),
            kind: "exec".into(),
            status_label: None,
            args: Some(json!({"script": "x".repeat(90 * 1024)})),
        });
        assert!(longest(task) <= 100 * 1024);
        let approval = Call::RequestApproval(RequestApproval {
            session_id: SessionId::new("ses_1"),
            interaction_id: None,
            approval_id: ApprovalId::new("a-1"),
            approval_slug: None,
            action: Action::ShellExec,
            tool_call_id: None,
            title: "exec".into(),
            severity: Severity::High,
            command: Some("echo ".repeat(13_000)),
            host: None,
            message: "why".repeat(10_000),
        });
        let details = longest(approval);
        assert!((50 * 1024..=64 * 1024).contains(&details), "{details}");
    }

    #[test]
    fn what_fits_is_left_alone() {
        let text = "x".repeat(SEALED_TEXT);
        let mut call = Call::SendMessageDelta(sap::SendMessageDelta {
            message_id: MessageId::new("msg_1"),
            delta: text.clone(),
        });
        fit(&mut call);
        assert!(matches!(call, Call::SendMessageDelta(delta) if delta.delta == text));
    }
}
