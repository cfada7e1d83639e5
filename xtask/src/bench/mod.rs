//! `cargo xtask bench`.

use std::process::ExitCode;

use clap::Args;

/// Options of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Options {}

pub(crate) fn run(_: &Options) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
