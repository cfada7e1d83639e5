//! A queued message is shown by a card of its own, for as long as it waits.

use sap::{CreateTask, FinishTask, TaskId, TaskStatus};

use super::act::{Act, Post};
use super::turn::{Context, Turn};

/// What happens to the card.
pub(super) enum QueueCard {
    Shown,
    Started,
    Cancelled,
    Expired,
}

/// Shows, or ends, the card of a queued message.
pub(super) fn queue_card(turn: &Turn, cx: Context<'_>, change: QueueCard) -> Act {
    let session_id = cx.session.clone();
    let interaction_id = turn.interaction_id().cloned();
    let message = turn.message.as_ref().map_or("", |message| message.id.as_str());
    let task_id = TaskId::new(format!("queued-{message}"));
    let finish = |status, label: &str| {
        sap::Call::FinishTask(FinishTask {
            session_id: session_id.clone(),
            interaction_id: interaction_id.clone(),
            task_id: task_id.clone(),
            name: Some("queue".into()),
            status,
            status_label: Some(label.into()),
            error: None,
            result: None,
        })
    };
    let call = match change {
        QueueCard::Shown => sap::Call::CreateTask(CreateTask {
            session_id: session_id.clone(),
            interaction_id: interaction_id.clone(),
            task_id: task_id.clone(),
            kind: "queue".into(),
            status_label: Some("Queued: waits for the answer before it".into()),
            args: None,
        }),
        QueueCard::Started => finish(TaskStatus::Completed, "Its turn has come"),
        QueueCard::Cancelled => finish(TaskStatus::Cancelled, "Stopped while it waited"),
        QueueCard::Expired => finish(TaskStatus::Failed, "Its turn did not come in time"),
    };
    Act::Post { turn: turn.id, post: Post::Ready(call) }
}
