//! What stands in the tray of a desktop.

mod host;
mod icon;
mod menu;

pub(crate) use host::TrayHost;
pub(crate) use icon::find;
pub use icon::{Pixmap, TrayIcon};
pub use menu::{Menu, MenuLine};
