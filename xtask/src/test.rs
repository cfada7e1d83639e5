//! `cargo xtask test`: everything that CI checks, on a machine that may be new.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use gatewaylab::{Version, ensure_installed, protocol_schema};

use crate::cargo::{cargo, show, target_folder};
use crate::steps::Steps;
use crate::{architecture, fuzz, install, page, platforms};

/// Variable that names a folder for the pictures that tests take.
const PICTURES: &str = "SOPHON_TEST_PICTURES";

/// Options of `cargo xtask test`.
#[derive(Args)]
pub(crate) struct Options {
    /// Installs nothing: what is missing makes a step fail.
    #[arg(long)]
    no_install: bool,
    /// Arguments for `cargo nextest run`, such as the names of tests.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    nextest: Vec<String>,
}

/// Runs every check; the tests come last, so that their summary is what stands at the end.
///
/// # Errors
/// The first check that fails, with what to do about it.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let has_examples = architecture::has_examples_in_comments()?;
    let installing = if options.no_install { 0 } else { 2 };
    // Elsewhere Debian's Rust, with which other platforms are checked, is not to be had.
    let checks_platforms = in_ci() && cfg!(target_os = "linux");
    let fuzzes = checks_platforms;
    let optional = [has_examples, checks_platforms, fuzzes].map(usize::from).iter().sum::<usize>();
    let mut steps = Steps::of(installing + 5 + optional);
    if !options.no_install {
        let step = steps.begin("tools: the test runner, and programs that tests start");
        install::tools()?;
        step.done("all there");
        let step = steps.begin("real OpenClaw gateways, with which the bridge is tested");
        install_gateways()?;
        step.done("all there");
    }

    let step = steps.begin("formatting");
    run_cargo(&["fmt", "--all", "--check"], "`cargo fmt --all` puts it right")?;
    let fuzz_targets = ["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"];
    run_cargo(&fuzz_targets, "the same command without `--check` puts it right")?;
    step.done("as agreed");

    let step = steps.begin("the pages: types, tests, and whether they are up to date");
    page::check()?;
    step.done("up to date");

    let step = steps.begin("lints");
    let lints = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    run_cargo(&lints, "solve what is said above")?;
    step.done("no warnings");

    let step = steps.begin("architecture: who depends on whom, and sizes of files");
    architecture::check_dependencies()?;
    architecture::check_file_sizes()?;
    step.done("as drawn");

    if has_examples {
        let step = steps.begin("examples in comments");
        run_cargo(&["test", "--doc", "--workspace"], "correct the example that fails")?;
        step.done("all pass");
    }

    if checks_platforms {
        let step = steps.begin("types on Windows and macOS (minutes the first time)");
        platforms::check_all(!options.no_install)?;
        step.done("compiles");
    }

    if fuzzes {
        let step = steps.begin("fuzzing, a minute (and minutes for the first build)");
        fuzz::check_all(!options.no_install)?;
        step.done("nothing failed");
    }

    steps.begin("tests");
    let mut tests = cargo(&["nextest", "run", "--workspace"]);
    if in_ci() {
        tests.args(["--profile", "ci"]);
    }
    tests.args(&options.nextest);
    if std::env::var_os(PICTURES).is_none() {
        let folder = target_folder()?.join("pictures");
        println!("      pictures of the app come into {}", folder.display());
        tests.env(PICTURES, folder);
    }
    println!("      $ cargo nextest run --workspace …");
    let status = tests.status().context("cargo cannot be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

fn run_cargo(arguments: &[&str], remedy: &str) -> anyhow::Result<()> {
    show(&mut cargo(arguments), remedy)
}

fn install_gateways() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let say = |line: &str| println!("      {line}");
        for version in Version::ALL {
            ensure_installed(version, &say).await?;
        }
        protocol_schema(&say).await?;
        anyhow::Ok(())
    })
}
