//! The local socket: one question and one answer, a line of JSON each, between two programs of one
//! user on one computer.
//!
//! Only this user's programs can ask and answer: the socket is theirs alone, and either end checks
//! whose program the other one is.

mod line;
mod place;
mod server;
mod stream;

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

pub use self::place::{Program, address};
pub use self::server::{Asked, Server};

use self::line::{read_line, write_line};
use self::stream::Stream;
use crate::{Answer, Ask};

/// Longest question, in bytes.
const LONGEST_ASK: usize = 64 * 1024;
/// Longest answer, in bytes: 500 requests with commands of 100 KB each fit.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;
/// How long the other end may do nothing while it sends or receives.
const IDLE: Duration = Duration::from_secs(5);

/// Asks the program that listens at an address.
///
/// # Errors
/// [`is_nobody`] where no program listens; another kind where it is another user's program, does not
/// answer in time, or answers what this program does not understand.
pub async fn ask(address: &Path, ask: &Ask) -> io::Result<Answer> {
    let mut stream = within(IDLE, Stream::connect(address)).await?;
    stream.check_peer()?;
    write_line(&mut stream, &serde_json::to_vec(ask)?).await?;
    // The other program gives up first, and says so.
    let line = read_line(&mut stream, LONGEST_ANSWER, ask.patience() + IDLE).await?;
    serde_json::from_slice(&line).map_err(|_| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "the program that runs is of another version: quit it, then start it again",
        )
    })
}

/// Says whether [`ask`] failed because no program listens.
pub fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// Waits for something at most this long.
async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the other program does not go on");
    timeout(limit, work).await.map_err(late)?
}
