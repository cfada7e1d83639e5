//! What waits for a keychain or for the bridge to stop, and what comes after.

use std::path::PathBuf;

use cli::{Config, Exit, Failure, discard, note_ended, sentence};
use sap::{BridgeToken, InstallationId};
use secrecy::ExposeSecret as _;
use tokio::time::Instant;
use vault::{Opened, Vault, VaultError};

use super::carrying::Carrying;
use super::{After, Controller, Event, Flow, Phase, UNLOCK_AGAIN};
use crate::shell::{Shell, Topic};
use crate::view::Problem;

impl<S: Shell> Controller<S> {
    /// Reads the secrets, then goes on with what they say.
    pub(super) fn open(&mut self) {
        if let Some(vault) = self.vault.clone() {
            return self.go_on_with(&vault);
        }
        self.phase = Phase::Opening;
        let (place, events) = (self.config.secrets.clone(), self.events.clone());
        tokio::spawn(async move {
            // The loop may have ended: then nobody needs them.
            let _ = events.send(Event::Opened(Vault::open(place).await));
        });
    }

    pub(super) fn opened(&mut self, opened: Result<(Vault, Opened), VaultError>) {
        match opened {
            Ok((vault, opened)) => {
                for notice in &opened.notices {
                    tracing::info!("{notice}");
                    self.remarks.push(notice.to_string());
                }
                self.vault = Some(vault.clone());
                self.go_on_with(&vault);
            }
            Err(error) => {
                tracing::warn!(%error, "the secrets cannot be read");
                // A keychain that asks its owner must not ask again and again.
                let asks =
                    matches!(error, VaultError::Locked | VaultError::Denied | VaultError::TimedOut);
                let again_at = (!asks).then(|| Instant::now() + UNLOCK_AGAIN);
                self.phase = Phase::Locked { problem: problem(&error), again_at };
            }
        }
    }

    fn go_on_with(&mut self, vault: &Vault) {
        self.token = self.config.token.clone().or_else(|| self.stored_token(vault));
        self.phase = Phase::Unpaired { problem: None };
        if self.token.is_some() {
            self.go_on();
        } else {
            self.look_for_npm_pairing();
        }
    }

    /// Goes on with the pairing that there is.
    pub(super) fn go_on(&mut self) {
        if self.stored.paused {
            self.phase = Phase::Paused;
        } else {
            self.carry();
        }
    }

    pub(super) fn stored_token(&mut self, vault: &Vault) -> Option<BridgeToken> {
        let stored = vault.credential(&self.config.token_name())?;
        match BridgeToken::parse(stored.expose_secret()) {
            Ok(token) => Some(token),
            Err(error) => {
                self.remarks.push(format!("What is stored is no bridge token ({error})."));
                None
            }
        }
    }

    /// Disconnects both sides; what is on its way gets the chance to arrive.
    pub(super) fn stop(&mut self, carrying: Carrying, after: After) {
        self.phase = Phase::Stopping(after);
        for id in std::mem::take(&mut self.announced) {
            self.shell.retract_approval(&id);
        }
        let events = self.events.clone();
        tokio::spawn(async move {
            carrying.stop().await;
            let _ = events.send(Event::Stopped);
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
            | Phase::Revoked) => {
                self.phase = other;
                false
            }
        }
    }

    pub(super) fn stopped(&mut self) -> Flow {
        let Phase::Stopping(after) = self.phase else { return Flow::GoOn };
        match after {
            After::Carry => self.carry(),
            After::Pause => self.phase = Phase::Paused,
            After::Open => {
                self.token = None;
                self.open();
            }
            After::Pair => self.begin_pairing(),
            After::Wipe => self.wipe(),
            After::Revoke => self.forget_revoked(),
            After::Quit => return Flow::End,
        }
        self.flow()
    }

    /// Forgets the pairing, and everything that was stored for it.
    pub(super) fn unpair(&mut self) {
        if !self.stop_before(After::Wipe) {
            self.wipe();
        }
    }

    fn wipe(&mut self) {
        let Some(vault) = self.vault.clone() else { return self.open() };
        self.phase = Phase::Opening;
        self.removes = true;
        let installation = self.token.as_ref().map(BridgeToken::installation_id);
        let (config, prefix) = (self.config.clone(), self.config.stored_prefix());
        let events = self.events.clone();
        tokio::spawn(async move {
            let discarded = match installation.clone() {
                Some(installation) => discard_at(config.data_dir.clone(), installation).await,
                None => Ok(()),
            };
            let (wiped, left) = match discarded {
                Err(failure) if failure.exit == Exit::InUse => (Err(failure), None),
                // Whatever holds up the journal, the secrets go.
                discarded => {
                    let wiped = vault.wipe(&prefix).await.map_err(Failure::from).and(discarded);
                    (wiped, left_of(config, installation).await)
                }
            };
            let _ = events.send(Event::Wiped(wiped, left));
        });
    }

    pub(super) fn wiped(&mut self, wiped: Result<(), Failure>, left: Option<String>) -> Flow {
        self.removes = false;
        if let Err(Failure { exit: Exit::InUse, message, .. }) = &wiped {
            let text = format!("{message} Quit that one, then unpair again.");
            self.tell(Topic::Pairing, "This computer was not unpaired", &text);
            if !self.is_ending {
                self.go_on();
            }
            return self.flow();
        }
        self.remark(left);
        self.token = None;
        self.stored.paired_as = None;
        self.stored.paused = false;
        self.remember();
        let problem = wiped.err().map(|Failure { message, hint: remedy, .. }| Problem {
            what: format!("What is stored could not be removed. {message}"),
            remedy,
        });
        self.phase = Phase::Unpaired { problem };
        self.look_for_npm_pairing();
        self.flow()
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
        let installation = self.token.as_ref().map(BridgeToken::installation_id);
        let (config, events) = (self.config.clone(), self.events.clone());
        tokio::spawn(async move {
            if let Err(error) = vault.remove_credential(&config.token_name()).await {
                tracing::warn!(%error, "a revoked token could not be removed");
            }
            let _ = events.send(Event::Forgotten(left_of(config, installation).await));
        });
        let text = "It was removed on the phone. Pair it again to go on.";
        self.tell(Topic::Health, "This computer is no longer paired", text);
    }

    pub(super) fn forgotten(&mut self, left: Option<String>) -> Flow {
        self.removes = false;
        self.remark(left);
        self.flow()
    }

    /// Keeps something in view that a person should know, once.
    pub(super) fn remark(&mut self, remark: impl Into<Option<String>>) {
        let remark = remark.into().filter(|remark| !self.remarks.contains(remark));
        self.remarks.extend(remark);
    }

    /// Writes what is remembered beside the secrets.
    pub(super) fn remember(&mut self) {
        if let Err(error) = self.file.write(&self.stored) {
            tracing::warn!(%error, "the settings cannot be written");
            self.remark(format!("The settings cannot be stored: {error}."));
        }
    }

    /// Tells something once, unless the person wants no notifications.
    pub(super) fn tell(&mut self, topic: Topic, title: &str, text: &str) {
        if self.stored.notifications {
            self.shell.announce(topic, title, text);
        }
    }
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

pub(super) fn problem(error: &VaultError) -> Problem {
    Problem { what: sentence(&error.to_string()), remedy: Some(error.remedy().to_owned()) }
}
