//! Linux: everything over the session bus, without a toolkit.

pub mod autostart;
pub mod notifications;
pub mod tray;

use std::process::ExitCode;

pub use autostart::Autostart;
pub(crate) use cli::has_display;
pub use notifications::Notifications;
pub use tray::LinuxTray as Tray;

use control::Ask;

use crate::app::{self, Begun};
use crate::arguments::DesktopArguments;
use crate::start::in_runtime;

/// Runs the program on this desktop.
pub(crate) fn run(arguments: DesktopArguments) -> ExitCode {
    let ask = if arguments.hidden { Ask::Greet } else { Ask::Open };
    in_runtime(async {
        match app::begin(&arguments, ask).await? {
            Begun::Done(_) => Ok(()),
            Begun::First(instance) => {
                let tray = |wishes, host: tokio::sync::mpsc::UnboundedSender<bool>| {
                    Tray::start(wishes, move |is_there| {
                        // The program may be ending.
                        let _ = host.send(is_there);
                    })
                };
                app::run(&arguments, instance, tray).await
            }
        }
    })
}
