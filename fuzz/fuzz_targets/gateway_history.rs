//! The gateway's answer to `chat.history`, after the id of a run or an approval and a line break.

#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw::{History, Role, RunId};
use serde_json::Value;

fuzz_target!(|text: &str| {
    let Some((id, answer)) = text.split_once('\n') else { return };
    let Ok(answer) = serde_json::from_str::<Value>(answer) else { return };
    let Some(history) = History::parse(&answer) else { return };
    assert_eq!(answer["messages"].as_array().map(Vec::len), Some(history.rows.len()));
    assert!(history.has_active_run || history.in_flight.is_none(), "a run in flight is active");
    let said = |row: &openclaw::HistoryRow| row.text.len();
    assert!(history.rows.iter().map(said).sum::<usize>() <= text.len(), "nothing is added");
    if let Some(row) = history.accepted(&RunId::new(id)).map(|at| &history.rows[at]) {
        assert_eq!(row.role, Role::User, "a person's message is a person's");
        assert_eq!(row.idempotency_key, Some(format!("{id}:user")));
    }
    if let Some(outcome) = history.exec_outcome(id) {
        assert!(answer.to_string().contains("Exec "), "an outcome is told");
        assert!(outcome.output.len() <= text.len(), "nothing is added");
        assert!(!(outcome.denied && outcome.exit_code.is_some()), "what did not run has no code");
    }
    if let Some(usage) = history.last_usage() {
        assert!(usage.input_tokens.is_some() || usage.output_tokens.is_some());
    }
});
