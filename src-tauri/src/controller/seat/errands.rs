//! What waits for a keychain or for the bridge to stop, and what comes after.

use std::path::PathBuf;
use std::sync::Arc;

use cli::{Config, Exit, FIRST, Failure, discard, is_stored_for, note_ended};
use sap::InstallationId;
use vault::Vault;

use super::carrying::Carrying;
use super::{After, Phase, Said, Seat, SeatEvent};
use crate::shell::Topic;
use crate::view::Problem;

impl Seat {
    /// Disconnects both sides; what is on its way gets the chance to arrive.
    pub(super) fn stop(&mut self, carrying: Carrying, after: After) {
        self.phase = Phase::Stopping(after);
        let events = self.events();
        tokio::spawn(async move {
            carrying.stop().await;
            events(SeatEvent::Stopped);
        });
    }

    /// Stops the bridge if it runs; says whether it does.
    pub(super) fn stop_before(&mut self, after: After) -> bool {
        match std::mem::replace(&mut self.phase, Phase::Opening) {
            Phase::Carrying(carrying) => {
                self.stop(*carrying, after);
                true
            }
            Phase::Stopping(before) => {
                self.phase = Phase::Stopping(before.or(after));
                true
            }
            Phase::Claiming(before) => {
                self.phase = Phase::Claiming(before.or(after));
                true
            }
            // It is stopped once it has started.
            Phase::Starting => {
                self.phase = Phase::Stopping(after);
                true
            }
            other @ (Phase::Opening
            | Phase::Locked { .. }
            | Phase::Unpaired { .. }
            | Phase::Pairing(_)
            | Phase::Paused
            | Phase::Revoked
            | Phase::Over) => {
                self.phase = other;
                false
            }
        }
    }

    pub(super) fn stopped(&mut self) {
        let Phase::Stopping(after) = self.phase else { return };
        match after {
            After::Carry => self.carry(),
            After::Pause => self.phase = Phase::Paused,
            After::Open => {
                (self.token, self.is_revoked) = (None, false);
                self.open();
            }
            After::Pair => self.begin_pairing(),
            After::Wipe => self.wipe(),
            After::Revoke => self.forget_revoked(),
            After::Quit => self.phase = Phase::Over,
        }
        self.end_if_due();
    }

    /// Forgets the pairing, and everything that was stored for it.
    pub(in crate::controller) fn unpair(&mut self) {
        if !self.is_over() && !self.stop_before(After::Wipe) {
            self.wipe();
        }
    }

    fn wipe(&mut self) {
        let Some(vault) = self.vault.clone() else { return self.open() };
        if let Phase::Pairing(pairing) = &self.phase {
            pairing.cancel.cancel();
        }
        self.phase = Phase::Opening;
        self.removes = true;
        let installation = self.installation_id();
        let config = self.config.clone();
        let events = self.events();
        tokio::spawn(async move {
            let discarded = match installation.clone() {
                Some(installation) => discard_at(config.data_dir.clone(), installation).await,
                None => Ok(()),
            };
            let (wiped, left) = match discarded {
                Err(failure) if failure.exit == Exit::InUse => (Err(failure), None),
                // Whatever holds up the journal, the secrets go.
                discarded => {
                    let wiped = wipe_stored(&vault, &config).await.and(discarded);
                    (wiped, left_of(config, installation).await)
                }
            };
            events(SeatEvent::Wiped(wiped, left));
        });
    }

    pub(super) fn wiped(&mut self, wiped: Result<(), Failure>, left: Option<String>) {
        self.removes = false;
        if let Err(Failure { exit: Exit::InUse, message, .. }) = &wiped {
            let text = format!("{message} Quit that one, then unpair again.");
            self.tell(Topic::Pairing(self.slot), "This computer was not unpaired", text);
            if !self.is_ending {
                self.go_on();
            }
            return self.end_if_due();
        }
        self.remark(left);
        let was_paired = self.token.take().is_some();
        let is_on_phone = !std::mem::take(&mut self.is_revoked);
        self.own_device = None;
        self.history = Arc::default();
        self.stored.paired_as = None;
        self.stored.paired_at_ms = None;
        self.stored.paused = false;
        self.remember();
        let problem = wiped.err().map(|Failure { message, hint: remedy, .. }| Problem {
            what: format!("What is stored could not be removed. {message}"),
            remedy,
        });
        if problem.is_none() {
            self.says.push(Said::Unpaired { was_paired, is_on_phone });
        }
        self.phase = Phase::Unpaired { problem };
        self.look_for_npm_pairing();
        self.end_if_due();
    }

    /// Removes the journal of an installation that another one has replaced.
    pub(super) fn discard_journal(&self, installation: InstallationId) {
        let data_dir = self.config.data_dir.clone();
        tokio::spawn(async move {
            if let Err(failure) = discard_at(data_dir, installation).await {
                tracing::warn!(%failure, "a journal that is needed no more could not be removed");
            }
        });
    }

    /// The phone removed this computer: its token is good no more.
    fn forget_revoked(&mut self) {
        self.phase = Phase::Revoked;
        let Some(vault) = self.vault.clone() else { return };
        self.removes = true;
        let installation = self.installation_id();
        let (config, events) = (self.config.clone(), self.events());
        tokio::spawn(async move {
            if let Err(error) = vault.remove_credential(&config.token_name()).await {
                tracing::warn!(%error, "a revoked token could not be removed");
            }
            events(SeatEvent::Forgotten(left_of(config, installation).await));
        });
        let text = "It was removed on the phone. Pair it again to go on.";
        self.tell(Topic::Health(self.slot), "This computer is no longer paired", text);
    }

    pub(super) fn forgotten(&mut self, left: Option<String>) {
        self.removes = false;
        self.remark(left);
        self.end_if_due();
    }
}

/// Removes what is stored; of an installation that may go away also what it left at other clouds.
async fn wipe_stored(vault: &Vault, config: &Config) -> Result<(), Failure> {
    let slot = config.slot;
    let wiped = if slot == FIRST {
        vault.wipe(&config.stored_prefix()).await
    } else {
        vault.wipe_where(move |name| is_stored_for(slot, name)).await
    };
    Ok(wiped?)
}

async fn discard_at(data_dir: PathBuf, installation: InstallationId) -> Result<(), Failure> {
    let discarded = tokio::task::spawn_blocking(move || discard(&data_dir, &installation));
    // It is never cancelled, and does not panic.
    discarded.await.unwrap_or(Ok(()))
}

/// Notes that a pairing ended; names what still holds it.
async fn left_of(config: Config, installation: Option<InstallationId>) -> Option<String> {
    let installation = installation?;
    let noted = tokio::task::spawn_blocking(move || note_ended(&config, &installation));
    noted.await.ok().flatten()
}
