//! The `agent` stream: what a run does beside answering.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::text::{borrowed, content_text, filled, owned};
use super::{Malformed, head, value};
use crate::frame::Text;
use crate::{Event, RunEvent, RunEventKind, RunId, SessionKey, ToolCallId, ToolEvent};

/// How much of a tool's progress is shown, in characters; as much as the gateway keeps of a
/// command's output.
const PROGRESS_TAIL: usize = 2_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow)]
    run_id: Text<'a>,
    #[serde(borrow)]
    session_key: Option<Text<'a>>,
    #[serde(borrow)]
    stream: Text<'a>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

pub(super) fn read(payload: &str) -> Result<Event, Malformed> {
    let Head { run_id, session_key, stream, data } = head(payload)?;
    // A run without a session belongs to no chat.
    let Some(session_key) = session_key else { return Ok(Event::Other) };
    let data = || data.map_or(Ok(Value::Null), |data| value(data.get()));
    let kind = match stream.0.as_ref() {
        "lifecycle" => lifecycle(&data()?),
        "item" => item(&data()?),
        "tool" => tool(data()?),
        "command_output" => command_output(&data()?),
        "approval" => approval(&data()?),
        "usage" => usage(&data()?),
        "run_status" => run_status(&data()?),
        // Among them `assistant` and `thinking`: the answer's text comes from `chat`.
        _ => None,
    };
    Ok(Event::Run(RunEvent {
        run_id: RunId::new(run_id.0),
        session_key: SessionKey::new(session_key.0),
        kind: kind.unwrap_or(RunEventKind::Alive),
    }))
}

fn lifecycle(data: &Value) -> Option<RunEventKind> {
    match borrowed(data, "phase")? {
        "start" => Some(RunEventKind::Started),
        "model" => match (filled(data, "provider"), filled(data, "model")) {
            // The model was let go of.
            (None, None) => None,
            (provider, model) => Some(RunEventKind::Model { provider, model }),
        },
        "end" | "error" => {
            let aborted = data.get("aborted").and_then(Value::as_bool).unwrap_or(false)
                || borrowed(data, "status") == Some("cancelled");
            Some(RunEventKind::AttemptEnded { aborted })
        }
        _ => None,
    }
}

fn item(data: &Value) -> Option<RunEventKind> {
    match borrowed(data, "kind")? {
        "preamble" => Some(RunEventKind::Preamble {
            item_id: owned(data, "itemId")?,
            text: owned(data, "progressText")?,
        }),
        "tool" => on_tool(data, tool_item(data)?),
        "command" => on_tool(data, command_item(data)?),
        _ => None,
    }
}

fn tool_item(data: &Value) -> Option<ToolEvent> {
    match borrowed(data, "phase")? {
        "start" => Some(announced(data, runs_command(data))),
        "update" => Some(ToolEvent::Output { tail: tail(&filled(data, "progressText")?) }),
        "end" => Some(match borrowed(data, "status") {
            Some("blocked") => blocked(data),
            status => ToolEvent::ItemEnded {
                failed: status == Some("failed"),
                error: filled(data, "error"),
            },
        }),
        _ => None,
    }
}

/// The older generation doubles a command's item. What the double adds is that the command waits
/// for approval, or never ran; everything else is told by the tool's item and the output.
fn command_item(data: &Value) -> Option<ToolEvent> {
    match (borrowed(data, "phase")?, borrowed(data, "status")) {
        ("start", _) => Some(announced(data, true)),
        ("end", Some("blocked")) => Some(blocked(data)),
        ("end", Some("failed")) => {
            Some(ToolEvent::ItemEnded { failed: true, error: filled(data, "error") })
        }
        _ => None,
    }
}

fn announced(data: &Value, command: bool) -> ToolEvent {
    // The title repeats the tool's name in front of what the call is about.
    let title = filled(data, "meta").or_else(|| filled(data, "title"));
    ToolEvent::Announced { name: filled(data, "name"), title, command }
}

