//! The two files of secrets, `secrets.json` in the first line and `secrets.sealed` after it; an
//! empty one does not exist.

#![no_main]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret as _;
use tokio::runtime::{Builder, Runtime};
use vault::{Opened, Place, Preference, Vault, VaultError};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

fuzz_target!(|bytes: &[u8]| {
    let line = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let written = [("secrets.json", &bytes[..line]), ("secrets.sealed", &bytes[line..])];
    let written = written.map(|(name, part)| (name, part.strip_prefix(b"\n").unwrap_or(part)));
    let folder = fuzz::folder();
    for (name, part) in written.iter().filter(|(_, part)| !part.is_empty()) {
        fs::write(folder.path().join(name), part).expect("a file");
    }
    match open(folder.path()) {
        Ok((vault, _)) => {
            let kept = fuzz::files(folder.path());
            let is_kept = |part: &[u8]| part.is_empty() || kept.iter().any(|file| file == part);
            assert!(written.iter().all(|(_, part)| is_kept(part)), "nothing is lost");
            check_use(&vault, folder.path());
        }
        Err(VaultError::FutureVersion { version, .. }) => {
            assert!(version > 1);
            let kept = |name| fs::read(folder.path().join(name)).unwrap_or_default();
            let newer = written.iter().any(|(name, part)| !part.is_empty() && kept(name) == *part);
            assert!(newer, "what a newer version wrote is left alone");
        }
        Err(error) => panic!("damage is mended: {error}"),
    }
});

/// Whatever was found, the vault can be used from now on.
fn check_use(vault: &Vault, folder: &Path) {
    let stored = RUNTIME.block_on(vault.store_credential("name", fuzz::SECRET.into()));
    stored.expect("a secret can be stored");
    assert!(!format!("{vault:?}").contains(fuzz::SECRET), "a secret is never shown");
    let (again, opened) = open(folder).expect("what was written is read again");
    assert_eq!(opened.notices, [], "what was mended stays so");
    let secret = again.credential("name").expect("it is there");
    assert_eq!(secret.expose_secret(), fuzz::SECRET);
}

fn open(folder: &Path) -> Result<(Vault, Opened), VaultError> {
    RUNTIME.block_on(Vault::open(Place::at(folder, None, Preference::FileOnly)))
}
