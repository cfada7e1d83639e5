//! A real desktop for tests, on a Linux computer without a screen: an X server, a session bus, a
//! window manager, a keyring, a notification server, a tray, browsers; all private, all gone
//! when the test ends. On other systems there is nothing here.
#![cfg(target_os = "linux")]

mod bus;
mod daemon;
mod desktop;
mod environment;
mod folders;
mod keyring;
mod memory;
mod notifications;
mod options;
mod packages;
mod processes;
mod screen;
mod search;
mod secrets;
mod tray;
mod wait;
mod warden;
mod webdriver;

pub use desktop::Desktop;
pub use memory::{Memory, Process, memory};
pub use notifications::{Closed, Notification, Notifications};
pub use options::{DesktopOptions, Keyring, NotificationServer};
pub use packages::PACKAGES;
pub use search::{assert_nowhere, places_of};
pub use secrets::{SecretItem, Secrets};
pub use tray::{Menu, MenuLine, Pixmap, TrayIcon};
pub use wait::{PATIENCE, eventually};
pub use webdriver::{ChromiumWindow, WebDriver};
