use rusqlite::{Connection, MAIN_DB};

use crate::Table;

/// Marks a database as a journal of this program.
pub(crate) const APPLICATION: u32 = u32::from_be_bytes(*b"SOPJ");
/// Is the version of the format.
pub(crate) const VERSION: u32 = 1;

/// Opens an empty journal that lives in memory only.
pub(crate) fn open_in_memory() -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    // This one must come before there is any table.
    connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.pragma_update(None, "user_version", VERSION)?;
    for table in Table::ALL {
        connection.execute_batch(&format!(
            "CREATE TABLE {} (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT",
            table.name()
        ))?;
    }
    Ok(connection)
}

/// Gives the content of an empty journal's file.
pub(crate) fn empty_file() -> rusqlite::Result<Vec<u8>> {
    Ok(open_in_memory()?.serialize(MAIN_DB)?.to_vec())
}

/// Reads all pages and says what is wrong with them; none when nothing is.
pub(crate) fn damage(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let verdict: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Ok(Some(verdict));
    }
    for table in Table::ALL {
        let columns: Option<String> = connection.query_row(
            "SELECT group_concat(name || ' ' || type || ' ' || pk) FROM pragma_table_info(?1)",
            [table.name()],
            |row| row.get(0),
        )?;
        if columns.as_deref() != Some("key TEXT 1,value BLOB 0") {
            return Ok(Some(format!("the table {} is not as it was", table.name())));
        }
    }
    Ok(None)
}
