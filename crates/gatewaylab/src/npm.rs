//! Packages from npm, each in its own folder of a cache that all runs on this computer share.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};
use tokio::process::Command;
use tokio::task::spawn_blocking;

/// Hears, sentence by sentence, what takes time.
pub type Progress<'a> = &'a (dyn Fn(&str) + Sync);

/// How much of npm's complaint is shown, in characters from its end.
const COMPLAINT: usize = 2_000;

/// A package, pinned to one version.
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// Name of its folder in the cache.
    pub(crate) folder: &'static str,
    /// Versions forced upon the packages it needs.
    pub(crate) overrides: &'static [(&'static str, &'static str)],
    /// Files of the package to delete, relative to it.
    pub(crate) unwanted: &'static [&'static str],
}

impl Package {
    /// Installs the package unless it is there, and returns its directory.
    ///
    /// A folder appears in the cache under its name only when it is complete, and one process at
    /// a time installs it.
    pub(crate) async fn ensure(&self, progress: Progress<'_>) -> anyhow::Result<PathBuf> {
        let cache = cache_dir()?;
        let folder = cache.join(self.folder);
        let directory = folder.join("node_modules").join(self.name);
        if folder.exists() {
            return Ok(directory);
        }
        std::fs::create_dir_all(&cache)
            .with_context(|| format!("cannot create the cache {}", cache.display()))?;
        let _lock = self.lock(&cache, progress).await?;
        if !folder.exists() {
            self.remove_abandoned(&cache)?;
            self.install(&cache, &folder, progress).await?;
        }
        Ok(directory)
    }

    /// Says whether the package is in the cache.
    pub(crate) fn is_installed(&self) -> anyhow::Result<bool> {
        Ok(cache_dir()?.join(self.folder).exists())
    }

    async fn lock(&self, cache: &Path, progress: Progress<'_>) -> anyhow::Result<File> {
        let file = File::create(cache.join(format!(".{}.lock", self.folder)))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                progress(&format!("waiting for another process to install {}", self.name));
                Ok(spawn_blocking(move || file.lock().map(|()| file)).await??)
            }
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Removes what a killed installation left; the lock says that none is at work.
    fn remove_abandoned(&self, cache: &Path) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(cache)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&self.unfinished()) {
                std::fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    fn unfinished(&self) -> String {
        format!(".{}-unfinished-", self.folder)
    }

    async fn install(
        &self,
        cache: &Path,
        folder: &Path,
        progress: Progress<'_>,
    ) -> anyhow::Result<()> {
        let Self { name, version, .. } = self;
        progress(&format!("installing {name} {version} from npm into {}", folder.display()));
        let started = Instant::now();
        let unfinished = tempfile::Builder::new().prefix(&self.unfinished()).tempdir_in(cache)?;
        std::fs::write(unfinished.path().join("package.json"), self.manifest().to_string())?;
        npm_install(unfinished.path())
            .await
            .with_context(|| format!("{name} {version} could not be installed"))?;
        for file in self.unwanted {
            let _ =
                std::fs::remove_file(unfinished.path().join("node_modules").join(name).join(file));
        }
        open_to_all(unfinished.path())?;
        std::fs::rename(unfinished.keep(), folder)?;
        progress(&format!("installed {name} {version} in {} s", started.elapsed().as_secs()));
        Ok(())
    }

    fn manifest(&self) -> Value {
        let overrides: Map<String, Value> =
            self.overrides.iter().map(|(name, version)| ((*name).into(), json!(version))).collect();
        json!({
            "private": true,
            "dependencies": {self.name: self.version},
            "overrides": overrides,
        })
    }
}

async fn npm_install(folder: &Path) -> anyhow::Result<()> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    // The gateway runs on another Node than npm, which need not meet the package's demands.
    let output = Command::new(npm)
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--engine-strict=false"])
        .args(["--no-update-notifier", "--loglevel=error"])
        .current_dir(folder)
        .kill_on_drop(true)
        .output()
        .await
        .context("npm cannot be started; install Node.js with npm")?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let from = text.char_indices().rev().nth(COMPLAINT).map_or(0, |(index, _)| index);
        let complaint = text[from..].trim();
        bail!("npm failed; check that its registry can be reached. It said: {complaint}");
    }
    Ok(())
}

/// `SOPHON_LAB_CACHE`, otherwise the user's cache directory.
fn cache_dir() -> anyhow::Result<PathBuf> {
    if let Some(chosen) = variable("SOPHON_LAB_CACHE") {
        return std::path::absolute(chosen).map_err(Into::into);
    }
    let caches = user_caches().context(
        "no cache directory is known; set SOPHON_LAB_CACHE to a folder for the gateways",
    )?;
    Ok(caches.join("sophon-desktop").join("gateways"))
}

fn user_caches() -> Option<PathBuf> {
    // Gateways that root starts as another user cannot enter root's home.
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        return Some("/var/cache".into());
    }
    if cfg!(windows) {
        return variable("LOCALAPPDATA");
    }
    if cfg!(target_os = "macos") {
        return Some(variable("HOME")?.join("Library").join("Caches"));
    }
    variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(unix)]
fn open_to_all(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn open_to_all(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}
