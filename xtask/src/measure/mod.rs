//! What measuring tasks share: the other sides of a bridge, what the system says about a process,
//! and how numbers are shown and kept.

pub(crate) mod machine;
pub(crate) mod process;
pub(crate) mod rig;
pub(crate) mod samples;
pub(crate) mod table;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use serde_json::Value;

use crate::cargo::{cargo, show};
use crate::steps::Steps;

/// Profile of the cloud and the gateway that the bridge is measured against: in a debug build they
/// would be what is measured.
pub(crate) const PROFILE: &str = "counterpart";

/// Builds this program with the cloud and the gateway that a bridge is measured against; returns
/// the command that runs it, to which a task is to be added.
///
/// # Errors
/// When it does not compile.
pub(crate) fn build_ourselves(steps: &mut Steps) -> anyhow::Result<Command> {
    let step = steps.begin("building the cloud and the gateway that it runs between (minutes)");
    let ourselves = ["--profile", PROFILE, "--package", "xtask"];
    show(cargo(&["build"]).args(ourselves), "see the errors above")?;
    step.done("built");
    let mut again = cargo(&["run", "--quiet"]);
    again.args(ourselves).arg("--");
    Ok(again)
}

/// Keeps what was measured in a file of the target folder, for programs.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_json(name: &str, json: &Value) -> anyhow::Result<()> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let path = target.join(name);
    std::fs::write(&path, serde_json::to_vec_pretty(json)?)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    println!("\nWritten to {}.", path.display());
    Ok(())
}
