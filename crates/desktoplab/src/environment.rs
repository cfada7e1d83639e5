use std::ffi::OsString;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::DesktopOptions;
use crate::folders::Folders;

/// Variable that says which desktop a process belongs to.
const DESKTOP: &str = "DESKTOPLAB";
/// Variable that says with which started program a process came.
pub(crate) const PROGRAM: &str = "DESKTOPLAB_PROGRAM";

/// What the programs of a desktop find in their environment; nothing else of this process's own
/// but where programs are.
#[derive(Debug)]
pub(crate) struct Environment {
    variables: Vec<(&'static str, OsString)>,
    programs: AtomicU32,
}

impl Environment {
    pub(crate) fn new(folders: &Folders, options: &DesktopOptions) -> Self {
        let mut variables: Vec<(&str, OsString)> = vec![
            (DESKTOP, folders.root().into()),
            ("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into())),
            ("LANG", "C.UTF-8".into()),
            ("HOME", folders.home().into()),
            ("XDG_CONFIG_HOME", folders.config().into()),
            ("XDG_DATA_HOME", folders.data().into()),
            ("XDG_CACHE_HOME", folders.cache().into()),
            ("XDG_STATE_HOME", folders.home().join(".local/state").into()),
            ("XDG_RUNTIME_DIR", folders.runtime().into()),
            ("XDG_SESSION_TYPE", "x11".into()),
            ("TMPDIR", folders.scratch().into()),
            ("BROWSER", folders.browser().into()),
            ("GDK_BACKEND", "x11".into()),
            ("GSETTINGS_BACKEND", "memory".into()),
            ("GTK_A11Y", "none".into()),
            ("NO_AT_BRIDGE", "1".into()),
            ("LIBGL_ALWAYS_SOFTWARE", "1".into()),
            ("GTK_THEME", if options.dark { "Adwaita:dark" } else { "Adwaita" }.into()),
        ];
        if options.scale > 1 {
            let scale = options.scale;
            variables.push(("GDK_SCALE", scale.to_string().into()));
            // GTK would scale text by the resolution of the screen once more.
            variables.push(("GDK_DPI_SCALE", (1.0 / f32::from(scale)).to_string().into()));
        }
        Self { variables, programs: AtomicU32::new(0) }
    }

    /// The line that every process of the desktop has in its environment.
    pub(crate) fn marker(folders: &Folders) -> String {
        format!("{DESKTOP}={}", folders.root().display())
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.variables.push((name, value.into()));
    }

    /// A command with this environment, and a mark of its own.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let number = self.programs.fetch_add(1, Ordering::Relaxed);
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env(PROGRAM, number.to_string());
        command
    }
}
