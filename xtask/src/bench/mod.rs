//! `cargo xtask bench`: the release build between a simulated cloud and a simulated gateway.
//!
//! Both run in this process, each on threads of its own; the bridge is a child process, started as
//! anybody would start it. What is measured is told by the two sides: when something left one of
//! them, and when it arrived at the other. The desktop app stands between them too, on a desktop
//! without a screen, whose bus and processes tell the rest.

mod crowd;
#[cfg(target_os = "linux")]
mod desktop;
mod findings;
mod sealing;
mod start;
mod turns;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use simulator::cloud::{CloudOptions, Dialect, RateTable};
use simulator::gateway::GatewayOptions;

use crate::cargo::{build_bridge, build_desktop};
use crate::install;
use crate::measure::machine::Machine;
use crate::measure::rig::Rig;
use crate::measure::samples::Samples;
use crate::measure::{build_ourselves, write_json};
use crate::steps::Steps;
use crowd::Crowd;
use findings::{Findings, Unit};

/// The round trip of a cloud on the other side of an ocean.
const FAR: Duration = Duration::from_millis(100);
/// The round trip of a cloud next door, which shows what the bridge itself adds.
const NEAR: Duration = Duration::ZERO;

/// Options of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Options {
    /// Takes fewer samples.
    #[arg(long)]
    quick: bool,
    /// Measures this program, with the cloud and the gateway as this task was built.
    #[arg(long, value_name = "PROGRAM")]
    bridge: Option<PathBuf>,
    /// Measures this desktop app as well; on Linux only.
    #[arg(long, value_name = "PROGRAM", requires = "bridge")]
    desktop: Option<PathBuf>,
}

/// How many samples are taken.
struct Amount {
    starts: usize,
    near_turns: usize,
    far_turns: usize,
    idle: Duration,
    sealing: usize,
    crowd_rounds: usize,
}

impl Options {
    fn amount(&self) -> Amount {
        if self.quick {
            return Amount {
                starts: 5,
                near_turns: 30,
                far_turns: 8,
                idle: Duration::from_secs(3),
                sealing: 200,
                crowd_rounds: 5,
            };
        }
        Amount {
            starts: 20,
            near_turns: 200,
            far_turns: 40,
            idle: Duration::from_secs(10),
            sealing: 1000,
            crowd_rounds: 20,
        }
    }
}

