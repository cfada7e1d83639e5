//! What the bridge at work says once, and what becomes of it.

use bridge::Notice;
use cli::sentence;

use super::{After, Said, Seat};
use crate::shell::Topic;

impl Seat {
    pub(super) fn hear(&mut self, notice: Notice) {
        match notice {
            Notice::Revoked { code } => {
                tracing::warn!(code, "this computer was removed on the phone");
                self.is_revoked = true;
                self.stop_before(After::Revoke);
            }
            Notice::ApprovalSettled { approval_id, outcome } => {
                self.says.push(Said::ApprovalSettled(approval_id, outcome));
            }
            Notice::DecisionChanged { approval_id, what } => {
                self.says.push(Said::DecisionChanged(approval_id, what));
            }
            Notice::RequestEnded(past) => self.says.push(Said::Ended(past)),
            Notice::SetupUsed { id, name, is_certain } => {
                self.says.push(Said::SetupUsed { id, name, is_certain });
            }
            Notice::MessageRefused { why, .. } => {
                tracing::warn!(why, "a message was not carried");
                let text = sentence(&why);
                self.tell(Topic::Messages(self.slot), "A message was not carried", text);
            }
            Notice::KeyAwaited { session } => {
                tracing::info!(%session, "a message waits for the phone's key");
            }
            Notice::KeysHandedOn { label, sessions } => {
                tracing::info!(sessions, "another device is handed the keys of encrypted chats");
                let device = label
                    .map_or_else(|| "A device without a name".to_owned(), |it| format!("“{it}”"));
                let text = format!(
                    "{device} is handed the keys of encrypted chats ({sessions}). If you do not \
                     know it, remove it on the phone."
                );
                self.tell(Topic::Keys(self.slot), "Another device of yours", text.clone());
                self.remark(text);
            }
            Notice::KeysUnkept { why } => {
                tracing::warn!(why, "keys of encrypted chats cannot be kept");
                let text = format!(
                    "{} They serve until Sophon is quit; then the phone hands them over again.",
                    sentence(&why)
                );
                self.tell(Topic::Keys(self.slot), "Keys of encrypted chats cannot be kept", text);
            }
            Notice::DeliveryFailed { session, code } => {
                tracing::warn!(%session, code, "the cloud refused a part of an answer");
            }
            Notice::CloudUp { .. } => {
                tracing::info!("Sophon is connected");
                if let Some(carrying) = self.phase.carrying() {
                    carrying.look_for_others();
                }
            }
            Notice::CloudDown { cause, code } => {
                tracing::warn!(cause, code, "Sophon is away");
            }
            Notice::Storage { trouble: Some(trouble) } => {
                tracing::warn!(trouble, "nothing can be stored, so nothing is carried");
            }
            Notice::Storage { trouble: None } => tracing::info!("what is carried is stored again"),
            Notice::GatewayUp { version } => tracing::info!(version, "OpenClaw is connected"),
            Notice::GatewayDown { cause, code, .. } => {
                tracing::warn!(cause, code, "OpenClaw is away");
            }
            other @ (Notice::Ready | _) => tracing::debug!(?other, "notice"),
        }
    }
}
