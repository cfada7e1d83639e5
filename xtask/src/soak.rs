//! `cargo xtask soak`: an hour of ordinary work in all kinds of trouble, after which nothing may
//! have grown, and every message must have been answered once, with the gateway's own words.
//!
//! Cloud and gateway run in this process, the bridge is a child of it, as in `cargo xtask bench`.

mod answer;
mod chat;
mod growth;
mod quantity;
mod report;
mod trouble;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use fastrand::Rng;
use simulator::cloud::{CloudOptions, Dialect, RateTable};
use simulator::gateway::{GatewayOptions, Generation};

use crate::bridge::Bridge;
use crate::cargo::build_bridge;
use crate::measure::machine::Machine;
use crate::measure::rig::Rig;
use crate::measure::{build_ourselves, write_json};
use crate::steps::Steps;
use quantity::Sample;
use report::Report;
use world::{Shift, World};

/// Chats that go on at the same time.
const CHATS: usize = 20;
/// Pause between the words of an answer.
const WORD: Duration = Duration::from_millis(15);
/// Time between two samples.
const SAMPLE: Duration = Duration::from_secs(2);
/// Time between two lines about how it goes.
const PROGRESS: Duration = Duration::from_secs(30);

/// Options of `cargo xtask soak`.
#[derive(Args)]
pub(crate) struct Options {
    /// How long the bridge works, in minutes.
    #[arg(long, value_name = "N", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..))]
    minutes: u32,
    /// Lets this program work, with the cloud and the gateway as this task was built.
    #[arg(long, value_name = "PROGRAM")]
    bridge: Option<PathBuf>,
    /// Takes a gateway of the older generation.
    #[arg(long)]
    older: bool,
    /// Repeats the choices of another run, as nearly as threads allow.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
}

/// Lets a bridge work, prints a table, and writes `soak.json` into the target folder.
///
/// # Errors
/// When something cannot be started, or the bridge does not connect.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let Some(program) = &options.bridge else { return build_and_run(options) };
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut steps = Steps::of(2);
    let step = steps.begin("the machine");
    let machine = Machine::look()?;
    step.done(&machine.to_string());

    let step = steps.begin(&format!("{CHATS} chats for {} min, seed {seed}", options.minutes));
    let rig = rig(&std::path::absolute(program)?, options.older)?;
    let world = World::new(&rig);
    let (mut bridge, _) = rig.connect()?;
    chat::allow_always(&world).with_context(|| bridge.complaints())?;
    let samples = live(&world, &mut bridge, Duration::from_secs(60) * options.minutes, seed)?;
    match bridge.ended()? {
        Some(_) => drop(bridge),
        None => rig.disconnect(bridge)?,
    }
    let report = Report::of(&world, &samples);
    step.done(&format!("{} messages answered", world.answered()));
    report.print();
    write_json("soak.json", &report.to_json(&machine, seed, &samples))?;
    Ok(if report.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds both sides and starts this task again with them.
fn build_and_run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut steps = Steps::of(2);
    let step = steps.begin("building sophon-bridge for release (minutes)");
    let program = build_bridge(true)?;
    step.done("built");
    let mut again = build_ourselves(&mut steps)?;
    again.arg("soak").arg("--minutes").arg(options.minutes.to_string());
    again.arg("--bridge").arg(program);
    if options.older {
        again.arg("--older");
    }
    if let Some(seed) = options.seed {
        again.arg("--seed").arg(seed.to_string());
    }
    let status = again.status().context("cargo cannot be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A gateway, and a cloud with its usual rates, but as many approvals an hour as there come.
fn rig(program: &Path, older: bool) -> anyhow::Result<Rig> {
    let rates = RateTable { approvals_per_hour: None, ..RateTable::default() };
    let cloud = CloudOptions { dialect: Dialect::Npm, rates, ..CloudOptions::default() };
    let generation = if older { Generation::Older } else { Generation::Newer };
    let gateway = GatewayOptions { word_pause: WORD, ..GatewayOptions::of(generation) };
    Rig::start(program, cloud, gateway)
}

/// Lets the chats go on and the trouble come for so long, and takes samples meanwhile.
fn live(
    world: &World<'_>,
    bridge: &mut Bridge,
    time: Duration,
    seed: u64,
) -> anyhow::Result<Vec<Sample>> {
    let mut rng = Rng::with_seed(seed);
    thread::scope(|threads| {
        for number in 0..CHATS {
            let rng = rng.fork();
            threads.spawn(move || chat::go_on(world, number, rng));
        }
        let rng = rng.fork();
        threads.spawn(move || trouble::come(world, rng));
        // Also when this thread fails, nobody goes on.
        let _shift = Shift(world);
        watch(world, bridge, time)
    })
}

fn watch(world: &World<'_>, bridge: &mut Bridge, time: Duration) -> anyhow::Result<Vec<Sample>> {
    let begun = Instant::now();
    let mut samples = Vec::new();
    let mut next_line = PROGRESS;
    while begun.elapsed() < time {
        sleep(SAMPLE);
        if let Some(status) = bridge.ended()? {
            world.give_up(format!("the bridge ended ({status}): {}", bridge.complaints()));
            break;
        }
        bridge.forget_events();
        world.note_violations();
        let sample = Sample::take(begun.elapsed(), bridge.id(), world.rig.data_dir());
        if begun.elapsed() >= next_line {
            println!("      {}", report::progress(world, &sample));
            next_line += PROGRESS;
        }
        samples.push(sample);
    }
    Ok(samples)
}
