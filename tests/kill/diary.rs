//! What happened, in order: the explanation of a run that failed.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Notes what happens; copies note into the same diary.
#[derive(Clone)]
pub(crate) struct Diary {
    begun: Instant,
    entries: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Diary {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), entries: Arc::default() }
    }

    pub(crate) fn note(&self, what: impl Into<String>) {
        self.note_at(Instant::now(), what);
    }

    pub(crate) fn note_at(&self, at: Instant, what: impl Into<String>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push((at, what.into()));
    }

    /// Fails, and leaves everything in a file: in the order of its time, one entry a line, with
    /// milliseconds from the beginning.
    pub(crate) fn fail(&self, what: &str) -> ! {
        self.note(what);
        let name = format!("killed-{}-{}.log", std::process::id(), fastrand::u32(..));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, self.tell()).unwrap();
        panic!("{what}\nThe whole story: {}", path.display())
    }

    fn tell(&self) -> String {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by_key(|(at, _)| *at);
        let lines = entries.iter().map(|(at, what)| {
            let since = at.saturating_duration_since(self.begun);
            format!("{:>7} {what}\n", since.as_millis())
        });
        lines.collect()
    }
}
