//! macOS and Windows: Tauri's event loop, tray and menus.

pub mod autostart;
pub mod notifications;
pub mod tray;

use std::process::ExitCode;
use std::sync::mpsc;

pub use autostart::Autostart;
pub use notifications::Notifications;
pub use tray::NativeTray as Tray;

use cli::Failure;
use control::Ask;
use tauri::RunEvent;

use crate::app::{self, Begun};
use crate::arguments::DesktopArguments;
use crate::start::in_runtime;
use crate::window;

/// Says whether a window could be shown: these systems always have a screen.
pub(crate) fn has_display() -> bool {
    true
}

/// Runs the program on this desktop: the event loop on this thread, everything else on another.
pub(crate) fn run(arguments: DesktopArguments) -> ExitCode {
    let built = tauri::Builder::default().build(window::context());
    #[cfg_attr(not(target_os = "macos"), expect(unused_mut, reason = "only macOS sets a policy"))]
    let mut app = match built {
        Ok(app) => app,
        Err(error) => {
            let message = format!("The desktop cannot be used: {error}.");
            return app::refuse(&Failure::fatal(message, "Sign out and in again, then try again."));
        }
    };
    // A tray icon, and no place in the Dock.
    #[cfg(target_os = "macos")]
    app.set_activation_policy(tauri::ActivationPolicy::Accessory);
    let handle = app.handle().clone();
    let (ended, code) = mpsc::channel();
    std::thread::spawn(move || {
        let ask = if arguments.hidden { Ask::Greet } else { Ask::Open };
        let code = in_runtime(async {
            match app::begin(&arguments, ask).await? {
                Begun::Done(_) => Ok(()),
                Begun::First(instance) => {
                    let tray = |wishes, host: tokio::sync::mpsc::UnboundedSender<bool>| {
                        Tray::start(&handle, wishes, move |is_there| {
                            // The program may be ending.
                            let _ = host.send(is_there);
                        })
                    };
                    app::run(&arguments, instance, tray).await
                }
            }
        });
        // The receiver lives as long as the event loop.
        let _ = ended.send(code);
        handle.exit(0);
    });
    app.run_return(|_, event| {
        // Windows belong to another process; only `exit` ends this one.
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
        }
    });
    code.try_recv().unwrap_or(ExitCode::SUCCESS)
}
