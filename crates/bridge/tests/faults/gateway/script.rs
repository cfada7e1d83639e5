//! What a model does with a message.

use fastrand::Rng;
use openclaw::Generation;

use crate::clock::Millis;

/// What a model does with a message.
#[derive(Debug)]
pub(crate) struct Script {
    /// What it says before it calls a tool.
    pub(crate) preamble: String,
    /// The tools that it calls.
    pub(crate) tools: Vec<Tool>,
    /// The pieces of the answer.
    pub(crate) words: Vec<String>,
    /// It takes the first words back and begins again.
    pub(crate) takes_back: bool,
    /// It fails instead of ending.
    pub(crate) fails: bool,
    /// Time between two signs of life.
    pub(crate) pace: Millis,
}

/// A tool call.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    /// Its id.
    pub(crate) call: String,
    /// The command.
    pub(crate) command: String,
    /// The owner is asked.
    pub(crate) asks: bool,
    /// How often it prints.
    pub(crate) prints: usize,
}

impl Script {
    /// Makes a script; `tag` makes its words and calls unlike any others.
    pub(crate) fn draw(tag: &str, generation: Generation, asks: bool, rng: &mut Rng) -> Self {
        let tools = if rng.u8(..100) < 45 { rng.usize(1..=2) } else { 0 };
        let tools = (0..tools).map(|n| Tool {
            call: format!("call-{tag}-{n}"),
            command: format!("echo {tag} {n}"),
            asks: asks && rng.u8(..100) < 60,
            prints: rng.usize(0..3),
        });
        let tools: Vec<Tool> = tools.collect();
        let is_asking = tools.iter().any(|tool| tool.asks);
        let preamble =
            if tools.is_empty() { String::new() } else { format!("[{tag}] let me look.") };
        // The newer generation asks its model again rather than saying nothing.
        let is_silent = generation == Generation::Older && rng.u8(..100) < 3;
        let words = if is_silent { 0 } else { rng.usize(1..8) };
        Self {
            preamble,
            tools,
            words: (0..words).map(|n| format!("[{tag}] word {n}, ")).collect(),
            takes_back: rng.u8(..100) < 6,
            // A failure while the older generation's approvals wait was never seen.
            fails: rng.u8(..100) < 7 && !is_asking,
            pace: [40, 150, 900, 6_000, 45_000][rng.usize(..5)],
        }
    }
}
