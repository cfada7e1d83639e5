//! What was measured, against what was wanted.

use serde_json::{Value, json};

use crate::measure::machine::Machine;
use crate::measure::samples::Samples;
use crate::measure::table::{self, digits};

/// In what something is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Microseconds,
    Milliseconds,
    Seconds,
    Megabytes,
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "measured on Linux only"))]
    Mebibytes,
    Percent,
    Requests,
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "measured on Linux only"))]
    Processes,
}

impl Unit {
    fn symbol(self) -> &'static str {
        match self {
            Self::Microseconds => "µs",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Megabytes => "MB",
            Self::Mebibytes => "MiB",
            Self::Percent => "%",
            Self::Requests => "requests",
            Self::Processes => "processes",
        }
    }
}

/// One measured number.
#[derive(Debug)]
pub(super) struct Finding {
    name: String,
    unit: Unit,
    measured: f64,
    target: Target,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    None,
    AtMost(f64),
    AtLeast(f64),
}

impl Finding {
    /// Says how much it may be.
    pub(super) fn at_most(&mut self, target: f64) {
        self.target = Target::AtMost(target);
    }

    /// Says how much it must be.
    pub(super) fn at_least(&mut self, target: f64) {
        self.target = Target::AtLeast(target);
    }

    fn is_met(&self) -> Option<bool> {
        match self.target {
            Target::None => None,
            Target::AtMost(target) => Some(self.measured <= target),
            Target::AtLeast(target) => Some(self.measured >= target),
        }
    }

    fn wanted(&self) -> String {
        let symbol = self.unit.symbol();
        match self.target {
            Target::None => String::new(),
            Target::AtMost(target) => format!("≤ {target} {symbol}"),
            Target::AtLeast(target) => format!("{target} {symbol}"),
        }
    }

    fn row(&self) -> [String; 4] {
        let verdict = match self.is_met() {
            None => "",
            Some(true) => "ok",
            Some(false) => "**over**",
        };
        let measured = format!("{} {}", digits(self.measured), self.unit.symbol());
        [self.name.clone(), self.wanted(), measured, verdict.to_owned()]
    }
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// Adds a number; a target may follow.
    pub(super) fn add(
        &mut self,
        name: impl Into<String>,
        unit: Unit,
        measured: f64,
    ) -> &mut Finding {
        self.0.push_mut(Finding { name: name.into(), unit, measured, target: Target::None })
    }

    /// Adds the median and the 99th percentile of times, with what they may be in milliseconds.
    pub(super) fn add_times(&mut self, name: &str, samples: &Samples, median: f64, p99: f64) {
        let unit = Unit::Milliseconds;
        let count = samples.len();
        self.add(format!("{name}, median of {count}"), unit, samples.median()).at_most(median);
        self.add(format!("{name}, p99"), unit, samples.p99()).at_most(p99);
    }

    /// Prints a table in Markdown.
    pub(super) fn print(&self) {
        let rows: Vec<[String; 4]> = self.0.iter().map(Finding::row).collect();
        table::print(["measured", "wanted", "found", ""], &rows);
    }

    /// Describes everything for programs.
    pub(super) fn to_json(&self, machine: &Machine) -> Value {
        let findings: Vec<Value> = self
            .0
            .iter()
            .map(|finding| {
                json!({
                    "name": finding.name,
                    "unit": finding.unit.symbol(),
                    "measured": finding.measured,
                    "target": match finding.target {
                        Target::None => None,
                        Target::AtMost(target) | Target::AtLeast(target) => Some(target),
                    },
                    "ok": finding.is_met(),
                })
            })
            .collect();
        json!({"machine": machine.to_json(), "findings": findings})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_whether_it_is_what_was_wanted() {
        let mut findings = Findings::default();
        findings.add("a", Unit::Megabytes, 11.5).at_most(12.0);
        findings.add("b", Unit::Percent, 99.0).at_least(100.0);
        findings.add("c", Unit::Seconds, 1.0);
        let met: Vec<_> = findings.0.iter().map(Finding::is_met).collect();
        assert_eq!(met, [Some(true), Some(false), None]);
        assert_eq!(findings.0[0].row(), ["a", "≤ 12 MB", "11.5 MB", "ok"]);
    }
}
