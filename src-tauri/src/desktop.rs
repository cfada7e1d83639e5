//! The real desktop: what the program asks of it, done.

use std::path::Path;

use arboard::Clipboard;
use cli::open_outside;
use control::Pending;

use crate::notification;
use crate::os::current::{Autostart, Notifications, Tray};
use crate::request::Page;
use crate::shell::{Shell, Topic};
use crate::tray;
use crate::view::{Pulse, View};
use crate::window::Windows;

/// This computer's desktop.
pub struct Desktop {
    tray: Option<Tray>,
    notifications: Notifications,
    windows: Windows,
    autostart: Autostart,
    /// Where the system has no clipboard of its own, what is copied lives as long as this.
    clipboard: Option<Clipboard>,
}

impl Desktop {
    /// Puts the desktop's parts together; without a tray, the window is the way in.
    pub fn new(
        tray: Option<Tray>,
        notifications: Notifications,
        windows: Windows,
        autostart: Autostart,
    ) -> Self {
        Self { tray, notifications, windows, autostart, clipboard: None }
    }

    /// Takes down what stands on the screen.
    pub async fn leave(self) {
        let Self { tray, notifications, windows, .. } = self;
        drop(windows);
        notifications.shutdown().await;
        if let Some(tray) = tray {
            tray.shutdown().await;
        }
    }

    fn put_on_clipboard(&mut self, text: &str) -> Result<(), arboard::Error> {
        let clipboard = match self.clipboard.take() {
            Some(clipboard) => clipboard,
            None => Clipboard::new()?,
        };
        self.clipboard.insert(clipboard).set_text(text)
    }
}

impl Shell for Desktop {
    fn set_tray(&mut self, content: &tray::Tray) {
        if let Some(tray) = &self.tray {
            tray.set(content);
        }
    }

    fn set_view(&mut self, view: &View) {
        self.windows.set_view(view);
    }

    fn set_pulses(&mut self, pulses: Vec<Pulse>) {
        self.windows.set_pulses(pulses);
    }

    fn has_window(&self) -> bool {
        self.windows.is_open()
    }

    fn open_window(&mut self, page: Option<Page>, key: Option<String>) {
        self.windows.open(page, key);
    }

    fn announce_request(&mut self, request: &Pending, via: Option<&str>) {
        self.notifications.show(notification::request(request, via));
    }

    fn retract_request(&mut self, key: &str) {
        self.notifications.withdraw(&Topic::Request(key.to_owned()));
    }

    fn announce(&mut self, topic: Topic, title: &str, text: &str) {
        self.notifications.show(notification::news(topic, title, text));
    }

    fn open_page(&mut self, url: &str) {
        if let Err(error) = open_outside(url) {
            tracing::warn!(%error, "no browser could be opened");
        }
    }

    fn open_folder(&mut self, folder: &Path) {
        if let Err(error) = disk::create_folder(folder).and_then(|()| open_outside(folder)) {
            tracing::warn!(%error, "a folder could not be opened");
        }
    }

    fn copy(&mut self, text: &str) {
        if let Err(error) = self.put_on_clipboard(text) {
            tracing::warn!(%error, "nothing could be put on the clipboard");
        }
    }

    fn start_at_login(&mut self, on: bool) -> Result<(), String> {
        self.autostart.set(on).map_err(|error| error.to_string())
    }
}
