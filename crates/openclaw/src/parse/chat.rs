//! The `chat` stream: an answer's text, and the end of a run.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::text::{content_text, filled, usage};
use super::{Malformed, failure, head, value};
use crate::frame::Text;
use crate::{Event, RunEvent, RunEventKind, RunId, SessionKey};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow)]
    run_id: Text<'a>,
    #[serde(borrow)]
    session_key: Text<'a>,
    #[serde(borrow)]
    state: Text<'a>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

pub(super) fn read(payload: &str) -> Result<Event, Malformed> {
    let Head { run_id, session_key, state, message } = head(payload)?;
    let kind = match state.0.as_ref() {
        "delta" => match message {
            Some(message) => RunEventKind::Text { text: message_text(&value(message.get())?) },
            None => RunEventKind::Alive,
        },
        "final" => ended(&value(payload)?),
        "error" => failed(&value(payload)?),
        "aborted" => aborted(&value(payload)?),
        _ => RunEventKind::Alive,
    };
    Ok(Event::Run(RunEvent {
        run_id: RunId::new(run_id.0),
        session_key: SessionKey::new(session_key.0),
        kind,
    }))
}

fn ended(payload: &Value) -> RunEventKind {
    let message = payload.get("message").unwrap_or(&Value::Null);
    RunEventKind::Final {
        text: Some(message_text(message)).filter(|text| !text.is_empty()),
        stop_reason: filled(payload, "stopReason"),
        usage: usage(message).or_else(|| usage(payload)),
    }
}

fn failed(payload: &Value) -> RunEventKind {
    let message = filled(payload, "errorMessage")
        .unwrap_or_else(|| "the agent failed without giving a reason".into());
    let kind = failure::kind(payload, &message);
    RunEventKind::Failed { message, kind }
}

fn aborted(payload: &Value) -> RunEventKind {
    let message = payload.get("message").unwrap_or(&Value::Null);
    RunEventKind::Aborted {
        text: Some(message_text(message)).filter(|text| !text.is_empty()),
        stop_reason: filled(payload, "stopReason"),
    }
}

fn message_text(message: &Value) -> String {
    message.get("content").map(content_text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(mut payload: Value) -> RunEventKind {
        payload["runId"] = "r".into();
        payload["sessionKey"] = "agent:main:s".into();
        let Ok(Event::Run(event)) = read(&payload.to_string()) else {
            panic!("something else was read")
        };
        event.kind
    }

    fn message(text: &str) -> Value {
        json!({"role": "assistant", "content": [{"type": "text", "text": text}]})
    }

    #[test]
    fn a_delta_is_the_cumulative_text_even_when_it_wipes_what_was_there() {
        let delta = json!({"state": "delta", "deltaText": "b", "message": message("ab")});
        assert_eq!(kind(delta), RunEventKind::Text { text: "ab".into() });
        let wiped =
            json!({"state": "delta", "deltaText": "", "replace": true, "message": message("")});
        assert_eq!(kind(wiped), RunEventKind::Text { text: String::new() });
    }

    #[test]
    fn a_final_without_text_is_silent() {
        let silent = RunEventKind::Final { text: None, stop_reason: None, usage: None };
        assert_eq!(kind(json!({"state": "final"})), silent);
        assert_eq!(kind(json!({"state": "final", "message": message("")})), silent);
    }

    #[test]
    fn a_final_carries_text_reason_and_cost() {
        let mut message = message("done");
        message["usage"] = json!({"input": 1, "output": 2});
        let RunEventKind::Final { text, stop_reason, usage: Some(usage) } =
            kind(json!({"state": "final", "stopReason": "stop", "message": message}))
        else {
            panic!("something else was read")
        };
        assert_eq!((text.as_deref(), stop_reason.as_deref()), (Some("done"), Some("stop")));
        assert_eq!(usage.output_tokens, Some(2));
    }

    #[test]
    fn a_failure_without_words_still_has_a_sentence() {
        let RunEventKind::Failed { message, .. } =
            kind(json!({"state": "error", "errorMessage": " "}))
        else {
            panic!("something else was read")
        };
        assert!(!message.trim().is_empty());
    }

    #[test]
    fn states_of_progress_and_of_the_future_only_show_that_the_run_lives() {
        for state in ["status", "novelty"] {
            assert_eq!(kind(json!({"state": state, "phase": "x"})), RunEventKind::Alive);
        }
    }
}
