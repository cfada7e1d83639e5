//! How an installation stands, as it is shown.

use bridge::Snapshot;
use cli::sentence;

use super::pairing::Pairing;
use super::{After, Phase, Seat};
use crate::clock::to_ms;
use crate::view::{self, Identity, Installation, Link, NpmPairing, Paired, Problem};

/// What an installation may do, as sentence fragments.
const MAY: [&str; 3] = [
    "receive the messages that you send to this computer's agents",
    "send their answers, tool cards and approval requests to your phone",
    "decide approvals as you decide them on the phone or here",
];

impl Seat {
    /// Everything that is shown of it now.
    pub(in crate::controller) fn view(&self) -> view::Seat {
        view::Seat {
            slot: self.slot,
            standing: self.standing(),
            settings: self.settings(),
            paired_at_ms: self.stored.paired_at_ms.filter(|_| self.token.is_some()),
        }
    }

    /// Notes how it was shown.
    pub(in crate::controller) fn was_shown(&mut self, seat: &view::Seat) {
        if self.shown.as_ref() != Some(&seat.standing) {
            self.shown = Some(seat.standing.clone());
        }
    }

    /// Stands as it will in a moment, for a program that does no more than look.
    pub(super) fn will_be_carried(&mut self) {
        self.phase = Phase::Starting;
        self.shown = Some(Installation::Paired(Paired {
            identity: self.identity(),
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
        }));
    }

    fn standing(&self) -> Installation {
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
            Phase::Claiming(After::Carry) | Phase::Starting => self.meanwhile(),
            Phase::Stopping(After::Revoke) | Phase::Claiming(After::Revoke) | Phase::Revoked => {
                Installation::Revoked { identity: self.identity() }
            }
            Phase::Stopping(After::Pause | After::Quit)
            | Phase::Claiming(After::Pause | After::Quit)
            | Phase::Paused => Installation::Paused { identity: self.identity() },
            Phase::Stopping(After::Carry | After::Open | After::Pair | After::Wipe)
            | Phase::Claiming(After::Open | After::Pair | After::Wipe) => Installation::Starting,
            Phase::Over => self.shown.clone().unwrap_or(Installation::Starting),
        }
    }

    fn meanwhile(&self) -> Installation {
        match &self.shown {
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
        Identity {
            id: self.installation_id().map(|id| id.to_string()).unwrap_or_default(),
            name: self.name_on_phone().to_owned(),
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
