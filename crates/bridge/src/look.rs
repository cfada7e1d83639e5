//! Looks at files of this computer that an agent touched.

use std::fs;
use std::path::{Path, PathBuf};

/// Finds the whole path of a file and its size in bytes; none where it is no file of this computer.
/// Nothing of its content is read.
pub(crate) async fn look(path: String) -> Option<(String, u64)> {
    tokio::task::spawn_blocking(move || look_at(&path)).await.ok().flatten()
}

fn look_at(path: &str) -> Option<(String, u64)> {
    let path = match path.strip_prefix("~/") {
        Some(below) => std::env::home_dir()?.join(below),
        None => PathBuf::from(path),
    };
    // Only the gateway knows against which folder another path stands.
    if !path.is_absolute() {
        return None;
    }
    let whole = fs::canonicalize(path).ok()?;
    let found = fs::metadata(&whole).ok()?;
    found.is_file().then(|| Some((text(&whole)?, found.len())))?
}

fn text(path: &Path) -> Option<String> {
    path.to_str().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_whole_and_what_is_no_file_is_not_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.md");
        fs::write(&file, "plum").unwrap();
        let roundabout =
            folder.path().join(".").join("..").join(folder.path().file_name().unwrap());
        let seen = look_at(roundabout.join("notes.md").to_str().unwrap());
        let whole = fs::canonicalize(&file).unwrap().to_str().unwrap().to_owned();
        assert_eq!(seen, Some((whole, 4)));
        assert_eq!(look_at(folder.path().to_str().unwrap()), None);
        assert_eq!(look_at(folder.path().join("none").to_str().unwrap()), None);
        assert_eq!(look_at("notes.md"), None);
    }
}
