use std::io;
use std::mem;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::{Change, CommitError, Firmness, Journal};

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);

/// Commits batches on a thread of its own, in order; those that wait go in one transaction. What
/// could not be committed is tried again until it is.
///
/// Dropped, it commits what waits once more, and then gives the journal back.
#[derive(Debug)]
pub struct Writer {
    desk: Arc<Desk>,
    journal: Receiver<Journal>,
}

/// Is what the writer's thread tells.
#[derive(Debug)]
#[non_exhaustive]
pub enum Told {
    /// Everything up to this batch survives the end of the process.
    Committed(u64),
    /// Everything up to this batch survives a power cut as well.
    Flushed(u64),
    /// A commit failed, and is tried again. Told once until a commit succeeds.
    Failed(CommitError),
}

impl Writer {
    /// Starts the thread; `told` is called on it and must not wait for anything.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(journal: Journal, told: impl Fn(Told) + Send + 'static) -> io::Result<Self> {
        let desk = Arc::new(Desk::default());
        let (give_back, back) = mpsc::channel();
        let thread_desk = Arc::clone(&desk);
        thread::Builder::new().name("journal".into()).spawn(move || {
            if let Some(journal) = run(&thread_desk, journal, told) {
                // Nobody waits for it when the writer was dropped: it is closed here.
                drop(give_back.send(journal));
            }
        })?;
        Ok(Self { desk, journal: back })
    }

    /// Hands over a batch, which becomes durable as a whole; never blocks. Returns the batch's
    /// number, counted from 1.
    pub fn write(&self, changes: Vec<Change>, firmness: Firmness) -> u64 {
        let mut waiting = self.desk.lock();
        waiting.batch.changes.extend(changes);
        waiting.batch.firmness = waiting.batch.firmness.max(firmness);
        waiting.last += 1;
        self.desk.news.notify_one();
        waiting.last
    }

    /// Commits what waits, ends the thread and gives the journal back; none when that was not
    /// done in time.
    pub fn finish(self, within: Duration) -> Option<Journal> {
        self.desk.end(End::Asked);
        self.journal.recv_timeout(within).ok()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.desk.end(End::Abandoned);
    }
}

/// Where batches are laid down for the thread.
#[derive(Debug, Default)]
struct Desk {
    waiting: Mutex<Waiting>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    batch: Batch,
    /// The number of the last batch that was handed over.
    last: u64,
    end: End,
}

#[derive(Debug)]
struct Batch {
    changes: Vec<Change>,
    firmness: Firmness,
}

/// Says how urgently the thread shall end; the later is the greater.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    #[default]
    No,
    /// When everything is committed.
    Asked,
    /// After one more attempt.
    Abandoned,
}

impl Default for Batch {
    fn default() -> Self {
        Self { changes: Vec::new(), firmness: Firmness::Process }
    }
}

impl Batch {
    fn append(&mut self, later: Self) {
        self.changes.extend(later.changes);
        self.firmness = self.firmness.max(later.firmness);
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, end: End) {
        let mut waiting = self.lock();
        waiting.end = waiting.end.max(end);
        self.news.notify_one();
    }

    /// Waits for batches after the one with this number; none when there will be none.
    fn take(&self, done: u64) -> Option<(Batch, u64)> {
        let waiting = self.lock();
        let mut waiting = self
            .news
            .wait_while(waiting, |waiting| waiting.last == done && waiting.end == End::No)
            .unwrap_or_else(PoisonError::into_inner);
        (waiting.last != done).then(|| (mem::take(&mut waiting.batch), waiting.last))
    }

    /// Waits before another attempt, and takes what has come meanwhile; none when there shall be
    /// no other. A wish to end cuts the wait short.
    fn pause(&self, pause: Duration) -> Option<(Batch, u64)> {
        let waiting = self.lock();
        let end = waiting.end;
        if end == End::Abandoned {
            return None;
        }
        let (mut waiting, _) = self
            .news
            .wait_timeout_while(waiting, pause, |waiting| waiting.end == end)
            .unwrap_or_else(PoisonError::into_inner);
        Some((mem::take(&mut waiting.batch), waiting.last))
    }
}

/// Commits until asked to end; none when the journal failed to the end.
fn run(desk: &Desk, mut journal: Journal, told: impl Fn(Told)) -> Option<Journal> {
    let mut done = 0;
    while let Some((mut batch, mut last)) = desk.take(done) {
        let mut pause = FIRST_RETRY;
        while let Err(error) = journal.commit(&batch.changes, batch.firmness) {
            if pause == FIRST_RETRY {
                tracing::warn!(code = error.code(), %error, "the journal cannot be written");
                told(Told::Failed(error));
            }
            let (later, number) = desk.pause(pause)?;
            batch.append(later);
            last = number;
            pause = (pause * 2).min(LAST_RETRY);
        }
        if pause != FIRST_RETRY {
            tracing::info!("the journal is written again");
        }
        done = last;
        told(Told::Committed(done));
    }
    Some(journal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_that_wait_are_as_firm_as_the_firmest_of_them() {
        let (_keep, journal) = mpsc::channel();
        let writer = Writer { desk: Arc::default(), journal };
        for firmness in [Firmness::Process, Firmness::Power, Firmness::Process] {
            writer.write(vec![Change::Clear], firmness);
        }
        let (batch, last) = writer.desk.take(0).unwrap();
        assert_eq!((batch.changes.len(), batch.firmness, last), (3, Firmness::Power, 3));
        writer.write(vec![Change::Clear], Firmness::Process);
        let (batch, last) = writer.desk.take(3).unwrap();
        assert_eq!((batch.changes.len(), batch.firmness, last), (1, Firmness::Process, 4));
    }
}
