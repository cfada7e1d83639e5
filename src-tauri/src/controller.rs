//! The one loop: what people, the desktop and the bridges say comes in as one [`Event`], and what is
//! shown goes out through a [`Shell`]. It never waits for the network or a keychain: errands do, and
//! their outcomes come back as events.

mod access;
mod acting;
mod asked;
mod heeding;
mod opening;
mod requests;
mod seat;
mod seats;
mod settings;
mod setup;
mod shown;
#[cfg(test)]
mod tests;
mod waiting;

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use cli::{Config, Failure, Options};
use control::{Slot, Waits};
use dial::Dialer;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;
use vault::{Opened, Vault, VaultError};

use self::access::Desk;
pub use self::acting::Acted;
use self::asked::Later;
use self::requests::Announced;
pub use self::seat::SeatEvent;
use self::seat::{Common, Seat};
pub(crate) use self::shown::view_at_start;
use crate::clock::now_ms;
use crate::instance::Asked;
use crate::request::{Page, Request};
use crate::shell::Shell;
use crate::stored::{Stored, StoredFile};
use crate::tray;
use crate::view::{RefusedSetting, TrayHost, View};

/// How long the loop sleeps when only events can change anything.
const NOTHING_TO_DO: Duration = Duration::from_secs(3600);

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
    /// A page of the window came to the front; none: the window was closed.
    At(Option<Page>),
    /// A later start of this program, or a terminal, asks something.
    Asked(Asked),
    /// The tray's host came, or went.
    TrayHost(bool),
    /// The secrets were read, or could not be.
    Opened(Result<(Vault, Opened), VaultError>),
    /// Something happened to one installation.
    Seat(Slot, SeatEvent),
    /// The gateway confirmed something that was wanted, or did not.
    Acted(Acted),
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
    common: Common,
    file: StoredFile,
    /// What is remembered, but for the installations: they know that themselves.
    stored: Stored,
    start_at_login: bool,
    tray_host: TrayHost,
    log_folder: String,
    /// The secrets of all installations, once they were read.
    vault: Option<Vault>,
    is_opening: bool,
    is_ending: bool,
    /// Installations of this computer, oldest first; never empty.
    seats: Vec<Seat>,
    refused: Option<RefusedSetting>,
    remarks: Vec<String>,
    announced: Announced,
    desk: Desk,
    waits: Waits,
    /// Questions that are answered once the gateways were asked.
    later: Vec<Later>,
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
        let Config { secrets, npm_folder, token, .. } = Config::read(&options)?;
        let (file, stored, remark) = StoredFile::read(&secrets.data_dir);
        let (events, inbox) = unbounded_channel();
        let common = Common { options, secrets, npm_folder, dialer, events };
        let seats = seats::known(&stored, token.is_some(), &common)?;
        let mut controller = Self {
            shell,
            common,
            file,
            stored,
            start_at_login,
            tray_host: tray,
            log_folder,
            vault: None,
            is_opening: false,
            is_ending: false,
            seats,
            refused: None,
            remarks: Vec::from_iter(remark),
            announced: Announced::default(),
            desk: Desk::default(),
            waits: Waits::default(),
            later: Vec::new(),
            inbox,
            shown: None,
            shown_tray: None,
        };
        controller.heed_all();
        Ok(controller)
    }

    /// Takes events for this controller, from anywhere.
    pub fn events(&self) -> UnboundedSender<Event> {
        self.common.events.clone()
    }

    /// Works until a person or the system ends the program.
    pub async fn run(mut self, stop: CancellationToken) -> S {
        self.with_all(Seat::open);
        let mut is_stopping = false;
        loop {
            self.show();
            let tick = self.tick();
            let flow = tokio::select! {
                biased;
                () = stop.cancelled(), if !is_stopping => {
                    is_stopping = true;
                    self.wish(Request::Quit);
                    self.flow()
                }
                event = self.inbox.recv() => match event {
                    Some(event) => {
                        self.take(event);
                        self.flow()
                    }
                    None => Flow::End,
                },
                slot = changed(&mut self.seats) => {
                    self.with(slot, Seat::follow_bridge);
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

    fn take(&mut self, event: Event) {
        match event {
            Event::Wish(request) => self.wish(request),
            Event::At(page) => self.is_at(page),
            Event::Asked(asked) => self.asked(asked),
            Event::TrayHost(is_there) => {
                self.tray_host = if is_there { TrayHost::Shown } else { TrayHost::Missing };
            }
            Event::Opened(opened) => self.opened(opened),
            Event::Seat(slot, event) => self.happened(slot, event),
            Event::Acted(acted) => self.acted(acted),
        }
    }

    fn wish(&mut self, request: Request) {
        match request {
            Request::Pair { slot } => self.pair(slot),
            Request::TakeOver { slot, delete_files } => {
                self.with(slot, |seat| seat.take_over(delete_files));
            }
            Request::CancelPairing { slot } => self.with(slot, Seat::cancel_pairing),
            Request::CopyLink { slot } => self.with(slot, Seat::copy_link),
            Request::Decide { key, verdict, notify, seen } => {
                self.decide(&key, verdict, notify, &seen);
            }
            Request::Device { slot, device, act } => self.change_device(slot, &device, &act),
            Request::SetUp { slot, level } => self.set_up(slot, level),
            Request::HideSetup { slot } => self.desk.hide_setup(slot),
            Request::DismissNews { slot } => self.desk.dismiss_news(slot),
            Request::Open { page } => self.shell.open_window(page, None),
            Request::Show { key } => {
                self.shell.open_window(Some(Page::Requests), Some(key));
            }
            Request::Pause { slot } => self.with(slot, Seat::pause),
            Request::Resume { slot } => self.with(slot, Seat::resume),
            Request::RetryNow => self.with_all(Seat::retry_now),
            Request::Save { settings } => self.save(settings),
            Request::SaveSeat { slot, settings } => self.save_seat(slot, &settings),
            Request::StartAtLogin { on } => self.set_start_at_login(on),
            Request::Unpair { slot } => self.with(slot, Seat::unpair),
            Request::OpenLogFolder => {
                self.shell.open_folder(Path::new(&self.log_folder));
            }
            Request::Quit => self.quit(),
        }
    }

    fn quit(&mut self) {
        self.is_ending = true;
        self.with_all(Seat::quit);
    }

    /// Whether the loop goes on: the end waits for every installation.
    fn flow(&self) -> Flow {
        let is_over = self.is_ending && self.seats.iter().all(Seat::is_over);
        if is_over { Flow::End } else { Flow::GoOn }
    }

    /// Brings what is shown up to date, where it changed.
    fn show(&mut self) {
        self.attend();
        self.answer_later();
        let view = self.view();
        if self.shown.as_deref() != Some(&view) {
            self.shell.set_view(&view);
            self.announce_requests(&view.pending);
            for (seat, shown) in self.seats.iter_mut().zip(&view.installations) {
                seat.was_shown(shown);
            }
            self.shown = Some(Arc::new(view));
        }
        let Some(view) = &self.shown else { return };
        let tray = tray::tray(view, now_ms());
        if self.shown_tray.as_ref() != Some(&tray) {
            self.shell.set_tray(&tray);
            self.shown_tray = Some(tray);
        }
    }
}

/// Ends when a bridge has something to say; names its installation.
async fn changed(seats: &mut [Seat]) -> Slot {
    type Changed<'a> = Pin<Box<dyn Future<Output = Slot> + Send + 'a>>;
    let mut all: Vec<Changed<'_>> = Vec::new();
    for seat in seats {
        all.push(Box::pin(async move {
            seat.changed().await;
            seat.slot
        }));
    }
    std::future::poll_fn(|context| {
        let ready = all.iter_mut().find_map(|one| match one.as_mut().poll(context) {
            Poll::Ready(slot) => Some(slot),
            Poll::Pending => None,
        });
        ready.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}
