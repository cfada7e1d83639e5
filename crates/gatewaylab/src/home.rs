//! What a gateway has on disk, and whose it is.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::{GatewayOptions, Installed};

/// Folder in which 2026.5.6 keeps what it translates from TypeScript, in its temporary folder
/// and among the compiled code.
const TRANSLATED: &str = "jiti";

/// The home of one gateway; dropping it removes it.
#[derive(Debug)]
pub(crate) struct Home {
    folder: TempDir,
    user: Option<u32>,
}

impl Home {
    /// Creates a home for this user, or for the one of this process, whose gateways share
    /// `compiled`.
    pub(crate) fn create(user: Option<u32>, compiled: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("openclaw-home-").tempdir()?;
        let home = Self { folder, user };
        let scratch = home.path().join("tmp");
        for folder in [&scratch, &home.state_dir()] {
            std::fs::create_dir(folder)?;
            give(folder, user)?;
        }
        give(home.path(), user)?;
        link(&compiled.join(TRANSLATED), &scratch.join(TRANSLATED))?;
        Ok(home)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.path().join(".openclaw")
    }

    /// Writes `openclaw.json`.
    pub(crate) fn configure(&self, config: &Value) -> anyhow::Result<()> {
        let file = self.state_dir().join("openclaw.json");
        std::fs::write(&file, serde_json::to_vec_pretty(config)?)?;
        keep_private(&file)?;
        give(&file, self.user)?;
        Ok(())
    }
}

/// Creates the folder in which this user's gateways of a release keep compiled code, which is
/// half of a start. One for each user, because whoever can write it can run code.
pub(crate) fn compiled_code(installed: &Installed, user: Option<u32>) -> anyhow::Result<PathBuf> {
    let release = installed.entry.ancestors().nth(3).context("the release is not in a cache")?;
    if user.is_some() {
        open_to_other_users(release)?;
    }
    let compiled = match user {
        Some(user) => release.join(format!("compiled-for-{user}")),
        None => release.join("compiled"),
    };
    for folder in [&compiled, &compiled.join(TRANSLATED)] {
        match std::fs::create_dir(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
            Ok(()) | Err(_) => give(folder, user)?,
        }
    }
    Ok(compiled)
}

/// The user to start a gateway as, when it is not to be this process's.
#[cfg(unix)]
pub(crate) fn other_user(options: &GatewayOptions) -> Option<u32> {
    const NOBODY: u32 = 65_534;
    (options.run_as_user && rustix::process::geteuid().is_root()).then_some(NOBODY)
}

#[cfg(not(unix))]
pub(crate) fn other_user(_options: &GatewayOptions) -> Option<u32> {
    None
}

#[cfg(unix)]
fn give(path: &Path, user: Option<u32>) -> io::Result<()> {
    if user.is_none() { Ok(()) } else { std::os::unix::fs::chown(path, user, user) }
}

#[cfg(not(unix))]
fn give(_path: &Path, _user: Option<u32>) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn link(_target: &Path, _link: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn keep_private(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn keep_private(_file: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn open_to_other_users(release: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    for folder in release.ancestors() {
        if std::fs::metadata(folder)?.permissions().mode() & 0o001 == 0 {
            anyhow::bail!(
                "another user cannot enter {}, which holds the gateway; set SOPHON_LAB_CACHE to a \
                 folder open to everybody",
                folder.display()
            );
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn open_to_other_users(_release: &Path) -> anyhow::Result<()> {
    Ok(())
}