fn blocked(data: &Value) -> ToolEvent {
    ToolEvent::Blocked { approval_id: filled(data, "approvalId") }
}

fn tool(mut data: Value) -> Option<RunEventKind> {
    let event = match borrowed(&data, "phase")? {
        "start" => ToolEvent::Started {
            name: owned(&data, "name").unwrap_or_else(|| "tool".into()),
            args: data.get_mut("args").map(Value::take).unwrap_or_default(),
        },
        // A command's output has a channel of its own.
        "update" if !runs_command(&data) => {
            let text = data.pointer("/partialResult/content").map(content_text)?;
            ToolEvent::Output { tail: tail(Some(text).filter(|text| !text.is_empty())?.as_str()) }
        }
        "result" => {
            let result = data.get_mut("result").map(Value::take).unwrap_or_default();
            let text = match result.get("content") {
                Some(content) => content_text(content),
                None => content_text(&result),
            };
            let details = result.get("details").cloned().unwrap_or_default();
            ToolEvent::Result {
                is_error: data.get("isError").and_then(Value::as_bool).unwrap_or(false),
                pending_approval: borrowed(&details, "status") == Some("approval-pending"),
                text,
                details,
            }
        }
        _ => return None,
    };
    on_tool(&data, event)
}

fn command_output(data: &Value) -> Option<RunEventKind> {
    let output = owned(data, "output").unwrap_or_default();
    let event = match borrowed(data, "phase")? {
        "delta" => ToolEvent::Output { tail: output },
        "end" => {
            let exit_code = data.get("exitCode").and_then(Value::as_i64);
            let failed = matches!(borrowed(data, "status"), Some("failed" | "blocked"))
                || exit_code.is_some_and(|code| code != 0);
            ToolEvent::CommandEnded { output, exit_code, failed }
        }
        _ => return None,
    };
    on_tool(data, event)
}

fn approval(data: &Value) -> Option<RunEventKind> {
    match borrowed(data, "phase")? {
        "requested" => on_tool(data, blocked(data)),
        _ => None,
    }
}

fn usage(data: &Value) -> Option<RunEventKind> {
    Some(RunEventKind::Usage { output_tokens: data.get("outputTokens")?.as_u64()? })
}

fn run_status(data: &Value) -> Option<RunEventKind> {
    match borrowed(data, "phase")? {
        "retrying" => Some(RunEventKind::Retrying { message: filled(data, "message") }),
        _ => None,
    }
}

fn on_tool(data: &Value, event: ToolEvent) -> Option<RunEventKind> {
    let call_id = borrowed(data, "toolCallId").or_else(|| {
        let item = borrowed(data, "itemId")?;
        item.strip_prefix("tool:").or_else(|| item.strip_prefix("command:"))
    })?;
    Some(RunEventKind::Tool { call_id: ToolCallId::new(call_id), event })
}

fn runs_command(data: &Value) -> bool {
    data.get("commandBearing").and_then(Value::as_bool).unwrap_or(false)
        || borrowed(data, "name") == Some("exec")
}

