//! What the program asks of the desktop, named by intent.

use control::{Pending, Slot};

use crate::request::Page;
use crate::tray::Tray;
use crate::view::{Pulse, View};

/// A desktop: a tray, notifications, a window, a browser. None of it waits for the network or a
/// person: what comes back comes as a request.
pub trait Shell {
    /// Shows this in the tray.
    fn set_tray(&mut self, tray: &Tray);
    /// Shows this in the window, if there is one.
    fn set_view(&mut self, view: &View);
    /// Shows signs of life in the window, if there is one.
    fn set_pulses(&mut self, pulses: Vec<Pulse>);
    /// Says whether a window is open.
    fn has_window(&self) -> bool;
    /// Opens the window, or brings it to the front.
    fn open_window(&mut self, page: Option<Page>, key: Option<String>);
    /// Tells that a request waits, with buttons where the desktop has them. `via` names the
    /// installation where there are several.
    fn announce_request(&mut self, request: &Pending, via: Option<&str>);
    /// Takes the notification about a request back: it was decided elsewhere, or is over.
    fn retract_request(&mut self, key: &str);
    /// Tells something once, in place of what was told about the same topic.
    fn announce(&mut self, topic: Topic, title: &str, text: &str);
    /// Opens a page in the system browser.
    fn open_page(&mut self, url: &str);
    /// Opens a folder.
    fn open_folder(&mut self, folder: &std::path::Path);
    /// Puts a text on the clipboard.
    fn copy(&mut self, text: &str);
    /// Starts the program at login, or no longer.
    ///
    /// # Errors
    /// Why that is not possible, as a sentence fragment.
    fn start_at_login(&mut self, on: bool) -> Result<(), String>;
}

/// What a notification is about; a new one replaces the one before of the same topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// An installation's health.
    Health(Slot),
    /// Whether what must outlive the program can be stored.
    Storage(Slot),
    /// Devices, senders and codes for a phone.
    Access(Slot),
    /// What became of a request.
    Request(String),
    /// Pairing.
    Pairing(Slot),
    /// Messages that are not carried.
    Messages(Slot),
    /// Keys of encrypted chats.
    Keys(Slot),
}

/// No desktop: nothing is shown anywhere.
#[derive(Debug)]
pub struct Nowhere;

impl Shell for Nowhere {
    fn set_tray(&mut self, _: &Tray) {}
    fn set_view(&mut self, _: &View) {}
    fn set_pulses(&mut self, _: Vec<Pulse>) {}
    fn has_window(&self) -> bool {
        false
    }
    fn open_window(&mut self, _: Option<Page>, _: Option<String>) {}
    fn announce_request(&mut self, _: &Pending, _: Option<&str>) {}
    fn retract_request(&mut self, _: &str) {}
    fn announce(&mut self, _: Topic, _: &str, _: &str) {}
    fn open_page(&mut self, _: &str) {}
    fn open_folder(&mut self, _: &std::path::Path) {}
    fn copy(&mut self, _: &str) {}
    fn start_at_login(&mut self, _: bool) -> Result<(), String> {
        Err("there is no desktop".to_owned())
    }
}
