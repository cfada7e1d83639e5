//! What the phone shows.

use std::collections::BTreeMap;

/// What the phone shows.
#[derive(Debug, Default)]
pub(crate) struct Phone {
    /// Bubbles by their message id.
    pub(crate) bubbles: BTreeMap<String, Bubble>,
    /// Tool cards by session and task id.
    pub(crate) cards: BTreeMap<(String, String), Card>,
    /// How often each approval was asked for.
    pub(crate) questions: BTreeMap<String, u32>,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Bubble {
    /// The session.
    pub(crate) session: String,
    /// The interaction that it answers; none for what nobody asked.
    pub(crate) interaction: Option<String>,
    /// What was streamed into it.
    pub(crate) streamed: String,
    /// How it ended.
    pub(crate) end: Option<End>,
}

/// The end of an answer.
#[derive(Debug)]
pub(crate) struct End {
    /// The whole text.
    pub(crate) text: String,
}

/// One tool card.
#[derive(Debug, Default)]
pub(crate) struct Card {
    /// The interaction that it belongs to.
    pub(crate) interaction: Option<String>,
    /// How often it was created.
    pub(crate) created: u32,
    /// How often it was finished.
    pub(crate) finished: u32,
}
