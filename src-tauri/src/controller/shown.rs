//! What is shown, made of what is known.

use bridge::{PendingApproval, Snapshot};
use cli::{Failure, Options, sentence};
use dial::Dialer;
use vault::Vault;

use super::approvals::from_gateway;
use super::carrying::Carrying;
use super::pairing::Pairing;
use super::{After, Controller, Parts, Phase};
use crate::clock::to_ms;
use crate::os::current::Autostart;
use crate::shell::{Nowhere, Shell};
use crate::view::{
    Approval, Identity, Installation, Link, NpmPairing, Paired, Problem, Severity, TrayHost, View,
};

/// What is shown when the program starts with these options; nothing is connected.
///
/// # Errors
/// A wrong flag, or secrets that cannot be read.
pub(crate) async fn view_at_start(options: &Options) -> Result<View, Failure> {
    let mut controller = Controller::new(Parts {
        shell: Nowhere,
        options: options.clone(),
        dialer: Dialer::new("sophon-desktop"),
        tray: TrayHost::Off,
        start_at_login: Autostart::with(Vec::new()).is_on(),
        log_folder: String::new(),
    })?;
    let (vault, _) = Vault::open(controller.config.secrets.clone()).await?;
    controller.token = controller.config.token.clone().or_else(|| controller.stored_token(&vault));
    controller.phase = match (&controller.token, controller.stored.paused) {
        (None, _) => Phase::Unpaired { problem: None },
        (Some(_), true) => Phase::Paused,
        (Some(_), false) => Phase::Opening,
    };
    let mut view = controller.view();
    if view.installation == Installation::Starting {
        view.installation = Installation::Paired(Paired {
            identity: controller.identity(),
            cloud: Link::Connecting,
            gateway: Link::Connecting,
            degraded_since_ms: None,
            sessions_today: 0,
            running: 0,
            queued: 0,
            locked: 0,
            undelivered: 0,
            storage: None,
            gateway_version: None,
        });
    }
    Ok(view)
}

/// What an installation may do, as sentence fragments.
const MAY: [&str; 3] = [
    "receive the messages that you send to this computer's agents",
    "send their answers, tool cards and approval requests to your phone",
    "decide approvals as you decide them on the phone or here",
];

impl<S: Shell> Controller<S> {
    /// Everything that is shown now.
    pub(super) fn view(&self) -> View {
        let asked = self.phase.carrying().map(|carrying| &carrying.snapshot.approvals);
        let approvals = asked.into_iter().flat_map(|asked| asked.iter().map(approval)).collect();
        let carried = self.phase.carrying().into_iter().flat_map(Carrying::remarks);
        View {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            installation: self.installation(),
            approvals,
            settings: self.settings(),
            refused: self.refused.clone(),
            tray: self.tray_host,
            remarks: self.remarks.iter().cloned().chain(carried).collect(),
            log_folder: self.log_folder.clone(),
        }
    }

    fn installation(&self) -> Installation {
        match &self.phase {
            Phase::Opening => Installation::Starting,
            Phase::Locked { problem, .. } => Installation::Locked { problem: problem.clone() },
            Phase::Unpaired { problem } => {
                let npm = self.npm.as_ref().map(npm_pairing);
                Installation::Unpaired { problem: problem.clone(), npm }
            }
            Phase::Pairing(Pairing { ticket, interrupted, .. }) => {
                let (ticket, interrupted) = (ticket.clone(), interrupted.clone());
                Installation::Pairing { ticket, interrupted }
            }
            Phase::Carrying(carrying) => {
                let Snapshot { cloud, gateway, load, .. } = &carrying.snapshot;
                let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
                Installation::Paired(Paired {
                    identity: self.identity(),
                    cloud: link(cloud),
                    gateway: link(gateway),
                    degraded_since_ms: carrying.fitness.degraded_since_ms(&carrying.snapshot),
                    sessions_today: count(load.sessions_today),
                    running: count(load.running),
                    queued: count(load.queued),
                    locked: count(load.locked),
                    undelivered: count(load.undelivered),
                    storage: carrying.fitness.storage(&carrying.snapshot).map(Box::new),
                    gateway_version: carrying.gateway_version.clone(),
                })
            }
            // It takes a moment, in which nothing changes that a person should see.
            Phase::Claiming(After::Carry) | Phase::Starting => self.installation_meanwhile(),
            Phase::Stopping(After::Revoke) | Phase::Claiming(After::Revoke) | Phase::Revoked => {
                Installation::Revoked { identity: self.identity() }
            }
            Phase::Stopping(After::Pause | After::Quit)
            | Phase::Claiming(After::Pause | After::Quit)
            | Phase::Paused => Installation::Paused { identity: self.identity() },
            Phase::Stopping(After::Carry | After::Open | After::Pair | After::Wipe)
            | Phase::Claiming(After::Open | After::Pair | After::Wipe) => Installation::Starting,
        }
    }

    fn installation_meanwhile(&self) -> Installation {
        match self.shown.as_ref().map(|view| &view.installation) {
            Some(
                shown @ (Installation::Paired(_)
                | Installation::Locked { .. }
                | Installation::Pairing { .. }),
            ) => shown.clone(),
            None
            | Some(
                Installation::Starting
                | Installation::Unpaired { .. }
                | Installation::Paused { .. }
                | Installation::Revoked { .. },
            ) => Installation::Starting,
        }
    }

    fn identity(&self) -> Identity {
        let id = self.token.as_ref().map(|token| token.installation_id().to_string());
        let name = self.stored.paired_as.as_deref().unwrap_or(self.config.host_label.as_str());
        Identity {
            id: id.unwrap_or_default(),
            name: name.to_owned(),
            cloud: self.config.cloud.to_string(),
            may: MAY.map(ToOwned::to_owned).to_vec(),
        }
    }
}

fn npm_pairing(found: &cli::NpmPairing) -> NpmPairing {
    NpmPairing {
        id: found.installation.to_string(),
        cloud: found.cloud.to_string(),
        folder: found.folder.display().to_string(),
    }
}

fn link(link: &bridge::Link) -> Link {
    match link {
        bridge::Link::Connecting { .. } | bridge::Link::Stopped => Link::Connecting,
        bridge::Link::Up { since, peer } => {
            Link::Up { since_ms: to_ms(*since), version: peer.clone() }
        }
        bridge::Link::Down { cause, remedy, retry_at, code: _ } => Link::Down {
            problem: Problem { what: sentence(cause), remedy: remedy.clone() },
            retry_at_ms: retry_at.map(to_ms),
        },
    }
}

fn approval(pending: &PendingApproval) -> Approval {
    Approval {
        id: pending.id.clone(),
        title: pending.title.clone(),
        message: pending.message.clone(),
        command: pending.command.clone(),
        folder: pending.cwd.clone(),
        host: pending.host.clone(),
        agent: pending.agent.clone(),
        warnings: pending.warnings.clone(),
        severity: match pending.severity {
            sap::Severity::Low => Severity::Low,
            sap::Severity::Medium => Severity::Medium,
            sap::Severity::High => Severity::High,
            sap::Severity::Critical => Severity::Critical,
        },
        offers: pending.offers.iter().copied().map(from_gateway).collect(),
        asked_at_ms: pending.created_at_ms,
        expires_at_ms: pending.expires_at_ms,
        deciding: pending.deciding.map(from_gateway),
    }
}
