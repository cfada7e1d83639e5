//! The one loop: what people, the desktop and the bridge say comes in as one [`Event`], and what is
//! shown goes out through a [`Shell`]. It never waits for the network or a keychain: errands do, and
//! their outcomes come back as events.

mod approvals;
mod carrying;
mod claiming;
mod ending;
mod errands;
mod fitness;
mod migration;
mod other_bridge;
mod pairing;
mod settings;
mod shown;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bridge::pairing::{PairError, Paired, PairingEvent};
use cli::{Claim, Config, Failure, NpmPairing, Options, TakenOver};
use dial::Dialer;
use sap::{BridgeToken, InstallationId};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vault::{Opened, Vault, VaultError};

use self::carrying::Carrying;
use self::pairing::Pairing;
pub(crate) use self::shown::view_at_start;
use crate::clock::now_ms;
use crate::instance::{Ask, Asked};
use crate::request::{Page, Request};
use crate::shell::Shell;
use crate::stored::{Stored, StoredFile};
use crate::tray;
use crate::view::{Problem, RefusedSetting, TrayHost, View};

/// How often a countdown is shown anew.
const TICK: Duration = Duration::from_secs(1);
/// How long the loop sleeps when only events can change anything.
const NOTHING_TO_DO: Duration = Duration::from_secs(3600);
/// How long after the secrets or the installation could not be had it is tried again.
const UNLOCK_AGAIN: Duration = Duration::from_secs(30);

/// What the controller is made of.
pub struct Parts<S> {
    /// The desktop.
    pub shell: S,
    /// What the command line and the environment say.
    pub options: Options,
    /// Dials both sides.
    pub dialer: Dialer,
    /// Whether a tray icon is wanted.
    pub tray: TrayHost,
    /// Whether the program starts at login now.
    pub start_at_login: bool,
    /// Folder of the log's files.
    pub log_folder: String,
}

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// A person wants something.
    Wish(Request),
    /// A later start of this program asks something.
    Asked(Asked),
    /// The tray's host came, or went.
    TrayHost(bool),
    /// The secrets were read, or could not be.
    Opened(Result<(Vault, Opened), VaultError>),
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

/// Whether the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    GoOn,
    End,
}

/// The program, apart from the desktop.
pub struct Controller<S> {
    shell: S,
    options: Options,
    config: Config,
    dialer: Dialer,
    file: StoredFile,
    stored: Stored,
    start_at_login: bool,
    tray_host: TrayHost,
    log_folder: String,
    vault: Option<Vault>,
    token: Option<BridgeToken>,
    npm: Option<NpmPairing>,
    phase: Phase,
    /// An installation that another one has replaced, and whose journal is to go.
    replaced: Option<InstallationId>,
    /// Whether what is stored is being removed.
    removes: bool,
    /// Whether the program ends when nothing has to be forgotten any more.
    is_ending: bool,
    refused: Option<RefusedSetting>,
    remarks: Vec<String>,
    announced: BTreeSet<String>,
    events: UnboundedSender<Event>,
    inbox: UnboundedReceiver<Event>,
    shown: Option<Arc<View>>,
    shown_tray: Option<tray::Tray>,
}

impl<S: Shell> Controller<S> {
    /// Reads the settings and gets ready; [`Controller::run`] begins.
    ///
    /// # Errors
    /// A wrong flag or variable of the environment.
    pub fn new(parts: Parts<S>) -> Result<Self, Failure> {
        let Parts { shell, options, dialer, tray, start_at_login, log_folder } = parts;
        let data_dir = Config::read(&options)?.secrets.data_dir;
        let (file, stored, remark) = StoredFile::read(&data_dir);
        let mut remarks = Vec::from_iter(remark);
        let config = match Config::read(&settings::with_stored(&options, &stored)) {
            Ok(config) => config,
            Err(failure) => {
                remarks.push(format!("A stored setting is not used. {failure}"));
                Config::read(&options)?
            }
        };
        let (events, inbox) = unbounded_channel();
        Ok(Self {
            shell,
            options,
            config,
            dialer,
            file,
            stored,
            start_at_login,
            tray_host: tray,
            log_folder,
            vault: None,
            token: None,
            npm: None,
            phase: Phase::Opening,
            replaced: None,
            removes: false,
            is_ending: false,
            refused: None,
            remarks,
            announced: BTreeSet::new(),
            events,
            inbox,
            shown: None,
            shown_tray: None,
        })
    }

    /// Takes events for this controller, from anywhere.
    pub fn events(&self) -> UnboundedSender<Event> {
        self.events.clone()
    }

