//! `cargo xtask check-platforms`: type-checks the whole workspace for Windows and macOS on a Linux
//! machine.
//!
//! Debian has a Rust with the source of its library, from which cargo builds the library for
//! another platform. A check links nothing, so programs that only leave empty objects can stand in
//! for a C compiler of the other platform. It proves types, not behaviour.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use clap::Args;

use crate::cargo::{cargo, show, target_folder};
use crate::install;
use crate::steps::Steps;

/// Debian's packages: a Rust with the source of its library, and a C compiler for Windows.
const PACKAGES: [(&str, &str); 4] = [
    ("/usr/bin/rustc", "rustc-web"),
    ("/usr/lib/rustlib/src/rust/library/std/Cargo.toml", "rust-web-src"),
    ("/usr/lib/rustlib/x86_64-unknown-linux-gnu/lib", "libstd-rust-web-dev"),
    ("/usr/bin/x86_64-w64-mingw32-gcc", "mingw-w64"),
];
const WINDOWS: &str = "x86_64-pc-windows-gnu";
const MACOS: &str = "aarch64-apple-darwin";

/// Options of `cargo xtask check-platforms`.
#[derive(Args)]
pub(crate) struct Options {
    /// Installs nothing: what is missing makes the check fail.
    #[arg(long)]
    no_install: bool,
}

/// Checks both platforms.
///
/// # Errors
/// What does not compile, or what is missing and cannot be installed.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut steps = Steps::of(1);
    let step = steps.begin("types on Windows and macOS (minutes the first time)");
    check_all(!options.no_install)?;
    step.done("compiles");
    Ok(ExitCode::SUCCESS)
}

/// Checks both platforms, after installing what that needs if it may.
///
/// # Errors
/// What does not compile, or what is missing and cannot be installed.
pub(crate) fn check_all(may_install: bool) -> anyhow::Result<()> {
    if may_install {
        let missing = PACKAGES.iter().filter(|(path, _)| !Path::new(path).exists());
        install::packages(&missing.map(|(_, package)| *package).collect::<Vec<_>>())?;
    }
    show(&mut check(WINDOWS)?, "solve what is said above")?;
    let tools = tempfile::tempdir()?;
    let compiler = stand_in(tools.path(), "compiler", COMPILER)?;
    let archiver = stand_in(tools.path(), "archiver", ARCHIVER)?;
    let mut command = check(MACOS)?;
    command
        .env("CC_aarch64_apple_darwin", &compiler)
        .env("CXX_aarch64_apple_darwin", &compiler)
        .env("AR_aarch64_apple_darwin", &archiver)
        .env("SDKROOT", tools.path())
        .env("MACOSX_DEPLOYMENT_TARGET", "11.0");
    show(&mut command, "solve what is said above")
}

fn check(target: &str) -> anyhow::Result<Command> {
    let mut command = cargo(&["check", "--workspace", "-Zbuild-std=std,panic_abort", "--target"]);
    // Another compiler than the project's own: what the two leave must not mix.
    let folder = target_folder()?;
    command
        .arg(target)
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", folder.join("platforms"));
    Ok(command)
}

/// Writes a program that leaves an empty file where a real one would leave a full one.
fn stand_in(folder: &Path, name: &str, script: &str) -> anyhow::Result<std::path::PathBuf> {
    let path = folder.join(name);
    fs::write(&path, script).with_context(|| format!("cannot write {}", path.display()))?;
    show(Command::new("chmod").arg("+x").arg(&path), "look at the permissions of this folder")?;
    Ok(path)
}

const COMPILER: &str = r#"#!/bin/sh
out=
while [ $# -gt 0 ]; do
    case "$1" in -o) out="$2"; shift ;; -o*) out="${1#-o}" ;; esac
    shift
done
[ -z "$out" ] || : > "$out"
"#;

const ARCHIVER: &str = r#"#!/bin/sh
for word in "$@"; do
    case "$word" in *.a) [ -e "$word" ] || printf '!<arch>\n' > "$word" ;; esac
done
"#;
