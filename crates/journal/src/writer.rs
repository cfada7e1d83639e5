use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::desk::{Batch, Desk, End};
use crate::{Change, CommitError, Firmness, Journal};

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);

/// Commits batches on a thread of its own, in order; those that wait go in one transaction. A
/// second thread makes them survive a power cut, where that was asked for, while the first goes on
/// committing. What failed is tried again until it works.
///
/// Dropped, it tries once more to commit and flush what waits, and then gives the journal back.
#[derive(Debug)]
pub struct Writer {
    desk: Arc<Desk>,
    journal: Receiver<Journal>,
}

/// Is what the writer's threads tell.
#[derive(Debug)]
#[non_exhaustive]
pub enum Told {
    /// Everything up to this batch survives the end of the process.
    Committed(u64),
    /// Everything up to this batch survives a power cut as well. Told after the same was told to
    /// be committed, and only where a batch asked for it.
    Flushed(u64),
    /// A commit failed, or a flush if it is [`CommitError::Unflushed`], and is tried again. Told
    /// once until the same succeeds: the next `Committed` ends the one, the next `Flushed` the
    /// other.
    Failed(CommitError),
}

impl Writer {
    /// Starts the threads; `told` is called on both and must not wait for anything.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start(
        journal: Journal,
        told: impl Fn(Told) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let log = journal.log();
        let flush = move || log.as_ref().map_or(Ok(()), |log| log.flush());
        Self::start_with(journal, flush, told)
    }

    fn start_with(
        mut journal: Journal,
        flush: impl FnMut() -> Result<(), CommitError> + Send + 'static,
        told: impl Fn(Told) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let desk = Arc::new(Desk::default());
        let told = Arc::new(told);
        let flushing = thread::Builder::new().name("journal-flush".into()).spawn({
            let (desk, told) = (Arc::clone(&desk), Arc::clone(&told));
            move || flush_all(&desk, flush, &*told)
        })?;
        let (give_back, back) = mpsc::channel();
        let commits = Commits(Arc::clone(&desk));
        thread::Builder::new().name("journal".into()).spawn(move || {
            let is_committed = commit_all(&commits.0, &mut journal, &*told);
            drop(commits);
            // Only then is the log closed, which must be before the journal is. A thread that
            // panicked has closed it as well.
            drop(flushing.join());
            if is_committed {
                // Nobody waits for it when the writer was dropped: it is closed here.
                drop(give_back.send(journal));
            }
        })?;
        Ok(Self { desk, journal: back })
    }

    /// Hands over a batch, which becomes durable as a whole; never blocks. Returns the batch's
    /// number, counted from 1.
    pub fn write(&self, changes: Vec<Change>, firmness: Firmness) -> u64 {
        self.desk.hand_over(Batch { changes, firmness })
    }

    /// Commits what waits, as firmly as was asked, ends the threads and gives the journal back;
    /// none when that was not done in time.
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

/// Lasts as long as something may be committed, however that ends.
struct Commits(Arc<Desk>);

impl Drop for Commits {
    fn drop(&mut self) {
        self.0.set_over();
    }
}

/// Commits until asked to end; says whether everything is committed then.
fn commit_all(desk: &Desk, journal: &mut Journal, told: impl Fn(Told)) -> bool {
    let mut outage = Outage::default();
    let mut done = 0;
    while let Some((mut batch, mut last)) = desk.take(done) {
        // How firm it is does not matter here: the other thread waits for the disk.
        while let Err(error) = journal.commit(&batch.changes, Firmness::Process) {
            let Some((later, number)) = desk.take_after(outage.begin_or_go_on(error, &told)) else {
                return false;
            };
            batch.append(later);
            last = number;
        }
        outage.end();
        done = last;
        told(Told::Committed(done));
        desk.set_committed(done, batch.firmness);
    }
    true
}

/// Flushes until nothing more is committed.
fn flush_all(desk: &Desk, mut flush: impl FnMut() -> Result<(), CommitError>, told: impl Fn(Told)) {
    let mut outage = Outage::default();
    let mut done = 0;
    while let Some(mut committed) = desk.committed(done) {
        while let Err(error) = flush() {
            match desk.committed_after(outage.begin_or_go_on(error, &told)) {
                Some(by_now) => committed = by_now,
                None => return,
            }
        }
        outage.end();
        done = committed;
        told(Told::Flushed(done));
    }
}

/// Is a time in which attempts fail, told of once; they become ever rarer.
#[derive(Default)]
struct Outage {
    pause: Option<Duration>,
}

impl Outage {
    /// Gives the time to wait before the next attempt.
    fn begin_or_go_on(&mut self, error: CommitError, told: impl Fn(Told)) -> Duration {
        let pause = match self.pause {
            Some(pause) => (pause * 2).min(LAST_RETRY),
            None => {
                tracing::warn!(code = error.code(), %error, "the journal cannot be written");
                told(Told::Failed(error));
                FIRST_RETRY
            }
        };
        self.pause = Some(pause);
        pause
    }

    fn end(&mut self) {
        if self.pause.take().is_some() {
            tracing::info!("the journal is written again");
        }
    }
}

#[cfg(test)]
mod tests;
