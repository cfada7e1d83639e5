//! How much something grew, told from samples that never stand still.

use std::time::Duration;

/// The longest time whose samples make one median.
const LONGEST_WINDOW: Duration = Duration::from_secs(300);
/// Parts of the measured time, of each of which the median counts for the slope.
const PARTS: usize = 60;

/// What became of a quantity after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Growth {
    /// Median when the warm-up was over.
    pub(super) before: f64,
    /// Median at the end.
    pub(super) after: f64,
    /// Median of the slopes between all parts of the time, for an hour.
    pub(super) per_hour: f64,
}

impl Growth {
    /// Looks at samples, each with its time, from `warm` on; none when they are too few.
    pub(super) fn of(samples: &[(Duration, f64)], warm: Duration) -> Option<Self> {
        let samples: Vec<_> = samples.iter().filter(|(at, _)| *at >= warm).copied().collect();
        let (first, last) = (samples.first()?.0, samples.last()?.0);
        let window = ((last - first) / 4).min(LONGEST_WINDOW);
        let within = |from: Duration, to: Duration| {
            let inside = samples.iter().filter(|(at, _)| (from..=to).contains(at));
            median(inside.map(|(_, value)| *value).collect())
        };
        Some(Self {
            before: within(first, first + window)?,
            after: within(last - window, last)?,
            per_hour: slope(&samples)? * 3600.0,
        })
    }

    /// How much more there is at the end.
    pub(super) fn grown(&self) -> f64 {
        self.after - self.before
    }
}

/// The slope of most pairs, a second; single leaps do not count (Theil and Sen).
fn slope(samples: &[(Duration, f64)]) -> Option<f64> {
    let size = samples.len().div_ceil(PARTS);
    let parts: Vec<(f64, f64)> = samples
        .chunks(size)
        .filter_map(|part| {
            let times = part.iter().map(|(at, _)| at.as_secs_f64()).collect();
            let values = part.iter().map(|(_, value)| *value).collect();
            Some((median(times)?, median(values)?))
        })
        .collect();
    let pairs = parts.iter().enumerate().flat_map(|(index, (at, value))| {
        let later = parts[index + 1..].iter();
        later.map(move |(later, more)| (more - value) / (later - at))
    });
    median(pairs.collect())
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(value: impl Fn(u64) -> f64) -> Growth {
        let samples: Vec<_> =
            (0..900).map(|number| (Duration::from_secs(2 * number), value(number))).collect();
        Growth::of(&samples, Duration::from_secs(180)).unwrap()
    }

    #[test]
    fn a_warm_up_and_single_peaks_are_no_growth() {
        let jumpy = growth(|number| match number {
            0..90 => 1.0,
            _ if number % 10 == 0 => 50.0,
            _ => 10.0,
        });
        assert_eq!(jumpy, Growth { before: 10.0, after: 10.0, per_hour: 0.0 });
    }

    #[test]
    fn a_leak_is_told_for_the_time_and_for_an_hour() {
        let leak = growth(|number| 10.0 + number as f64 / 100.0 + (number % 7) as f64);
        assert!((leak.per_hour - 18.0).abs() < 1.0, "{leak:?}");
        // Of 27 minutes, what lies between the middles of their first and last five.
        assert!((leak.grown() - 6.6).abs() < 0.5, "{leak:?}");
    }

    #[test]
    fn without_samples_nothing_is_said() {
        assert_eq!(Growth::of(&[(Duration::from_secs(1), 1.0)], Duration::from_secs(60)), None);
    }
}
