use std::process::Command;

use zbus::Connection;

use super::{SERVICE, dunst, xfce};
use crate::bus::wait_for_name;
use crate::daemon::Daemon;
use crate::environment::Environment;
use crate::folders::Folders;
use crate::{DesktopOptions, NotificationServer};

/// Starts the notification server that is wished for, if one is.
pub(crate) async fn start(
    environment: &Environment,
    folders: &Folders,
    bus: &Connection,
    options: &DesktopOptions,
) -> anyhow::Result<Option<Daemon>> {
    let mut command: Command = match options.notifications {
        NotificationServer::Dunst => dunst::command(environment, folders, options)?,
        NotificationServer::Xfce => xfce::command(environment, folders, options)?,
        NotificationServer::Absent => return Ok(None),
    };
    let daemon = Daemon::start(&mut command, folders.log("notifications"))?;
    wait_for_name(bus, SERVICE).await?;
    Ok(Some(daemon))
}
