//! The log's files: one that grows, and the ones before it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::view::LogLine;

/// Size at which another file is begun, in bytes.
const MAX_SIZE: u64 = 2 * 1024 * 1024;
/// How many full files are kept.
const KEPT: usize = 3;

/// The file that grows. Where it cannot be written, lines go to the window only.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    open: Option<(File, u64)>,
}

impl LogFile {
    pub(super) fn at(folder: &Path) -> Self {
        Self { path: folder.join("sophon-desktop.log"), open: None }
    }

    /// Appends a line.
    pub(super) fn write(&mut self, line: &LogLine) {
        let text = format!(
            "{} {:<5} {}: {}\n",
            timestamp(line.at_ms),
            line.level.to_uppercase(),
            line.from,
            line.text
        );
        // A log that cannot be written must not stop what it tells about.
        if self.append(text.as_bytes()).is_err() {
            self.open = None;
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (mut file, size) = match self.open.take() {
            Some(open) => open,
            None => open(&self.path)?,
        };
        file.write_all(bytes)?;
        let size = size + bytes.len() as u64;
        if size < MAX_SIZE {
            self.open = Some((file, size));
        } else {
            drop(file);
            self.begin_another()?;
        }
        Ok(())
    }

    /// Makes `.log` into `.log.1`, `.log.1` into `.log.2`, and so on; the last one goes.
    fn begin_another(&self) -> io::Result<()> {
        let numbered = |number: usize| {
            let mut name = self.path.clone().into_os_string();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        };
        for number in (1..KEPT).rev() {
            match fs::rename(numbered(number), numbered(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        fs::rename(&self.path, numbered(1))
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    if let Some(folder) = path.parent() {
        disk::create_folder(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let file = options.open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

/// The line's moment, as every program of the bridge writes it.
fn timestamp(at_ms: u64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at_ms) * 1_000_000);
    cli::timestamp(at.unwrap_or(OffsetDateTime::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_makes_room_and_only_some_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = LogFile::at(folder.path());
        let text = "x".repeat(1024 * 1024);
        for _ in 0..12 {
            let (level, from) = (String::new(), String::new());
            file.write(&LogLine { at_ms: 0, level, from, text: text.clone() });
        }
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["sophon-desktop.log.1", "sophon-desktop.log.2", "sophon-desktop.log.3"]);
    }
}
