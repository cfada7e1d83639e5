//! Other programs of this computer, which get none of our secrets along.

use std::ffi::OsStr;
use std::io;
use std::process::{Command, Stdio};

/// Variables of the environment that may hold a secret of ours or of the gateway.
const SECRETS: [&str; 4] =
    ["SOPHON_BOT_TOKEN", "OPENCLAW_TOKEN", "OPENCLAW_GATEWAY_TOKEN", "OPENCLAW_GATEWAY_PASSWORD"];

/// Names the variables that another program must not inherit.
pub fn secret_variables() -> impl Iterator<Item = &'static str> {
    SECRETS.into_iter()
}

/// Opens a page or a folder with the program that this person uses for it, and does not wait.
///
/// # Errors
/// When no such program can be started.
pub fn open_outside(target: impl AsRef<OsStr>) -> io::Result<()> {
    if cfg!(windows) {
        return open::that_detached(target.as_ref());
    }
    let mut problem = io::Error::from(io::ErrorKind::NotFound);
    for command in open::commands(target.as_ref()) {
        match start(command) {
            Ok(()) => return Ok(()),
            Err(error) => problem = error,
        }
    }
    Err(problem)
}

fn start(mut command: Command) -> io::Result<()> {
    for variable in secret_variables() {
        command.env_remove(variable);
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        // A signal of our terminal is not meant for it.
        command.process_group(0);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    // Some starters end with the program that they start: nobody here waits for that.
    std::thread::Builder::new().name("opened".into()).spawn(move || child.wait())?;
    Ok(())
}
