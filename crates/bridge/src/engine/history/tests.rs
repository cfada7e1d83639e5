use journal::{Change, Row, Table};
use proptest::prelude::*;
use secrecy::SecretString;

use super::*;
use crate::Decider;

/// A history with its journal, which is read back on demand.
struct Kept {
    history: History,
    redactor: Redactor,
    ledger: Ledger,
    rows: Vec<Row>,
}

impl Kept {
    fn new() -> Self {
        let (redactor, ledger) = (Redactor::default(), Ledger::default());
        Self { history: History::new(), redactor, ledger, rows: Vec::new() }
    }

    fn record(&mut self, key: &str, what: &str) {
        self.end(key, what, Outcome::Denied { by: Some(Decider::Phone) });
    }

    fn end(&mut self, key: &str, what: &str, outcome: Outcome) {
        let (key, what) = (key.to_owned(), what.to_owned());
        let past = PastRequest { key, kind: RequestKind::Device, what, ended_at_ms: 1, outcome };
        self.history.record(past, &self.redactor, &mut self.ledger);
        for change in self.ledger.take().0 {
            match change {
                Change::Put { table, key, value } => {
                    self.rows.retain(|row| row.key != key);
                    self.rows.push(Row { table, key, value });
                }
                Change::Remove { key, .. } => self.rows.retain(|row| row.key != key),
                Change::Clear => self.rows.clear(),
            }
        }
    }

    fn restart(&mut self) {
        self.history = History::new();
        self.history.take_back(&self.rows);
        self.ledger = Ledger::over(&self.rows);
    }

    fn shown(&mut self) -> Vec<(String, String)> {
        let shown = self.history.show(&self.redactor);
        shown.iter().map(|past| (past.key.clone(), past.what.clone())).collect()
    }
}

#[test]
fn the_newest_comes_first_and_the_same_key_once_with_its_first_end() {
    let mut kept = Kept::new();
    kept.end("device:1", "a phone", Outcome::Allowed { always: false, by: None });
    kept.record("device:2", "a tablet");
    kept.record("device:1", "a phone again");
    let shown = kept.history.show(&kept.redactor);
    let keys: Vec<&str> = shown.iter().map(|past| past.key.as_str()).collect();
    assert_eq!(keys, ["device:2", "device:1"]);
    assert_eq!(shown[1].outcome, Outcome::Allowed { always: false, by: None });
}

#[test]
fn a_decision_takes_the_place_of_an_end_without_one_and_of_nothing_else() {
    let denied = Outcome::Denied { by: Some(Decider::Phone) };
    for (first, then, stays) in [
        (Outcome::Expired, denied.clone(), denied.clone()),
        (Outcome::Decided, denied.clone(), denied.clone()),
        (Outcome::Expired, Outcome::Gone, Outcome::Expired),
        (denied.clone(), Outcome::Allowed { always: false, by: None }, denied.clone()),
    ] {
        let mut kept = Kept::new();
        kept.end("device:1", "a phone", first);
        kept.record("device:2", "a tablet");
        kept.end("device:1", "a phone", then);
        for _ in 0..2 {
            let shown = kept.history.show(&kept.redactor);
            assert_eq!((shown.len(), shown[1].outcome.clone()), (2, stays.clone()));
            kept.restart();
        }
    }
}

#[test]
fn what_is_shown_is_made_anew_only_when_it_changed() {
    let mut kept = Kept::new();
    kept.record("device:1", "a phone");
    let shown = kept.history.show(&kept.redactor);
    kept.record("device:1", "a phone");
    assert!(Arc::ptr_eq(&shown, &kept.history.show(&kept.redactor)));
    kept.record("device:2", "a tablet");
    assert!(!Arc::ptr_eq(&shown, &kept.history.show(&kept.redactor)));
}