/// Measures, prints a table, and writes `bench.json` into the target folder.
///
/// # Errors
/// When something cannot be started, or does not happen at all.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let Some(program) = &options.bridge else { return build_and_measure(options) };
    let program = std::path::absolute(program)?;
    let amount = options.amount();
    let mut steps = Steps::of(8);
    let mut findings = Findings::default();

    let step = steps.begin("the machine");
    let machine = Machine::look()?;
    step.done(&machine.to_string());

    let step = steps.begin("starting, and doing nothing");
    let near = rig(&program, NEAR)?;
    start::measure(&near, amount.starts, amount.idle, &mut findings)?;
    step.done("measured");

    let step = steps.begin("turns, the cloud near");
    turns::measure_near(&near, amount.near_turns, &mut findings)?;
    step.done("measured");

    let step = steps.begin("turns, the cloud 100 ms away");
    turns::measure_far(&rig(&program, FAR)?, amount.far_turns, &mut findings)?;
    step.done("measured");

    let step = steps.begin("encryption");
    sealing::measure(amount.sealing, &mut findings)?;
    step.done("measured");

    let step = steps.begin("the cost of a stream");
    measure_cost(&near, options.quick, &mut findings)?;
    step.done("measured");

    let step = steps.begin("many sessions at once");
    let complete = measure_crowds(&near, amount.crowd_rounds, &mut findings)?;
    step.done("measured");

    let size = std::fs::metadata(&program)?.len();
    findings.add("size of the program", Unit::Megabytes, size as f64 / 1e6).at_most(12.0);

    let step = steps.begin("the desktop app");
    match &options.desktop {
        Some(program) => step.done(measure_desktop(program, options.quick, &mut findings)?),
        None => step.done("not measured: --desktop names no program"),
    }
    findings.print();
    write_json("bench.json", &findings.to_json(&machine))?;
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds both sides for measuring and starts this task again with them.
fn build_and_measure(options: &Options) -> anyhow::Result<ExitCode> {
    let has_desktop = cfg!(target_os = "linux");
    let mut steps = Steps::of(if has_desktop { 4 } else { 2 });
    let step = steps.begin("building sophon-bridge for release (minutes)");
    let program = build_bridge(true)?;
    step.done("built");

    let mut desktop = None;
    if has_desktop {
        let step = steps.begin("programs of a desktop");
        install::libraries()?;
        install::programs()?;
        step.done("all there");
        let step = steps.begin("building sophon-desktop for release (minutes)");
        desktop = Some(build_desktop(true)?);
        step.done("built");
    }

    let mut again = build_ourselves(&mut steps)?;
    again.args(["bench", "--bridge"]).arg(program);
    if let Some(program) = desktop {
        again.arg("--desktop").arg(program);
    }
    if options.quick {
        again.arg("--quick");
    }
    let status = again.status().context("cargo cannot be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A cloud whose answers take this long, without limits, and a gateway.
fn rig(program: &Path, round_trip: Duration) -> anyhow::Result<Rig> {
    let cloud = CloudOptions {
        dialect: Dialect::Npm,
        rates: RateTable::lifted(),
        round_trip,
        ..CloudOptions::default()
    };
    Rig::start(program, cloud, GatewayOptions::default())
}

/// Returns what is to be said about it.
#[cfg(target_os = "linux")]
fn measure_desktop(
    program: &Path,
    quick: bool,
    findings: &mut Findings,
) -> anyhow::Result<&'static str> {
    desktop::measure(&std::path::absolute(program)?, quick, findings)?;
    Ok("measured")
}

#[cfg(not(target_os = "linux"))]
fn measure_desktop(_: &Path, _: bool, _: &mut Findings) -> anyhow::Result<&'static str> {
    Ok("not measured: a desktop without a screen exists on Linux only")
}

/// Ten answers at once, at the pace of a fast model, several times.
fn measure_cost(rig: &Rig, quick: bool, findings: &mut Findings) -> anyhow::Result<()> {
    let (times, pieces) = if quick { (1, 100) } else { (5, 300) };
    let pace = Duration::from_millis(20);
    let mut for_a_thousand = Samples::default();
    let mut memory = None;
    for _ in 0..times {
        let outcome = Crowd { sessions: 10, pieces, pace }.stream(rig)?;
        if let Some(used) = outcome.used {
            for_a_thousand.push(used.mul_f64(1000.0 / outcome.pieces as f64));
        }
        memory = outcome.while_streaming.or(memory);
    }
    if for_a_thousand.len() > 0 {
        let name = format!("CPU for 1,000 pieces of text, median of {times}");
        let seconds = for_a_thousand.median() / 1000.0;
        findings.add(name, Unit::Seconds, seconds).at_most(0.13);
    }
    if let Some(memory) = memory {
        findings.add("memory (RSS) while 10 answers stream", Unit::Megabytes, memory.resident);
        findings.add("of it its own (PSS)", Unit::Megabytes, memory.proportional);
    }
    Ok(())
}

/// Returns whether every answer arrived complete.
fn measure_crowds(rig: &Rig, pieces: usize, findings: &mut Findings) -> anyhow::Result<bool> {
    let mut all_complete = true;
    for sessions in [1, 100, 1000] {
        let pace = Duration::from_millis(75).max(Duration::from_millis(1) * sessions);
        let sessions = usize::try_from(sessions)?;
        let outcome = Crowd { sessions, pieces, pace }.stream(rig)?;
        let share = outcome.complete as f64 / sessions as f64 * 100.0;
        findings
            .add(format!("{sessions} at once: complete answers"), Unit::Percent, share)
            .at_least(100.0);
        all_complete &= outcome.complete == sessions;
        if let Some(peak) = outcome.peak {
            let peak =
                findings.add(format!("{sessions} at once: peak memory"), Unit::Megabytes, peak);
            if sessions == 1000 {
                peak.at_most(64.0);
            }
        }
    }
    Ok(all_complete)
}
