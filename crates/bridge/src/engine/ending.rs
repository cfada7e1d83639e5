//! How a turn ends, and what its end carries.

use sap::{FinishReason, TaskStatus};

use super::act::Post;
use super::explain::Cause;
use super::reply::Reply;

/// How a turn ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ending {
    /// The agent answered.
    Answered {
        /// Why the model stopped, in the gateway's words.
        stop_reason: Option<String>,
    },
    /// It ended in another way, which a person is told.
    Failed(Cause),
}

impl Ending {
    /// The one end of the turn's bubble.
    pub(crate) fn post(&self, reply: &Reply, usage: &openclaw::Usage) -> Post {
        let (text, finish_reason) = match self {
            Self::Answered { stop_reason } => {
                (reply.whole(None), finish_reason(stop_reason.as_deref()))
            }
            Self::Failed(cause) => {
                let sentence = cause.sentence(reply.is_empty());
                (reply.whole(sentence.as_deref()), cause.finish_reason())
            }
        };
        Post::End { text, usage: known(usage), finish_reason }
    }

    /// What becomes of tool cards that are still open.
    pub(crate) fn card_status(&self) -> (TaskStatus, &'static str) {
        match self {
            Self::Answered { .. } => (TaskStatus::Completed, "Ended with the answer"),
            Self::Failed(Cause::Stopped | Cause::StoppedButRunning) => {
                (TaskStatus::Cancelled, "Stopped")
            }
            Self::Failed(
                Cause::Run { .. }
                | Cause::Refused { .. }
                | Cause::GatewayAway
                | Cause::GatewayLost
                | Cause::GatewayForgot
                | Cause::AnsweredElsewhere
                | Cause::Undecipherable
                | Cause::NotEncrypted
                | Cause::Quit { .. },
            ) => (TaskStatus::Failed, "Ended with the failed answer"),
        }
    }
}

fn finish_reason(stop_reason: Option<&str>) -> FinishReason {
    match stop_reason {
        Some("length" | "max_tokens") => FinishReason::Length,
        Some("content_filter" | "refusal") => FinishReason::ContentFilter,
        Some("toolUse" | "tool_use" | "tool_calls" | "tool_call") => FinishReason::ToolCall,
        Some(_) | None => FinishReason::Stop,
    }
}

fn known(usage: &openclaw::Usage) -> Option<sap::Usage> {
    if *usage == openclaw::Usage::default() {
        return None;
    }
    Some(sap::Usage {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        estimated_cost_usd: usage.cost_usd,
        model: usage.model.clone(),
        provider: usage.provider.clone(),
    })
}
