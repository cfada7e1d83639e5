//! What really happened at the gateway: nobody but the invariants reads it.

use crate::clock::Millis;

/// A message that the gateway was handed, by its idempotency key.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The idempotency key.
    pub(crate) key: String,
    /// The session's key.
    pub(crate) session: String,
    /// The words.
    pub(crate) text: String,
    /// It was answered inside another's run (older generation), of which everything is shown then.
    pub(crate) shares: bool,
    /// How often the model began to answer it, oldest first.
    pub(crate) attempts: Vec<Attempt>,
}

/// One time that the model began to answer a message.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// Its runs whose end is its own.
    pub(crate) runs: Vec<String>,
    /// What was said, one part a preamble or a run.
    pub(crate) parts: Vec<String>,
    /// What was said and taken back, in parts.
    pub(crate) taken_back: Vec<Vec<String>>,
    /// Where it stands.
    pub(crate) outcome: Outcome,
    /// Since when.
    pub(crate) since: Millis,
}

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The model works.
    Running,
    /// Older generation: the run ended, and goes on after an approval.
    Between,
    /// The answer is complete, and in the history.
    Answered,
    /// The model failed.
    Failed,
    /// It was stopped.
    Stopped,
    /// The gateway died.
    Lost,
}

impl Attempt {
    /// All that it said, one after the other: the last stands, the others were taken back.
    pub(crate) fn versions(&self) -> impl Iterator<Item = &[String]> {
        self.taken_back.iter().chain([&self.parts]).map(Vec::as_slice)
    }

    /// The whole text as it was told.
    pub(crate) fn text(&self) -> String {
        whole(&self.parts)
    }
}

impl Asked {
    /// Says whether the gateway answered, and since when.
    pub(crate) fn answered_at(&self) -> Option<Millis> {
        let answered = self.attempts.iter().find(|a| a.outcome == Outcome::Answered)?;
        Some(answered.since)
    }

    /// Ends the attempt that goes on.
    pub(crate) fn settle(&mut self, outcome: Outcome, now: Millis) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.outcome = outcome;
            attempt.since = now;
        }
    }
}

/// Puts the parts of an answer together.
pub(crate) fn whole(parts: &[String]) -> String {
    join(parts.iter().map(String::as_str))
}

/// Puts texts together, each a paragraph of its own.
pub(crate) fn join<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join("\n\n")
}
