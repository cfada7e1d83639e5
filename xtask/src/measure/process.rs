//! What the system says about a process. Only Linux is asked; elsewhere nothing is known.

use std::time::Duration;

/// Ticks a second in which Linux tells CPU times to programs, on every machine.
const TICKS: u32 = 100;
/// Places of the CPU times behind the name of the program in `/proc/PID/stat`.
const USER_TIME: usize = 11;

/// Memory of a process, in megabytes of a million bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Memory {
    /// All pages in memory.
    pub(crate) resident: f64,
    /// The same with shared pages divided among those who share them.
    pub(crate) proportional: f64,
}

/// How much memory a process has now.
pub(crate) fn memory(id: u32) -> Option<Memory> {
    let told = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    Some(Memory { resident: field(&told, "Rss:")?, proportional: field(&told, "Pss:")? })
}

/// The most memory that a process ever had, in megabytes.
pub(crate) fn peak(id: u32) -> Option<f64> {
    field(&std::fs::read_to_string(format!("/proc/{id}/status")).ok()?, "VmHWM:")
}

/// How many files and sockets a process has open.
pub(crate) fn handles(id: u32) -> Option<usize> {
    Some(std::fs::read_dir(format!("/proc/{id}/fd")).ok()?.count())
}

/// How many threads a process has.
pub(crate) fn threads(id: u32) -> Option<usize> {
    Some(std::fs::read_dir(format!("/proc/{id}/task")).ok()?.count())
}

/// How long a process has computed, to 10 ms.
pub(crate) fn computed(id: u32) -> Option<Duration> {
    let told = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    ticks(&told).map(|ticks| Duration::from_secs(1) * ticks / TICKS)
}

/// User and system time together.
fn ticks(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(USER_TIME).take(2).map(str::parse::<u32>);
    Some(times.next()?.ok()? + times.next()?.ok()?)
}

/// A field of lines such as `Rss:   1234 kB`, where a kB has 1024 bytes.
fn field(told: &str, name: &str) -> Option<f64> {
    let line = told.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_tells_is_understood() {
        let stat = "77 (a (b) c) S 1 77 77 0 -1 4194560 915 0 0 0 12 30 0 0 20 0 1 0 9 1 2";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(field("Rss:   1000 kB\nPss:  500 kB\n", "Pss:"), Some(0.512));
        assert_eq!(field("Rss: 1 kB", "Pss:"), None);
    }
}
