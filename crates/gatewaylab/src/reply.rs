//! What the scripted model answers, piece by piece.

use std::time::Duration;

use serde_json::{Value, json};

use crate::Script;

/// What the model says to anything that is no script.
pub const GREETING: &str = "Hello! I am a scripted model, and it is good to hear from you.";
/// What the model says to an image without a script.
pub const IMAGE_SEEN: &str = "I see an image";
/// What the model says to `markdown`.
pub const MARKDOWN: &str = "\
# Heading

A paragraph with **bold**, *italic*, `code` and a [link](https://example.com).

- one
- two
  - nested

1. first
2. second

> a quotation

```rust
fn main() {}
```

| left | right |
|------|------:|
| a    |     1 |
";

/// Pause between the words of `slow`.
const SLOWLY: Duration = Duration::from_millis(100);

/// One step of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Waits.
    Wait(Duration),
    /// Sends a `delta` object.
    Delta(Value),
    /// Ends the answer for this reason, with the usage.
    Finish(&'static str),
    /// Breaks the connection.
    Break,
}

/// The answer to a script; `results` are those of the tool calls that it has already made.
pub(crate) fn steps(script: &Script, results: &[String]) -> Vec<Step> {
    if !results.is_empty() {
        return speech(&format!("Tool said: {}", results.join(" | ")));
    }
    match script {
        Script::Run(commands) => tool_calls(commands),
        Script::Slow(count) => {
            let pieces = words(*count).flat_map(|word| [Step::Wait(SLOWLY), text(&word)]);
            pieces.chain([Step::Finish("stop")]).collect()
        }
        Script::Long(count) => {
            words(*count).map(|word| text(&word)).chain([Step::Finish("stop")]).collect()
        }
        // Statuses are refused before an answer begins. The pause lets the words out first.
        Script::Fail(_) => {
            words(3).map(|word| text(&word)).chain([Step::Wait(SLOWLY), Step::Break]).collect()
        }
        Script::Silent => speech("NO_REPLY"),
        Script::Think(thought) => {
            let thinking =
                pieces(thought).map(|piece| Step::Delta(json!({"reasoning_content": piece})));
            thinking.chain(speech("I have thought about it.")).collect()
        }
        Script::Say(said) => speech(said),
        Script::Markdown => speech(MARKDOWN),
        Script::Report(report) => speech(&format!("Tool said: {report}")),
        Script::SeeImage => speech(IMAGE_SEEN),
        Script::Greet => speech(GREETING),
    }
}

fn tool_calls(commands: &[String]) -> Vec<Step> {
    let calls = commands.iter().enumerate().map(|(index, command)| {
        Step::Delta(json!({"tool_calls": [{
            "index": index,
            "id": format!("call_{}", random_id()),
            "type": "function",
            "function": {"name": "exec", "arguments": json!({"command": command}).to_string()},
        }]}))
    });
    let said = [text("Let me "), text("run that.")];
    said.into_iter().chain(calls).chain([Step::Finish("tool_calls")]).collect()
}

/// Tool call ids must differ between calls even when the script is the same.
fn random_id() -> String {
    format!("{:016x}", getrandom::u64().unwrap_or_default())
}

fn words(count: u32) -> impl Iterator<Item = String> {
    (0..count).map(|index| if index == 0 { "w0".to_owned() } else { format!(" w{index}") })
}

fn speech(said: &str) -> Vec<Step> {
    pieces(said).map(text).chain([Step::Finish("stop")]).collect()
}

/// Words with the white space after them; together exactly the text.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace)
}

fn text(piece: &str) -> Step {
    Step::Delta(json!({"content": piece}))
}
