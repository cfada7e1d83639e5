//! One program per data folder: the first one listens, later ones talk to it and end.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use control::channel::{self, Program, Server};
use control::{Answer, Ask};
use disk::{Lock, LockError};

pub use control::channel::Asked;

/// How long the running program may take to listen, having just started.
const LISTENS_WITHIN: Duration = Duration::from_secs(5);

/// Whoever started first.
#[derive(Debug)]
pub enum Start {
    /// This program; nobody else is running.
    First(Instance),
    /// Another program, with the answer that it gave.
    Later {
        /// What it said.
        answer: Answer,
    },
}

/// The right to be the one program of a data folder; given back when dropped.
#[derive(Debug)]
pub struct Instance {
    data_dir: PathBuf,
    server: Server,
    _lock: Lock,
}

/// Starts as the one program of a data folder, or asks the one that runs.
///
/// # Errors
/// When the folder cannot be used, or the running program does not answer.
pub async fn start(data_dir: &Path, ask: Ask) -> io::Result<Start> {
    disk::create_folder(data_dir)?;
    let address = channel::address(data_dir, Program::Desktop);
    let lock = match Lock::take(&data_dir.join("desktop.lock")) {
        Ok(lock) => lock,
        Err(LockError::Held { .. }) => {
            return Ok(Start::Later { answer: question(&address, &ask).await? });
        }
        Err(LockError::Unusable(error)) => return Err(error),
    };
    let server = Server::bind(&address)?;
    Ok(Start::First(Instance { data_dir: data_dir.to_owned(), server, _lock: lock }))
}

impl Instance {
    /// The data folder whose one program this is.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Waits for the next question, of a later start or of a terminal.
    pub async fn next(&mut self) -> Asked {
        self.server.next().await
    }
}

/// Asks the running program. It may be about to listen, having just started.
async fn question(address: &Path, ask: &Ask) -> io::Result<Answer> {
    let asking = async {
        loop {
            match channel::ask(address, ask).await {
                Err(error) if channel::is_nobody(&error) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                answered => return answered,
            }
        }
    };
    let silent = |_| io::Error::new(io::ErrorKind::TimedOut, "it does not answer");
    tokio::time::timeout(LISTENS_WITHIN + ask.patience(), asking).await.map_err(silent)?
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn first(folder: &Path) -> Instance {
        match start(folder, Ask::Open).await.unwrap() {
            Start::First(instance) => instance,
            Start::Later { answer } => panic!("somebody answered: {answer:?}"),
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
        let menu = Answer::Text { text: "Quit\n".into() };
        answer.send(menu.clone()).unwrap();
        let Start::Later { answer } = later.await.unwrap().unwrap() else { panic!("two of them") };
        assert_eq!(answer, menu);
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
    async fn a_very_long_folder_works_too() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("x".repeat(120)).join("y".repeat(120));
        let _running = first(&long).await;
    }
}
