//! The tray on Linux: a StatusNotifierItem and its menu, over the session bus.

mod item;

use std::time::Duration;

use futures_util::StreamExt as _;
use ksni::TrayMethods as _;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use zbus::fdo::DBusProxy;
use zbus::{Connection, MessageStream};

use self::item::{Place, StatusItem};
use crate::request::Request;
use crate::tray::Tray;

/// Bus name of whoever keeps the list of tray icons.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// How long it is waited before the bus is tried again; doubled with each failure.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest such wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long taking the icon away may take.
const ENDING: Duration = Duration::from_secs(1);

/// The icon in the tray. It stands wherever and whenever the desktop has a place for it.
#[derive(Debug)]
pub struct LinuxTray {
    shown: watch::Sender<Option<Tray>>,
    task: JoinHandle<()>,
}

impl LinuxTray {
    /// Starts to look for a place; the icon appears with the first [`LinuxTray::set`]. Clicks become
    /// `wishes`, and `host` hears whether the desktop has a place for the icon: once after the first
    /// look, and whenever that changes. It must be called within a tokio runtime.
    pub fn start(wishes: UnboundedSender<Request>, host: impl Fn(bool) + Send + 'static) -> Self {
        let (shown, to_show) = watch::channel(None);
        let keeper = Keeper { to_show, wishes, host, told: None, pause: FIRST_PAUSE };
        Self { shown, task: tokio::spawn(keeper.run()) }
    }

    /// Shows this; what is shown already is not sent again.
    pub fn set(&self, tray: &Tray) {
        self.shown.send_if_modified(|shown| {
            let is_new = shown.as_ref() != Some(tray);
            if is_new {
                *shown = Some(tray.clone());
            }
            is_new
        });
    }

    /// Takes the icon away, within a second.
    pub async fn shutdown(self) {
        let Self { shown, mut task } = self;
        drop(shown);
        if timeout(ENDING, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Keeps the icon in the tray until nobody wants it any longer.
struct Keeper<H> {
    to_show: watch::Receiver<Option<Tray>>,
    wishes: UnboundedSender<Request>,
    host: H,
    told: Option<bool>,
    pause: Duration,
}

/// Why there is no icon; it is tried again.
#[derive(Debug, thiserror::Error)]
enum Absence {
    #[error("the session bus cannot be used: {0}")]
    Bus(#[from] zbus::Error),
    #[error("the session bus refuses a question: {0}")]
    Question(#[from] zbus::fdo::Error),
    #[error("the icon cannot be offered: {0}")]
    Offer(#[from] ksni::Error),
    #[error("the desktop refuses the icon")]
    Refused,
    #[error("the desktop got its tray at the moment in which it was asked for it")]
    Missed,
    #[error("the session bus is gone")]
    BusGone,
}

impl<H: Fn(bool) + Send> Keeper<H> {
    async fn run(mut self) {
        while let Ok(tray) = self.to_show.wait_for(Option::is_some).await.map(|tray| tray.clone()) {
            let Some(tray) = tray else { continue };
            match self.stand(tray).await {
                Ok(()) => return,
                Err(absence) => tracing::debug!(%absence, "no tray icon"),
            }
            self.tell(false);
            tokio::select! {
                () = sleep(self.pause) => {}
                () = unwanted(self.to_show.clone()) => return,
            }
            self.pause = LONGEST_PAUSE.min(self.pause * 2);
        }
    }

    /// Offers the icon, and keeps it as it is to be until nobody wants it any longer.
    async fn stand(&mut self, tray: Tray) -> Result<(), Absence> {
        let (standing, mut place) = watch::channel(Place::Given);
        let bus = Connection::session().await?;
        let mut signs_of_life = MessageStream::from(&bus);
        let item = StatusItem::new(tray, self.wishes.clone(), standing);
        let handle = item.assume_sni_available(true).spawn().await?;
        if *place.borrow() == Place::Missing && has_watcher(&bus).await? {
            handle.shutdown().await;
            return Err(Absence::Missed);
        }
        loop {
            match *place.borrow_and_update() {
                Place::Given => {
                    self.tell(true);
                    self.pause = FIRST_PAUSE;
                }
                Place::Missing => self.tell(false),
                Place::Refused => return Err(Absence::Refused),
            }
            tokio::select! {
                changed = self.to_show.changed() => {
                    if changed.is_err() {
                        handle.shutdown().await;
                        return Ok(());
                    }
                    let tray = self.to_show.borrow_and_update().clone();
                    handle.update(|item| tray.map(|tray| item.show(tray))).await;
                }
                changed = place.changed() => changed.map_err(|_| Absence::BusGone)?,
                message = signs_of_life.next() => {
                    if !matches!(message, Some(Ok(_))) {
                        handle.shutdown().await;
                        return Err(Absence::BusGone);
                    }
                }
            }
        }
    }

    fn tell(&mut self, has_place: bool) {
        if self.told.replace(has_place) != Some(has_place) {
            (self.host)(has_place);
        }
    }
}

async fn has_watcher(bus: &Connection) -> Result<bool, Absence> {
    let name = WATCHER.try_into().map_err(zbus::Error::from)?;
    Ok(DBusProxy::new(bus).await?.name_has_owner(name).await?)
}

/// Ends when nobody wants the icon any longer.
async fn unwanted(mut to_show: watch::Receiver<Option<Tray>>) {
    while to_show.changed().await.is_ok() {}
}
