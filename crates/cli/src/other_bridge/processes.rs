//! The processes of this user, as far as the system shows them.

use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A process.
pub(super) struct Process {
    /// Its number.
    pub(super) pid: u32,
    /// Its command line; other people's secrets may be in it.
    pub(super) words: Vec<String>,
    /// Where paths of its command line begin, where that is known.
    pub(super) folder: Option<PathBuf>,
    /// Its variables, `NAME=value` each, where they can be read.
    pub(super) variables: Zeroizing<Vec<String>>,
}

impl Process {
    /// Reads one of its variables; none where it is empty.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let mut variables = self.variables.iter().filter_map(|it| it.split_once('='));
        variables.find(|(it, _)| *it == name).map(|(_, value)| value).filter(|it| !it.is_empty())
    }

    /// Makes a path of one of its words.
    pub(super) fn path(&self, word: &str) -> PathBuf {
        self.folder.as_deref().unwrap_or(Path::new("")).join(word)
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("pid", &self.pid).finish_non_exhaustive()
    }
}

#[cfg(target_os = "linux")]
pub(super) use linux::of_this_user;

#[cfg(all(unix, not(target_os = "linux")))]
pub(super) use listed::of_this_user;

/// Lists nothing: this system shows processes to none but its own interfaces.
#[cfg(not(unix))]
pub(super) fn of_this_user(_: fn(&[String]) -> bool) -> impl Iterator<Item = Process> {
    std::iter::empty()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, File};
    use std::io::{self, Read as _};
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;

    use zeroize::Zeroizing;

    use super::Process;

    /// Longest command line or set of variables that is read, in bytes.
    const MAX_SIZE: u64 = 256 * 1024;

    /// Lists the processes of this user whose command line is wanted, without those that end
    /// meanwhile or hide.
    pub(in super::super) fn of_this_user(
        is_wanted: fn(&[String]) -> bool,
    ) -> impl Iterator<Item = Process> {
        let user = fs::metadata("/proc/self").map(|it| it.uid()).ok();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(move |entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            if entry.metadata().ok().map(|it| it.uid()) != user {
                return None;
            }
            let place = entry.path();
            let words = texts(&place.join("cmdline")).ok()?;
            is_wanted(&words).then(|| Process {
                pid,
                words: words.to_vec(),
                folder: fs::read_link(place.join("cwd")).ok(),
                variables: texts(&place.join("environ")).unwrap_or_default(),
            })
        })
    }

    /// Reads texts that end with a zero byte each.
    fn texts(path: &Path) -> io::Result<Zeroizing<Vec<String>>> {
        let mut bytes = Zeroizing::new(Vec::new());
        File::open(path)?.take(MAX_SIZE).read_to_end(&mut bytes)?;
        let texts = bytes.split(|byte| *byte == 0).filter(|text| !text.is_empty());
        Ok(Zeroizing::new(texts.map(|it| String::from_utf8_lossy(it).into_owned()).collect()))
    }
}

/// What `ps` lists, where there is no `/proc`.
#[cfg(all(unix, any(test, not(target_os = "linux"))))]
pub(super) mod listed {
    use std::process::{Command, Stdio};

    use zeroize::Zeroizing;

    use super::Process;

    /// Lists the processes of this user whose command line is wanted; none where they cannot be
    /// listed.
    pub(in super::super) fn of_this_user(
        is_wanted: fn(&[String]) -> bool,
    ) -> impl Iterator<Item = Process> {
        let mut ps = Command::new("ps");
        ps.args(["-x", "-ww", "-o", "pid=,args="]).stdin(Stdio::null()).stderr(Stdio::null());
        for variable in crate::outside::secret_variables() {
            ps.env_remove(variable);
        }
        let listed = ps.output().map(|output| Zeroizing::new(output.stdout)).unwrap_or_default();
        let lines = String::from_utf8_lossy(&listed);
        let processes: Vec<Process> = lines.lines().filter_map(parse).collect();
        processes.into_iter().filter(move |it| is_wanted(&it.words))
    }

    /// Reads a line: the number, then the words, between which spaces cannot be told from those in
    /// them.
    fn parse(line: &str) -> Option<Process> {
        let mut words = line.split_whitespace();
        let pid = words.next()?.parse().ok()?;
        let words = words.map(ToOwned::to_owned).collect();
        Some(Process { pid, words, folder: None, variables: Zeroizing::default() })
    }
}
