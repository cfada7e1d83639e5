use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;

use super::*;
use crate::Table;

const SOON: Duration = Duration::from_secs(20);

/// Is a writer whose flushes wait for a result each.
struct HeldUp {
    writer: Writer,
    told: Receiver<Told>,
    /// Says that a flush has begun.
    begun: Receiver<()>,
    results: Sender<Result<(), CommitError>>,
    flushes: Arc<AtomicUsize>,
}

fn start() -> HeldUp {
    let (begin, begun) = mpsc::channel();
    let (results, result) = mpsc::channel();
    let flushes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&flushes);
    let flush = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        let _ = begin.send(());
        result.recv().unwrap_or_else(|_| disk_error())
    };
    let (tell, told) = mpsc::channel();
    let journal = Journal::in_memory().unwrap();
    let writer = Writer::start_with(journal, flush, move |news| drop(tell.send(news))).unwrap();
    HeldUp { writer, told, begun, results, flushes }
}

fn disk_error() -> Result<(), CommitError> {
    Err(CommitError::Unflushed { source: "the disk is gone".into() })
}

impl HeldUp {
    fn write(&self, firmness: Firmness) -> u64 {
        let value = vec![1];
        self.writer
            .write(vec![Change::Put { table: Table::Facts, key: "key".into(), value }], firmness)
    }

    /// Waits until this batch is committed, while nothing is flushed.
    #[track_caller]
    fn is_committed(&self, batch: u64) {
        loop {
            match self.told.recv_timeout(SOON).unwrap() {
                Told::Committed(number) if number == batch => return,
                Told::Committed(number) => assert!(number < batch, "{number} before {batch}"),
                other @ (Told::Flushed(_) | Told::Failed(_)) => panic!("{other:?}"),
            }
        }
    }

    /// Waits until everything up to this batch is flushed, or up to the next one: that a batch is
    /// committed is told a moment before the next flush covers it.
    #[track_caller]
    fn is_flushed(&self, batch: u64) {
        let told = self.told.recv_timeout(SOON).unwrap();
        assert!(
            matches!(told, Told::Flushed(number) if number == batch || number == batch + 1),
            "{told:?}"
        );
    }

    #[track_caller]
    fn is_failed(&self) {
        let told = self.told.recv_timeout(SOON).unwrap();
        let is_unflushed =
            matches!(&told, Told::Failed(error) if error.code() == "journal_unflushed");
        assert!(is_unflushed, "{told:?}");
    }

    #[track_caller]
    fn flush_begins(&self) {
        self.begun.recv_timeout(SOON).unwrap();
    }
}

#[test]
fn committing_goes_on_while_a_flush_is_held_up() {
    let held_up = start();
    held_up.write(Firmness::Power);
    held_up.is_committed(1);
    held_up.flush_begins();
    for batch in 2..=100 {
        held_up.write(Firmness::Process);
        held_up.is_committed(batch);
    }
    held_up.results.send(Ok(())).unwrap();
    // What came after the flush began may not be in it.
    assert!(matches!(held_up.told.recv_timeout(SOON).unwrap(), Told::Flushed(1)));
}

#[test]
fn wishes_that_come_while_a_flush_runs_become_one() {
    let held_up = start();
    held_up.write(Firmness::Power);
    held_up.is_committed(1);
    held_up.flush_begins();
    for batch in 2..=50 {
        held_up.write(Firmness::Power);
        held_up.is_committed(batch);
    }
    held_up.write(Firmness::Process);
    held_up.is_committed(51);
    held_up.results.send(Ok(())).unwrap();
    held_up.is_flushed(1);
    held_up.flush_begins();
    held_up.results.send(Ok(())).unwrap();
    held_up.is_flushed(50);
    held_up.writer.finish(SOON).unwrap();
    assert_eq!(held_up.flushes.load(Ordering::Relaxed), 2);
}

