//! Tool cards: one card a tool call, however many channels the gateway tells it through.
//!
//! The gateway opens, updates and closes a call through up to four channels whose order differs
//! between generations, and of which `tool` (arguments and full result) is missing after a
//! reconnect. So a card is created once its arguments are known or cannot come any more, and
//! finished once its result is known or cannot come any more.

use std::time::{Duration, Instant};

use openclaw::{ToolCallId, ToolEvent};
use sap::TaskStatus;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long a card waits for the call's arguments, which follow its announcement within a frame
/// or two.
const ARGUMENTS_GRACE: Duration = Duration::from_millis(200);

/// What should happen to a card at the phone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CardChange {
    /// Show it.
    Create { id: ToolCallId, name: String, label: Option<String>, args: Option<Value> },
    /// Change what it shows.
    Update { id: ToolCallId, label: Option<String>, output: Option<String> },
    /// End it.
    Finish {
        id: ToolCallId,
        name: String,
        status: TaskStatus,
        label: Option<String>,
        error: Option<String>,
        result: Option<Value>,
    },
}

/// All tool calls of one turn that have not ended, and the memory of those that have.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Cards {
    open: Vec<Card>,
    finished: Vec<ToolCallId>,
}

/// Of a card, that outlives the process which the gateway does not tell again.
#[derive(Debug, Serialize, Deserialize)]
struct Card {
    id: ToolCallId,
    name: String,
    title: Option<String>,
    #[serde(skip)]
    args: Option<Value>,
    /// When its arguments began to be waited for.
    #[serde(skip)]
    announced_at: Option<Instant>,
    created: bool,
    is_command: bool,
    /// The approval that was asked about this call.
    asked: Option<String>,
    /// What came of that approval, as the card says it.
    decided: Option<String>,
    /// The approval without which nothing more will be heard of this call (older generation).
    waits_for: Option<String>,
    #[serde(skip)]
    tail: Option<String>,
    #[serde(skip)]
    result: Option<Ending>,
    #[serde(skip)]
    item_ended: Option<Ending>,
}

#[derive(Clone, Debug)]
struct Ending {
    failed: bool,
    text: String,
    details: Value,
}

impl Cards {
    /// Takes one event of a tool call.
    pub(crate) fn on(
        &mut self,
        id: &ToolCallId,
        event: ToolEvent,
        now: Instant,
    ) -> Vec<CardChange> {
        if self.finished.contains(id) {
            return Vec::new();
        }
        let mut changes = self.settle_others(id);
        let index = self.find_or_open(id, now);
        let card = &mut self.open[index];
        match event {
            ToolEvent::Announced { name, title, command } => {
                card.name = name.unwrap_or_else(|| std::mem::take(&mut card.name));
                card.title = title.or(card.title.take());
                card.is_command |= command;
                if card.args.is_some() {
                    changes.extend(card.create());
                }
            }
            ToolEvent::Started { name, args } => {
                card.name = name;
                card.args = Some(args);
                changes.extend(card.create());
            }
            ToolEvent::Output { tail } => {
                changes.extend(card.create());
                if card.tail.as_deref() != Some(tail.as_str()) {
                    let update = CardChange::Update {
                        id: id.clone(),
                        label: None,
                        output: Some(tail.clone()),
                    };
                    card.tail = Some(tail);
                    changes.push(update);
                }
            }
            ToolEvent::Blocked { approval_id } => {
                changes.extend(card.create());
                card.item_ended = None;
                changes.extend(card.wait_for(approval_id.unwrap_or_default()));
            }
            ToolEvent::Result { pending_approval: true, details, .. } => {
                changes.extend(card.create());
                let approval = details["approvalId"].as_str().unwrap_or_default().to_owned();
                changes.extend(card.wait_for(approval));
            }
            ToolEvent::Result { is_error, text, details, .. } => {
                changes.extend(card.create());
                card.result = Some(Ending { failed: is_error, text, details });
            }
            ToolEvent::ItemEnded { failed, error } => {
                changes.extend(card.create());
                let ending =
                    Ending { failed, text: error.unwrap_or_default(), details: Value::Null };
                card.item_ended = Some(ending);
            }
            ToolEvent::CommandEnded { output, exit_code, failed } => {
                changes.extend(card.create());
                let ending =
                    Ending { failed, text: output, details: json!({"exitCode": exit_code}) };
                card.result.get_or_insert(ending);
                card.item_ended.get_or_insert(Ending {
                    failed,
                    text: String::new(),
                    details: Value::Null,
                });
            }
        }
        if self.open[index].is_complete() {
            changes.push(self.finish(index));
        }
        changes
    }

