//! One installation of this computer, and everything about it that the others do not share.
//!
//! What it wants of the program around it, it says; the controller heeds that after every call.

pub(super) mod carrying;
mod claiming;
mod common;
mod ending;
mod errands;
mod fitness;
mod hearing;
mod migration;
mod other_bridge;
mod pairing;
mod secrets;
mod settings;
mod standing;

use std::sync::Arc;
use std::time::Duration;

use bridge::host_label::HostLabel;
use bridge::pairing::{PairError, Paired, PairingEvent};
use bridge::{PastRequest, Settled};
use cli::{Claim, Config, Failure, NpmPairing, TakenOver};
use control::Slot;
use openclaw::DeviceId;
use sap::{BridgeToken, InstallationId};
use tokio::time::Instant;
use vault::{Vault, VaultError};

use self::carrying::Carrying;
pub(super) use self::common::Common;
use self::pairing::Pairing;
pub(super) use self::pairing::qr;
use super::{Event, NOTHING_TO_DO};
use crate::shell::Topic;
use crate::stored::StoredSeat;
use crate::view::{Installation, Problem};

/// Something that happened to one installation.
#[derive(Debug)]
pub enum SeatEvent {
    /// Something about the pairing that goes on.
    PairingTold(PairingEvent),
    /// The pairing ended.
    PairingEnded(Result<Paired, PairError>),
    /// A token could not be stored, so none is asked for.
    CannotStore(VaultError),
    /// A new token was stored, or could not be.
    Stored(BridgeToken, Result<(), VaultError>),
    /// It was looked for a pairing of the npm bridge.
    NpmFound(Result<Option<NpmPairing>, Failure>),
    /// The pairing of the npm bridge is stored here, or it is not.
    TakenOver(Result<TakenOver, Failure>),
    /// The installation is this program's to carry, or it is not.
    Claimed(InstallationId, Result<Claim, Failure>),
    /// The bridge has started, or could not.
    Started(Result<Box<Carrying>, Failure>),
    /// The bridge has stopped.
    Stopped,
    /// What was stored is gone, or could not be removed; and what else still holds it.
    Wiped(Result<(), Failure>, Option<String>),
    /// A revoked token is gone; and what else still holds it.
    Forgotten(Option<String>),
}

/// What an installation wants of the program around it.
#[derive(Debug)]
pub(super) enum Said {
    /// A person is to be told something once.
    Tell { topic: Topic, title: String, text: String },
    /// Something stays in view that a person should know.
    Remark(String),
    /// A page is to be opened.
    OpenPage(String),
    /// A text is to be put on the clipboard.
    Copy(String),
    /// What is remembered of it changed.
    Remember,
    /// It needs the secrets.
    OpenSecrets,
    /// It was to be paired for the first time, and is not.
    NotPaired(Option<Problem>),
    /// Nothing of it is stored any more.
    Unpaired { was_paired: bool, is_on_phone: bool },
    /// An approval came to its end.
    ApprovalSettled(String, Settled),
    /// A decision was applied otherwise than made.
    DecisionChanged(String, String),
    /// A request of a device, a node or a sender came to its end.
    Ended(PastRequest),
    /// A code for a phone was used.
    SetupUsed { id: String, name: Option<String>, is_certain: bool },
}

/// Where the installation stands.
enum Phase {
    /// The secrets are being read.
    Opening,
    /// The secrets could not be read, or the installation is another program's. It is tried again by
    /// itself only where nobody would be asked each time.
    Locked { problem: Problem, again_at: Option<Instant> },
    /// The installation is being claimed; then comes what is written here.
    Claiming(After),
    /// The bridge is starting.
    Starting,
    /// There is no pairing.
    Unpaired { problem: Option<Problem> },
    /// A person is to confirm.
    Pairing(Pairing),
    /// At work.
    Carrying(Box<Carrying>),
    /// The bridge is stopping; then comes what is written here.
    Stopping(After),
    /// Disconnected by the person.
    Paused,
    /// Removed on the phone.
    Revoked,
    /// The program ends, and nothing of this installation holds it up.
    Over,
}

/// What comes after the bridge has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// The bridge starts again.
    Carry,
    /// It stays away.
    Pause,
    /// The secrets are read again.
    Open,
    /// Another pairing begins; this one stays until it succeeds.
    Pair,
    /// What is stored is removed.
    Wipe,
    /// The pairing was removed on the phone.
    Revoke,
    /// The program ends.
    Quit,
}

/// One installation of this computer.
pub(super) struct Seat {
    pub(super) slot: Slot,
    pub(super) stored: StoredSeat,
    pub(super) config: Config,
    common: Common,
    vault: Option<Vault>,
    token: Option<BridgeToken>,
    npm: Option<NpmPairing>,
    phase: Phase,
    /// It was added in this run of the program, and has not been paired.
    is_new: bool,
    /// An installation that another one has replaced, and whose journal is to go.
    replaced: Option<InstallationId>,
    /// The phone removed the pairing that it has.
    is_revoked: bool,
    /// Its own device at the gateway, once it has a key.
    own_device: Option<DeviceId>,
    /// Whether what is stored is being removed.
    removes: bool,
    /// Whether the program ends when nothing has to be forgotten any more.
    is_ending: bool,
    /// What was decided, also when the bridge has gone.
    history: Arc<[PastRequest]>,
    /// How it was shown last.
    shown: Option<Installation>,
    says: Vec<Said>,
}

