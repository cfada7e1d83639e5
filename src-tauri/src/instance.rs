//! One program per data folder: the first one listens, later ones talk to it and end.
//!
//! A later start says one word and gets one answer. Only this user's programs can: the socket is
//! theirs alone, and the other end's user is checked.

mod channel;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use disk::{Lock, LockError};
use serde::{Deserialize, Serialize};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader,
};
use tokio::sync::oneshot;

use self::channel::{Listener, Stream};

/// How long the other program may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Longest word or answer, in bytes.
const MAX_LINE: u64 = 1024 * 1024;

/// What a later start wants of the running program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Nothing: only whether it is there.
    Greet,
    /// That it opens its window.
    Open,
    /// The tray's menu as text.
    Menu,
}

/// Whoever started first.
#[derive(Debug)]
pub enum Start {
    /// This program; nobody else is running.
    First(Instance),
    /// Another program, with the answer that it gave.
    Later {
        /// What it said.
        answer: String,
    },
}

/// The right to be the one program of a data folder; given back when dropped.
#[derive(Debug)]
pub struct Instance {
    data_dir: PathBuf,
    listener: Listener,
    _lock: Lock,
}

/// A question of a later start.
#[derive(Debug)]
pub struct Asked {
    /// What it wants.
    pub ask: Ask,
    /// Takes the answer.
    pub answer: oneshot::Sender<String>,
}

/// Starts as the one program of a data folder, or asks the one that runs.
///
/// # Errors
/// When the folder cannot be used, or the running program does not answer.
pub async fn start(data_dir: &Path, ask: Ask) -> io::Result<Start> {
    disk::create_folder(data_dir)?;
    let lock = match Lock::take(&data_dir.join("desktop.lock")) {
        Ok(lock) => lock,
        Err(LockError::Held { .. }) => {
            let answer = tokio::time::timeout(ANSWER_WITHIN, question(data_dir, ask)).await;
            let silent = || io::Error::new(io::ErrorKind::TimedOut, "it does not answer");
            return Ok(Start::Later { answer: answer.map_err(|_| silent())?? });
        }
        Err(LockError::Unusable(error)) => return Err(error),
    };
    let listener = Listener::bind(&address(data_dir))?;
    Ok(Start::First(Instance { data_dir: data_dir.to_owned(), listener, _lock: lock }))
}

impl Instance {
    /// The data folder whose one program this is.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Waits for the next question of a later start.
    pub async fn next(&mut self) -> Asked {
        loop {
            let asked = match self.listener.accept().await {
                Ok(stream) => hear(stream).await,
                Err(error) => Err(error),
            };
            match asked {
                Ok(asked) => return asked,
                Err(error) => {
                    tracing::debug!(%error, "a question of another program is not answered");
                    // A listener that fails does so at once, again and again.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

/// Asks the running program. It may be about to listen, having just started.
async fn question(data_dir: &Path, ask: Ask) -> io::Result<String> {
    let address = address(data_dir);
    let mut stream = loop {
        match Stream::connect(&address).await {
            Ok(stream) => break stream,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let mut line = serde_json::to_vec(&ask)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    let answer = read_line(&mut stream).await?;
    Ok(serde_json::from_slice(&answer)?)
}

async fn hear(mut stream: Stream) -> io::Result<Asked> {
    let line = tokio::time::timeout(ANSWER_WITHIN, read_line(&mut stream)).await??;
    let ask = serde_json::from_slice(&line)?;
    let (answer, answered) = oneshot::channel::<String>();
    tokio::spawn(async move {
        let Ok(answer) = answered.await else { return };
        let mut line = serde_json::to_vec(&answer).unwrap_or_default();
        line.push(b'\n');
        // Whoever asked may have gone.
        let _ = stream.write_all(&line).await;
        let _ = stream.shutdown().await;
    });
    Ok(Asked { ask, answer })
}

async fn read_line(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(stream.take(MAX_LINE)).read_until(b'\n', &mut line).await?;
    Ok(line)
}

/// Where the program of a data folder listens.
fn address(data_dir: &Path) -> PathBuf {
    channel::address(&std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn first(folder: &Path) -> Instance {
        match start(folder, Ask::Open).await.unwrap() {
            Start::First(instance) => instance,
            Start::Later { answer } => panic!("somebody answered: {answer}"),
        }
    }

    #[tokio::test]
    async fn a_later_start_asks_the_first_and_gets_its_answer() {
        let folder = tempfile::tempdir().unwrap();
        let mut running = first(folder.path()).await;
        let later = tokio::spawn({
            let folder = folder.path().to_owned();
            async move { start(&folder, Ask::Menu).await }
        });
        let Asked { ask, answer } = running.next().await;
        assert_eq!(ask, Ask::Menu);
        answer.send("Quit\n".into()).unwrap();
        let Start::Later { answer } = later.await.unwrap().unwrap() else { panic!("two of them") };
        assert_eq!(answer, "Quit\n");
    }

    #[tokio::test]
    async fn programs_of_other_folders_are_others() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let _one = first(one.path()).await;
        let _two = first(two.path()).await;
    }

    #[tokio::test]
    async fn the_place_is_free_again_after_the_first_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        drop(first(folder.path()).await);
        drop(first(folder.path()).await);
    }

    #[tokio::test]
    async fn a_word_that_is_not_understood_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let mut running = first(folder.path()).await;
        let mut stranger = Stream::connect(&address(folder.path())).await.unwrap();
        stranger.write_all(b"\xff\x00 rubbish\n").await.unwrap();
        let mut friend = Stream::connect(&address(folder.path())).await.unwrap();
        friend.write_all(b"\"greet\"\n").await.unwrap();
        assert_eq!(running.next().await.ask, Ask::Greet);
    }

    #[tokio::test]
    async fn a_very_long_folder_works_too() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("x".repeat(120)).join("y".repeat(120));
        let _running = first(&long).await;
    }
}