#[test]
fn batches_that_need_not_survive_a_power_cut_are_not_flushed() {
    let held_up = start();
    for batch in 1..=20 {
        held_up.write(Firmness::Process);
        held_up.is_committed(batch);
    }
    held_up.writer.finish(SOON).unwrap();
    assert_eq!(held_up.flushes.load(Ordering::Relaxed), 0);
    held_up.told.recv_timeout(SOON).unwrap_err();
}

#[test]
fn an_empty_batch_asks_for_a_flush_as_well() {
    let held_up = start();
    held_up.writer.write(Vec::new(), Firmness::Power);
    held_up.is_committed(1);
    held_up.results.send(Ok(())).unwrap();
    held_up.is_flushed(1);
}

#[test]
fn a_flush_that_fails_is_told_once_and_tried_until_it_works_while_committing_goes_on() {
    let held_up = start();
    held_up.write(Firmness::Power);
    held_up.is_committed(1);
    held_up.results.send(disk_error()).unwrap();
    held_up.is_failed();
    for batch in 2..=10 {
        held_up.write(Firmness::Power);
        held_up.is_committed(batch);
    }
    held_up.write(Firmness::Process);
    held_up.is_committed(11);
    for _ in 0..2 {
        held_up.results.send(disk_error()).unwrap();
    }
    for _ in 0..4 {
        held_up.flush_begins();
    }
    held_up.told.try_recv().unwrap_err();
    held_up.results.send(Ok(())).unwrap();
    held_up.is_flushed(10);
    // Another outage is told again.
    held_up.write(Firmness::Power);
    held_up.is_committed(12);
    held_up.results.send(disk_error()).unwrap();
    held_up.is_failed();
}

#[test]
fn finish_waits_for_the_flush_of_firm_batches() {
    let held_up = start();
    held_up.write(Firmness::Power);
    held_up.is_committed(1);
    held_up.flush_begins();
    held_up.write(Firmness::Power);
    held_up.is_committed(2);
    let (told, begun, results, flushes) =
        (held_up.told, held_up.begun, held_up.results, held_up.flushes);
    let writer = held_up.writer;
    let finish = thread::spawn(move || writer.finish(SOON));
    results.send(Ok(())).unwrap();
    begun.recv_timeout(SOON).unwrap();
    assert!(!finish.is_finished());
    results.send(Ok(())).unwrap();
    assert!(finish.join().unwrap().is_some());
    // Both threads have ended: nobody is left to tell anything.
    let told: Vec<_> = told.iter().collect();
    assert!(matches!(told[..], [Told::Flushed(1), Told::Flushed(2)]), "{told:?}");
    assert_eq!(flushes.load(Ordering::Relaxed), 2);
}

#[test]
fn finish_gives_up_in_time_when_flushes_fail_and_both_threads_end() {
    let held_up = start();
    held_up.write(Firmness::Power);
    held_up.is_committed(1);
    drop(held_up.results);
    assert!(held_up.writer.finish(Duration::from_millis(300)).is_none());
    // One more attempt when it was asked to finish, and one when it was given up.
    let told: Vec<_> = std::iter::from_fn(|| held_up.told.recv_timeout(SOON).ok()).collect();
    assert!(matches!(told[..], [Told::Failed(_)]), "{told:?}");
}

#[test]
fn a_dropped_writer_flushes_what_waits_once_more() {
    let held_up = start();
    held_up.write(Firmness::Power);
    held_up.is_committed(1);
    held_up.flush_begins();
    held_up.write(Firmness::Power);
    drop(held_up.writer);
    held_up.results.send(Ok(())).unwrap();
    held_up.results.send(Ok(())).unwrap();
    let told: Vec<_> = std::iter::from_fn(|| held_up.told.recv_timeout(SOON).ok()).collect();
    let is_told = |wanted: fn(&Told) -> bool| told.iter().any(wanted);
    assert!(is_told(|news| matches!(news, Told::Committed(2))), "{told:?}");
    assert!(is_told(|news| matches!(news, Told::Flushed(2))), "{told:?}");
}
