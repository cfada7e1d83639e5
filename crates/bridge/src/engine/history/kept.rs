//! What of the history outlives the process.

use std::collections::BTreeMap;

use journal::{Row, Table};

use super::super::kept::beginning;
use super::super::ledger::{self, Ledger};
use super::{History, Past};
use crate::{PastRequest, REMEMBERED};

/// What the keys of past requests begin with among the facts.
const PAST: &str = "past ";

impl Past {
    /// Writes it down, in the place of the one that is forgotten for it.
    pub(super) fn keep(&self, ledger: &mut Ledger) {
        ledger.put(Table::Facts, row(self.number), &self.request);
        if let Some(forgotten) = self.number.checked_sub(REMEMBERED as u64) {
            ledger.remove(Table::Facts, row(forgotten));
        }
    }
}

impl History {
    /// Takes back what an earlier process left.
    pub(crate) fn take_back(&mut self, rows: &[Row]) {
        // One that cannot be read keeps its number until its turn to be forgotten comes.
        let numbers = ledger::keys(rows, Table::Facts).filter_map(number);
        self.next = numbers.max().map_or(1, |last| last.saturating_add(1));
        let requests = beginning::<PastRequest>(rows, PAST).into_iter();
        let requests: BTreeMap<u64, PastRequest> =
            requests.filter_map(|(key, request)| Some((key.parse().ok()?, request))).collect();
        let newest_first = requests.into_iter().rev().take(REMEMBERED);
        self.past = newest_first.map(|(number, request)| Past { number, request }).collect();
        self.shown = None;
    }
}

fn number(key: &str) -> Option<u64> {
    key.strip_prefix(PAST)?.parse().ok()
}

fn row(number: u64) -> String {
    format!("{PAST}{number}")
}
