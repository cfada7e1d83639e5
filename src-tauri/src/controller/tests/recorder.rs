//! A desktop that notes what it is asked for.

use std::path::Path;

use cli::FIRST;
use control::{Pending, RequestKind, Slot};
use tokio::sync::watch;

use crate::request::Page;
use crate::shell::{Shell, Topic};
use crate::tray;
use crate::view::{Installation, Pulse, SeatSettings, View};

/// What the desktop was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Intent {
    Announce(String),
    Retract(String),
    Tell { topic: Topic, title: String },
    OpenPage(String),
    OpenWindow(Option<String>),
    Copy(String),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    pub(super) view: Option<View>,
    pub(super) installations: Vec<Installation>,
    pub(super) tray: Option<tray::Tray>,
    pub(super) intents: Vec<Intent>,
    /// What was said with what was told.
    pub(super) texts: Vec<String>,
    pub(super) has_window: bool,
}

impl Notes {
    /// How the first installation stands.
    pub(super) fn first(&self) -> Option<&Installation> {
        self.seat(FIRST)
    }

    pub(super) fn seat(&self, slot: Slot) -> Option<&Installation> {
        let seats = &self.view.as_ref()?.installations;
        seats.iter().find(|seat| seat.slot == slot).map(|seat| &seat.standing)
    }

    /// Settings of the first installation.
    pub(super) fn settings(&self) -> Option<SeatSettings> {
        self.view.as_ref()?.installations.first().map(|seat| seat.settings.clone())
    }

    pub(super) fn pending(&self, kind: RequestKind) -> Option<&Pending> {
        self.view.as_ref()?.pending.iter().find(|request| request.subject.kind() == kind)
    }
}

/// A desktop that notes what it is asked for.
pub(super) struct Recorder(pub(super) watch::Sender<Notes>);

impl Recorder {
    fn note(&self, intent: Intent) {
        self.0.send_modify(|notes| notes.intents.push(intent));
    }
}

impl Shell for Recorder {
    fn set_tray(&mut self, tray: &tray::Tray) {
        self.0.send_modify(|notes| notes.tray = Some(tray.clone()));
    }
    fn set_view(&mut self, view: &View) {
        self.0.send_modify(|notes| {
            notes.view = Some(view.clone());
            notes.installations.push(view.installations[0].standing.clone());
        });
    }
    fn set_pulses(&mut self, _: Vec<Pulse>) {}
    fn has_window(&self) -> bool {
        self.0.borrow().has_window
    }
    fn open_window(&mut self, _: Option<Page>, key: Option<String>) {
        self.0.send_modify(|notes| notes.has_window = true);
        self.note(Intent::OpenWindow(key));
    }
    fn announce_request(&mut self, request: &Pending, _: Option<&str>) {
        self.note(Intent::Announce(request.key.clone()));
    }
    fn retract_request(&mut self, key: &str) {
        self.note(Intent::Retract(key.to_owned()));
    }
    fn announce(&mut self, topic: Topic, title: &str, text: &str) {
        self.0.send_modify(|notes| notes.texts.push(text.to_owned()));
        self.note(Intent::Tell { topic, title: title.to_owned() });
    }
    fn open_page(&mut self, url: &str) {
        self.note(Intent::OpenPage(url.to_owned()));
    }
    fn open_folder(&mut self, _: &Path) {}
    fn copy(&mut self, text: &str) {
        self.note(Intent::Copy(text.to_owned()));
    }
    fn start_at_login(&mut self, _: bool) -> Result<(), String> {
        Ok(())
    }
}
