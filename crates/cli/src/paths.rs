//! Where this user's files are. Only the program reads the environment; the crates below are told.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::other_bridge::usual_npm_folder;

/// The folder for what this program stores, unless told otherwise.
pub fn usual_data_dir() -> Option<PathBuf> {
    if cfg!(target_os = "macos") {
        Some(env::home_dir()?.join("Library/Application Support/Sophon"))
    } else if cfg!(windows) {
        Some(PathBuf::from(variable("APPDATA")?).join("Sophon"))
    } else {
        // A relative path is invalid there, says the XDG specification.
        let chosen = variable("XDG_CONFIG_HOME").map(PathBuf::from).filter(|it| it.is_absolute());
        Some(chosen.or_else(|| Some(env::home_dir()?.join(".config")))?.join("sophon"))
    }
}

/// The folder of OpenClaw's configuration, unless told otherwise.
pub(crate) fn usual_state_dir() -> Option<PathBuf> {
    Some(env::home_dir()?.join(".openclaw"))
}

/// The folder in which the npm bridge keeps its credentials; it knows no other place.
pub(crate) fn npm_folder() -> Option<PathBuf> {
    let chosen = variable("SOPHON_CONFIG_DIR").map(PathBuf::from);
    chosen.or_else(|| Some(usual_npm_folder(&env::home_dir()?)))
}

/// Replaces a leading `~`, which a shell leaves alone in the middle of a word and in a variable.
pub fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// A variable of the environment that is set to something.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_leading_tilde_of_its_own_stands_for_the_home_folder() {
        let home = env::home_dir().unwrap();
        assert_eq!(expand_home(Path::new("~/x/y")), home.join("x/y"));
        for same in ["/a/~/b", "~ada/x", "x"] {
            assert_eq!(expand_home(Path::new(same)), Path::new(same));
        }
    }
}
