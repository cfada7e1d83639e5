//! What a gateway's history says about a turn whose frames were missed.

use openclaw::{History, HistoryRow, InFlightRun, Role, RunId, Usage};

/// How far the clocks of two rows on one computer may differ, in milliseconds.
const CLOCK_SLACK_MS: u64 = 2_000;

/// What became of a turn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Finding {
    /// It runs; this was said before tools, and this is its text so far.
    InFlight { run: Option<RunId>, said: Vec<String>, text: String },
    /// The gateway has it and works on it, without saying under which id.
    Active,
    /// It was answered; the older generation goes on once these approvals are decided.
    Answered { text: String, usage: Option<Usage>, waits: Vec<String> },
    /// The model failed; this was said before.
    Failed { text: String, message: String },
    /// The gateway has it, and nothing has come of it.
    Unanswered,
    /// The gateway's history does not know it.
    Unheard,
}

/// Looks for a turn by the id it was sent with or, where the gateway does not keep ids (older
/// generation), by its words and time.
pub(crate) fn find(history: &History, run: &RunId, words: &str, sent_ms: u64) -> Finding {
    let by_id = history.accepted(run);
    let Some(position) = by_id.or_else(|| by_words(&history.rows, words, sent_ms)) else {
        let ours = |id: &Option<RunId>| id.as_ref().is_none_or(|id| id == run);
        return match &history.in_flight {
            Some(in_flight) if ours(&in_flight.run_id) => going_on(in_flight, &[]),
            Some(_) | None => Finding::Unheard,
        };
    };
    // What goes on after the person spoke again belongs to what was said then.
    let (rows, is_newest) = answer_to_it(&history.rows[position + 1..]);
    let answer = said_by_agent(&rows);
    let last = answer.last();
    if let Some(in_flight) = &history.in_flight
        && (in_flight.run_id.as_ref() == Some(run) || is_newest && !last.is_some_and(ends))
    {
        return going_on(in_flight, &rows);
    }
    if is_newest
        && !last.is_some_and(ends)
        && (history.has_active_run || history.pending_inputs > 0)
    {
        return Finding::Active;
    }
    // The older generation writes nothing down before a run has ended.
    let is_complete = by_id.is_none();
    match last {
        Some(failed) if failed.is_error => {
            let before = &answer[..answer.len() - 1];
            Finding::Failed { text: texts(before).join("\n\n"), message: failed.text.clone() }
        }
        Some(row) if !is_complete && row.stop_reason.as_deref() == Some(CALLS_TOOL) => {
            Finding::Unanswered
        }
        None if !is_complete => Finding::Unanswered,
        Some(_) | None => Finding::Answered {
            text: texts(&answer).join("\n\n"),
            usage: total(&answer),
            waits: waits(history, &rows),
        },
    }
}

/// Why the model stopped where it goes on after a tool, in the gateway's words.
const CALLS_TOOL: &str = "toolUse";

/// Says whether a row of the agent is the last of its answer.
fn ends(row: &&HistoryRow) -> bool {
    row.stop_reason.as_deref().is_some_and(|reason| reason != CALLS_TOOL)
}

fn going_on(in_flight: &InFlightRun, rows: &[&HistoryRow]) -> Finding {
    // What an interrupted run said is said anew.
    let began = rows.iter().rposition(|row| row.role == Role::User).map_or(0, |at| at + 1);
    Finding::InFlight {
        run: in_flight.run_id.clone(),
        said: texts(&said_by_agent(&rows[began..])).into_iter().map(ToOwned::to_owned).collect(),
        text: in_flight.text.clone(),
    }
}

/// The rows that answer a message, and whether they go on to the end: until the person speaks
/// again, and from where the older gateway goes on after an approval that was asked for among them.
fn answer_to_it(after: &[HistoryRow]) -> (Vec<&HistoryRow>, bool) {
    let mut rows: Vec<&HistoryRow> = Vec::new();
    let mut is_ours = true;
    for row in after {
        if row.role == Role::User && !row.text.starts_with(RESUMES) {
            is_ours = row.text.starts_with(CONTINUES)
                && asked_for(&rows).any(|approval| row.text.contains(approval));
        }
        if is_ours {
            rows.push(row);
        }
    }
    (rows, is_ours)
}

/// The approvals after which the older gateway has yet to go on.
fn waits(history: &History, rows: &[&HistoryRow]) -> Vec<String> {
    let goes_on = rows.last().is_some_and(|row| row.role == Role::User);
    asked_for(rows)
        .filter(|id| goes_on || history.exec_outcome(id).is_none())
        .map(ToOwned::to_owned)
        .collect()
}

/// Says whether the history of the older gateway tells who asked for an approval, or what became
/// of it.
pub(crate) fn is_told(history: &History, approval: &str) -> bool {
    let rows: Vec<&HistoryRow> = history.rows.iter().collect();
    asked_for(&rows).any(|id| id == approval) || history.exec_outcome(approval).is_some()
}

/// The approvals that the older gateway asked for: `Approval required (id 1a2b, full 1a2b-…).`
fn asked_for<'a>(rows: &[&'a HistoryRow]) -> impl Iterator<Item = &'a str> {
    rows.iter().copied().filter(|row| row.role == Role::ToolResult).filter_map(|row| {
        let (_, rest) = row.text.strip_prefix("Approval required (id ")?.split_once(", full ")?;
        Some(rest.split_once(')')?.0)
    })
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

/// What the rows of the newest answer cost together.
pub(crate) fn cost(history: &History, run: &RunId) -> Option<Usage> {
    let asked = history.rows.iter().rposition(|row| row.role == Role::User);
    let position = history.accepted(run).or(asked)?;
    total(&said_by_agent(&answer_to_it(&history.rows[position + 1..]).0))
}

fn by_words(rows: &[HistoryRow], words: &str, sent_ms: u64) -> Option<usize> {
    // The older generation keeps the ids of answers that were stopped, and of nothing else.
    let ids_are_kept =
        rows.iter().any(|row| row.role == Role::User && row.idempotency_key.is_some());
    if ids_are_kept {
        return None;
    }
    rows.iter().rposition(|row| {
        row.role == Role::User
            && row.text.trim() == words.trim()
            && row.timestamp_ms.is_some_and(|at| at + CLOCK_SLACK_MS >= sent_ms)
    })
}

fn said_by_agent<'a>(rows: &[&'a HistoryRow]) -> Vec<&'a HistoryRow> {
    rows.iter().copied().filter(|row| row.role == Role::Assistant).collect()
}

fn texts<'a>(rows: &[&'a HistoryRow]) -> Vec<&'a str> {
    let said = rows.iter().filter(|row| !row.is_error).map(|row| row.text.trim());
    said.filter(|text| !text.is_empty()).collect()
}

/// How the older generation begins what it writes in the person's name before it goes on after an
/// approval (`openclaw-facts.md`, F10).
const CONTINUES: &str = "An async command";
/// How the newer generation begins what it writes before it resumes an interrupted run.
const RESUMES: &str = "[System] Your previous turn was interrupted";

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
