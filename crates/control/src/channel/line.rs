use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{IDLE, within};

/// How much is read or written at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Writes a line that goes on at least every 5 s, and ends the stream's other direction.
pub(super) async fn write_line(
    stream: &mut (impl AsyncWrite + Unpin),
    line: &[u8],
) -> io::Result<()> {
    for piece in line.chunks(PIECE).chain([&b"\n"[..]]) {
        within(IDLE, stream.write_all(piece)).await?;
    }
    within(IDLE, stream.flush()).await
}

/// Reads a line without its end: the first piece may take this long, then it goes on at least every
/// 5 s.
///
/// # Errors
/// `UnexpectedEof` when it ends before its end, `FileTooLarge` when it is longer than allowed.
pub(super) async fn read_line(
    stream: &mut (impl AsyncRead + Unpin),
    longest: usize,
    first: Duration,
) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut piece = vec![0; PIECE];
    let mut limit = first;
    loop {
        let count = within(limit, stream.read(&mut piece)).await?;
        limit = IDLE;
        let read = &piece[..count];
        if read.is_empty() {
            let what = "the other program ended before it had said everything";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
        }
        let end = read.iter().position(|byte| *byte == b'\n');
        line.extend_from_slice(&read[..end.unwrap_or(count)]);
        if line.len() > longest {
            let what = "the other program says more than can be taken";
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
        }
        if end.is_some() {
            return Ok(line);
        }
    }
}
