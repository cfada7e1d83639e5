use rusqlite::{Connection, TransactionBehavior};

use crate::{Change, CommitError, Row, Table};

/// Makes all changes in one transaction, or none.
pub(crate) fn commit(connection: &mut Connection, changes: &[Change]) -> Result<(), CommitError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for change in changes {
        apply(&transaction, change)?;
    }
    Ok(transaction.commit()?)
}

/// Reads every row, table by table, in the order in which keys were first put.
pub(crate) fn rows(connection: &Connection) -> Result<Vec<Row>, CommitError> {
    let mut rows = Vec::new();
    for table in Table::ALL {
        let sql = format!("SELECT key, value FROM {} ORDER BY rowid", table.name());
        let mut statement = connection.prepare(&sql)?;
        let found = statement
            .query_map([], |row| Ok(Row { table, key: row.get(0)?, value: row.get(1)? }))?;
        for row in found {
            rows.push(row?);
        }
    }
    Ok(rows)
}

fn apply(connection: &Connection, change: &Change) -> rusqlite::Result<()> {
    match change {
        Change::Put { table, key, value } => {
            let table = table.name();
            connection
                .prepare_cached(&format!(
                    "INSERT INTO {table} (key, value) VALUES (?1, ?2) \
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value"
                ))?
                .execute((key, value))?;
        }
        Change::Remove { table, key } => {
            let table = table.name();
            connection
                .prepare_cached(&format!("DELETE FROM {table} WHERE key = ?1"))?
                .execute([key])?;
        }
        Change::Clear => {
            for table in Table::ALL {
                connection.prepare_cached(&format!("DELETE FROM {}", table.name()))?.execute([])?;
            }
        }
    }
    Ok(())
}
