//! Typed views of the gateway's answers.

mod history;
mod outcome;
mod send;

pub use history::{History, HistoryRow, InFlightRun, Role};
pub use outcome::ExecOutcome;
pub use send::SendAnswer;
