//! An installation is claimed before it is carried: no other program carries it then. Its journal is
//! read meanwhile, which a slow disk may draw out.

use std::sync::Arc;

use cli::{Claim, Exit, Failure, InstallationKeys, claim};
use sap::InstallationId;
use tokio::time::Instant;

use super::carrying::Carrying;
use super::{After, Controller, Event, Phase, UNLOCK_AGAIN};
use crate::shell::Shell;
use crate::view::Problem;

/// What to do about another program that carries the installation.
const IN_USE: &str = "Go on with that one, or quit it: then this one goes on by itself.";

impl<S: Shell> Controller<S> {
    /// Claims the installation, then connects both sides.
    pub(super) fn carry(&mut self) {
        let (Some(token), Some(_)) = (&self.token, &self.vault) else { return };
        self.phase = Phase::Claiming(After::Carry);
        let (data_dir, installation) = (self.config.data_dir.clone(), token.installation_id());
        let events = self.events.clone();
        tokio::task::spawn_blocking(move || {
            let claimed = claim(&data_dir, &installation);
            // The loop may have ended: then it is given back at once.
            let _ = events.send(Event::Claimed(installation, claimed));
        });
    }

    pub(super) fn claimed(
        &mut self,
        installation: &InstallationId,
        claimed: Result<Claim, Failure>,
    ) {
        let Phase::Claiming(after) = self.phase else { return };
        // Another one may have been paired meanwhile, and is being claimed as well.
        let token = self.token.as_ref();
        if token.is_none_or(|token| token.installation_id() != *installation) {
            return;
        }
        if after == After::Carry {
            return self.start(claimed);
        }
        self.phase = Phase::Stopping(after);
        let events = self.events.clone();
        tokio::task::spawn_blocking(move || {
            drop(claimed);
            let _ = events.send(Event::Stopped);
        });
    }

    /// Connects both sides.
    fn start(&mut self, claimed: Result<Claim, Failure>) {
        let (Some(token), Some(vault)) = (self.token.clone(), self.vault.clone()) else { return };
        let keys = Arc::new(InstallationKeys::new(vault, self.config.stored_prefix()));
        let dialer = self.dialer.clone();
        let carrying =
            claimed.and_then(|claim| Carrying::start(&self.config, token, dialer, keys, claim));
        self.phase = match carrying {
            Ok(carrying) => Phase::Carrying(Box::new(carrying)),
            Err(failure) => {
                tracing::warn!(code = failure.code, "the bridge cannot be started");
                let Failure { message: what, hint, exit, .. } = failure;
                let in_use = (exit == Exit::InUse).then(|| IN_USE.to_owned());
                let problem = Problem { what, remedy: in_use.or(hint) };
                Phase::Locked { problem, again_at: Some(Instant::now() + UNLOCK_AGAIN) }
            }
        };
    }
}
