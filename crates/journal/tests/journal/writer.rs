use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use journal::{Change, Firmness, Journal, OpenError, Table, Told, Writer};
use rusqlite::Connection;

use crate::rows::{INSTALLATION, file, open, put, row};

const SOON: Duration = Duration::from_secs(20);

fn start(journal: Journal) -> (Writer, Receiver<Told>) {
    let (tell, told) = mpsc::channel();
    (Writer::start(journal, move |news| drop(tell.send(news))).unwrap(), told)
}

fn one(number: u64) -> Vec<Change> {
    vec![put(Table::Posts, &number.to_string(), "value")]
}

fn keys(journal: &Journal) -> Vec<u64> {
    journal.rows().unwrap().iter().map(|row| row.key.parse().unwrap()).collect()
}

/// Opens the journal as soon as the writer's thread has given it up.
fn reopen(folder: &Path) -> Journal {
    let begun = Instant::now();
    loop {
        match Journal::open(folder, INSTALLATION) {
            Ok(opened) => return opened.journal,
            Err(OpenError::InUse { .. }) if begun.elapsed() < SOON => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Keeps everybody else from writing until it is dropped.
fn hold_up(journal: &Journal) -> Connection {
    let connection = Connection::open(journal.path().unwrap()).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection
}

#[test]
fn batches_are_numbered_from_one_and_told_in_order_until_the_last() {
    let (writer, told) = start(Journal::in_memory().unwrap());
    for number in 1..=500 {
        assert_eq!(writer.write(one(number), Firmness::Process), number);
    }
    let mut done = 0;
    while done < 500 {
        match told.recv_timeout(SOON).unwrap() {
            Told::Committed(batch) if batch > done => done = batch,
            other @ (Told::Committed(_) | Told::Failed(_) | _) => panic!("{other:?} after {done}"),
        }
    }
    assert_eq!(done, 500);
    let journal = writer.finish(SOON).unwrap();
    assert_eq!(keys(&journal), (1..=500).collect::<Vec<_>>());
}

#[test]
fn no_batch_is_told_to_be_flushed_before_it_is_told_to_be_committed_and_no_firm_one_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    for journal in [open(folder.path()), Journal::in_memory().unwrap()] {
        let (writer, told) = start(journal);
        for number in 1..=2000 {
            let firmness = if number % 7 == 0 { Firmness::Power } else { Firmness::Process };
            writer.write(one(number % 50), firmness);
        }
        drop(writer.finish(SOON).unwrap());
        let (mut committed, mut flushed) = (0, 0);
        for news in told {
            match news {
                Told::Committed(batch) if batch > committed => committed = batch,
                Told::Flushed(batch) if batch > flushed && batch <= committed => flushed = batch,
                other @ (Told::Committed(_) | Told::Flushed(_) | Told::Failed(_) | _) => {
                    panic!("{other:?} after {committed} and {flushed}")
                }
            }
        }
        assert_eq!(committed, 2000);
        assert!(flushed >= 1995, "{flushed}");
    }
}

#[test]
fn an_empty_batch_is_told_as_well() {
    let (writer, told) = start(Journal::in_memory().unwrap());
    writer.write(Vec::new(), Firmness::Process);
    assert!(matches!(told.recv_timeout(SOON).unwrap(), Told::Committed(1)));
}

#[test]
fn batches_that_wait_are_committed_together() {
    let (tell, told) = mpsc::channel();
    let (go_on, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let writer = Writer::start(Journal::in_memory().unwrap(), move |news| {
        tell.send(news).unwrap();
        wait.lock().unwrap().recv().unwrap();
    })
    .unwrap();
    writer.write(one(1), Firmness::Process);
    assert!(matches!(told.recv_timeout(SOON).unwrap(), Told::Committed(1)));
    for number in 2..=100 {
        writer.write(one(number), Firmness::Process);
    }
    go_on.send(()).unwrap();
    assert!(matches!(told.recv_timeout(SOON).unwrap(), Told::Committed(100)));
    go_on.send(()).unwrap();
    assert_eq!(keys(&writer.finish(SOON).unwrap()).len(), 100);
}

#[test]
fn a_failing_journal_is_told_once_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let obstacle = hold_up(&journal);
    let (writer, told) = start(journal);
    writer.write(one(1), Firmness::Power);
    match told.recv_timeout(SOON).unwrap() {
        Told::Failed(error) => assert_eq!(error.code(), "journal_failed"),
        other @ (Told::Committed(_) | _) => panic!("{other:?}"),
    }
    for number in 2..=50 {
        writer.write(one(number), Firmness::Process);
    }
    // Long enough for further attempts to fail.
    told.recv_timeout(Duration::from_millis(700)).unwrap_err();
    drop(obstacle);
    assert!(matches!(told.recv_timeout(SOON).unwrap(), Told::Committed(50)));
    assert!(matches!(told.recv_timeout(SOON).unwrap(), Told::Flushed(50)));
    writer.write(one(51), Firmness::Process);
    assert!(matches!(told.recv_timeout(SOON).unwrap(), Told::Committed(51)));
    drop(writer.finish(SOON).unwrap());
    assert_eq!(keys(&open(folder.path())), (1..=51).collect::<Vec<_>>());
}

#[test]
fn finish_commits_what_waits_and_gives_back_a_journal_that_can_be_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _told) = start(open(folder.path()));
    for number in 1..=300 {
        writer.write(one(number), Firmness::Process);
    }
    let journal = writer.finish(SOON).unwrap();
    assert_eq!(keys(&journal), (1..=300).collect::<Vec<_>>());
    journal.remove().unwrap();
    assert!(!file(folder.path()).exists());
}

#[test]
fn finish_takes_the_chance_when_a_failing_journal_works_again() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let obstacle = hold_up(&journal);
    let (writer, told) = start(journal);
    writer.write(one(1), Firmness::Process);
    assert!(matches!(told.recv_timeout(SOON).unwrap(), Told::Failed(_)));
    drop(obstacle);
    assert_eq!(keys(&writer.finish(SOON).unwrap()), [1]);
}

#[test]
fn finish_gives_up_in_time_when_the_journal_fails_and_frees_the_installation() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    journal.commit(&[put(Table::Facts, "before", "")], Firmness::Process).unwrap();
    let obstacle = hold_up(&journal);
    let (writer, told) = start(journal);
    writer.write(one(1), Firmness::Process);
    assert!(matches!(told.recv_timeout(SOON).unwrap(), Told::Failed(_)));
    let begun = Instant::now();
    assert!(writer.finish(Duration::from_millis(200)).is_none());
    assert!(begun.elapsed() < Duration::from_secs(2));
    // Before it is let go on, so that the row cannot be kept.
    let journal = reopen(folder.path());
    drop(obstacle);
    assert_eq!(journal.rows().unwrap(), [row(Table::Facts, "before", "")]);
}

#[test]
fn a_dropped_writer_commits_what_waits_and_frees_the_installation() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, told) = start(open(folder.path()));
    for number in 1..=200 {
        writer.write(one(number), Firmness::Process);
    }
    drop(writer);
    let ended = std::iter::from_fn(|| told.recv_timeout(SOON).ok());
    assert!(ended.last().is_some_and(|news| matches!(news, Told::Committed(200))));
    assert_eq!(keys(&reopen(folder.path())).len(), 200);
}
