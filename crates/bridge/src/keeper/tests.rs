use journal::Table;

use super::*;

const SOON: Duration = Duration::from_secs(10);

fn seal(key: u8) -> RowSeal {
    RowSeal::under(&[key; 32]).unwrap()
}

fn put(key: &str, value: &str) -> Change {
    Change::Put { table: Table::Turns, key: key.into(), value: value.into() }
}

fn row(key: &str, value: &str) -> Row {
    Row { table: Table::Turns, key: key.into(), value: value.into() }
}

/// Keeps these things under a key, in a journal that is given back.
fn kept(journal: Journal, key: u8, changes: Vec<Change>) -> Journal {
    let (mut keeper, _) = Keeper::start(journal, seal(key)).unwrap();
    keeper.take(Step { keep: changes, firmness: Firmness::Process, effects: Vec::new() });
    keeper.finish(SOON).unwrap()
}

#[test]
fn what_is_kept_is_sealed_in_the_journal_and_opened_for_the_next_process() {
    let journal = Journal::in_memory().unwrap();
    let journal = kept(journal, 7, vec![put("1", "marmalade"), put("2", "")]);
    for row in journal.rows().unwrap() {
        assert!(!row.value.windows(9).any(|window| window == b"marmalade"), "{}", row.key);
        assert_ne!(row.value, b"", "{}", row.key);
    }
    let (_, rows) = Keeper::start(journal, seal(7)).unwrap();
    assert!(rows == [row("1", "marmalade"), row("2", "")], "{rows:?}");
}

#[test]
fn rows_that_cannot_be_opened_are_left_out_and_forgotten_and_the_others_stay() {
    let journal = Journal::in_memory().unwrap();
    let mut journal = kept(journal, 7, vec![put("1", "of a lost key"), put("2", "as well")]);
    journal.commit(&[put("3", "never sealed")], Firmness::Process).unwrap();
    let plain = journal.rows().unwrap();

    let (mut keeper, rows) = Keeper::start(journal, seal(8)).unwrap();
    assert!(rows.is_empty(), "{rows:?}");
    // It is new, whatever was there under its key.
    let keep = vec![put("2", "new")];
    keeper.take(Step { keep, firmness: Firmness::Process, effects: Vec::new() });
    let journal = keeper.finish(SOON).unwrap();
    let left = journal.rows().unwrap();
    assert_eq!(left.len(), 1, "{left:?} of {plain:?}");
    let (keeper, rows) = Keeper::start(journal, seal(8)).unwrap();
    assert!(rows == [row("2", "new")], "{rows:?}");
    assert_eq!(keeper.finish(SOON).unwrap().rows().unwrap().len(), 1);
}

#[tokio::test]
async fn effects_wait_until_the_rows_that_cannot_be_opened_are_forgotten() {
    let journal = kept(Journal::in_memory().unwrap(), 7, vec![put("1", "of a lost key")]);
    let (mut keeper, _) = Keeper::start(journal, seal(8)).unwrap();
    assert_eq!(keeper.last, 1);
    while !keeper.is_settled() {
        tokio::time::timeout(SOON, keeper.changed()).await.unwrap();
    }
    assert!(keeper.finish(SOON).unwrap().rows().unwrap().is_empty());
}
