//! The log: files for later, and the last lines for the window.
//!
//! A line that looks as if it held a secret is never written: types keep secrets out of it, and this
//! is the second fence.

mod file;
mod line;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;

use self::file::LogFile;
use crate::clock::now_ms;
use crate::view::LogLine;

/// How many lines the window can look back.
const REMEMBERED: usize = 2_000;
/// How many lines a slow window may lag behind before it misses some.
const FOLLOWED: usize = 1_024;
/// The parts of this program that write lines.
const OURS: [&str; 9] = [
    "bridge",
    "cli",
    "dial",
    "disk",
    "openclaw",
    "sap",
    "sophon_desktop",
    "sophon_window",
    "vault",
];

/// The log of this program. Clones are the same log.
#[derive(Clone, Debug)]
pub struct Log {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    file: Mutex<LogFile>,
    recent: Mutex<VecDeque<LogLine>>,
    followers: broadcast::Sender<LogLine>,
}

impl Log {
    /// Makes a log whose files are in `folder`, which is created with the first line.
    pub fn at(folder: &Path) -> Self {
        let (followers, _) = broadcast::channel(FOLLOWED);
        let shared = Shared {
            folder: folder.to_owned(),
            file: Mutex::new(LogFile::at(folder)),
            recent: Mutex::new(VecDeque::new()),
            followers,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Takes the lines of the whole program from now on; to standard error too if `verbose`.
    pub fn install(&self, verbose: bool) {
        let level = if verbose { LevelFilter::DEBUG } else { LevelFilter::INFO };
        let targets = Targets::new().with_targets(OURS.map(|name| (name, level)));
        let errors = verbose.then(|| tracing_subscriber::fmt::layer().with_writer(std::io::stderr));
        let layers = tracing_subscriber::registry()
            .with(Writer(self.clone()).with_filter(targets.clone()))
            .with(errors.with_filter(targets));
        if layers.try_init().is_err() {
            tracing::debug!("lines are taken by another log already");
        }
    }

    /// Folder of the files.
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// The last lines, oldest first, and all that come after them.
    pub fn follow(&self) -> (Vec<LogLine>, broadcast::Receiver<LogLine>) {
        let recent = self.shared.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let following = self.shared.followers.subscribe();
        (recent.iter().cloned().collect(), following)
    }

    /// Writes a line, unless it may hold a secret.
    fn write(&self, line: LogLine) {
        let line = if line::may_hold_a_secret(&line.text) {
            LogLine { text: "[a line that may hold a secret is left out]".into(), ..line }
        } else {
            line
        };
        let shared = &self.shared;
        shared.file.lock().unwrap_or_else(PoisonError::into_inner).write(&line);
        let mut recent = shared.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == REMEMBERED {
            recent.pop_front();
        }
        recent.push_back(line.clone());
        // Without a window nobody follows.
        let _ = shared.followers.send(line);
    }
}

struct Writer(Log);

impl<S: Subscriber> Layer<S> for Writer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let from = metadata.target().split("::").next().unwrap_or_default().to_owned();
        let level = metadata.level().as_str().to_ascii_lowercase();
        self.0.write(LogLine { at_ms: now_ms(), level, from, text: line::text(event) });
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn line(text: &str) -> LogLine {
        let (level, from) = ("info".to_owned(), "bridge".to_owned());
        LogLine { at_ms: 1_767_225_599_007, level, from, text: text.to_owned() }
    }

    #[test]
    fn a_line_reaches_the_file_those_who_follow_and_those_who_come_later() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::at(&folder.path().join("logs"));
        let (before, mut following) = log.follow();
        log.write(line("the gateway is connected"));
        assert_eq!((before.len(), log.follow().0.len()), (0, 1));
        assert_eq!(following.try_recv().unwrap(), line("the gateway is connected"));
        let written = fs::read_to_string(log.folder().join("sophon-desktop.log")).unwrap();
        assert_eq!(written, "2025-12-31T23:59:59.007Z INFO  bridge: the gateway is connected\n");
    }

    #[test]
    fn what_looks_like_a_secret_is_written_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::at(folder.path());
        log.write(line("token inst_Ab3dEf6hIj9kLm2n:s_test_0123456789abcdefghij"));
        let written = fs::read_to_string(folder.path().join("sophon-desktop.log")).unwrap();
        assert!(written.contains("left out") && !written.contains("0123456789"), "{written}");
        assert!(!log.follow().0[0].text.contains("0123456789"));
    }

    #[test]
    fn only_the_last_lines_are_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::at(folder.path());
        for number in 0..REMEMBERED + 3 {
            log.write(line(&number.to_string()));
        }
        let (recent, _) = log.follow();
        assert_eq!((recent.len(), recent[0].text.as_str()), (REMEMBERED, "3"));
    }
}
