//! Starting at login, as macOS and Windows do it.

use std::io;

use auto_launch::{AutoLaunch, AutoLaunchBuilder};

/// Starts this program at login, or no longer.
#[derive(Debug)]
pub struct Autostart {
    arguments: Vec<String>,
}

impl Autostart {
    /// Will start this program with these arguments.
    pub fn with(arguments: Vec<String>) -> Self {
        Self { arguments }
    }

    /// Says whether it is started at login now.
    pub fn is_on(&self) -> bool {
        self.entry().is_ok_and(|entry| entry.is_enabled().unwrap_or(false))
    }

    /// Starts it at login, or no longer.
    ///
    /// # Errors
    /// When the system does not let this program change that.
    pub fn set(&self, on: bool) -> io::Result<()> {
        let entry = self.entry()?;
        let changed = if on { entry.enable() } else { entry.disable() };
        changed.map_err(io::Error::other)
    }

    fn entry(&self) -> io::Result<AutoLaunch> {
        let program = std::env::current_exe()?;
        AutoLaunchBuilder::new()
            .set_app_name("Sophon Desktop")
            .set_app_path(&program.to_string_lossy())
            .set_args(&self.arguments)
            .build()
            .map_err(io::Error::other)
    }
}
