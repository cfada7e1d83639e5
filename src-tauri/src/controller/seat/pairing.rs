//! Pairing by one click: the browser opens, the code is shown, and one token comes out of it.

use bridge::pairing::{PairError, Paired, PairingEvent, pair};
use cli::sentence;
use qrcode::{EcLevel, QrCode};
use sap::BridgeToken;
use tokio_util::sync::CancellationToken;
use vault::VaultError;

use super::secrets::problem;
use super::{After, Phase, Said, Seat, SeatEvent};
use crate::clock::{now_ms, to_ms};
use crate::shell::Topic;
use crate::view::{Problem, Ticket};

/// A pairing that goes on.
pub(super) struct Pairing {
    pub(super) cancel: CancellationToken,
    pub(super) ticket: Option<Ticket>,
    pub(super) interrupted: Option<String>,
}

impl Seat {
    /// Begins to pair; a second click never makes a second pairing.
    pub(in crate::controller) fn pair(&mut self) {
        match &self.phase {
            Phase::Pairing(Pairing { ticket: Some(ticket), .. }) => {
                self.says.push(Said::OpenPage(ticket.url.clone()));
            }
            Phase::Pairing(_) | Phase::Opening | Phase::Over => {}
            Phase::Locked { .. } => self.open(),
            Phase::Claiming(_) | Phase::Starting | Phase::Carrying(_) | Phase::Stopping(_) => {
                self.stop_before(After::Pair);
            }
            Phase::Unpaired { .. } | Phase::Paused | Phase::Revoked => self.begin_pairing(),
        }
    }

    pub(super) fn begin_pairing(&mut self) {
        let Some(vault) = self.vault.clone() else { return self.open() };
        let cancel = CancellationToken::new();
        let pairing = Pairing { cancel: cancel.clone(), ticket: None, interrupted: None };
        self.phase = Phase::Pairing(pairing);
        let (dialer, events) = (self.common.dialer.clone(), self.events());
        let (cloud, label) = (self.config.cloud.clone(), self.config.host_label.clone());
        tokio::spawn(async move {
            // The token is given only once: it must be certain before that it can be stored.
            if let Err(error) = vault.ensure_writable().await {
                if !cancel.is_cancelled() {
                    events(SeatEvent::CannotStore(error));
                }
                return;
            }
            let ended = pair(&dialer, &cloud, &label, &cancel, |event| {
                events(SeatEvent::PairingTold(event));
            })
            .await;
            // Whoever cancelled has gone on already; a token that came all the same is kept.
            if ended.is_err() && cancel.is_cancelled() {
                return;
            }
            events(SeatEvent::PairingEnded(ended));
        });
    }

    pub(super) fn pairing_told(&mut self, event: PairingEvent) {
        let Phase::Pairing(pairing) = &mut self.phase else { return };
        match event {
            PairingEvent::Started { code, url, expires_at } => {
                self.says.push(Said::OpenPage(url.to_string()));
                let (qr_path, qr_size) = qr(url.as_str());
                let (url, expires_at_ms) = (url.to_string(), to_ms(expires_at));
                pairing.ticket = Some(Ticket { code, url, qr_path, qr_size, expires_at_ms });
            }
            PairingEvent::Waiting { .. } => pairing.interrupted = None,
            PairingEvent::Interrupted { cause } => {
                pairing.interrupted = Some(format!("{} Asking again.", sentence(&cause)));
            }
        }
    }

    pub(super) fn cannot_store(&mut self, error: &VaultError) {
        self.give_up_pairing(Some(problem(error)));
    }

    /// Gives a pairing up that another installation of this computer has.
    pub(in crate::controller) fn is_paired_already(&mut self, name: &str) {
        let what = format!("This computer has that pairing already: it is “{name}”.");
        let remedy = "Confirm the next code with another account.";
        self.give_up_pairing(Some(Problem { what, remedy: Some(remedy.to_owned()) }));
    }

