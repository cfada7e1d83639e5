//! Reads what the gateway says into one vocabulary.
//!
//! A gateway tells most things several times over; text in particular comes as `chat` and as
//! `agent assistant`, and the older generation repeats the whole answer with every token of the
//! latter. So a frame is judged by its borrowed head first, and what only shows that a run lives
//! is never built.

mod agent;
mod approval;
mod approval_details;
mod chat;
mod failure;
mod text;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::{Event, json, pairing};

pub use approval::parse_approval;
pub(crate) use text::{borrowed, content_text, usage};

/// Reads one event: its name, and the JSON text of its payload.
///
/// An event that is unknown or malformed becomes [`Event::Other`]; a malformed one is logged by
/// name.
pub fn parse_event(name: &str, payload: &str) -> Event {
    read_event(name, payload).unwrap_or_else(|Malformed| {
        tracing::warn!(event = name, bytes = payload.len(), "malformed event of the gateway");
        Event::Other
    })
}

/// An event whose name is known, but not its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

pub(crate) fn read_event(name: &str, payload: &str) -> Result<Event, Malformed> {
    match name {
        "agent" => agent::read(payload),
        "chat" => chat::read(payload),
        "exec.approval.requested" => approval::read_exec(payload),
        "plugin.approval.requested" => approval::read_plugin(payload),
        "exec.approval.resolved" | "plugin.approval.resolved" => approval::read_resolved(payload),
        "tick" => Ok(Event::Tick),
        "shutdown" => Ok(Event::Shutdown { reason: text::owned(&value(payload)?, "reason") }),
        _ if name.starts_with("device.pair.") || name.starts_with("node.pair.") => {
            pairing::read_event(name, &value(payload)?)
        }
        _ => match serde_json::from_str::<IgnoredAny>(payload) {
            Ok(IgnoredAny) => Ok(Event::Other),
            Err(_) => Err(Malformed),
        },
    }
}

fn value(payload: &str) -> Result<Value, Malformed> {
    json::parse(payload).ok_or(Malformed)
}

fn head<'a, T: Deserialize<'a>>(payload: &'a str) -> Result<T, Malformed> {
    serde_json::from_str(payload).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::any_json::any_json;
    use crate::{RunEventKind, SessionKey};

    const NAMES: [&str; 16] = [
        "agent",
        "chat",
        "exec.approval.requested",
        "plugin.approval.requested",
        "exec.approval.resolved",
        "plugin.approval.resolved",
        "tick",
        "shutdown",
        "presence",
        "device.pair.requested",
        "device.pair.resolved",
        "device.pair.changed",
        "device.pair.setup.completed",
        "device.pair.setup.deliveryUncertain",
        "node.pair.requested",
        "node.pair.resolved",
    ];

    proptest! {
        #[test]
        fn any_payload_of_any_event_is_read_without_panic(
            name in prop::sample::select(&NAMES[..]),
            payload in any_json(),
        ) {
            parse_event(name, &payload.to_string());
        }

        #[test]
        fn a_run_event_with_any_data_keeps_its_run_and_session(
            stream in prop::sample::select(vec!["lifecycle", "item", "tool", "command_output",
                "approval", "usage", "run_status", "assistant", "novelty"]),
            data in any_json(),
        ) {
            let payload = json!({"runId": "r", "sessionKey": "s", "stream": stream, "data": data});
            let Event::Run(event) = parse_event("agent", &payload.to_string()) else { return Err(TestCaseError::fail("no run event")) };
            prop_assert_eq!(event.run_id.as_str(), "r");
            prop_assert_eq!(event.session_key.as_str(), "s");
        }

        #[test]
        fn the_end_of_a_run_is_never_lost_to_a_strange_detail(
            state in prop::sample::select(vec!["final", "error", "aborted"]),
            message in any_json(),
            detail in any_json(),
        ) {
            let payload = json!({"runId": "r", "sessionKey": "s", "state": state, "message": message,
                "stopReason": detail, "errorMessage": detail, "errorDetail": detail,
                "usage": detail});
            let event = parse_event("chat", &payload.to_string());
            let Event::Run(event) = event else { return Err(TestCaseError::fail("no run event")) };
            let ended = matches!(
                (state, event.kind),
                ("final", RunEventKind::Final { .. })
                    | ("error", RunEventKind::Failed { .. })
                    | ("aborted", RunEventKind::Aborted { .. })
            );
            prop_assert!(ended, "{} was lost", state);
        }

        #[test]
        fn any_text_in_place_of_json_is_read_without_panic(
            name in prop::sample::select(&NAMES[..]),
            payload in ".{0,200}",
        ) {
            parse_event(name, &payload);
        }
    }

    #[test]
    fn ticks_and_shutdowns_are_recognised_and_the_rest_matters_to_nobody() {
        assert_eq!(parse_event("tick", r#"{"ts":1}"#), Event::Tick);
        let reason = Some("gateway stopping".to_owned());
        assert_eq!(
            parse_event("shutdown", r#"{"reason":"gateway stopping","restartExpectedMs":null}"#),
            Event::Shutdown { reason }
        );
        assert_eq!(parse_event("presence", r#"{"presence":[]}"#), Event::Other);
        assert_eq!(parse_event("chat", "{}"), Event::Other);
    }

    #[test]
    fn a_text_that_was_cut_inside_an_emoji_is_not_lost() {
        let payload = r#"{"runId":"r","sessionKey":"s","state":"final","message":{"content":
            [{"type":"text","text":"so \ud83d"}]}}"#;
        let Event::Run(event) = parse_event("chat", payload) else { panic!("no run event") };
        let text = Some("so \u{fffd}".to_owned());
        assert_eq!(event.kind, RunEventKind::Final { text, stop_reason: None, usage: None });
    }

    #[test]
    fn escapes_in_borrowed_fields_are_resolved() {
        let payload = r#"{"runId":"a\"b","sessionKey":"agent:main:\u00e9","stream":"x","data":1}"#;
        let Event::Run(event) = parse_event("agent", payload) else { panic!("no run event") };
        assert_eq!(event.run_id.as_str(), "a\"b");
        assert_eq!(event.session_key, SessionKey::new("agent:main:é"));
    }
}
