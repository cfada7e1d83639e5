//! The pages: the app's window and the simulated phone. Checked, tested, and compared with what the
//! programs embed.

use std::fs;
use std::process::Command;

use anyhow::bail;

use crate::cargo::show;

/// A page with sources of its own.
struct Page {
    sources: &'static str,
    /// What a program embeds, made of the sources.
    made: &'static [&'static str],
}

const PAGES: [Page; 2] = [
    Page { sources: "ui", made: &["ui/dist/index.html", "ui/dist/app.js", "ui/dist/app.css"] },
    Page {
        sources: "crates/simulator/phone",
        made: &["crates/simulator/pages/phone.js", "crates/simulator/pages/sealed.js"],
    },
];

/// Checks the types, runs the tests, and makes each page anew: it must come out as it is checked in.
///
/// # Errors
/// What is wrong, or that an embedded page is older than its sources.
pub(crate) fn check() -> anyhow::Result<()> {
    PAGES.iter().try_for_each(Page::check)
}

impl Page {
    fn check(&self) -> anyhow::Result<()> {
        self.npm(
            &["ci", "--no-audit", "--no-fund", "--loglevel=error"],
            "look at the message above",
        )?;
        self.npm(&["run", "--silent", "check"], "solve what is said above")?;
        self.npm(&["run", "--silent", "test"], "correct the test that fails, or what it tests")?;
        let before = self.made.iter().map(|file| fs::read(file).unwrap_or_default());
        let before: Vec<Vec<u8>> = before.collect();
        self.npm(&["run", "--silent", "build"], "solve what is said above")?;
        for (file, before) in self.made.iter().zip(before) {
            if fs::read(file)? != before {
                bail!("{file} was older than its sources: it has been made anew, so commit it");
            }
        }
        Ok(())
    }

    fn npm(&self, arguments: &[&str], remedy: &str) -> anyhow::Result<()> {
        let mut command = Command::new("npm");
        command.args(arguments).current_dir(self.sources);
        show(&mut command, remedy)
    }
}
