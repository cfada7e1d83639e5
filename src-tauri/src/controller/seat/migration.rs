//! Going on with the pairing of the npm bridge, where it left one on this computer.

use cli::{Failure, NpmPairing, TakenOver, find_npm_pairing, take_over};

use super::{Phase, Said, Seat, SeatEvent};
use crate::shell::Topic;
use crate::view::Problem;

impl Seat {
    /// Looks for a pairing of the npm bridge, for a computer that has none.
    pub(super) fn look_for_npm_pairing(&self) {
        let (config, events) = (self.config.clone(), self.events());
        tokio::task::spawn_blocking(move || {
            // The loop may have ended: then nobody is asked.
            events(SeatEvent::NpmFound(find_npm_pairing(&config)));
        });
    }

    pub(super) fn npm_found(&mut self, found: Result<Option<NpmPairing>, Failure>) {
        self.npm = match found {
            Ok(found) => found,
            Err(Failure { code, message, hint, .. }) => {
                tracing::warn!(code, "a pairing of the npm bridge cannot be taken over");
                self.remark(format!("{message} {}", hint.unwrap_or_default()));
                None
            }
        };
    }

    /// Moves the pairing that was found into the vault.
    pub(in crate::controller) fn take_over(&mut self, delete_files: bool) {
        let Phase::Unpaired { .. } = self.phase else { return };
        let (Some(found), Some(vault)) = (self.npm.clone(), self.vault.clone()) else { return };
        self.phase = Phase::Opening;
        let (config, events) = (self.config.clone(), self.events());
        tokio::spawn(async move {
            let taken = take_over(&config, &vault, &found, delete_files).await;
            events(SeatEvent::TakenOver(taken));
        });
    }

    pub(super) fn taken_over(&mut self, taken: Result<TakenOver, Failure>) {
        // Another cloud may have been chosen meanwhile: the next start with this one finds it.
        let Phase::Opening = self.phase else { return };
        match taken {
            Ok(TakenOver { token, session_keys, deleted, remarks }) => {
                let installation = token.installation_id();
                tracing::info!(%installation, session_keys, deleted, "went on with an old pairing");
                self.token = Some(token);
                self.npm = None;
                self.says.extend(remarks.into_iter().map(Said::Remark));
                (self.is_new, self.is_revoked, self.stored.paired_as) = (false, false, None);
                self.stored.paired_at_ms = None;
                self.stored.paused = false;
                self.remember();
                self.tell(
                    Topic::Pairing(self.slot),
                    "Paired as the npm bridge was",
                    "Connecting now.",
                );
                self.carry();
            }
            Err(Failure { code, message: what, hint: remedy, .. }) => {
                tracing::warn!(code, "the pairing of the npm bridge was not taken over");
                self.phase = Phase::Unpaired { problem: Some(Problem { what, remedy }) };
                self.look_for_npm_pairing();
            }
        }
    }
}
