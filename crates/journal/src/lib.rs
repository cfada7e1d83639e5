//! What must outlive the process: rows of bytes in one `SQLite` file per installation, owned by
//! one process at a time.
//!
//! A [`Journal`] commits batches of [`Change`]s, each whole or not at all. A [`Writer`] does so on
//! a thread of its own, and tells up to which batch everything is durable.

mod commit;
mod database;
mod error;
mod journal;
mod lock;
mod row;
mod schema;
mod writer;

pub use error::{CommitError, OpenError};
pub use journal::{Journal, Opened};
pub use row::{Change, Firmness, Row, Table};
pub use writer::{Told, Writer};
