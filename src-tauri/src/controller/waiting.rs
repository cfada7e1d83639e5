//! What only time brings about.

use std::time::Duration;

use tokio::time::Instant;

use super::{Controller, NOTHING_TO_DO, Seat};
use crate::clock::now_ms;
use crate::shell::Shell;
use crate::tray;

/// How often a countdown is shown anew.
const TICK: Duration = Duration::from_secs(1);

impl<S: Shell> Controller<S> {
    /// How long nothing needs to be done unless something happens.
    pub(super) fn tick(&self) -> Duration {
        let counts = self.shown.as_ref().is_some_and(|view| tray::wants_ticks(view, now_ms()));
        let is_carried = || self.seats.iter().any(|seat| seat.carrying().is_some());
        if counts || (self.shell.has_window() && is_carried()) {
            return TICK;
        }
        let seats = self.seats.iter().map(Seat::due_in);
        let now = Instant::now();
        let asked = self.later.iter().map(|later| later.until).chain(self.desk.due_at());
        let asked = asked.map(|at| at.saturating_duration_since(now));
        seats.chain(asked).min().unwrap_or(NOTHING_TO_DO)
    }

    pub(super) fn pass_time(&mut self) {
        self.with_all(Seat::pass_time);
        self.desk.pass_time(now_ms());
        if self.shell.has_window() {
            let pulses = self.seats.iter().filter_map(Seat::pulse).collect();
            self.shell.set_pulses(pulses);
        }
    }
}
