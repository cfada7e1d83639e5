use std::fs;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use crate::processes::family;

/// How short a secret may be: anything shorter is found by chance.
const SHORTEST: usize = 8;

/// Looks for a secret in all files below some folders, and in what everybody can see of the
/// processes of a program: their arguments and environments. It is found as it is, in UTF-16, in
/// hexadecimal digits and in Base64 at any place of a longer text.
///
/// # Errors
/// When the secret has less than 8 bytes, or a folder cannot be read.
pub fn places_of(
    secret: &SecretString,
    folders: &[PathBuf],
    pid: u32,
) -> anyhow::Result<Vec<PathBuf>> {
    ensure!(secret.expose_secret().len() >= SHORTEST, "so short a secret is found by chance");
    let forms = forms(secret.expose_secret());
    let mut unread = Vec::new();
    for folder in folders {
        collect_files(folder, &mut unread)?;
    }
    for member in family(pid)? {
        let process = PathBuf::from(format!("/proc/{member}"));
        unread.extend([process.join("cmdline"), process.join("environ")]);
    }
    // A file or a process may go while it is looked at.
    unread.retain(|file| fs::read(file).is_ok_and(|content| holds(&content, &forms)));
    Ok(unread)
}

/// Fails the test when [`places_of`] finds the secret anywhere, or cannot look.
///
/// # Panics
/// As said, with the places.
#[track_caller]
pub fn assert_nowhere(secret: &SecretString, folders: &[PathBuf], pid: u32) {
    match places_of(secret, folders, pid) {
        Ok(places) => assert!(places.is_empty(), "the secret is in {places:?}"),
        Err(error) => panic!("cannot look for the secret: {error:#}"),
    }
}

fn holds(content: &[u8], forms: &[SecretSlice<u8>]) -> bool {
    forms.iter().any(|form| {
        let form = form.expose_secret();
        content.windows(form.len()).any(|part| part == form)
    })
}

/// The files below a folder, which may be a file itself.
fn collect_files(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_file() {
        files.push(path.to_owned());
    } else if kind.is_dir() {
        for entry in fs::read_dir(path)? {
            match collect_files(&entry?.path(), files) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
    }
    Ok(())
}

/// How a secret may be written.
fn forms(secret: &str) -> Vec<SecretSlice<u8>> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let wide = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut forms = vec![bytes.to_vec(), wide, hex.to_uppercase().into_bytes(), hex.into_bytes()];
    for before in 0..3 {
        let mut text = vec![0; before];
        text.extend(bytes);
        // The digits that depend on what stands before and behind are left out.
        let (first, last) = ((before * 8).div_ceil(6), text.len() * 8 / 6);
        for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            forms.push(alphabet.encode(&text).into_bytes()[first..last].to_vec());
        }
    }
    forms.into_iter().map(SecretSlice::from).collect()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const SECRET: &str = "hush?>~hush-0";

    fn places(folders: &[PathBuf], pid: u32) -> Vec<PathBuf> {
        places_of(&SECRET.into(), folders, pid).unwrap()
    }

    #[test]
    fn a_secret_is_found_in_files_however_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b");
        fs::create_dir(folder.path().join("a")).unwrap();
        let hex: String = SECRET.bytes().map(|byte| format!("{byte:02X}")).collect();
        let mut written = vec![format!("x{SECRET}y").into_bytes(), hex.into_bytes()];
        for before in ["", "u", "us", "user:"] {
            written.push(STANDARD.encode(format!("{before}{SECRET}|after")).into_bytes());
            written.push(URL_SAFE_NO_PAD.encode(format!("{before}{SECRET}")).into_bytes());
        }
        for content in written {
            fs::write(&file, &content).unwrap();
            let found = places(&[folder.path().to_owned()], std::process::id());
            assert_eq!(found, std::slice::from_ref(&file), "{content:?}");
        }
        fs::write(&file, "hush").unwrap();
        assert!(places(&[folder.path().to_owned()], std::process::id()).is_empty());
    }

    #[test]
    fn a_secret_is_found_in_the_arguments_and_the_environment_of_a_child() {
        let started = |arguments: &[&str], environment: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", "read -r _", "sh"]).args(arguments).stdin(Stdio::piped());
            command.env("TOLD", environment).spawn().unwrap()
        };
        let mut told = [started(&[SECRET], ""), started(&[], SECRET), started(&[], "")];
        let found = [&told[0], &told[1], &told[2]].map(|child| places(&[], child.id()));
        for child in &mut told {
            child.wait().unwrap();
        }
        let files = found.map(|places| places.len());
        assert_eq!(files, [1, 1, 0]);
    }

    #[test]
    fn what_cannot_be_looked_at_is_an_error() {
        assert!(places_of(&"short".into(), &[], 1).is_err());
        assert!(places_of(&SECRET.into(), &["/absent".into()], std::process::id()).is_err());
    }
}
