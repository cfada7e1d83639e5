//! Cargo and other programs, as children of this one.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// A cargo command. It does not see the variables that cargo set for this program: some build
/// scripts would take them for a change and build everything again.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        });
        if ours {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command whose output the person reads.
///
/// # Errors
/// When it cannot be started or fails; `remedy` says what to do then.
pub(crate) fn show(command: &mut Command, remedy: &str) -> anyhow::Result<()> {
    let shown = shown(command);
    println!("      $ {shown}");
    let status = command.status().with_context(|| format!("`{shown}` cannot be started"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status}): {remedy}");
    }
    Ok(())
}

/// Runs a command and returns what it printed.
///
/// # Errors
/// When it cannot be started or fails, with its complaint.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let shown = shown(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{shown}` cannot be started"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` failed ({}): {}", output.status, complaint.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Says whether a command can be started and succeeds.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Finds the folder that cargo builds into.
///
/// # Errors
/// When cargo does not say.
pub(crate) fn target_folder() -> anyhow::Result<PathBuf> {
    let metadata = output(&mut cargo(&["metadata", "--no-deps", "--format-version=1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let folder = metadata["target_directory"].as_str().context("cargo names no target folder")?;
    Ok(PathBuf::from(folder))
}

/// Builds the bridge for a terminal and returns the path of the program.
///
/// # Errors
/// When it does not compile.
pub(crate) fn build_bridge(release: bool) -> anyhow::Result<PathBuf> {
    build("cli", "sophon-bridge", release)
}

/// Builds the desktop app and returns the path of the program.
///
/// # Errors
/// When it does not compile.
pub(crate) fn build_desktop(release: bool) -> anyhow::Result<PathBuf> {
    build("sophon-desktop", "sophon-desktop", release)
}

fn build(package: &str, program: &str, release: bool) -> anyhow::Result<PathBuf> {
    let mut command = cargo(&["build", "--package", package, "--bin", program]);
    if release {
        command.arg("--release");
    }
    println!("      $ {}", shown(&command));
    command.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let built = command.output().context("cargo cannot be started")?;
    if !built.status.success() {
        bail!("{program} does not compile: see the errors above");
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .with_context(|| format!("cargo does not say where it put {program}"))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
