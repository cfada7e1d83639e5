//! What of the engine's state must outlive the process. Whoever owns such state shows it here after
//! every change; what differs from what was shown before is written down before anything is done
//! about it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use journal::{Change, Firmness, Row, Table};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Knows what is kept, and collects what must be written down.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Digests of the rows that are kept, as far as they can change.
    kept: HashMap<(Table, String), u64>,
    changes: Vec<Change>,
    is_firm: bool,
}

impl Ledger {
    /// Makes a ledger over rows that are kept already. What it is shown next is written down again
    /// once: only that is known to be in the form of this version.
    pub(crate) fn over(rows: &[Row]) -> Self {
        let changing = rows.iter().filter(|row| !is_memory(row.table));
        let kept = changing.map(|row| ((row.table, row.key.clone()), 0)).collect();
        Self { kept, ..Self::default() }
    }

    /// Keeps a record, unless the same is kept already. It survives a power cut.
    pub(crate) fn put(&mut self, table: Table, key: impl Into<String>, record: &impl Serialize) {
        let value = encode(record);
        if self.is_new(table, key.into(), &value) {
            self.is_firm = true;
        }
    }

    /// The same, for what can be found out again after a power cut.
    pub(crate) fn put_loosely(
        &mut self,
        table: Table,
        key: impl Into<String>,
        record: &impl Serialize,
    ) {
        let value = encode(record);
        self.is_new(table, key.into(), &value);
    }

    /// Keeps the memory that something was seen, which never changes.
    pub(crate) fn remember(&mut self, table: Table, key: String) {
        self.is_firm = true;
        self.changes.push(Change::Put { table, key, value: Vec::new() });
    }

    /// Forgets that something was seen.
    pub(crate) fn forget(&mut self, table: Table, key: String) {
        self.changes.push(Change::Remove { table, key });
    }

    /// Forgets a record, if it is kept.
    pub(crate) fn remove(&mut self, table: Table, key: impl Into<String>) {
        let place = (table, key.into());
        if self.kept.remove(&place).is_some() {
            self.changes.push(Change::Remove { table, key: place.1 });
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.changes = vec![Change::Clear];
        self.is_firm = true;
    }

    /// Takes what must be written down now, and how firmly.
    pub(crate) fn take(&mut self) -> (Vec<Change>, Firmness) {
        let firmness =
            if std::mem::take(&mut self.is_firm) { Firmness::Power } else { Firmness::Process };
        (std::mem::take(&mut self.changes), firmness)
    }

    fn is_new(&mut self, table: Table, key: String, value: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        // Zero stands for a row whose content is not known.
        let digest = hasher.finish().max(1);
        let place = (table, key);
        if self.kept.get(&place) == Some(&digest) {
            return false;
        }
        self.changes.push(Change::Put { table, key: place.1.clone(), value: value.to_vec() });
        self.kept.insert(place, digest);
        true
    }
}

/// Rows that are put once, and of which only the key matters.
fn is_memory(table: Table) -> bool {
    match table {
        Table::Updates | Table::Messages => true,
        Table::Sessions
        | Table::Turns
        | Table::Bubbles
        | Table::Posts
        | Table::Approvals
        | Table::Facts => false,
    }
}

fn encode(record: &impl Serialize) -> Vec<u8> {
    // Plain structs of strings, numbers and JSON values always serialise.
    serde_json::to_vec(record).unwrap_or_default()
}

/// Reads the rows of a table; one that cannot be read is left out, and said.
pub(crate) fn read<T: DeserializeOwned>(rows: &[Row], table: Table) -> Vec<(&str, T)> {
    let of_table = rows.iter().filter(|row| row.table == table);
    let records = of_table.filter_map(|row| match serde_json::from_slice(&row.value) {
        Ok(record) => Some((row.key.as_str(), record)),
        Err(error) => {
            tracing::warn!(?table, problem = ?error.classify(), "a kept row cannot be read");
            None
        }
    });
    records.collect()
}

/// The keys of a table, oldest first.
pub(crate) fn keys(rows: &[Row], table: Table) -> impl Iterator<Item = &str> {
    rows.iter().filter(move |row| row.table == table).map(|row| row.key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_written_down() {
        let mut ledger = Ledger::default();
        ledger.put(Table::Turns, "1", &"a");
        assert_eq!(ledger.take().0.len(), 1);
        ledger.put(Table::Turns, "1", &"a");
        ledger.remove(Table::Turns, "2");
        assert!(ledger.take().0.is_empty());
        ledger.put(Table::Turns, "1", &"b");
        ledger.remove(Table::Turns, "1");
        assert_eq!(ledger.take().0.len(), 2);
    }

    #[test]
    fn what_can_be_found_out_again_is_kept_less_firmly() {
        let mut ledger = Ledger::default();
        ledger.put_loosely(Table::Bubbles, "1", &1);
        assert!(matches!(ledger.take().1, Firmness::Process));
        ledger.put_loosely(Table::Bubbles, "1", &2);
        ledger.put(Table::Posts, "1", &1);
        assert!(matches!(ledger.take().1, Firmness::Power));
    }

    #[test]
    fn a_row_that_is_kept_already_can_be_removed() {
        let row = Row { table: Table::Posts, key: "7".into(), value: b"1".to_vec() };
        let mut ledger = Ledger::over(&[row]);
        ledger.remove(Table::Posts, "7");
        assert_eq!(ledger.take().0.len(), 1);
    }
}
