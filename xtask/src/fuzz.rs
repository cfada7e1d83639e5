//! `cargo xtask fuzz`: tries damaged inputs, as many as time allows, on all that reads what others
//! wrote.
//!
//! The targets in `fuzz/` are programs of libFuzzer. A stable Rust builds them: what counts the
//! covered branches is a pass of the compiler that only wants to be named.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::cargo::{cargo, output, show, succeeds, target_folder};
use crate::install;
use crate::steps::Steps;

/// Seconds for each target, so that all of them take a minute.
const SECONDS: u32 = 5;
/// Folder of the targets, each a file.
const TARGETS: &str = "fuzz/fuzz_targets";
/// Folder of the inputs to begin with, below it one folder a target.
const CORPUS: &str = "fuzz/corpus";
/// What makes the compiler count covered branches and show comparisons to libFuzzer.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// Longest input, in bytes; how long one may take, in seconds; and memory for all, in MiB.
const LIMITS: [&str; 3] = ["-max_len=8192", "-timeout=25", "-rss_limit_mb=1024"];

/// Options of `cargo xtask fuzz`.
#[derive(Args)]
pub(crate) struct Options {
    /// Runs only this target: the name of a file in `fuzz/fuzz_targets`.
    target: Option<String>,
    /// How long each target runs, in seconds.
    #[arg(long, value_name = "N", default_value_t = SECONDS)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    seconds_per_target: u32,
    /// Installs nothing: a missing C++ compiler makes the build fail.
    #[arg(long)]
    no_install: bool,
}

/// Fuzzes the targets that were asked for.
///
/// # Errors
/// What does not compile, or the first input that a target fails on, and how to replay it.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut targets = targets()?;
    if let Some(wanted) = &options.target {
        if !targets.contains(wanted) {
            bail!("there is no target {wanted}; there are {}", targets.join(", "));
        }
        targets.retain(|target| target == wanted);
    }
    let mut steps = Steps::of(2);
    let step = steps.begin("fuzz targets (minutes the first time)");
    let programs = build(&targets, !options.no_install)?;
    step.done("built");
    let step = steps.begin("fuzzing");
    fuzz(&targets, &programs, options.seconds_per_target, Luck::New)?;
    step.done("nothing failed");
    Ok(ExitCode::SUCCESS)
}

/// Fuzzes every target for a few seconds, after installing what that needs if it may.
///
/// # Errors
/// What does not compile, or the first input that a target fails on, and how to replay it.
pub(crate) fn check_all(may_install: bool) -> anyhow::Result<()> {
    let targets = targets()?;
    let programs = build(&targets, may_install)?;
    fuzz(&targets, &programs, SECONDS, Luck::Same)
}

fn targets() -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(TARGETS).with_context(|| format!("{TARGETS} cannot be read"))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str());
        names.push(name.with_context(|| format!("{} is no name", path.display()))?.to_owned());
    }
    names.sort();
    Ok(names)
}

/// Builds the targets; says in which folder the programs are.
fn build(targets: &[String], may_install: bool) -> anyhow::Result<PathBuf> {
    if may_install && !succeeds(Command::new("c++").arg("--version")) {
        install::packages(&["g++"])?;
    }
    let host = host()?;
    let folder = home()?;
    // Only with a platform named the flags are kept away from build scripts.
    let mut command = cargo(&["build", "--manifest-path", "fuzz/Cargo.toml", "--target", &host]);
    for target in targets {
        command.args(["--bin", target]);
    }
    command
        .env("CARGO_TARGET_DIR", &folder)
        .env("RUSTFLAGS", FLAGS)
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    show(&mut command, "solve what is said above")?;
    Ok(folder.join(host).join("debug"))
}

/// How inputs are chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Luck {
    /// Others every time, from what earlier runs found.
    New,
    /// The same every time, so that a check fails by what was changed only.
    Same,
}

