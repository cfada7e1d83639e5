use std::time::{Duration, Instant};

/// Numbers the steps of a task and says how long each took.
pub(crate) struct Steps {
    total: usize,
    begun: usize,
}

/// A step that has begun.
pub(crate) struct Step {
    began: Instant,
}

impl Steps {
    pub(crate) fn of(total: usize) -> Self {
        Self { total, begun: 0 }
    }

    /// Says what comes now.
    pub(crate) fn begin(&mut self, what: &str) -> Step {
        self.begun += 1;
        println!("\n[{}/{}] {what}", self.begun, self.total);
        Step { began: Instant::now() }
    }
}

impl Step {
    /// Says that the step is done, and with what.
    pub(crate) fn done(self, with: &str) {
        println!("      {with} ({})", spoken(self.began.elapsed()));
    }
}

/// Writes a duration as a person reads it: `40 ms`, `3.2 s`, `2 min 5 s`.
pub(crate) fn spoken(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_for_people() {
        assert_eq!(spoken(Duration::from_micros(40_900)), "40 ms");
        assert_eq!(spoken(Duration::from_millis(3_249)), "3.2 s");
        assert_eq!(spoken(Duration::from_millis(125_900)), "2 min 5 s");
    }
}
