//! What the person did.

use std::collections::BTreeMap;

use openclaw::Decision;

use crate::clock::Millis;

/// What the person did.
#[derive(Debug, Default)]
pub(crate) struct Person {
    /// The messages, oldest first.
    pub(crate) messages: Vec<Message>,
    /// The decisions about each approval, first to last.
    pub(crate) decisions: BTreeMap<String, Vec<Decided>>,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Message {
    /// Its id.
    pub(crate) id: String,
    /// Its interaction.
    pub(crate) interaction: String,
    /// Its session.
    pub(crate) session: String,
    /// Its words.
    pub(crate) text: String,
    /// The key that it was sealed with; none where it came as it is.
    pub(crate) key: Option<usize>,
    /// It came as it is into an encrypted session.
    pub(crate) is_exposed: bool,
    /// It waited for its key.
    pub(crate) waited: bool,
    /// What became of it while it waited for its key.
    pub(crate) fate: Fate,
    /// When a process of the bridge was first told it.
    pub(crate) told_first: Option<Millis>,
    /// The person stopped it.
    pub(crate) stopped: bool,
    /// A process of the bridge was told it.
    pub(crate) delivered: bool,
    /// A process of the bridge was told how its answer ended.
    pub(crate) told: Option<(u32, Millis)>,
    /// When the bridge was done with it.
    pub(crate) decided: Option<(u32, Millis)>,
}

/// What became of a message while it waited for its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was read, or did not wait.
    #[default]
    Carried,
    /// There was no key, so nothing could be said.
    GivenUp,
    /// None of the keys fitted, and the person was told so.
    Declined,
    /// It was stopped before it could be read.
    Dropped,
}

/// One decision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decided {
    /// What was decided.
    pub(crate) decision: Decision,
    /// When the bridge was told; none if it never was.
    pub(crate) heard: Option<Millis>,
    /// It was made at the computer.
    pub(crate) here: bool,
}
