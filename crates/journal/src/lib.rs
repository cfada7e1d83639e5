//! What must outlive the process: rows of bytes in one `SQLite` file per installation, owned by
//! one process at a time.
//!
//! A [`Journal`] commits batches of [`Change`]s, each whole or not at all. A [`Writer`] does so on
//! a thread of its own, has another wait for the disk, and tells up to which batch everything
//! survives the end of the process, and up to which a power cut.

mod commit;
mod database;
mod desk;
mod error;
mod journal;
mod log;
mod row;
mod schema;
mod writer;

pub use error::{CommitError, OpenError};
pub use journal::{Journal, Opened};
pub use row::{Change, Firmness, Row, Table};
pub use writer::{Told, Writer};
