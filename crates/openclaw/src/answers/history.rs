use serde_json::Value;

use super::outcome::{self, ExecOutcome};
use crate::parse::{content_text, usage};
use crate::{RunId, ToolCallId, Usage};

/// What the older generation writes where a failed answer has no text.
const NOTHING_SAID: &str = "[assistant turn failed before producing content]";

/// The last rows of a session, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Rows that are written.
    pub rows: Vec<HistoryRow>,
    /// Run that goes on (newer generation; the older says nothing about it).
    pub in_flight: Option<InFlightRun>,
    /// A run goes on (newer generation).
    pub has_active_run: bool,
    /// Messages that wait for their turn (newer generation).
    pub pending_inputs: u64,
}

/// A run that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlightRun {
    /// Its id.
    pub run_id: Option<RunId>,
    /// The answer's text so far.
    pub text: String,
}

/// One row of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRow {
    /// Who speaks. The gateway also speaks as the user: see [`History::exec_outcome`].
    pub role: Role,
    /// What is said; of a failed answer without text, what went wrong.
    pub text: String,
    /// Idempotency key (newer generation); of a sent message `<key>:user`.
    pub idempotency_key: Option<String>,
    /// Run that the row belongs to (newer generation).
    pub run_id: Option<RunId>,
    /// Tool call whose result it is.
    pub tool_call_id: Option<ToolCallId>,
    /// What the answer cost.
    pub usage: Option<Usage>,
    /// The tool or the answer failed.
    pub is_error: bool,
    /// Unix time in milliseconds.
    pub timestamp_ms: Option<u64>,
    /// Why the model stopped, in the gateway's words.
    pub stop_reason: Option<String>,
}

/// Who speaks in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The person, or the gateway in its place.
    User,
    /// The agent.
    Assistant,
    /// A tool.
    ToolResult,
    /// Somebody else.
    Other,
}

impl History {
    /// Reads the answer to `chat.history`; none when it holds no messages at all.
    pub fn parse(answer: &Value) -> Option<Self> {
        let rows = answer.get("messages")?.as_array()?.iter().map(HistoryRow::parse).collect();
        let in_flight = answer.get("inFlightRun").and_then(InFlightRun::parse);
        let active = answer.pointer("/sessionInfo/hasActiveRun").and_then(Value::as_bool);
        Some(Self {
            rows,
            has_active_run: active.unwrap_or(false) || in_flight.is_some(),
            in_flight,
            pending_inputs: answer
                .pointer("/pendingInputs/total")
                .and_then(Value::as_u64)
                .unwrap_or(0),
        })
    }

    /// Finds the row that shows that the message of this run was accepted (newer generation).
    pub fn accepted(&self, run: &RunId) -> Option<usize> {
        self.rows.iter().position(|row| {
            row.role == Role::User
                && row.idempotency_key.as_deref().and_then(|key| key.strip_suffix(":user"))
                    == Some(run.as_str())
        })
    }

    /// Finds what became of a command that waited for this approval (older generation, which
    /// tells it nowhere else).
    pub fn exec_outcome(&self, approval_id: &str) -> Option<ExecOutcome> {
        self.rows
            .iter()
            .rev()
            .filter(|row| row.role == Role::User)
            .find_map(|row| outcome::read(&row.text, approval_id))
    }

    /// Reads what the newest answer cost.
    pub fn last_usage(&self) -> Option<Usage> {
        self.rows.iter().rfind(|row| row.role == Role::Assistant)?.usage.clone()
    }
}

impl InFlightRun {
    fn parse(run: &Value) -> Option<Self> {
        let text = |name| run.as_object()?.get(name)?.as_str().map(ToOwned::to_owned);
        run.is_object().then(|| Self {
            run_id: text("runId").map(RunId::new),
            text: text("text").unwrap_or_default(),
        })
    }
}

impl HistoryRow {
    fn parse(row: &Value) -> Self {
        let text = |pointer| row.pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned);
        let stop_reason = text("/stopReason");
        let is_error = row.get("isError").and_then(Value::as_bool).unwrap_or(false)
            || stop_reason.as_deref() == Some("error");
        let mut said = row.get("content").map(content_text).unwrap_or_default();
        if is_error && (said.is_empty() || said == NOTHING_SAID) {
            said = text("/errorMessage").unwrap_or(said);
        }
        Self {
            role: match row.get("role").and_then(Value::as_str) {
                Some("user") => Role::User,
                Some("assistant") => Role::Assistant,
                Some("toolResult") => Role::ToolResult,
                Some(_) | None => Role::Other,
            },
            text: said,
            idempotency_key: text("/idempotencyKey").or_else(|| text("/__openclaw/idempotencyKey")),
            run_id: text("/__openclaw/runId").map(RunId::new),
            tool_call_id: text("/toolCallId").map(ToolCallId::new),
            usage: usage(row),
            is_error,
            timestamp_ms: row.get("timestamp").and_then(Value::as_u64),
            stop_reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn users_speak_in_blocks_or_in_plain_text() {
        let history = History::parse(&json!({"messages": [
            {"role": "user", "content": [{"type": "text", "text": "older"}]},
            {"role": "user", "content": "newer", "idempotencyKey": "k1:user", "timestamp": 5},
            {"role": "narrator", "content": "hm"},
        ]}))
        .unwrap();
        let said: Vec<_> = history.rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!(said, ["older", "newer", "hm"]);
        assert_eq!(history.rows[2].role, Role::Other);
        assert_eq!(history.accepted(&RunId::new("k1")), Some(1));
        assert_eq!(history.accepted(&RunId::new("k")), None);
    }

    #[test]
    fn a_failed_answer_without_text_says_what_went_wrong() {
        for content in [json!([]), json!([{"type": "text", "text": NOTHING_SAID}])] {
            let history = History::parse(&json!({"messages": [{"role": "assistant",
                "content": content, "stopReason": "error", "errorMessage": "401"}]}))
            .unwrap();
            assert!(history.rows[0].is_error);
            assert_eq!(history.rows[0].text, "401");
        }
    }

    #[test]
    fn the_last_usage_is_that_of_the_newest_answer_even_when_it_has_none() {
        let paid = json!({"role": "assistant", "content": "a", "usage": {"input": 1, "output": 2}});
        let free = json!({"role": "assistant", "content": "b", "usage": {"input": 0, "output": 0}});
        let user = json!({"role": "user", "content": "c"});
        let last =
            |rows: &[&Value]| History::parse(&json!({"messages": rows})).unwrap().last_usage();
        assert_eq!(last(&[&paid, &user]).unwrap().output_tokens, Some(2));
        assert_eq!(last(&[&paid, &free]), None);
        assert_eq!(last(&[&user]), None);
    }

    #[test]
    fn a_run_in_flight_is_an_active_run() {
        let history = History::parse(&json!({"messages": [], "pendingInputs": {"total": 2},
            "inFlightRun": {"runId": "r", "text": "so far", "events": []}}))
        .unwrap();
        let run_id = Some(RunId::new("r"));
        assert_eq!(history.in_flight, Some(InFlightRun { run_id, text: "so far".into() }));
        assert!(history.has_active_run);
        assert_eq!(history.pending_inputs, 2);
    }

    #[test]
    fn what_holds_no_messages_is_no_history() {
        for answer in [json!(null), json!({}), json!({"messages": "none"})] {
            assert_eq!(History::parse(&answer), None);
        }
    }
}
