//! One run of an agent, as a line of things that it still does.

use std::collections::VecDeque;

use openclaw::{RunEventKind, ToolCallId, ToolEvent, Usage};
use serde_json::json;

use super::rows::Row;
use super::script::{Script, Tool};
use crate::clock::Millis;

/// One run.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its id.
    pub(crate) id: String,
    /// The messages that it answers, by their keys; none for a run of somebody else.
    pub(crate) about: Option<String>,
    /// The message that what it says now belongs to, by its key.
    pub(crate) speaks_to: Option<String>,
    /// The `chat` text so far.
    pub(crate) chat: String,
    /// What was said before tools (newer generation).
    pub(crate) preamble: String,
    /// What it still does.
    pub(crate) beats: VecDeque<Beat>,
    /// When it does the next thing; never while it waits.
    pub(crate) next: Option<Millis>,
    /// Time between two signs of life.
    pub(crate) pace: Millis,
    /// The approval that it continues (older generation).
    pub(crate) follows: Option<String>,
    /// How many parts of the answer came before it.
    pub(crate) part: usize,
    /// What was said and has no row yet.
    pub(crate) unrowed: String,
    /// The rows that it will leave (older generation).
    pub(crate) unsaved: Vec<Row>,
    /// Messages that steer it (older generation), by their keys.
    pub(crate) steered: Vec<String>,
}

/// Something that a run does.
#[derive(Debug)]
pub(crate) enum Beat {
    /// Everyone hears this.
    Tell(RunEventKind),
    /// Only the connection that began the run hears this.
    TellStarter(RunEventKind),
    /// The text grows.
    Say(String),
    /// The text is taken back.
    TakeBack,
    /// The model sees a message that came meanwhile (older generation).
    Steered(Row),
    /// The preamble grows to this.
    Preamble(String),
    /// The history gets the call of a tool.
    Called(String),
    /// The history gets the result of a tool.
    Returned(String, String),
    /// The owner is asked, and the run waits (newer) or not (older).
    Ask(Tool),
    /// The model fails.
    Fail,
    /// The run ends.
    End,
}

/// An event of a tool call.
pub(crate) fn tool(call: &str, event: ToolEvent) -> RunEventKind {
    RunEventKind::Tool { call_id: ToolCallId::new(call), event }
}

/// The announcement of a tool call.
pub(crate) fn announced(tool_call: &Tool, command: bool) -> RunEventKind {
    let name = Some("exec".into());
    tool(&tool_call.call, ToolEvent::Announced { name, title: None, command })
}

/// The beginning of a tool call, with its arguments.
pub(crate) fn started(tool_call: &Tool) -> RunEventKind {
    let args = json!({"command": tool_call.command});
    tool(&tool_call.call, ToolEvent::Started { name: "exec".into(), args })
}

/// What a command prints.
pub(crate) fn prints(tool_call: &Tool) -> impl Iterator<Item = Beat> {
    (0..tool_call.prints).map(|n| {
        let tail = format!("{} line {n}", tool_call.call);
        Beat::Tell(tool(&tool_call.call, ToolEvent::Output { tail }))
    })
}

/// How a command ends, over the three channels.
pub(crate) fn ends(tool_call: &Tool, failed: bool) -> [Beat; 4] {
    let output = if failed { "Exec denied".to_owned() } else { format!("{} done", tool_call.call) };
    let result = ToolEvent::Result {
        is_error: failed,
        pending_approval: false,
        text: output.clone(),
        details: json!({"status": "completed"}),
    };
    let exit_code = (!failed).then_some(0);
    [
        Beat::TellStarter(tool(&tool_call.call, result)),
        Beat::Tell(tool(&tool_call.call, ToolEvent::ItemEnded { failed, error: None })),
        Beat::Tell(tool(
            &tool_call.call,
            ToolEvent::CommandEnded { output: output.clone(), exit_code, failed },
        )),
        Beat::Returned(tool_call.call.clone(), output),
    ]
}

/// The answer's words and its end.
pub(crate) fn answer(script: &Script) -> impl Iterator<Item = Beat> {
    let taken_back = script
        .takes_back
        .then(|| [Beat::Say("hasty ".into()), Beat::TakeBack, Beat::Tell(RunEventKind::Started)]);
    let last = if script.fails { Beat::Fail } else { Beat::End };
    taken_back
        .into_iter()
        .flatten()
        .chain(script.words.clone().into_iter().map(Beat::Say))
        .chain([Beat::Tell(RunEventKind::AttemptEnded { aborted: false }), last])
}

/// What a run cost.
pub(crate) fn cost() -> Usage {
    Usage { input_tokens: Some(10), output_tokens: Some(20), ..Usage::default() }
}
