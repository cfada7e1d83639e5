//! The processes of a program, wherever they went.

use std::collections::HashMap;
use std::fs;

use crate::environment::PROGRAM;

/// A process and what it came with.
struct Seen {
    parent: u32,
    mark: Option<Vec<u8>>,
}

/// The process, all that descend from it, and all that were started with it and have lost their
/// parents; sorted.
pub(crate) fn family(pid: u32) -> std::io::Result<Vec<u32>> {
    let mut seen = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        // A process may go while it is looked at.
        let Some(parent) = parent(pid) else { continue };
        seen.insert(pid, Seen { parent, mark: mark(pid) });
    }
    let mark = seen.get(&pid).and_then(|process| process.mark.clone());
    let mut family: Vec<u32> = seen
        .iter()
        .filter(|(_, process)| mark.is_some() && process.mark == mark)
        .map(|(pid, _)| *pid)
        .chain([pid])
        .collect();
    let mut next = 0;
    while let Some(parent) = family.get(next).copied() {
        next += 1;
        let children = seen.iter().filter(|(_, process)| process.parent == parent);
        let new: Vec<u32> =
            children.map(|(pid, _)| *pid).filter(|pid| !family.contains(pid)).collect();
        family.extend(new);
    }
    family.sort_unstable();
    family.dedup();
    Ok(family)
}

/// The parent of a process; none when it has ended.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program, in parentheses, may hold anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    (state != "Z").then(|| fields.next()?.parse().ok()).flatten()
}

/// The lines of the environment that say which desktop and program a process came with.
fn mark(pid: u32) -> Option<Vec<u8>> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let lines = environment.split(|byte| *byte == 0);
    let marks: Vec<&[u8]> = lines.filter(|line| line.starts_with(b"DESKTOPLAB")).collect();
    let has_program = marks.iter().any(|line| line.starts_with(PROGRAM.as_bytes()));
    has_program.then(|| {
        let mut marks = marks;
        marks.sort_unstable();
        marks.join(&0)
    })
}
