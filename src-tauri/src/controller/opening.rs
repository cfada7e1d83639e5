//! The secrets, which are opened once for all installations.

use vault::{Opened, Vault, VaultError};

use super::{Controller, Event};
use crate::shell::Shell;

impl<S: Shell> Controller<S> {
    /// Reads the secrets, unless that is being done.
    pub(super) fn open_secrets(&mut self) {
        if std::mem::replace(&mut self.is_opening, true) {
            return;
        }
        let (place, events) = (self.common.secrets.clone(), self.events());
        tokio::spawn(async move {
            // The loop may have ended: then nobody needs them.
            let _ = events.send(Event::Opened(Vault::open(place).await));
        });
    }

    pub(super) fn opened(&mut self, opened: Result<(Vault, Opened), VaultError>) {
        self.is_opening = false;
        match opened {
            Ok((vault, opened)) => {
                for notice in &opened.notices {
                    tracing::info!("{notice}");
                    self.remarks.push(notice.to_string());
                }
                self.vault = Some(vault.clone());
                self.with_all(|seat| seat.opened(vault.clone()));
                self.drop_strays();
            }
            Err(error) => {
                tracing::warn!(%error, "the secrets cannot be read");
                self.with_all(|seat| seat.cannot_open(&error));
            }
        }
    }
}