    /// Works until a person or the system ends the program.
    pub async fn run(mut self, stop: CancellationToken) -> S {
        self.open();
        let mut is_stopping = false;
        loop {
            self.show();
            let tick = self.tick();
            let flow = tokio::select! {
                biased;
                () = stop.cancelled(), if !is_stopping => {
                    is_stopping = true;
                    self.wish(Request::Quit)
                }
                event = self.inbox.recv() => match event {
                    Some(event) => self.take(event),
                    None => Flow::End,
                },
                () = self.phase.changed() => {
                    self.follow_bridge();
                    Flow::GoOn
                }
                () = tokio::time::sleep(tick) => {
                    self.pass_time();
                    Flow::GoOn
                }
            };
            if flow == Flow::End {
                return self.shell;
            }
        }
    }

    fn take(&mut self, event: Event) -> Flow {
        match event {
            Event::Wish(request) => return self.wish(request),
            Event::Asked(asked) => self.answer(asked),
            Event::TrayHost(is_there) => {
                self.tray_host = if is_there { TrayHost::Shown } else { TrayHost::Missing };
            }
            Event::Opened(opened) => self.opened(opened),
            Event::PairingTold(event) => self.pairing_told(event),
            Event::PairingEnded(ended) => self.pairing_ended(ended),
            Event::CannotStore(error) => self.cannot_store(&error),
            Event::Stored(token, stored) => self.token_stored(token, stored),
            Event::NpmFound(found) => self.npm_found(found),
            Event::TakenOver(taken) => self.taken_over(taken),
            Event::Claimed(installation, claimed) => self.claimed(&installation, claimed),
            Event::Started(started) => return self.started(started),
            Event::Stopped => return self.stopped(),
            Event::Wiped(wiped, left) => return self.wiped(wiped, left),
            Event::Forgotten(left) => return self.forgotten(left),
        }
        Flow::GoOn
    }

    fn wish(&mut self, request: Request) -> Flow {
        match request {
            Request::Pair => self.pair(),
            Request::TakeOver { delete_files } => self.take_over(delete_files),
            Request::CancelPairing => self.cancel_pairing(),
            Request::CopyLink => self.copy_link(),
            Request::Decide { approval, decision } => self.decide(approval, decision),
            Request::Open { page } => self.shell.open_window(page, None),
            Request::Show { approval } => {
                let page = Some(Page::Requests);
                self.shell.open_window(page, Some(approval));
            }
            Request::Pause => self.pause(),
            Request::Resume => self.resume(),
            Request::RetryNow => self.retry_now(),
            Request::Save { settings } => self.save(settings),
            Request::StartAtLogin { on } => self.set_start_at_login(on),
            Request::Unpair => self.unpair(),
            Request::OpenLogFolder => {
                self.shell.open_folder(Path::new(&self.log_folder));
            }
            Request::Quit => return self.quit(),
        }
        Flow::GoOn
    }

    fn answer(&mut self, Asked { ask, answer }: Asked) {
        let text = match ask {
            Ask::Greet => String::new(),
            Ask::Open => {
                self.shell.open_window(None, None);
                String::new()
            }
            Ask::Menu => tray::print(&tray::tray(&self.view(), now_ms())),
        };
        // Whoever asked may have gone.
        let _ = answer.send(text);
    }

    /// Brings what is shown up to date, where it changed.
    fn show(&mut self) {
        let view = self.view();
        if self.shown.as_deref() != Some(&view) {
            self.shell.set_view(&view);
            self.announce_approvals(&view.approvals);
            self.shown = Some(Arc::new(view));
        }
        let Some(view) = &self.shown else { return };
        let tray = tray::tray(view, now_ms());
        if self.shown_tray.as_ref() != Some(&tray) {
            self.shell.set_tray(&tray);
            self.shown_tray = Some(tray);
        }
    }

    /// How long nothing needs to be done unless something happens.
    fn tick(&self) -> Duration {
        let counts = self.shown.as_ref().is_some_and(|view| tray::wants_ticks(view, now_ms()));
        let has_pulse = self.shell.has_window() && self.phase.carrying().is_some();
        if counts || has_pulse {
            return TICK;
        }
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
            | Phase::Revoked => NOTHING_TO_DO,
        }
    }

    fn pass_time(&mut self) {
        if let Phase::Locked { again_at, .. } = &self.phase
            && again_at.is_some_and(|at| at <= Instant::now())
        {
            self.open();
        }
        self.look_at_health();
        if let Some(carrying) = self.phase.carrying()
            && self.shell.has_window()
        {
            self.shell.set_pulse(carrying.pulse());
        }
    }
}