    /// Something else happened in the run: what could have followed for an ended call has not come.
    pub(crate) fn settle(&mut self) -> Vec<CardChange> {
        self.settle_where(|_| true)
    }

    /// Shows cards whose arguments did not come in time.
    pub(crate) fn on_time(&mut self, now: Instant) -> Vec<CardChange> {
        let due = |card: &&mut Card| card.arguments_due().is_some_and(|at| at <= now);
        self.open.iter_mut().filter(due).flat_map(Card::create).collect()
    }

    /// When [`Cards::on_time`] wants to be called, if at all.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.open.iter().filter_map(Card::arguments_due).min()
    }

    /// The owner is asked about a call: its card says so.
    pub(crate) fn approval_asked(&mut self, id: &ToolCallId, approval: &str) -> Vec<CardChange> {
        let Some(card) = self.open.iter_mut().find(|card| card.id == *id) else {
            return Vec::new();
        };
        let created = card.create();
        created.into_iter().chain(card.ask(approval)).collect()
    }

    /// A decision was made: the card says so, to its end.
    pub(crate) fn approval_decided(&mut self, approval: &str, label: &str) -> Vec<CardChange> {
        let waiting = self.open.iter_mut().filter(|card| card.asked.as_deref() == Some(approval));
        waiting
            .map(|card| {
                card.decided = Some(label.to_owned());
                let label = card.decided.clone();
                CardChange::Update { id: card.id.clone(), label, output: None }
            })
            .collect()
    }

    /// The tool call that waits for an approval, where one is known.
    pub(crate) fn waiting_for(&self, approval: &str) -> Option<&ToolCallId> {
        let card = self.open.iter().find(|card| card.waits_for.as_deref() == Some(approval))?;
        Some(&card.id)
    }

    /// The only running call with exactly this command, for a generation whose approvals do not
    /// say which call they belong to.
    pub(crate) fn with_command(&self, command: &str) -> Option<&ToolCallId> {
        let mut matching = self.open.iter().filter(|card| {
            card.args.as_ref().is_some_and(|args| args["command"].as_str() == Some(command))
        });
        let found = matching.next()?;
        matching.next().is_none().then_some(&found.id)
    }

    /// Ends the card that waited for an approval with what became of the command.
    pub(crate) fn approval_outcome(
        &mut self,
        approval: &str,
        failed: bool,
        output: String,
        details: Value,
    ) -> Vec<CardChange> {
        let waiting = |card: &Card| card.waits_for.as_deref() == Some(approval);
        let Some(index) = self.open.iter().position(waiting) else { return Vec::new() };
        self.open[index].result = Some(Ending { failed, text: output, details });
        vec![self.finish(index)]
    }

    /// Ends every card that is still open.
    pub(crate) fn finish_all(&mut self, status: TaskStatus, why: &str) -> Vec<CardChange> {
        let mut changes = self.settle();
        for mut card in std::mem::take(&mut self.open) {
            changes.extend(card.create());
            self.finished.push(card.id.clone());
            changes.push(CardChange::Finish {
                label: card.last_label(Some(why)),
                id: card.id,
                name: card.name,
                status,
                error: (status == TaskStatus::Failed).then(|| why.to_owned()),
                result: card.tail.map(|tail| content(&tail, Value::Null)),
            });
        }
        changes
    }

    fn find_or_open(&mut self, id: &ToolCallId, now: Instant) -> usize {
        if let Some(index) = self.open.iter().position(|card| card.id == *id) {
            return index;
        }
        self.open.push(Card {
            id: id.clone(),
            name: String::new(),
            title: None,
            args: None,
            announced_at: Some(now),
            created: false,
            is_command: false,
            asked: None,
            decided: None,
            waits_for: None,
            tail: None,
            result: None,
            item_ended: None,
        });
        self.open.len() - 1
    }

    fn settle_others(&mut self, id: &ToolCallId) -> Vec<CardChange> {
        self.settle_where(|card| card.id != *id)
    }

    fn settle_where(&mut self, which: impl Fn(&Card) -> bool) -> Vec<CardChange> {
        let mut changes = Vec::new();
        let mut index = 0;
        while index < self.open.len() {
            let card = &mut self.open[index];
            if !which(card) {
                index += 1;
                continue;
            }
            changes.extend(card.create());
            let over = card.item_ended.is_some() || card.result.is_some();
            if over && card.waits_for.is_none() {
                changes.push(self.finish(index));
            } else {
                index += 1;
            }
        }
        changes
    }

    fn finish(&mut self, index: usize) -> CardChange {
        let card = self.open.remove(index);
        self.finished.push(card.id.clone());
        card.finish()
    }
}

