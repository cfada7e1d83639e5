//! The tools of a turn: its cards at the phone, and what the older gateway only tells afterwards.

use openclaw::{CallError, ExecOutcome, History, ToolCallId};
use sap::{Call, CreateTask, FinishTask, IdempotencyKey, TaskId, UpdateTask};
use serde_json::{Value, json};

use super::act::{Act, Post};
use super::cards::{CardChange, content};
use super::limits::{MAX_TEXT, MAX_TOOL, cut, cut_json};
use super::recovery;
use super::turn::{Context, Turn};

/// Longest task id of the wire in characters (`sap.md`, §1).
const MAX_TASK_ID: usize = 256;
/// Longest status label in bytes: one line of a card.
const MAX_LABEL: usize = 300;

impl Turn {
    /// Text or the end of a run follows: what could have followed for an ended call has not come.
    pub(super) fn settle_cards(&mut self, cx: Context<'_>, acts: &mut Vec<Act>) {
        let changes = self.cards.settle();
        self.post_cards(changes, cx, acts);
    }

    /// A decision was made about a call of this turn: its card says so.
    pub(crate) fn approval_decided(
        &mut self,
        approval: &str,
        label: &str,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        let changes = self.cards.approval_decided(approval, label);
        self.post_cards(changes, cx, acts);
    }

    /// The history came with what the turn cost.
    pub(crate) fn cost_answered(
        &mut self,
        answer: &Result<Value, CallError>,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        self.cost_pending = false;
        if let Some(history) = answer.as_ref().ok().and_then(History::parse)
            && let Some(usage) = recovery::cost(&history, &self.run)
        {
            self.usage = usage;
        }
        self.looked_up(cx, acts);
    }

    /// The history came with what an approved command did.
    pub(crate) fn outcome_answered(
        &mut self,
        approval: &str,
        answer: &Result<Value, CallError>,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        self.outcomes_pending = self.outcomes_pending.saturating_sub(1);
        if let Some(history) = answer.as_ref().ok().and_then(History::parse)
            && let Some(outcome) = history.exec_outcome(approval)
        {
            let ExecOutcome { exit_code, output, denied } = outcome;
            let failed = denied || exit_code.is_some_and(|code| code != 0);
            let details = json!({"exitCode": exit_code});
            let changes = self.cards.approval_outcome(approval, failed, output, details);
            self.post_cards(changes, cx, acts);
        }
        self.looked_up(cx, acts);
    }

    pub(super) fn post_cards(
        &self,
        changes: Vec<CardChange>,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        for change in changes {
            let call = self.card_call(change, cx);
            acts.push(Act::Post { turn: self.id, post: Post::Ready(call) });
        }
    }

    fn card_call(&self, change: CardChange, cx: Context<'_>) -> Call {
        let session_id = cx.session.clone();
        let interaction_id = self.interaction_id().cloned();
        let hide = cx.redactor;
        let label = |label: Option<String>| label.map(|text| cut(&hide.text(&text), MAX_LABEL));
        match change {
            CardChange::Create { id, name, label: title, args } => Call::CreateTask(CreateTask {
                session_id,
                interaction_id,
                task_id: task_id(&id),
                kind: name,
                status_label: label(title),
                args: args.map(|args| cut_json(hide.json(args))),
            }),
            CardChange::Update { id, label: title, output } => Call::UpdateTask(UpdateTask {
                session_id,
                interaction_id,
                task_id: task_id(&id),
                status_label: label(title),
                partial_result: output.map(|output| content(&hide.text(&output), Value::Null)),
            }),
            CardChange::Finish { id, name, status, label: title, error, result } => {
                Call::FinishTask(FinishTask {
                    session_id,
                    interaction_id,
                    task_id: task_id(&id),
                    name: Some(name),
                    status,
                    status_label: label(title),
                    error: error.map(|error| cut(&hide.text(&error), MAX_TEXT)),
                    result: result.map(|result| cut_texts(hide.json(result))),
                })
            }
        }
    }
}

/// The wire's task id is the agent's own; one that is too long is replaced by its digest.
pub(super) fn task_id(id: &ToolCallId) -> TaskId {
    if id.as_str().chars().count() <= MAX_TASK_ID {
        return TaskId::new(id.as_str());
    }
    TaskId::new(IdempotencyKey::derive(&["tool call", id.as_str()]).as_str())
}

/// Cuts the text of a result, so that its shape stays.
fn cut_texts(mut result: Value) -> Value {
    if let Some(Value::String(text)) = result.pointer_mut("/content/0/text")
        && text.len() > MAX_TOOL
    {
        *text = cut(text, MAX_TOOL);
    }
    cut_json(result)
}
