use std::fs;

use anyhow::Context as _;

use crate::processes::family;

/// Memory of a program, with everything that it started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Memory in use, in bytes; what processes share counts for each of them.
    pub rss: u64,
    /// Memory in use, in bytes; what processes share is divided among them.
    pub pss: u64,
    /// Memory that ends with the program, in bytes.
    pub uss: u64,
    /// The processes.
    pub processes: Vec<Process>,
}

/// A process of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its name, as the system keeps it: the first 15 bytes.
    pub name: String,
}

/// Measures the memory of a process, of all that descend from it, and, if it was started with
/// [`Desktop::command`](crate::Desktop::command), of those that lost their parents.
///
/// # Errors
/// When the process is gone, or belongs to somebody else.
pub fn memory(pid: u32) -> anyhow::Result<Memory> {
    let mut memory = Memory { rss: 0, pss: 0, uss: 0, processes: Vec::new() };
    for member in family(pid)? {
        let read = |file| fs::read_to_string(format!("/proc/{member}/{file}"));
        // A process may go while it is looked at.
        let (Ok(sums), Ok(name)) = (read("smaps_rollup"), read("comm")) else { continue };
        memory.rss += kilobytes(&sums, "Rss:");
        memory.pss += kilobytes(&sums, "Pss:");
        memory.uss += kilobytes(&sums, "Private_Clean:") + kilobytes(&sums, "Private_Dirty:");
        memory.processes.push(Process { pid: member, name: name.trim_end().to_owned() });
    }
    memory
        .processes
        .iter()
        .any(|process| process.pid == pid)
        .then_some(memory)
        .with_context(|| format!("the memory of process {pid} cannot be read"))
}

/// A line of `smaps_rollup`, in bytes.
fn kilobytes(sums: &str, name: &str) -> u64 {
    let mut fields = sums.lines().map(str::split_whitespace);
    let found = fields.find_map(|mut fields| (fields.next() == Some(name)).then(|| fields.next()));
    1024 * found.flatten().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_by_their_whole_name() {
        let sums = "5500-7ffd ---p 00 00:00 0 [rollup]\nPss:      7 kB\nPss_Anon:   5 kB\n";
        assert_eq!(kilobytes(sums, "Pss:"), 7 * 1024);
        assert_eq!(kilobytes(sums, "Rss:"), 0);
    }

    #[test]
    fn this_process_uses_memory() {
        let measured = memory(std::process::id()).unwrap();
        assert!(measured.rss >= measured.pss && measured.pss >= measured.uss, "{measured:?}");
        assert!(measured.uss > 0);
    }
}