impl Card {
    /// Until when the card waits for its arguments, if it does.
    fn arguments_due(&self) -> Option<Instant> {
        self.announced_at.filter(|_| !self.created).map(|at| at + ARGUMENTS_GRACE)
    }

    fn create(&mut self) -> Option<CardChange> {
        if self.created {
            return None;
        }
        self.created = true;
        Some(CardChange::Create {
            id: self.id.clone(),
            name: self.shown_name(),
            label: self.title.clone(),
            args: self.args.clone(),
        })
    }

    fn wait_for(&mut self, approval: String) -> Option<CardChange> {
        let known = self.waits_for.as_ref().is_some_and(|old| !old.is_empty());
        if !known || !approval.is_empty() {
            self.waits_for = Some(approval.clone());
        }
        self.ask(&approval)
    }

    fn ask(&mut self, approval: &str) -> Option<CardChange> {
        let first = self.asked.is_none();
        if first || !approval.is_empty() {
            self.asked = Some(approval.to_owned());
        }
        first.then(|| CardChange::Update {
            id: self.id.clone(),
            label: Some("Waiting for your approval".into()),
            output: None,
        })
    }

    /// The result came in full, or by the only channel that can still bring one.
    fn is_complete(&self) -> bool {
        self.waits_for.is_none() && self.item_ended.is_some() && self.result.is_some()
    }

    fn finish(self) -> CardChange {
        let item = self.item_ended.as_ref();
        let failed = item.is_some_and(|end| end.failed)
            || self.result.as_ref().is_some_and(|end| end.failed);
        let name = self.shown_name();
        let label = self.last_label(self.title.as_deref());
        let ending = self.result.or_else(|| self.item_ended.clone());
        let text = ending.as_ref().map(|end| end.text.clone()).unwrap_or_default();
        let text = if text.is_empty() { self.tail.clone().unwrap_or_default() } else { text };
        let details = ending.map(|end| end.details).unwrap_or_default();
        let error = failed.then(|| {
            if text.is_empty() {
                "the tool failed without saying why".to_owned()
            } else {
                text.clone()
            }
        });
        CardChange::Finish {
            id: self.id,
            name,
            status: if failed { TaskStatus::Failed } else { TaskStatus::Completed },
            label,
            error,
            result: Some(content(&text, details)),
        }
    }

    /// What came of an approval stays readable: the card may end before its change is shown.
    fn last_label(&self, label: Option<&str>) -> Option<String> {
        match (label, self.decided.as_deref()) {
            (Some(label), Some(decided)) => Some(format!("{label} · {decided}")),
            (label, decided) => label.or(decided).map(ToOwned::to_owned),
        }
    }

    fn shown_name(&self) -> String {
        match (self.name.as_str(), self.is_command) {
            ("", true) => "exec".into(),
            ("", false) => "tool".into(),
            (name, _) => name.to_owned(),
        }
    }
}

/// A tool result in the gateway's own shape, whichever channel brought it.
pub(crate) fn content(text: &str, details: Value) -> Value {
    let mut result = json!({"content": [{"type": "text", "text": text}]});
    let kept: serde_json::Map<String, Value> = KEPT_DETAILS
        .iter()
        .filter_map(|name| details.get(*name).map(|value| ((*name).to_owned(), value.clone())))
        .filter(|(_, value)| !value.is_null())
        .collect();
    if !kept.is_empty() {
        result["details"] = Value::Object(kept);
    }
    result
}

/// Details worth showing; the rest repeats the text or names the gateway's internals.
const KEPT_DETAILS: [&str; 5] = ["status", "exitCode", "durationMs", "timedOut", "cwd"];

#[cfg(test)]
mod tests;