fn fuzz(targets: &[String], programs: &Path, seconds: u32, luck: Luck) -> anyhow::Result<()> {
    let home = home()?;
    for target in targets {
        fuzz_one(target, &programs.join(target), &home, seconds, luck)?;
    }
    Ok(())
}

fn fuzz_one(
    target: &str,
    program: &Path,
    home: &Path,
    seconds: u32,
    luck: Luck,
) -> anyhow::Result<()> {
    // What is found stays out of the checkout: libFuzzer writes into the first folder.
    let found = home.join("found").join(match luck {
        Luck::New => target.to_owned(),
        Luck::Same => format!("{target}-of-checks"),
    });
    if luck == Luck::Same && found.exists() {
        fs::remove_dir_all(&found)
            .with_context(|| format!("{} cannot be removed", found.display()))?;
    }
    let failures = home.join("failures");
    let log = home.join(format!("{target}.log"));
    for folder in [&found, &failures] {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be created", folder.display()))?;
    }
    let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let status = Command::new(program)
        .args(LIMITS)
        .arg(format!("-max_total_time={seconds}"))
        .args((luck == Luck::Same).then_some("-seed=1"))
        .arg(format!("-artifact_prefix={}/{target}-", failures.display()))
        .arg(&found)
        .arg(Path::new(CORPUS).join(target))
        .stderr(file)
        .status()
        .with_context(|| format!("{} cannot be started", program.display()))?;
    let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if status.success() {
        println!("      {target}: {}", last_word(&said));
        return Ok(());
    }
    print!("{}", complaint(&said));
    let Some(input) = failing_input(&said) else {
        bail!("{target} failed ({status}): see {}", log.display());
    };
    bail!(
        "{target} fails on the input {input}\n      replay it: {} {input}\n      \
         when that is solved, keep the input in {CORPUS}/{target} under a name that says what it is",
        program.display()
    )
}

/// Where everything is kept that fuzzing makes.
fn home() -> anyhow::Result<PathBuf> {
    Ok(target_folder()?.join("fuzz"))
}

fn host() -> anyhow::Result<String> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say for which platform it is")?.to_owned())
}

/// The last line in which libFuzzer says how many inputs it tried.
fn last_word(said: &str) -> &str {
    said.lines().rfind(|line| line.starts_with("Done ")).unwrap_or("done")
}

/// What the target complained about, without the input that follows.
fn complaint(said: &str) -> String {
    let is_quiet = |line: &&str| !line.contains("panicked at") && !line.contains("ERROR: ");
    let complaint = said.lines().skip_while(is_quiet).take_while(|line| !line.starts_with("MS: "));
    complaint.fold(String::new(), |text, line| text + "      " + line + "\n")
}

fn failing_input(said: &str) -> Option<&str> {
    said.lines().find_map(|line| line.split_once("Test unit written to ")).map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: &str = "INFO: Seed: 7\n#2\tINITED cov: 9\nthread panicked at a.rs:1:2:\nno\n\
        ==9== ERROR: libFuzzer: deadly signal\nMS: 1 ChangeBit-\n\
        artifact_prefix='/f/t-'; Test unit written to /f/t-crash-0a\nBase64: AA==\n";

    #[test]
    fn the_input_and_the_complaint_are_found_in_what_a_target_said() {
        assert_eq!(failing_input(FAILED), Some("/f/t-crash-0a"));
        assert_eq!(failing_input("Done 7 runs in 1 second(s)"), None);
        let complaint = complaint(FAILED);
        assert!(complaint.starts_with("      thread panicked at a.rs:1:2:\n      no\n"));
        assert!(complaint.ends_with("deadly signal\n"), "{complaint}");
    }

    #[test]
    fn how_many_inputs_were_tried_is_the_last_word() {
        let said = "#1 NEW\nDone 7 runs in 1 second(s)\n";
        assert_eq!(last_word(said), "Done 7 runs in 1 second(s)");
    }
}
