//! What a gateway's history says about a turn whose frames were missed.

use openclaw::{History, HistoryRow, Role, RunId, Usage};

/// How far the clocks of two rows on one computer may differ, in milliseconds.
const CLOCK_SLACK_MS: u64 = 2_000;

/// What became of a turn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Finding {
    /// It runs; this is its text so far.
    InFlight { run: Option<RunId>, text: String },
    /// The gateway has it and works on it, without saying under which id.
    Active,
    /// It was answered.
    Answered { text: String, usage: Option<Usage> },
    /// The gateway has it, and nothing has come of it.
    Unanswered,
    /// The gateway's history does not know it.
    Unheard,
}

/// Looks for a turn by the id it was sent with or, where the gateway does not keep ids (older
/// generation), by its words and time.
pub(crate) fn find(history: &History, run: &RunId, words: &str, sent_ms: u64) -> Finding {
    let position = history.accepted(run).or_else(|| by_words(&history.rows, words, sent_ms));
    let ours_in_flight =
        |id: &Option<RunId>| position.is_some() || id.as_ref().is_none_or(|id| id == run);
    if let Some(in_flight) = &history.in_flight
        && ours_in_flight(&in_flight.run_id)
    {
        let text = in_flight.text.clone();
        return Finding::InFlight { run: in_flight.run_id.clone(), text };
    }
    let Some(position) = position else { return Finding::Unheard };
    if history.has_active_run || history.pending_inputs > 0 {
        return Finding::Active;
    }
    let answer = answer_after(&history.rows, position);
    let texts: Vec<&str> =
        answer.iter().map(|row| row.text.trim()).filter(|text| !text.is_empty()).collect();
    if texts.is_empty() {
        return Finding::Unanswered;
    }
    Finding::Answered { text: texts.join("\n\n"), usage: total(&answer) }
}

/// What a run said that nobody here asked for: by its id or, where the gateway does not keep ids
/// (older generation), the newest answer if it was given since then.
pub(crate) fn said_by(history: &History, run: &RunId, since_ms: u64) -> Option<String> {
    let ids_are_kept = history.rows.iter().any(|row| row.run_id.is_some());
    let said_it = |row: &&HistoryRow| {
        row.role == Role::Assistant
            && match ids_are_kept {
                true => row.run_id.as_ref() == Some(run),
                false => row.timestamp_ms.is_some_and(|at| at + CLOCK_SLACK_MS >= since_ms),
            }
    };
    let newest = history.rows.iter().rposition(|row| row.role == Role::User).unwrap_or(0);
    let rows = if ids_are_kept { &history.rows[..] } else { &history.rows[newest..] };
    let texts = rows.iter().filter(said_it).map(|row| row.text.trim());
    let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// Says whether the older gateway went on after all of these approvals, and answered.
pub(crate) fn went_on(history: &History, approvals: &[String]) -> bool {
    let last = history.rows.last();
    last.is_some_and(|row| row.role == Role::Assistant && !row.text.is_empty())
        && approvals.iter().all(|id| history.exec_outcome(id).is_some())
}

/// What the rows of the newest answer cost together.
pub(crate) fn cost(history: &History, run: &RunId) -> Option<Usage> {
    let asked = history.rows.iter().rposition(|row| row.role == Role::User);
    let position = history.accepted(run).or(asked)?;
    total(&answer_after(&history.rows, position))
}

fn by_words(rows: &[HistoryRow], words: &str, sent_ms: u64) -> Option<usize> {
    let ids_are_kept = rows.iter().any(|row| row.idempotency_key.is_some());
    if ids_are_kept {
        return None;
    }
    rows.iter().rposition(|row| {
        row.role == Role::User
            && row.text.trim() == words.trim()
            && row.timestamp_ms.is_some_and(|at| at + CLOCK_SLACK_MS >= sent_ms)
    })
}

fn answer_after(rows: &[HistoryRow], position: usize) -> Vec<&HistoryRow> {
    rows[position + 1..]
        .iter()
        .take_while(|row| row.role != Role::User || is_injected(row))
        .filter(|row| row.role == Role::Assistant)
        .collect()
}

/// Rows that the gateway writes in the person's name (`openclaw-facts.md`, F10).
fn is_injected(row: &HistoryRow) -> bool {
    ["An async command", "[System] Your previous turn was interrupted"]
        .iter()
        .any(|beginning| row.text.starts_with(beginning))
}

fn total(rows: &[&HistoryRow]) -> Option<Usage> {
    let mut usages = rows.iter().filter_map(|row| row.usage.as_ref());
    let mut total = usages.next()?.clone();
    for usage in usages {
        total.input_tokens = add(total.input_tokens, usage.input_tokens);
        total.output_tokens = add(total.output_tokens, usage.output_tokens);
        total.cost_usd = match (total.cost_usd, usage.cost_usd) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        total.model = usage.model.clone().or(total.model);
        total.provider = usage.provider.clone().or(total.provider);
    }
    Some(total)
}

fn add(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    }
}
