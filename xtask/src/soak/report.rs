//! What came of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::growth::Growth;
use super::quantity::{Quantity, Sample};
use super::world::World;
use crate::measure::machine::Machine;
use crate::measure::table::{self, digits};

/// The shortest warm-up; it is a tenth of the time where that is longer.
const WARM_UP: Duration = Duration::from_secs(60);

/// What a bridge did, and what it used.
pub(super) struct Report {
    growths: Vec<(Quantity, Option<Growth>)>,
    answered: usize,
    troubles: Value,
    wrongs: Vec<String>,
    warm_up: Duration,
}

/// Says in a line how it goes.
pub(super) fn progress(world: &World<'_>, sample: &Sample) -> String {
    let seconds = sample.at.as_secs();
    let troubles: usize = world.troubles().values().sum();
    let used = Quantity::ALL.iter().filter_map(|quantity| {
        let value = sample.of(*quantity)?;
        Some(format!("{} {}{}", quantity.name(), digits(value), quantity.unit()))
    });
    format!(
        "{:>3}:{:02}  {} answered, {troubles} troubles, {} wrong; {}",
        seconds / 60,
        seconds % 60,
        world.answered(),
        world.wrongs().len(),
        used.collect::<Vec<_>>().join(", ")
    )
}

impl Report {
    pub(super) fn of(world: &World<'_>, samples: &[Sample]) -> Self {
        let time = samples.last().map_or(Duration::ZERO, |sample| sample.at);
        let warm_up = WARM_UP.max(time / 10);
        let growth = |quantity: Quantity| {
            let known = samples.iter().filter_map(|sample| Some((sample.at, sample.of(quantity)?)));
            Growth::of(&known.collect::<Vec<_>>(), warm_up)
        };
        Self {
            growths: Quantity::ALL.iter().map(|quantity| (*quantity, growth(*quantity))).collect(),
            answered: world.answered(),
            troubles: json!(world.troubles()),
            wrongs: world.wrongs(),
            warm_up,
        }
    }

    /// Says whether every answer was right, and nothing grew beyond its bound.
    pub(super) fn is_well(&self) -> bool {
        let grew = |(quantity, growth): &(Quantity, Option<Growth>)| {
            growth.is_some_and(|growth| growth.grown() > quantity.allowed(self.answered))
        };
        self.answered > 0 && self.wrongs.is_empty() && !self.growths.iter().any(grew)
    }

    /// Prints a table in Markdown, why each quantity may grow at all, and the verdict.
    pub(super) fn print(&self) {
        let head = ["watched", "warmed up", "at the end", "grown", "allowed", "an hour", ""];
        let rows: Vec<[String; 7]> = self.growths.iter().map(|it| self.row(it)).collect();
        table::print(head, &rows);
        println!("\nWarmed up means after {} s. Why something may grow:", self.warm_up.as_secs());
        for alike in Quantity::ALL.chunk_by(|one, other| one.because() == other.because()) {
            let names: Vec<&str> = alike.iter().map(|quantity| quantity.name()).collect();
            let reason = alike.first().map_or("", |quantity| quantity.because());
            println!("- {}: {reason}", names.join(", "));
        }
        let verdict = match (self.wrongs.len(), self.is_well()) {
            (0, true) => "nothing was lost or doubled, and nothing grew".to_owned(),
            (0, false) if self.answered == 0 => "NOTHING WAS ANSWERED".to_owned(),
            (0, false) => "nothing was lost or doubled, BUT SOMETHING GREW".to_owned(),
            (wrongs, _) => format!("{wrongs} ANSWERS OR REQUESTS WERE WRONG, see above"),
        };
        println!("\n{} messages, troubles: {}\n{verdict}", self.answered, self.troubles);
    }

    /// Describes everything for programs.
    pub(super) fn to_json(&self, machine: &Machine, seed: u64, samples: &[Sample]) -> Value {
        let quantities = self.growths.iter().map(|(quantity, growth)| {
            let allowed = quantity.allowed(self.answered);
            json!({
                "name": quantity.name(),
                "unit": quantity.unit().trim(),
                "warmed_up": growth.map(|growth| growth.before),
                "at_the_end": growth.map(|growth| growth.after),
                "grown": growth.map(|growth| growth.grown()),
                "per_hour": growth.map(|growth| growth.per_hour),
                "allowed": allowed,
                "because": quantity.because(),
                "ok": growth.map(|growth| growth.grown() <= allowed),
            })
        });
        json!({
            "machine": machine.to_json(),
            "seed": seed,
            "ok": self.is_well(),
            "answered": self.answered,
            "troubles": self.troubles,
            "wrong": self.wrongs,
            "warm_up_s": self.warm_up.as_secs(),
            "quantities": quantities.collect::<Vec<_>>(),
            "samples": samples.iter().map(Sample::to_json).collect::<Vec<_>>(),
        })
    }

    fn row(&self, (quantity, growth): &(Quantity, Option<Growth>)) -> [String; 7] {
        let name = quantity.name().to_owned();
        let Some(growth) = growth else {
            let [a, b, c, d, e] = [(); 5].map(|()| String::new());
            return [name, a, b, c, d, e, "not told by this system, or too short".to_owned()];
        };
        let shown = |value: f64| format!("{}{}", digits(value), quantity.unit());
        let allowed = quantity.allowed(self.answered);
        let verdict = if growth.grown() <= allowed { "ok" } else { "**grew**" };
        [
            name,
            shown(growth.before),
            shown(growth.after),
            shown(growth.grown()),
            format!("≤ {}", shown(allowed)),
            shown(growth.per_hour),
            verdict.to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(after: f64, wrongs: &[&str], answered: usize) -> Report {
        let growth = Growth { before: 15.0, after, per_hour: 0.0 };
        Report {
            growths: vec![(Quantity::Resident, Some(growth)), (Quantity::Threads, None)],
            answered,
            troubles: json!({}),
            wrongs: wrongs.iter().map(|wrong| (*wrong).to_owned()).collect(),
            warm_up: WARM_UP,
        }
    }

    #[test]
    fn all_is_well_when_everything_was_right_and_nothing_grew_more_than_it_may() {
        assert!(report(15.5, &[], 100).is_well());
        assert!(!report(17.0, &[], 100).is_well());
        assert!(!report(15.5, &["two ends"], 100).is_well());
        assert!(!report(15.0, &[], 0).is_well());
    }

    #[test]
    fn a_row_says_what_grew_and_what_is_not_known() {
        let report = report(17.0, &[], 100);
        let [known, unknown] = [0, 1].map(|at| report.row(&report.growths[at]));
        let columns = ["memory (RSS)", "15 MB", "17 MB", "2 MB", "≤ 1.03 MB", "0 MB", "**grew**"];
        assert_eq!(known, columns);
        assert_eq!(unknown[0], "threads");
    }
}