impl Seat {
    /// Gets ready; says what a person should know where a stored setting cannot be used.
    ///
    /// # Errors
    /// A wrong flag or variable of the environment.
    pub(super) fn new(stored: StoredSeat, common: Common) -> Result<Self, Failure> {
        let mut says = Vec::new();
        let config = match common.config(&stored) {
            Ok(config) => config,
            Err(failure) => {
                says.push(Said::Remark(format!("A stored setting is not used. {failure}")));
                common.config(&StoredSeat::new(stored.slot))?
            }
        };
        Ok(Self {
            slot: stored.slot,
            stored,
            config,
            common,
            vault: None,
            token: None,
            npm: None,
            phase: Phase::Opening,
            is_new: false,
            replaced: None,
            is_revoked: false,
            own_device: None,
            removes: false,
            is_ending: false,
            history: Arc::default(),
            shown: None,
            says,
        })
    }

    /// Gets ready to be paired for the first time, with secrets that were read. Its name is told from
    /// those of the others by its number.
    ///
    /// # Errors
    /// A wrong flag or variable of the environment.
    pub(super) fn added(slot: Slot, common: Common, vault: Vault) -> Result<Self, Failure> {
        let mut seat = Self::new(StoredSeat::new(slot), common)?;
        let name = format!("{} {}", seat.name(), slot.0);
        if HostLabel::parse(&name).is_ok() {
            seat.stored.name = name;
            seat.config = seat.common.config(&seat.stored)?;
        }
        let phase = Phase::Unpaired { problem: None };
        let mut seat = Self { vault: Some(vault), phase, is_new: true, ..seat };
        seat.know_own_device();
        Ok(seat)
    }

    /// Takes what happened to it.
    pub(super) fn take(&mut self, event: SeatEvent) {
        if self.is_over() {
            return;
        }
        match event {
            SeatEvent::PairingTold(event) => self.pairing_told(event),
            SeatEvent::PairingEnded(ended) => self.pairing_ended(ended),
            SeatEvent::CannotStore(error) => self.cannot_store(&error),
            SeatEvent::Stored(token, stored) => self.token_stored(token, stored),
            SeatEvent::NpmFound(found) => self.npm_found(found),
            SeatEvent::TakenOver(taken) => self.taken_over(taken),
            SeatEvent::Claimed(installation, claimed) => self.claimed(&installation, claimed),
            SeatEvent::Started(started) => self.started(started),
            SeatEvent::Stopped => self.stopped(),
            SeatEvent::Wiped(wiped, left) => self.wiped(wiped, left),
            SeatEvent::Forgotten(left) => self.forgotten(left),
        }
    }

    /// How long nothing needs to be done unless something happens.
    pub(super) fn due_in(&self) -> Duration {
        match &self.phase {
            Phase::Locked { again_at, .. } => {
                again_at.map_or(NOTHING_TO_DO, |at| at.saturating_duration_since(Instant::now()))
            }
            Phase::Carrying(carrying) => carrying.fitness.due_in(),
            Phase::Opening
            | Phase::Claiming(_)
            | Phase::Starting
            | Phase::Unpaired { .. }
            | Phase::Pairing(_)
            | Phase::Stopping(_)
            | Phase::Paused
            | Phase::Revoked
            | Phase::Over => NOTHING_TO_DO,
        }
    }

    /// Does what is due.
    pub(super) fn pass_time(&mut self) {
        if let Phase::Locked { again_at, .. } = &self.phase
            && again_at.is_some_and(|at| at <= Instant::now())
        {
            self.open();
        }
        self.look_at_health();
    }

    /// What it wants of the program around it, since this was called last.
    pub(super) fn said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.says)
    }

    /// Name by which a person knows it on this computer.
    pub(super) fn name(&self) -> &str {
        self.config.host_label.as_str()
    }

    /// Name that the phone shows.
    pub(super) fn name_on_phone(&self) -> &str {
        self.stored.paired_as.as_deref().unwrap_or(self.name())
    }

    /// Id of the pairing that it has.
    pub(super) fn installation_id(&self) -> Option<InstallationId> {
        self.token.as_ref().map(BridgeToken::installation_id)
    }

    /// Says whether a device of a gateway is its own, at work or not.
    pub(super) fn is_own(&self, device: &str) -> bool {
        self.own_device.as_ref().is_some_and(|own| own.as_str() == device)
    }

    /// It was added in this run of the program, and has not been paired.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Takes its events, from anywhere.
    fn events(&self) -> impl Fn(SeatEvent) + Clone + Send + use<> {
        let (slot, events) = (self.slot, self.common.events.clone());
        // The loop may have ended: then nobody waits for it.
        move |event| drop(events.send(Event::Seat(slot, event)))
    }

    fn tell(&mut self, topic: Topic, title: impl Into<String>, text: impl Into<String>) {
        let (title, text) = (title.into(), text.into());
        self.says.push(Said::Tell { topic, title, text });
    }

    /// Keeps something in view that a person should know, once.
    fn remark(&mut self, remark: impl Into<Option<String>>) {
        self.says.extend(remark.into().map(Said::Remark));
    }

    fn remember(&mut self) {
        self.says.push(Said::Remember);
    }
}
