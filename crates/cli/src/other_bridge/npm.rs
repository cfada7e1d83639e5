//! How the npm bridge looks from outside: its process, and what it keeps.

use std::io;
use std::path::{Path, PathBuf};

use sap::{BridgeToken, InstallationId};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::processes::Process;

/// Largest file that is read, in bytes.
const MAX_SIZE: u64 = 64 * 1024;
/// What runs its script.
const RUNTIMES: [&str; 3] = ["node", "nodejs", "bun"];
/// The word that makes it carry messages.
const CARRY: &str = "openclaw";
/// What makes it do something else with that word.
const OTHER_WORK: [&str; 4] = ["--pair-only", "--logout", "--help", "-h"];

/// Says whether a command line may be that of the npm bridge at work.
pub(super) fn may_be_bridge(words: &[String]) -> bool {
    let stem = words.first().and_then(|program| Path::new(program).file_stem());
    stem.is_some_and(|stem| RUNTIMES.iter().any(|runtime| stem == *runtime))
        && words.iter().any(|word| word == CARRY)
}

/// Names the installation that a process carries, if it is the npm bridge at work: that of the token
/// it was given, else the stored one.
pub(super) fn carries(process: &Process, home: Option<&Path>) -> Option<InstallationId> {
    let flags = command(process)?;
    let flag = flags.iter().position(|word| word == "--sophon-token");
    let given = flag.and_then(|at| flags.get(at + 1)).map(String::as_str);
    let variable = process.variable("SOPHON_BOT_TOKEN");
    let mut tokens = [given, variable].into_iter().flatten().filter(|token| !token.is_empty());
    if let Some(token) = tokens.next() {
        return Some(BridgeToken::parse(token).ok()?.installation_id());
    }
    set_up_at(&folder(process, home)?)
}

/// Says whether a process is the npm bridge at work and keeps its files in a folder, or cannot be shown
/// to keep them elsewhere.
pub(super) fn may_use(process: &Process, home: Option<&Path>, wanted: &Path) -> bool {
    if command(process).is_none() {
        return false;
    }
    // Without its variables, any folder may be its own.
    let folder = folder(process, home).filter(|_| !process.variables.is_empty());
    let Some(folder) = folder.filter(|folder| folder.is_absolute()) else { return true };
    match (folder.canonicalize(), wanted.canonicalize()) {
        (Ok(folder), Ok(wanted)) => folder == wanted,
        (Err(error), _) => error.kind() != io::ErrorKind::NotFound,
        (Ok(_), Err(_)) => true,
    }
}

/// Where a process keeps its credentials, as far as can be seen.
fn folder(process: &Process, home: Option<&Path>) -> Option<PathBuf> {
    match process.variable("SOPHON_CONFIG_DIR") {
        Some(folder) => Some(process.path(folder)),
        None => Some(usual_folder(process.variable("HOME").map(Path::new).or(home)?)),
    }
}

/// Where it keeps its credentials unless told otherwise, on every system.
pub(super) fn usual_folder(home: &Path) -> PathBuf {
    home.join(".config/sophon")
}

/// Names the installation whose credentials it keeps in a folder.
pub(super) fn set_up_at(folder: &Path) -> Option<InstallationId> {
    let content = disk::read(&folder.join("credentials.json"), MAX_SIZE).ok()??;
    let content = zeroize::Zeroizing::new(content);
    let Credentials { bot_token, installation_id } = serde_json::from_slice(&content).ok()?;
    let token = SecretString::from(bot_token);
    // The token says it for certain.
    match BridgeToken::parse(token.expose_secret()) {
        Ok(token) => Some(token.installation_id()),
        Err(_) => installation_id.map(InstallationId::new),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    bot_token: Box<str>,
    installation_id: Option<String>,
}

/// The flags of a process that carries messages.
fn command(process: &Process) -> Option<&[String]> {
    let script = process.words.iter().position(|word| is_script(&process.path(word)))?;
    let words = &process.words[script + 1..];
    let command = words.iter().position(|word| !word.starts_with('-'))?;
    let flags = &words[command + 1..];
    let carries =
        words[command] == CARRY && !flags.iter().any(|flag| OTHER_WORK.contains(&flag.as_str()));
    carries.then_some(flags)
}

/// Says whether a file belongs to the package, itself or as what a link in a folder for programs
/// leads to.
fn is_script(path: &Path) -> bool {
    let in_package = |path: &Path| {
        let names: Vec<_> = path.iter().collect();
        names.windows(2).any(|pair| pair[0] == "@sophonai" && pair[1] == "bridge")
    };
    in_package(path)
        || (path.is_absolute() && path.canonicalize().is_ok_and(|path| in_package(&path)))
}
