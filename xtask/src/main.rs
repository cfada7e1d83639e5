//! `cargo xtask`: checks the project, shows it, and measures it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod architecture;
mod bench;
mod bridge;
mod cargo;
mod demo;
mod faults;
mod fuzz;
mod icons;
mod install;
mod measure;
mod page;
mod platforms;
mod soak;
mod steps;
mod test;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

/// Checks the project, shows it, and measures it.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Checks everything that CI checks, and first installs what that needs.
    Test(test::Options),
    /// Shows the bridge at work between a simulated cloud and a gateway.
    Demo(demo::Options),
    /// Type-checks the workspace for Windows and macOS, on Debian.
    CheckPlatforms(platforms::Options),
    /// Tries damaged inputs on all that reads what others wrote.
    Fuzz(fuzz::Options),
    /// Plays thousands of worlds on simulated time in which everything breaks that can break.
    Faults(faults::Options),
    /// Kills the real program at random moments, and checks that nothing is lost or doubled.
    Kills(faults::KillOptions),
    /// Renders the drawings of the icons to the pictures that the program shows.
    Icons,
    /// Measures the release build against a simulated cloud and gateway.
    Bench(bench::Options),
    /// Lets the release build work for an hour, in all kinds of trouble, and watches what grows.
    Soak(soak::Options),
}

fn main() -> ExitCode {
    let Arguments { task } = Arguments::parse();
    let done = in_the_project().and_then(|()| match task {
        Task::Test(options) => test::run(&options),
        Task::Demo(options) => demo::run(&options),
        Task::CheckPlatforms(options) => platforms::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Faults(options) => faults::run(&options),
        Task::Kills(options) => faults::run_kills(&options),
        Task::Icons => icons::run(),
        Task::Bench(options) => bench::run(&options),
        Task::Soak(options) => soak::run(&options),
    });
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the project's root the current directory, wherever the command was given.
fn in_the_project() -> anyhow::Result<()> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .context("run this as `cargo xtask`, which says where the project is")?;
    let root = Path::new(&here).parent().context("the project has no root")?;
    std::env::set_current_dir(root)
        .with_context(|| format!("the project {} cannot be entered", root.display()))
}