fn tail(text: &str) -> String {
    let skipped = text.chars().count().saturating_sub(PROGRESS_TAIL);
    text.chars().skip(skipped).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(stream: &str, data: &Value) -> RunEventKind {
        let payload = json!({"runId": "r", "stream": stream, "sessionKey": "s", "data": data});
        let Ok(Event::Run(event)) = read(&payload.to_string()) else {
            panic!("something else was read")
        };
        event.kind
    }

    fn tool_event(stream: &str, data: &Value) -> ToolEvent {
        let RunEventKind::Tool { call_id, event } = kind(stream, data) else {
            panic!("something else was read")
        };
        assert_eq!(call_id.as_str(), "c1");
        event
    }

    #[test]
    fn streamed_text_and_thoughts_only_show_that_the_run_lives() {
        for stream in ["assistant", "thinking", "novelty"] {
            assert_eq!(kind(stream, &json!({"text": "a", "delta": "a"})), RunEventKind::Alive);
        }
    }

    #[test]
    fn a_run_without_a_session_matters_to_nobody() {
        let payload = r#"{"runId":"r","stream":"lifecycle","data":{"phase":"start"}}"#;
        assert_eq!(read(payload), Ok(Event::Other));
    }

    #[test]
    fn a_model_that_is_let_go_of_is_no_choice_of_a_model() {
        let none = json!({"phase": "model", "provider": null, "model": null});
        assert_eq!(kind("lifecycle", &none), RunEventKind::Alive);
    }

    #[test]
    fn an_attempt_ends_stopped_however_the_gateway_says_it() {
        for (data, aborted) in [
            (json!({"phase": "end"}), false),
            (json!({"phase": "end", "aborted": true}), true),
            (json!({"phase": "end", "status": "cancelled"}), true),
            (json!({"phase": "error", "error": "x"}), false),
        ] {
            assert_eq!(kind("lifecycle", &data), RunEventKind::AttemptEnded { aborted });
        }
    }

    #[test]
    fn both_items_of_a_command_announce_the_same() {
        let tool = json!({"kind": "tool", "phase": "start", "itemId": "tool:c1", "name": "exec",
            "title": "exec list files", "meta": "list files", "toolCallId": "c1"});
        let command = json!({"kind": "command", "phase": "start", "itemId": "command:c1",
            "name": "exec", "title": "command list files", "meta": "list files"});
        let announced = tool_event("item", &tool);
        assert_eq!(announced, tool_event("item", &command));
        assert_eq!(
            announced,
            ToolEvent::Announced {
                name: Some("exec".into()),
                title: Some("list files".into()),
                command: true
            }
        );
    }

    #[test]
    fn a_tool_that_runs_no_command_shows_its_progress() {
        let text = format!("{}end", "x".repeat(3_000));
        let data = json!({"phase": "update", "name": "browse", "toolCallId": "c1",
            "partialResult": {"content": [{"type": "text", "text": text}]}});
        let ToolEvent::Output { tail } = tool_event("tool", &data) else {
            panic!("something else was read")
        };
        assert_eq!(tail.chars().count(), PROGRESS_TAIL);
        assert!(tail.ends_with("end"));
    }

    #[test]
    fn a_commands_progress_comes_from_its_output_alone() {
        let content = json!({"content": [{"type": "text", "text": "one"}]});
        let update = json!({"phase": "update", "name": "exec", "toolCallId": "c1",
            "partialResult": content});
        assert_eq!(kind("tool", &update), RunEventKind::Alive);
        let delta = json!({"phase": "delta", "toolCallId": "c1", "output": "one"});
        assert_eq!(tool_event("command_output", &delta), ToolEvent::Output { tail: "one".into() });
    }

    #[test]
    fn a_result_may_be_a_text_blocks_or_nothing() {
        for (result, expected) in [
            (json!({"content": [{"type": "text", "text": "done"}]}), "done"),
            (json!("done"), "done"),
            (json!(null), ""),
        ] {
            let data = json!({"phase": "result", "toolCallId": "c1", "result": result});
            let ToolEvent::Result { text, is_error: false, pending_approval: false, .. } =
                tool_event("tool", &data)
            else {
                panic!("something else was read")
            };
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn a_command_item_that_failed_without_output_ends_the_call() {
        let data = json!({"kind": "command", "phase": "end", "status": "failed",
            "itemId": "command:c1", "error": "not found"});
        let error = Some("not found".into());
        assert_eq!(tool_event("item", &data), ToolEvent::ItemEnded { failed: true, error });
    }

    #[test]
    fn an_exit_code_other_than_zero_is_a_failure() {
        let data = json!({"phase": "end", "toolCallId": "c1", "output": "", "exitCode": 2,
            "status": "completed"});
        let ToolEvent::CommandEnded { exit_code: Some(2), failed, .. } =
            tool_event("command_output", &data)
        else {
            panic!("something else was read")
        };
        assert!(failed);
    }
}
