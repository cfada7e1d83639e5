//! Notifications on a desktop: what programs send, and a person who reads and presses.

mod dunst;
mod record;
mod server;
mod xfce;

use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use tokio::sync::Mutex;
use tokio::time::timeout;
use zbus::Connection;

use self::record::Recorder;
pub use self::record::{Closed, Notification};
pub(crate) use self::server::start;
use crate::NotificationServer;
use crate::folders::Folders;
use crate::screen::Screen;
use crate::wait::PATIENCE;

/// The name of a notification server on the bus.
const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// The key of what a click on the notification itself does.
const DEFAULT: &str = "default";

/// The notifications of a desktop, listened to on the bus.
#[derive(Debug)]
pub struct Notifications {
    server: NotificationServer,
    recorder: Recorder,
    bus: Connection,
    screen: Arc<Screen>,
    folders: Folders,
    /// Held while something is pressed: a person has one pointer.
    hand: Mutex<()>,
}

impl Notifications {
    pub(crate) async fn listen(
        server: NotificationServer,
        address: &str,
        bus: &Connection,
        screen: &Arc<Screen>,
        folders: &Folders,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            server,
            recorder: Recorder::start(address).await?,
            bus: bus.clone(),
            screen: Arc::clone(screen),
            folders: folders.clone(),
            hand: Mutex::default(),
        })
    }

    /// Gives what is on the screen, the oldest first.
    pub fn list(&self) -> Vec<Notification> {
        self.recorder.all().into_iter().filter(|shown| shown.closed.is_none()).collect()
    }

    /// Gives what was ever shown, the oldest first, as it was last; one that replaced another
    /// stands in its place.
    pub fn history(&self) -> Vec<Notification> {
        self.recorder.all()
    }

    /// Waits until a notification as wanted is on the screen.
    ///
    /// # Errors
    /// When none comes, with what there was.
    pub async fn wait_for(
        &self,
        wanted: impl Fn(&Notification) -> bool,
    ) -> anyhow::Result<Notification> {
        self.wait_for_any(|shown| shown.closed.is_none() && wanted(shown)).await
    }

    /// Waits until the program has taken the notification back.
    ///
    /// # Errors
    /// When it does not, with what there was.
    pub async fn wait_until_withdrawn(&self, id: u32) -> anyhow::Result<()> {
        self.wait_for_any(|shown| shown.id == id && shown.closed == Some(Closed::Withdrawn))
            .await
            .map(drop)
    }

    /// Says whether the program has taken the notification back.
    pub fn is_withdrawn(&self, id: u32) -> bool {
        self.get(id).is_some_and(|shown| shown.closed == Some(Closed::Withdrawn))
    }

    /// Presses a button, as a person would, and returns when the server has told so.
    ///
    /// # Errors
    /// When the notification is not on the screen or has no such button, or nothing comes of it.
    pub async fn press(&self, id: u32, label: &str) -> anyhow::Result<()> {
        let shown = self.on_screen(id)?;
        let action = shown.actions.iter().find(|(_, name)| name == label);
        let (key, _) = action.with_context(|| format!("no button says {label:?}: {shown:?}"))?;
        self.choose(&shown, key).await
    }

    /// Does what a click on the notification itself stands for, as a person would: in Dunst's
    /// menu, or with the button that Xfce makes of it. Returns when the server has told so.
    ///
    /// # Errors
    /// When the notification is not on the screen or does nothing when clicked.
    pub async fn click_body(&self, id: u32) -> anyhow::Result<()> {
        let shown = self.on_screen(id)?;
        let clickable = shown.actions.iter().any(|(key, _)| key == DEFAULT);
        ensure!(clickable, "a click on the notification does nothing: {shown:?}");
        self.choose(&shown, DEFAULT).await
    }

    async fn choose(&self, shown: &Notification, key: &str) -> anyhow::Result<()> {
        let _one_at_a_time = self.hand.lock().await;
        match self.server {
            NotificationServer::Dunst => {
                dunst::choose(&self.bus, &self.folders, shown.id, key).await?;
            }
            NotificationServer::Xfce => {
                xfce::press(&self.screen, || self.list(), shown.id, key).await?;
            }
            NotificationServer::Absent => bail!("there is no notification server"),
        }
        self.wait_for_action(shown.id, key, shown.chosen.len()).await
    }

    /// Pretends, from another connection than the server's, that an action was chosen.
    ///
    /// # Errors
    /// When the bus refuses.
    pub async fn forge_action(&self, id: u32, key: &str) -> anyhow::Result<()> {
        let nobody: Option<&str> = None;
        self.bus.emit_signal(nobody, PATH, SERVICE, "ActionInvoked", &(id, key)).await?;
        Ok(())
    }

    fn get(&self, id: u32) -> Option<Notification> {
        self.recorder.all().into_iter().rfind(|shown| shown.id == id)
    }

    fn on_screen(&self, id: u32) -> anyhow::Result<Notification> {
        let shown = self.get(id).with_context(|| format!("there was no notification {id}"))?;
        ensure!(shown.closed.is_none(), "it is no longer on the screen: {shown:?}");
        Ok(shown)
    }

    async fn wait_for_action(&self, id: u32, key: &str, before: usize) -> anyhow::Result<()> {
        self.wait_for_any(|shown| {
            shown.id == id && shown.chosen.iter().skip(before).any(|chosen| chosen == key)
        })
        .await
        .map(drop)
        .with_context(|| format!("nothing came of choosing {key:?}"))
    }

    async fn wait_for_any(
        &self,
        wanted: impl Fn(&Notification) -> bool,
    ) -> anyhow::Result<Notification> {
        let mut changes = self.recorder.changes();
        let waiting = async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = self.recorder.all().into_iter().rfind(&wanted) {
                    return Ok(found);
                }
                changes.changed().await.context("the bus is gone")?;
            }
        };
        timeout(PATIENCE, waiting).await.unwrap_or_else(|_| {
            bail!(
                "waited {PATIENCE:?} in vain for a notification; there were: {:#?}",
                self.history()
            )
        })
    }
}
