//! The published npm bridge, where it runs on this computer with the same installation: the cloud
//! gives each of the two what is meant for both.

mod npm;
mod processes;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sap::InstallationId;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

/// How often it is looked for one that starts later.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// How often one that runs is looked after, so that its end is noticed.
const LOOK_AFTER_EVERY: Duration = Duration::from_secs(5);

/// An npm bridge that carries the same installation as this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OtherBridge {
    /// It runs.
    Running {
        /// Its process.
        pid: u32,
    },
    /// It was set up with this installation; whether it runs cannot be seen on this system.
    SetUp,
}

impl OtherBridge {
    /// Says what is the matter, as sentences.
    pub fn what(&self) -> String {
        match self {
            Self::Running { pid } => format!(
                "The npm bridge @sophonai/bridge (process {pid}) carries this installation as well. \
                 While both run, messages may be answered twice or not at all."
            ),
            Self::SetUp => "The npm bridge @sophonai/bridge was set up with this installation as \
                            well. If both run, messages may be answered twice or not at all."
                .to_owned(),
        }
    }

    /// Says what to do now, as a sentence.
    pub fn remedy(&self) -> String {
        match self {
            Self::Running { pid } if cfg!(target_os = "macos") => format!(
                "Stop it with `bridge service uninstall` where it was installed as a service, \
                 otherwise with `kill {pid}`."
            ),
            Self::Running { pid } => {
                format!("Stop it where it was started, or with `kill {pid}`, and start it no more.")
            }
            Self::SetUp => "Stop it where it was started, and start it no more.".to_owned(),
        }
    }
}

/// Looks for another bridge until it is dropped.
#[derive(Debug)]
pub struct OtherBridgeWatch {
    found: watch::Receiver<Option<OtherBridge>>,
    again: Arc<Notify>,
    task: AbortHandle,
}

impl OtherBridgeWatch {
    /// Looks for a bridge that carries this installation, now and from now on. Must be called within
    /// a tokio runtime.
    pub fn start(installation: InstallationId) -> Self {
        let (tell, found) = watch::channel(None);
        let again = Arc::new(Notify::new());
        let task = tokio::spawn(keep_looking(installation, tell, Arc::clone(&again)));
        Self { found, again, task: task.abort_handle() }
    }

    /// Looks again at once: something happened that another bridge may be the cause of.
    pub fn look_again(&self) {
        self.again.notify_one();
    }

    /// What was found last.
    pub fn found(&self) -> Option<OtherBridge> {
        self.found.borrow().clone()
    }

    /// Waits until one is found, or one that was found is gone. Cancel-safe.
    pub async fn changed(&mut self) -> Option<OtherBridge> {
        if self.found.changed().await.is_err() {
            // It is looked for no more, so that nothing changes.
            std::future::pending::<()>().await;
        }
        self.found.borrow_and_update().clone()
    }
}

impl Drop for OtherBridgeWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep_looking(
    installation: InstallationId,
    tell: watch::Sender<Option<OtherBridge>>,
    again: Arc<Notify>,
) {
    loop {
        let wanted = installation.clone();
        // Processes and files are read at once, or, on a sick disk, late.
        let looked = tokio::task::spawn_blocking(move || look(&wanted)).await;
        let found = looked.unwrap_or_default();
        let wait = if found.is_some() { LOOK_AFTER_EVERY } else { LOOK_EVERY };
        tell.send_if_modified(|told| {
            let changed = *told != found;
            *told = found;
            changed
        });
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = again.notified() => {}
        }
    }
}

/// Where the npm bridge keeps its credentials unless told otherwise.
pub(crate) fn usual_npm_folder(home: &Path) -> std::path::PathBuf {
    npm::usual_folder(home)
}

/// Looks once. Blocks, as processes and files are read.
pub(crate) fn look(installation: &InstallationId) -> Option<OtherBridge> {
    let home = std::env::home_dir();
    if cfg!(windows) {
        let home = home?;
        return (npm::set_up_at(&npm::usual_folder(&home)).as_ref() == Some(installation))
            .then_some(OtherBridge::SetUp);
    }
    let mut processes = processes::of_this_user(npm::may_be_bridge);
    let same =
        processes.find(|it| npm::carries(it, home.as_deref()).as_ref() == Some(installation));
    same.map(|process| OtherBridge::Running { pid: process.pid })
}

/// Looks once for one that carries the installation, or that may keep its files in a folder. Blocks, as
/// processes and files are read.
pub(crate) fn look_in(folder: &Path, installation: &InstallationId) -> Option<OtherBridge> {
    if cfg!(windows) {
        return is_kept_in(folder, installation).then_some(OtherBridge::SetUp);
    }
    let home = std::env::home_dir();
    let mut processes = processes::of_this_user(npm::may_be_bridge);
    let one = processes.find(|it| {
        npm::may_use(it, home.as_deref(), folder)
            || npm::carries(it, home.as_deref()).as_ref() == Some(installation)
    });
    one.map(|process| OtherBridge::Running { pid: process.pid })
}

/// Says whether the npm bridge keeps the credentials of an installation in a folder. Blocks.
pub(crate) fn is_kept_in(folder: &Path, installation: &InstallationId) -> bool {
    npm::set_up_at(folder).as_ref() == Some(installation)
}

#[cfg(test)]
mod tests;
