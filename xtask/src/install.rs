//! What a machine needs before anything can be checked, and how it gets it.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::cargo::{cargo, show, succeeds};

/// Programs that tests start, and the Debian packages that have them.
const PROGRAMS: [(&str, &str); 2] = [("dbus-run-session", "dbus"), ("dbus-send", "dbus-bin")];
/// The same for the programs of a desktop.
#[cfg(target_os = "linux")]
const DESKTOP: &[(&str, &str)] = &desktoplab::PACKAGES;
#[cfg(not(target_os = "linux"))]
const DESKTOP: &[(&str, &str)] = &[];
/// Libraries that the desktop app is built on, as pkg-config names them, and Debian's packages.
const LIBRARIES: [(&str, &str); 2] =
    [("webkit2gtk-4.1", "libwebkit2gtk-4.1-dev"), ("gtk+-3.0", "libgtk-3-dev")];
/// The test runner, at the version that the configuration is written for.
const NEXTEST: &str = "0.9.143";

/// Installs what is missing of the programs that tests start, the test runner, and the parts of
/// the toolchain.
///
/// # Errors
/// When something is missing that cannot be installed here, with the command that does it.
pub(crate) fn tools() -> anyhow::Result<()> {
    toolchain_parts()?;
    test_runner()?;
    libraries()?;
    programs()
}

fn toolchain_parts() -> anyhow::Result<()> {
    let mut missing = Vec::new();
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !succeeds(&mut cargo(&[command, "--version"])) {
            missing.push(component);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    println!("      missing: {}", missing.join(", "));
    show(
        Command::new("rustup").args(["component", "add"]).args(&missing),
        "install these parts of the Rust toolchain by hand",
    )
}

fn test_runner() -> anyhow::Result<()> {
    if succeeds(&mut cargo(&["nextest", "--version"])) {
        return Ok(());
    }
    println!("      missing: cargo-nextest, which is compiled now (some minutes)");
    show(
        &mut cargo(&["install", "cargo-nextest", "--locked", "--version", NEXTEST]),
        "install it by hand, see https://nexte.st",
    )
}

/// Installs the programs that a desktop without a screen consists of. Only Linux needs more than
/// Rust: elsewhere there is no such desktop.
///
/// # Errors
/// When something is missing that cannot be installed here, with the names to install by hand.
pub(crate) fn programs() -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let missing = PROGRAMS.iter().chain(DESKTOP);
    let missing = missing.filter(|(program, _)| !is_on_path(program));
    packages(&missing.map(|(_, package)| *package).collect::<Vec<_>>())
}

/// Installs what the desktop app is built on. Only Linux needs more than its own system has.
///
/// # Errors
/// When something is missing that cannot be installed here, with the names to install by hand.
pub(crate) fn libraries() -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    if !is_on_path("pkg-config") {
        packages(&["pkg-config"])?;
    }
    let is_missing =
        |library: &str| !succeeds(Command::new("pkg-config").args(["--exists", library]));
    let missing = LIBRARIES.iter().filter(|(library, _)| is_missing(library));
    packages(&missing.map(|(_, package)| *package).collect::<Vec<_>>())
}

/// Installs packages of Debian.
///
/// # Errors
/// When they cannot be installed here, with the names to install by hand.
pub(crate) fn packages(packages: &[&str]) -> anyhow::Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    println!("      missing: {}", packages.join(", "));
    let by_hand = format!("install the packages {} by hand", packages.join(", "));
    let Some(apt_get) = apt_get() else {
        bail!("something is missing: {by_hand} (Debian's names)");
    };
    // A package may be installable although one of many package lists cannot be fetched.
    let _ = show(apt_get().arg("update").arg("-qq"), "");
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    show(apt_get().args(install).args(packages), &by_hand)
}

/// Makes `apt-get` commands, where this user may install packages without being asked.
fn apt_get() -> Option<impl Fn() -> Command> {
    let as_root = succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" -eq 0"]));
    let may = as_root || succeeds(Command::new("sudo").args(["-n", "true"]));
    (is_on_path("apt-get") && may).then_some(move || {
        let quiet = "DEBIAN_FRONTEND=noninteractive";
        if as_root {
            let mut command = Command::new("env");
            command.args([quiet, "apt-get"]);
            command
        } else {
            let mut command = Command::new("sudo");
            command.args(["-n", "env", quiet, "apt-get"]);
            command
        }
    })
}

fn is_on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| Path::is_file(&folder.join(program)))
    })
}
