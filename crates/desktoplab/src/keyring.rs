//! GNOME Keyring on a desktop.

use std::io::Write as _;
use std::process::Stdio;

use anyhow::Context as _;
use zbus::Connection;

use crate::daemon::Daemon;
use crate::environment::Environment;
use crate::folders::Folders;

/// The name of the Secret Service on the bus.
pub(crate) const SERVICE: &str = "org.freedesktop.secrets";
/// What the keyring is unlocked with.
pub(crate) const PASSWORD: &str = "a password of the tests";

/// Starts the keyring, unlocked.
pub(crate) async fn start(
    environment: &Environment,
    folders: &Folders,
    bus: &Connection,
) -> anyhow::Result<Daemon> {
    let mut command = environment.command("gnome-keyring-daemon");
    command
        .args(["--foreground", "--components=secrets", "--unlock", "--control-directory"])
        .arg(folders.runtime().join("keyring"))
        .stdin(Stdio::piped());
    let mut daemon = Daemon::start(&mut command, folders.log("keyring"))?;
    let mut input = daemon.input().context("the keyring's input is not piped")?;
    input.write_all(PASSWORD.as_bytes())?;
    drop(input);
    crate::bus::wait_for_name(bus, SERVICE).await?;
    Ok(daemon)
}
