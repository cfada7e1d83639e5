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
    /// The person stopped it.
    pub(crate) stopped: bool,
    /// A process of the bridge was told it.
    pub(crate) delivered: bool,
    /// A process of the bridge was told how its answer ended.
    pub(crate) told: Option<(u32, Millis)>,
    /// When the bridge was done with it.
    pub(crate) decided: Option<(u32, Millis)>,
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