#[test]
fn secrets_are_hidden_before_anything_is_written_down_or_cut() {
    let mut kept = Kept::new();
    kept.redactor.learn(&SecretString::from("gateway-token-1"));
    let text = format!("curl -H gateway-token-1 ghp_{} {}", "a".repeat(36), "x".repeat(400));
    kept.record("device:1", &text);
    let why = "no, gateway-token-1".to_owned();
    kept.end("device:2", "x", Outcome::Failed { why });
    let rows = kept.rows.iter().map(|row| String::from_utf8_lossy(&row.value).into_owned());
    let rows: String = rows.collect();
    assert!(!rows.contains("gateway-token-1") && !rows.contains("ghp_"), "{rows}");
    let what = kept.shown()[1].1.clone();
    let (kept_text, mark) = what.split_once("[… ").unwrap();
    assert_eq!(kept_text.matches("[secret hidden by Sophon]").count(), 2);
    let whole = 8 + 25 + 1 + 25 + 1 + 400;
    let missing = whole - kept_text.chars().count();
    assert_eq!(mark, format!("{missing} characters cut by Sophon …]"));
}

#[test]
fn a_secret_that_becomes_known_later_is_not_shown_any_more() {
    let mut kept = Kept::new();
    kept.record("device:1", "T=gateway-token-1");
    assert_eq!(kept.shown()[0].1, "T=gateway-token-1");
    kept.redactor.learn(&SecretString::from("gateway-token-1"));
    kept.history.revise();
    assert_eq!(kept.shown()[0].1, "T=[secret hidden by Sophon]");
}

#[test]
fn only_the_last_are_remembered_by_this_process_and_the_next() {
    let mut kept = Kept::new();
    for number in 0..REMEMBERED + 30 {
        kept.record(&format!("device:{number}"), "a phone");
        if number % 70 == 0 {
            kept.restart();
        }
    }
    let shown = kept.shown();
    assert_eq!((shown.len(), kept.rows.len()), (REMEMBERED, REMEMBERED));
    assert_eq!((shown[0].0.as_str(), shown[199].0.as_str()), ("device:229", "device:30"));
    kept.restart();
    assert_eq!(kept.shown(), shown);
}

#[test]
fn a_row_of_a_newer_kind_is_skipped_and_its_number_not_used_again() {
    let mut kept = Kept::new();
    kept.record("device:1", "a phone");
    let key = "past 2".to_owned();
    let value = br#"{"key":"k","kind":"invitation","what":"w","outcome":"Melted"}"#.to_vec();
    kept.rows.push(Row { table: Table::Facts, key, value: value.clone() });
    kept.restart();
    assert_eq!(kept.shown().len(), 1);
    kept.record("device:3", "a tablet");
    assert_eq!(kept.shown()[0].0, "device:3");
    assert!(kept.rows.iter().any(|row| row.key == "past 2" && row.value == value));
    for number in 0..REMEMBERED {
        kept.record(&format!("more:{number}"), "x");
    }
    assert_eq!(kept.rows.len(), REMEMBERED, "in time it is forgotten as well");
}

#[test]
fn a_journal_without_a_history_begins_one() {
    let mut kept = Kept::new();
    let other = Row { table: Table::Facts, key: "gateway".into(), value: b"{}".to_vec() };
    kept.rows.push(other);
    kept.restart();
    assert_eq!(kept.shown(), []);
    kept.record("device:1", "a phone");
    assert_eq!(kept.rows.len(), 2);
}

proptest! {
    #[test]
    fn whatever_is_recorded_is_short_and_outlives_the_process(
        ends in prop::collection::vec((0u8..40, ".{0,400}"), 0..60),
    ) {
        let mut kept = Kept::new();
        for (key, what) in &ends {
            kept.record(&key.to_string(), what);
        }
        let shown = kept.shown();
        for (_, what) in &shown {
            prop_assert!(what.chars().count() <= LONGEST, "{} characters", what.chars().count());
        }
        kept.restart();
        prop_assert_eq!(kept.shown(), shown);
    }
}
