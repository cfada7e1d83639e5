//! What the cloud's answer to a request means for its lane.

use sap::sealed::DeviceRegistered;
use sap::{Call, MessageId, Refusal};
use serde_json::Value;

use super::super::super::act::TurnId;
use super::super::super::sent::Sent;
use super::super::request::Request;
use super::{Bubble, Lane, Outcome};

impl Lane {
    /// The cloud took the current request.
    pub(in super::super) fn accepted(&mut self, result: &Value) -> Outcome {
        let Some(request) = self.complete() else { return Outcome::Nothing };
        match request.call {
            Call::SendMessage(_) => match result["message_id"].as_str() {
                Some(id) => {
                    let open = Bubble::Open { id: MessageId::new(id), sent: Sent::default() };
                    self.set_bubble(request.turn, open);
                    Outcome::Nothing
                }
                None => self.turn_gone(request.turn, "no_message_id".into()),
            },
            Call::SendMessageDelta(delta) => {
                if let Some(Bubble::Open { sent, .. }) = self.bubbles.get_mut(&request.turn) {
                    sent.add(&delta.delta);
                    self.news.bubbles.push(request.turn);
                }
                Outcome::Nothing
            }
            Call::SendMessageEnd(_) => {
                self.bubbles.remove(&request.turn);
                self.unasked.remove(&request.turn);
                self.news.bubbles.push(request.turn);
                Outcome::Nothing
            }
            Call::CreateTask(_)
            | Call::UpdateTask(_)
            | Call::FinishTask(_)
            | Call::RequestApproval(_)
            | Call::GrantSessionKey { .. }
            | Call::NotifyToolFile(_) => Outcome::Nothing,
            Call::RegisterDevice(_) => match serde_json::from_value(result.clone()) {
                Ok(DeviceRegistered { device_id, .. }) => Outcome::Registered { device: device_id },
                Err(_) => Outcome::Nothing,
            },
        }
    }

    /// The cloud refused the current request for good.
    pub(in super::super) fn refused(&mut self, refusal: Refusal) -> Outcome {
        if matches!(refusal, Refusal::TooLarge)
            && self.current.as_mut().is_some_and(Request::make_smaller)
        {
            return Outcome::Again;
        }
        let Some(request) = self.complete() else { return Outcome::Nothing };
        let code = refusal.code().to_owned();
        let bubble_call = matches!(
            request.call,
            Call::SendMessage(_) | Call::SendMessageDelta(_) | Call::SendMessageEnd(_)
        );
        match refusal {
            Refusal::Revoked { .. } => Outcome::Revoked { code },
            // A cloud without encrypted sessions knows no devices; files nobody waits for.
            _ if matches!(request.call, Call::RegisterDevice(_) | Call::NotifyToolFile(_)) => {
                Outcome::Nothing
            }
            // Nobody needs the key of a session that is gone.
            Refusal::SessionGone { .. } if matches!(request.call, Call::GrantSessionKey { .. }) => {
                Outcome::Nothing
            }
            _ if matches!(request.call, Call::GrantSessionKey { .. }) => Outcome::Refused { code },
            Refusal::SessionGone { .. } if code.starts_with("session") => {
                self.line.retain(|_| false);
                let turns: Vec<TurnId> = self.bubbles.keys().copied().collect();
                for turn in turns {
                    self.set_bubble(turn, Bubble::Gone);
                }
                Outcome::SessionGone { code }
            }
            Refusal::SessionGone { .. } => self.turn_gone(request.turn, code),
            Refusal::AlreadyDone { .. } if bubble_call && code == "message_finalized" => {
                self.set_bubble(request.turn, Bubble::Gone);
                Outcome::Nothing
            }
            Refusal::Invalid { .. } | Refusal::AlreadyDone { .. }
                if matches!(request.call, Call::SendMessage(_)) =>
            {
                self.turn_gone(request.turn, code)
            }
            // One item is lost for good; the end of its bubble still carries the whole text.
            Refusal::Invalid { .. } | Refusal::AlreadyDone { .. } | Refusal::TooLarge => {
                if matches!(request.call, Call::SendMessageEnd(_)) {
                    self.set_bubble(request.turn, Bubble::Gone);
                }
                Outcome::Refused { code }
            }
            Refusal::Wait { .. } | Refusal::Server { .. } | Refusal::Network(_) => Outcome::Nothing,
        }
    }

    pub(super) fn turn_gone(&mut self, turn: TurnId, code: String) -> Outcome {
        self.set_bubble(turn, Bubble::Gone);
        self.unasked.remove(&turn);
        self.line.retain(|item| item.turn != turn);
        Outcome::TurnGone { turn, code }
    }
}
