//! Rules about the project as a whole that no compiler checks.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cargo::{cargo, output};

/// The largest file that the project may hold, in bytes.
const LARGEST_FILE: u64 = 1_000_000;
/// Folders whose content nobody wrote.
const NOT_OURS: [&str; 3] = ["target", "gen", "node_modules"];
/// Beginnings of the names of crates that draw on a screen or reach a keychain.
const SCREEN_AND_KEYCHAIN: &[&str] =
    &["tauri", "gtk", "gdk", "webkit", "wry", "tao", "keyring", "secret-service", "zbus", "vault"];
/// Beginnings of the names of crates that draw on a screen: a server has none.
const SCREEN: &[&str] = &["tauri", "gtk", "gdk", "webkit", "wry", "tao", "ksni"];
/// What only tests and demonstrations may use.
const MAKE_BELIEVE: &[&str] = &["simulator", "gatewaylab", "desktoplab", "xtask"];
/// Packages, and the beginnings of the names of crates that they must do without on any system.
const WALLS: [(&str, &[&str]); 8] = [
    ("sap", SCREEN_AND_KEYCHAIN),
    ("openclaw", SCREEN_AND_KEYCHAIN),
    ("bridge", SCREEN_AND_KEYCHAIN),
    ("sap", &["openclaw", "bridge"]),
    ("openclaw", &["sap", "bridge"]),
    ("cli", MAKE_BELIEVE),
    ("cli", SCREEN),
    ("sophon-desktop", MAKE_BELIEVE),
];

/// Checks who depends on whom.
///
/// # Errors
/// The first dependency that must not be.
pub(crate) fn check_dependencies() -> anyhow::Result<()> {
    for (package, forbidden) in WALLS {
        let tree = ["tree", "--package", package, "--edges", "normal", "--target", "all"];
        let plain = ["--prefix", "none", "--format", "{p}"];
        let listed = output(cargo(&tree).args(plain))?;
        if let Some(found) = first_forbidden(&listed, package, forbidden) {
            bail!(
                "{package} must not depend on {found}: `cargo tree -p {package} -i {found} \
                 --target all` shows through what it does"
            );
        }
    }
    Ok(())
}

/// Finds the first crate of a list, one on a line, whose name begins as it must not.
fn first_forbidden<'a>(listed: &'a str, package: &str, forbidden: &[&str]) -> Option<&'a str> {
    let names = listed.lines().filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != package)
        .find(|name| forbidden.iter().any(|beginning| name.starts_with(beginning)))
}

/// Checks that nobody adds what does not belong into a repository of sources.
///
/// # Errors
/// The first file that is too large.
pub(crate) fn check_file_sizes() -> anyhow::Result<()> {
    for file in files_below(Path::new("."))? {
        let size = fs::metadata(&file)?.len();
        if size > LARGEST_FILE {
            bail!(
                "{} has {size} bytes, more than {LARGEST_FILE}: keep it elsewhere",
                file.display()
            );
        }
    }
    Ok(())
}

/// Says whether any comment has an example, which the test runner would not run.
///
/// # Errors
/// When a source cannot be read.
pub(crate) fn has_examples_in_comments() -> anyhow::Result<bool> {
    for file in files_below(Path::new("crates"))? {
        if file.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let source = fs::read_to_string(&file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        let opens_example = |line: &str| line.starts_with("/// ```") || line.starts_with("//! ```");
        if source.lines().map(str::trim_start).any(opens_example) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn files_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("{} cannot be read", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            let name = entry.file_name();
            if kind.is_file() {
                files.push(entry.path());
            } else if kind.is_dir() && name != ".git" && NOT_OURS.iter().all(|not| name != **not) {
                folders.push(entry.path());
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_crate_is_found_by_the_beginning_of_its_name() {
        let listed = "bridge v0.1.0 (/x)\nserde v1.0.0\nwebkit2gtk-sys v2.0.0\nzbus v5";
        let found = first_forbidden(listed, "bridge", SCREEN_AND_KEYCHAIN);
        assert_eq!(found, Some("webkit2gtk-sys"));
    }

    #[test]
    fn the_package_itself_and_harmless_names_are_not_forbidden() {
        let listed = "vault v0.1.0\nserde v1.0.0\nthread_local v1.1.0";
        assert_eq!(first_forbidden(listed, "vault", SCREEN_AND_KEYCHAIN), None);
    }
}
