//! `cargo xtask faults` and `cargo xtask kills`: the two suites in which everything breaks, for longer
//! than `cargo xtask test` plays them.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{ChildStdout, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::cargo::{cargo, show};
use crate::measure::PROFILE;
use crate::steps::{Steps, spoken};

/// How long nothing is said before it is said that it goes on.
const SILENCE: Duration = Duration::from_secs(30);

/// Options of `cargo xtask faults`.
#[derive(Args)]
pub(crate) struct Options {
    /// How many worlds are played, each from a seed of its own.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Plays one world, and prints what happens in it.
    #[arg(long, value_name = "S", conflicts_with = "seeds")]
    seed: Option<u64>,
}

/// Options of `cargo xtask kills`.
#[derive(Args)]
pub(crate) struct KillOptions {
    /// How often the program is killed in all.
    #[arg(long, value_name = "N", default_value_t = 200)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    number: u64,
    /// Repeats the choices of another run, as nearly as threads allow.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
}

/// What a suite said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    /// Tests that were begun, and those of them that passed.
    tests: usize,
    passed: usize,
    /// Seeds of worlds in which a promise was broken.
    seeds: BTreeSet<u64>,
}

/// Plays worlds on simulated time.
///
/// # Errors
/// When the suite does not compile, or is not there.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let (suite, mut steps) = (Suite { package: "bridge", test: "faults" }, Steps::of(2));
    if let Some(seed) = options.seed {
        let mut world = suite.built(&mut steps)?;
        world.args(["--", "--nocapture"]).env("SOPHON_SEED", seed.to_string());
        let (_, is_well) = play(world, &mut steps, &format!("the world of seed {seed}"))?;
        return Ok(code(is_well));
    }
    let mut worlds = suite.built(&mut steps)?;
    worlds.env("SOPHON_SEEDS", options.seeds.to_string());
    let (heard, is_well) =
        play(worlds, &mut steps, &format!("{} worlds on simulated time", options.seeds))?;
    if let Some(first) = heard.seeds.first() {
        println!("      worlds that went wrong: {:?}", heard.seeds);
        println!("      play one again: cargo xtask faults --seed {first}");
    }
    Ok(code(is_well))
}

/// Kills the real program between a simulated cloud and a simulated gateway.
///
/// # Errors
/// When the suite does not compile, or is not there.
pub(crate) fn run_kills(options: &KillOptions) -> anyhow::Result<ExitCode> {
    let KillOptions { number, seed } = options;
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    let mut steps = Steps::of(2);
    let mut kills = Suite { package: "flows", test: "kill" }.built(&mut steps)?;
    kills
        .args(["--", "random::"])
        .env("SOPHON_KILLS", number.to_string())
        .env("SOPHON_KILL_SEED", seed.to_string());
    let (_, is_well) =
        play(kills, &mut steps, &format!("killing the program {number} times, seed {seed}"))?;
    if !is_well {
        println!("      try it again: cargo xtask kills --number {number} --seed {seed}");
    }
    Ok(code(is_well))
}

/// A suite of tests.
struct Suite {
    package: &'static str,
    test: &'static str,
}

impl Suite {
    /// Builds it, and gives the command that runs it.
    fn built(&self, steps: &mut Steps) -> anyhow::Result<Command> {
        let step = steps.begin("building the suite (minutes the first time)");
        show(self.command().arg("--no-run"), "see the errors above")?;
        step.done("built");
        Ok(self.command())
    }

    fn command(&self) -> Command {
        let mut command = cargo(&["test", "--profile", PROFILE]);
        command.args(["--package", self.package, "--test", self.test]);
        for name in ["SOPHON_SEEDS", "SOPHON_SEED", "SOPHON_KILLS", "SOPHON_KILL_SEED"] {
            command.env_remove(name);
        }
        command
    }
}

/// Runs a suite; returns what it said, and whether all was well.
fn play(mut suite: Command, steps: &mut Steps, what: &str) -> anyhow::Result<(Heard, bool)> {
    let step = steps.begin(what);
    let mut child = suite.stdout(Stdio::piped()).spawn().context("cargo cannot be started")?;
    let said = lines(child.stdout.take().context("cargo has no output")?);
    let heard = listen(&said);
    let status = child.wait()?;
    if status.success() && heard.tests == 0 {
        bail!("the suite is not there: no test ran");
    }
    step.done(if status.success() { "nothing was lost or doubled" } else { "FAILED, see above" });
    Ok((heard, status.success()))
}

/// Repeats what is said, and says that it goes on where nothing is.
fn listen(said: &Receiver<String>) -> Heard {
    let begun = Instant::now();
    let mut heard = Heard::default();
    loop {
        match said.recv_timeout(SILENCE) {
            Ok(line) => {
                println!("      {line}");
                heard.take(&line);
            }
            Err(RecvTimeoutError::Timeout) => {
                let Heard { tests, passed, .. } = heard;
                println!("      … {}, {passed} of {tests} passed", spoken(begun.elapsed()));
            }
            Err(RecvTimeoutError::Disconnected) => return heard,
        }
    }
}

impl Heard {
    fn take(&mut self, line: &str) {
        if let Some(tests) = line.strip_prefix("running ").and_then(|rest| rest.split(' ').next()) {
            self.tests = tests.parse().unwrap_or_default();
        }
        if line.starts_with("test ") && line.ends_with(" ... ok") {
            self.passed += 1;
        }
        let seed = line.strip_prefix("seed ").and_then(|rest| rest.split_once(':'));
        self.seeds.extend(seed.and_then(|(seed, _)| seed.parse::<u64>().ok()));
    }
}

fn lines(output: ChildStdout) -> Receiver<String> {
    let (tell, told) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    told
}

fn code(is_well: bool) -> ExitCode {
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passed_and_the_seeds_of_what_failed_are_heard() {
        let said = "running 2 tests\ntest links ... ok\ntest crashes ... FAILED\n\
            thread 'crashes' panicked at main.rs:1:2:\nseed 13: [\nplay it again: SOPHON_SEED=13\n\
            seed 13: more\nthe seed 7: not one\n";
        let mut heard = Heard::default();
        said.lines().for_each(|line| heard.take(line));
        assert_eq!(heard, Heard { tests: 2, passed: 1, seeds: [13].into() });
    }
}
