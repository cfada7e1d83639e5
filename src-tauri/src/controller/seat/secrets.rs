//! The secrets that all installations share, and what each one finds in them.

use std::time::Duration;

use cli::sentence;
use sap::BridgeToken;
use secrecy::ExposeSecret as _;
use tokio::time::Instant;
use vault::{Vault, VaultError};

use super::{Phase, Said, Seat};
use crate::view::Problem;

/// How long after the secrets or the installation could not be had it is tried again.
pub(super) const UNLOCK_AGAIN: Duration = Duration::from_secs(30);

impl Seat {
    /// Reads the secrets where that was not done, then goes on with what they say.
    pub(in crate::controller) fn open(&mut self) {
        if self.is_over() {
            return;
        }
        if self.vault.is_some() {
            return self.go_on_with_secrets();
        }
        self.phase = Phase::Opening;
        self.says.push(Said::OpenSecrets);
    }

    /// Takes the secrets that were read.
    pub(in crate::controller) fn opened(&mut self, vault: Vault) {
        self.vault = Some(vault);
        if let Phase::Opening | Phase::Locked { .. } = self.phase {
            self.go_on_with_secrets();
        }
    }

    /// Waits for secrets that could not be read.
    pub(in crate::controller) fn cannot_open(&mut self, error: &VaultError) {
        if let (None, Phase::Opening) = (&self.vault, &self.phase) {
            // A keychain that asks its owner must not ask again and again.
            let asks =
                matches!(error, VaultError::Locked | VaultError::Denied | VaultError::TimedOut);
            let again_at = (!asks).then(|| Instant::now() + UNLOCK_AGAIN);
            self.phase = Phase::Locked { problem: problem(error), again_at };
        }
    }

    /// Finds out how it will stand without doing anything about it.
    pub(in crate::controller) fn look_into(&mut self, vault: &Vault) {
        self.token = self.config.token.clone().or_else(|| self.stored_token(vault));
        match (&self.token, self.stored.paused) {
            (None, _) => self.phase = Phase::Unpaired { problem: None },
            (Some(_), true) => self.phase = Phase::Paused,
            (Some(_), false) => self.will_be_carried(),
        }
    }

    fn go_on_with_secrets(&mut self) {
        let Some(vault) = self.vault.clone() else { return };
        self.know_own_device();
        self.token = self.config.token.clone().or_else(|| self.stored_token(&vault));
        self.phase = Phase::Unpaired { problem: None };
        if self.token.is_some() {
            self.go_on();
        } else {
            self.look_for_npm_pairing();
        }
    }

    /// Finds out which device of the gateway is its own; the bridge makes the key when it first signs in.
    pub(super) fn know_own_device(&mut self) {
        if let (None, Some(vault)) = (&self.own_device, &self.vault) {
            let name = format!("{}{}", self.config.stored_prefix(), bridge::DEVICE_KEY);
            let key = vault.key(&name).ok().flatten();
            self.own_device = key.and_then(|key| bridge::device_with(key.expose_secret()));
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

    fn stored_token(&mut self, vault: &Vault) -> Option<BridgeToken> {
        let stored = vault.credential(&self.config.token_name())?;
        match BridgeToken::parse(stored.expose_secret()) {
            Ok(token) => Some(token),
            Err(error) => {
                self.remark(format!("What is stored is no bridge token ({error})."));
                None
            }
        }
    }
}

/// Says what went wrong with the secrets, and what to do now.
pub(in crate::controller) fn problem(error: &VaultError) -> Problem {
    Problem { what: sentence(&error.to_string()), remedy: Some(error.remedy().to_owned()) }
}
