//! The window's page: checked, tested, and compared with what the program embeds.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::cargo::show;

/// Folder of the page's sources.
const SOURCES: &str = "ui";
/// What the program embeds, made of the sources.
const MADE: [&str; 3] = ["ui/dist/index.html", "ui/dist/app.js", "ui/dist/app.css"];

/// Checks the types, runs the tests, and makes the page anew: it must come out as it is checked in.
///
/// # Errors
/// What is wrong, or that the embedded page is older than its sources.
pub(crate) fn check() -> anyhow::Result<()> {
    npm(&["ci", "--no-audit", "--no-fund", "--loglevel=error"], "look at the message above")?;
    npm(&["run", "--silent", "check"], "solve what is said above")?;
    npm(&["run", "--silent", "test"], "correct the test that fails, or what it tests")?;
    let before = MADE.map(|file| fs::read(file).unwrap_or_default());
    npm(&["run", "--silent", "build"], "solve what is said above")?;
    for (file, before) in MADE.iter().zip(before) {
        if fs::read(Path::new(file))? != before {
            bail!("{file} was older than its sources: it has been made anew, so commit it");
        }
    }
    Ok(())
}

fn npm(arguments: &[&str], remedy: &str) -> anyhow::Result<()> {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(SOURCES);
    show(&mut command, remedy)
}
