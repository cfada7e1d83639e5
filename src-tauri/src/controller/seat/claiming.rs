//! An installation is claimed before it is carried: no other program carries it then. Its journal is
//! read meanwhile, which a slow disk may draw out, and then the key that its rows are sealed under,
//! which a keychain may.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use bridge::Settings;
use cli::{Claim, Exit, Failure, InstallationKeys, claim, look, settings};
use openclaw::GatewayUrl;
use sap::InstallationId;
use tokio::time::Instant;
use url::Host;

use super::carrying::Carrying;
use super::secrets::UNLOCK_AGAIN;
use super::{After, Phase, Seat, SeatEvent};
use crate::view::Problem;

/// What to do about another program that carries the installation.
const IN_USE: &str = "Go on with that one, or quit it: then this one goes on by itself.";

impl Seat {
    /// Claims the installation, then connects both sides.
    pub(super) fn carry(&mut self) {
        if let Some(replaced) = self.replaced.take() {
            self.discard_journal(replaced);
        }
        let (Some(token), Some(_)) = (&self.token, &self.vault) else { return };
        self.phase = Phase::Claiming(After::Carry);
        let (data_dir, installation) = (self.config.data_dir.clone(), token.installation_id());
        let events = self.events();
        tokio::task::spawn_blocking(move || {
            let claimed = claim(&data_dir, &installation);
            // The loop may have ended: then it is given back at once.
            events(SeatEvent::Claimed(installation, claimed));
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
        let events = self.events();
        tokio::task::spawn_blocking(move || {
            drop(claimed);
            events(SeatEvent::Stopped);
        });
    }

    /// Connects both sides.
    fn start(&mut self, claimed: Result<Claim, Failure>) {
        let (Some(token), Some(vault)) = (self.token.clone(), self.vault.clone()) else { return };
        let claim = match claimed {
            Ok(claim) => claim,
            Err(failure) => return self.cannot_carry(failure),
        };
        self.phase = Phase::Starting;
        let prefix = self.config.stored_prefix();
        let gateway = look(&self.config);
        let told_by = gateway
            .url
            .as_ref()
            .map_or_else(|| self.config.state_dir.display().to_string(), in_one_spelling);
        let settings = Settings {
            cloud: self.config.cloud.clone(),
            token,
            gateway: settings(&self.config, &gateway),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let (slot, dialer, events) = (self.slot, self.common.dialer.clone(), self.events());
        tokio::spawn(async move {
            let keys = Arc::new(InstallationKeys::fresh(vault, prefix).await);
            let started = Carrying::start(slot, settings, dialer, keys, claim, told_by).await;
            // The loop may have ended: then it ends at once.
            events(SeatEvent::Started(started.map(Box::new)));
        });
    }

    pub(super) fn started(&mut self, started: Result<Box<Carrying>, Failure>) {
        match (&self.phase, started) {
            (Phase::Starting, Ok(carrying)) => self.phase = Phase::Carrying(carrying),
            (Phase::Starting, Err(failure)) => self.cannot_carry(failure),
            (Phase::Stopping(after), Ok(carrying)) => self.stop(*carrying, *after),
            (Phase::Stopping(_), Err(_)) => self.stopped(),
            (
                Phase::Opening
                | Phase::Locked { .. }
                | Phase::Claiming(_)
                | Phase::Unpaired { .. }
                | Phase::Pairing(_)
                | Phase::Carrying(_)
                | Phase::Paused
                | Phase::Revoked
                | Phase::Over,
                _,
            ) => {}
        }
    }

    fn cannot_carry(&mut self, failure: Failure) {
        tracing::warn!(code = failure.code, "the bridge cannot be started");
        let Failure { message: what, hint, exit, .. } = failure;
        let in_use = (exit == Exit::InUse).then(|| IN_USE.to_owned());
        let problem = Problem { what, remedy: in_use.or(hint) };
        self.phase = Phase::Locked { problem, again_at: Some(Instant::now() + UNLOCK_AGAIN) };
    }
}

/// The address of a gateway, with one name for this computer.
fn in_one_spelling(url: &GatewayUrl) -> String {
    let mut url = url.as_url().clone();
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        Some(Host::Domain(_)) | None => false,
    };
    if is_here {
        // A name is always a host.
        let _ = url.set_host(Some("localhost"));
    }
    dial::without_secrets(&url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_gateway_of_this_computer_is_one_however_it_is_spelled() {
        let spelled = |url: &str| in_one_spelling(&GatewayUrl::parse(url).unwrap());
        for same in ["ws://127.0.0.1:7", "ws://[::1]:7/", "http://LOCALHOST:7"] {
            assert_eq!(spelled(same), "ws://localhost:7");
        }
        for other in ["ws://127.0.0.1:8", "ws://127.0.0.2:7", "wss://gateway.example:7"] {
            assert_ne!(spelled(other), "ws://localhost:7");
        }
    }
}