    pub(super) fn pairing_ended(&mut self, ended: Result<Paired, PairError>) {
        match ended {
            Ok(paired) => self.store(paired),
            Err(error) => {
                tracing::info!(%error, "this computer was not paired");
                let remedy = Some(error.remedy().to_owned());
                self.give_up_pairing(Some(Problem { what: sentence(&error.to_string()), remedy }));
            }
        }
    }

    pub(in crate::controller) fn cancel_pairing(&mut self) {
        if let Phase::Pairing(pairing) = &self.phase {
            pairing.cancel.cancel();
            self.give_up_pairing(None);
        }
    }

    /// Goes back to what was before; a pairing that was to be replaced stays.
    fn give_up_pairing(&mut self, problem: Option<Problem>) {
        // It may have been cancelled before its end was heard of.
        let Phase::Pairing(_) = self.phase else { return };
        if self.token.is_none() {
            if self.is_new {
                self.says.push(Said::NotPaired(problem.clone()));
            }
            self.phase = Phase::Unpaired { problem };
            return;
        }
        if let Some(Problem { what, .. }) = problem {
            self.tell(Topic::Pairing(self.slot), "This computer was not paired again", what);
        }
        // A pairing that stays in view until the bridge is there would look like a success.
        self.shown = None;
        self.go_on();
    }

    pub(in crate::controller) fn copy_link(&mut self) {
        if let Phase::Pairing(Pairing { ticket: Some(ticket), .. }) = &self.phase {
            self.says.push(Said::Copy(ticket.url.clone()));
        }
    }

    /// Stores the token before anybody is told that it exists.
    fn store(&mut self, paired: Paired) {
        let Some(vault) = self.vault.clone() else { return };
        // The next start looks for a token only where the file says that there may be one.
        self.remember();
        let (name, events) = (self.config.token_name(), self.events());
        tokio::spawn(async move {
            let stored = vault.store_credential(&name, paired.token.expose().into()).await;
            events(SeatEvent::Stored(paired.token, stored));
        });
    }

    pub(super) fn token_stored(&mut self, token: BridgeToken, stored: Result<(), VaultError>) {
        let name = self.config.host_label.as_str().to_owned();
        let installation = token.installation_id();
        tracing::info!(%installation, "this computer is paired");
        let replaced = self.token.replace(token).map(|token| token.installation_id());
        match stored {
            // One that was given comes again at the next start.
            Ok(()) if self.config.token.is_none() => {
                self.replaced = replaced.filter(|it| *it != installation);
            }
            Ok(()) => {}
            Err(error) => {
                let Problem { what, .. } = problem(&error);
                self.remark(format!(
                    "{what} This computer is paired until the program ends; then pair it again."
                ));
            }
        }
        (self.is_new, self.is_revoked) = (false, false);
        self.stored.paired_as = Some(name.clone());
        self.stored.paired_at_ms = Some(now_ms());
        self.stored.paused = false;
        self.remember();
        self.tell(Topic::Pairing(self.slot), format!("Paired as “{name}”"), "Connecting now.");
        // The bridge of the pairing before runs again where this one was cancelled just too late.
        if matches!(self.phase, Phase::Claiming(_)) || !self.stop_before(After::Carry) {
            self.carry();
        }
    }
}

/// A text as a QR code: the dark modules as one path, and the side of the square with the quiet zone
/// of four modules that the standard asks for.
pub(in crate::controller) fn qr(text: &str) -> (String, u32) {
    const QUIET: usize = 4;
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else {
        return (String::new(), 0);
    };
    let width = code.width();
    let mut path = String::new();
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == qrcode::Color::Dark {
            let (x, y) = (index % width + QUIET, index / width + QUIET);
            path.push_str(&format!("M{x} {y}h1v1h-1z"));
        }
    }
    (path, u32::try_from(width + 2 * QUIET).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_code_has_its_three_corners_inside_a_quiet_zone() {
        let (path, size) = qr("https://sophon.at/pair?code=ABCD-1234");
        let has = |x: u32, y: u32| path.contains(&format!("M{x} {y}h1v1h-1z"));
        let last = size - 5;
        assert!(has(4, 4) && has(last, 4) && has(4, last));
        assert!(!has(3, 4) && !has(last + 1, 4));
    }
}
