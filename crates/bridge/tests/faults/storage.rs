//! What outlives the bridge's process.

use std::collections::{BTreeMap, HashMap};

use journal::{Change, Firmness, Journal, Row, Table};

/// The rows that are committed: in a model of the journal, or in a real one.
#[derive(Debug)]
pub(crate) enum Storage {
    /// An ordered map.
    Model(Model),
    /// `SQLite`, in memory.
    Real(Journal),
}

/// The journal's promises, without a file.
#[derive(Debug, Default)]
pub(crate) struct Model {
    tables: HashMap<Table, Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    next: u64,
    bytes: usize,
    places: HashMap<String, u64>,
    rows: BTreeMap<u64, (String, Vec<u8>)>,
}

impl Storage {
    /// Makes an empty model.
    pub(crate) fn model() -> Self {
        Self::Model(Model::default())
    }

    /// Makes an empty real journal.
    pub(crate) fn real() -> Self {
        Self::Real(Journal::in_memory().unwrap())
    }

    /// Commits a batch.
    pub(crate) fn commit(&mut self, changes: &[Change], firmness: Firmness) {
        match self {
            Self::Model(model) => changes.iter().for_each(|change| model.make(change)),
            Self::Real(journal) => journal.commit(changes, firmness).unwrap(),
        }
    }

    /// Gives everything: table by table, in the order in which keys were first put.
    pub(crate) fn rows(&self) -> Vec<Row> {
        match self {
            Self::Model(model) => model.rows(),
            Self::Real(journal) => journal.rows().unwrap(),
        }
    }

    /// Says whether a row is there.
    pub(crate) fn has(&self, table: Table, key: &str) -> bool {
        match self {
            Self::Model(model) => {
                model.tables.get(&table).is_some_and(|rows| rows.places.contains_key(key))
            }
            Self::Real(journal) => {
                journal.rows().unwrap().iter().any(|row| row.table == table && row.key == key)
            }
        }
    }

    /// How many rows a table of the model has, and how many bytes; nothing is said of a real one.
    pub(crate) fn size(&self, table: Table) -> (usize, usize) {
        match self {
            Self::Model(model) => {
                model.tables.get(&table).map_or((0, 0), |rows| (rows.rows.len(), rows.bytes))
            }
            Self::Real(_) => (0, 0),
        }
    }
}

impl Model {
    fn make(&mut self, change: &Change) {
        match change {
            Change::Put { table, key, value } => {
                let rows = self.tables.entry(*table).or_default();
                let place = *rows.places.entry(key.clone()).or_insert_with(|| {
                    rows.next += 1;
                    rows.next
                });
                rows.bytes += key.len() + value.len();
                if let Some((key, value)) = rows.rows.insert(place, (key.clone(), value.clone())) {
                    rows.bytes -= key.len() + value.len();
                }
            }
            Change::Remove { table, key } => {
                let rows = self.tables.entry(*table).or_default();
                let place = rows.places.remove(key);
                if let Some((key, value)) = place.and_then(|place| rows.rows.remove(&place)) {
                    rows.bytes -= key.len() + value.len();
                }
            }
            Change::Clear => self.tables.clear(),
        }
    }

    fn rows(&self) -> Vec<Row> {
        let of = |table: Table| {
            let rows = self.tables.get(&table).into_iter().flat_map(|rows| rows.rows.values());
            rows.map(move |(key, value)| Row { table, key: key.clone(), value: value.clone() })
        };
        Table::ALL.into_iter().flat_map(of).collect()
    }
}
