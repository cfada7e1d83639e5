//! What was asked for the turns of a conversation, and is answered.

use openclaw::{CallError, OutgoingAttachment};
use serde_json::Value;

use super::super::act::{Act, Purpose, TurnId};
use super::super::turn::Context;
use super::Conversation;

impl Conversation {
    /// The files of a message came.
    pub(crate) fn fetched(
        &mut self,
        turn: TurnId,
        files: Vec<Result<OutgoingAttachment, String>>,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        if let Some(turn) = self.turn_mut(turn) {
            turn.fetched(files, cx, acts);
        }
        self.tidy(cx, acts);
    }

    /// The gateway answered a call of one of the turns.
    pub(crate) fn answered(
        &mut self,
        purpose: &Purpose,
        answer: Result<Value, CallError>,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        match purpose {
            Purpose::Send(_, turn) => {
                if let Some(turn) = self.turn_mut(*turn) {
                    turn.handed_over(answer, cx, acts);
                }
            }
            Purpose::Abort(_, turn) => {
                if let Some(turn) = self.turn_mut(*turn) {
                    turn.stop_answered(&answer, cx, acts);
                }
            }
            Purpose::Check(_, turn) => {
                if let Some(turn) = self.turn_mut(*turn) {
                    turn.checked(answer, cx, acts);
                }
            }
            Purpose::Whole(_, turn) => {
                if let Some(turn) = self.turn_mut(*turn) {
                    turn.whole_answered(&answer, cx, acts);
                }
            }
            Purpose::Cost(_, turn) => {
                if let Some(turn) = self.turn_mut(*turn) {
                    turn.cost_answered(&answer, cx, acts);
                }
            }
            Purpose::Outcome(_, turn, approval) => {
                if let Some(turn) = self.turn_mut(*turn) {
                    turn.outcome_answered(approval, &answer, cx, acts);
                }
            }
            Purpose::Resolve { .. }
            | Purpose::List { .. }
            | Purpose::Model(_)
            | Purpose::Question { .. } => {}
        }
        self.tidy(cx, acts);
    }
}
