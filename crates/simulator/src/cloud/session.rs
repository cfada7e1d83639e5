//! One chat between the person and an installation.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::Value;

use super::answer::Problem;
use super::record::{ApprovalCard, Attachment, Bubble, Task};
use super::secrecy::Secrecy;

/// One chat.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) installation_id: String,
    pub(super) model: Option<String>,
    pub(super) secrecy: Secrecy,
    pub(super) ended: bool,
    pub(super) interactions: HashMap<String, Interaction>,
    pub(super) timeline: Vec<Entry>,
    pub(super) bubbles: Vec<Bubble>,
    pub(super) tasks: Vec<Task>,
    pub(super) approvals: Vec<ApprovalCard>,
}

/// One question of the person and everything that answers it.
#[derive(Debug)]
pub(super) struct Interaction {
    pub(super) asked_at: Instant,
    pub(super) expired: bool,
}

/// One thing in the chat, in the order in which the person sees it.
#[derive(Debug)]
pub(super) enum Entry {
    Person(PersonMessage),
    /// Index into the bubbles.
    Bubble(usize),
    /// Index into the tasks.
    Task(usize),
    /// Index into the approvals.
    Approval(usize),
}

/// A message of the person as the chat shows it.
#[derive(Debug)]
pub(super) struct PersonMessage {
    pub(super) id: String,
    pub(super) interaction_id: String,
    pub(super) text: String,
    pub(super) attachments: Vec<Attachment>,
    pub(super) update_id: Value,
}

impl Session {
    pub(super) fn new(id: String, installation_id: String) -> Self {
        Self {
            id,
            installation_id,
            model: None,
            secrecy: Secrecy::Untold,
            ended: false,
            interactions: HashMap::new(),
            timeline: Vec::new(),
            bubbles: Vec::new(),
            tasks: Vec::new(),
            approvals: Vec::new(),
        }
    }

    /// Refuses work for an interaction that does not exist or is over.
    pub(super) fn check_interaction(
        &self,
        id: Option<&str>,
        ttl: Duration,
        now: Instant,
    ) -> Result<(), Problem> {
        let Some(id) = id else { return Ok(()) };
        let Some(interaction) = self.interactions.get(id) else {
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                "interaction_not_found",
                "no interaction of this session has that id",
            ));
        };
        let age = now.saturating_duration_since(interaction.asked_at);
        if interaction.expired || age >= ttl {
            return Err(Problem::new(
                StatusCode::GONE,
                "interaction_expired",
                "the person's message is too old to be answered",
            ));
        }
        Ok(())
    }

    pub(super) fn task(&mut self, id: &str) -> Option<&mut Task> {
        self.tasks.iter_mut().find(|task| task.task_id == id)
    }

    pub(super) fn approval(&mut self, id: &str) -> Option<&mut ApprovalCard> {
        self.approvals.iter_mut().find(|approval| approval.approval_id == id)
    }
}
