use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::line::{read_line, write_line};
use super::stream::{Listener, Stream};
use super::{IDLE, LONGEST_ANSWER, LONGEST_ASK};
use crate::{Answer, Ask, Refusal};

/// How many are served at once; further ones wait.
const CLIENTS: usize = 64;
/// How many questions wait to be answered; further ones wait at the socket.
const QUESTIONS: usize = 16;

/// A question of another program.
#[derive(Debug)]
pub struct Asked {
    /// What it wants.
    pub ask: Ask,
    /// Takes the answer.
    pub answer: oneshot::Sender<Answer>,
}

/// Listens until dropped, and hears while [`Server::next`] is awaited. Whoever is slow or silent
/// holds up nobody else.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    clients: JoinSet<()>,
    questions: mpsc::Receiver<Asked>,
    ask: mpsc::Sender<Asked>,
}

impl Server {
    /// Listens at an address, in place of whatever was left there: whoever calls this holds the lock
    /// of the place.
    ///
    /// # Errors
    /// When the place cannot be used.
    pub fn bind(address: &Path) -> io::Result<Self> {
        let listener = Listener::bind(address)?;
        let (ask, questions) = mpsc::channel(QUESTIONS);
        Ok(Self { listener, clients: JoinSet::new(), questions, ask })
    }

    /// Waits for the next question. Nothing is lost if this is given up and called again.
    pub async fn next(&mut self) -> Asked {
        loop {
            tokio::select! {
                Some(asked) = self.questions.recv() => return asked,
                Some(_) = self.clients.join_next() => {}
                accepted = self.listener.accept(), if self.clients.len() < CLIENTS => {
                    match accepted {
                        Ok(stream) => self.serve(stream),
                        Err(error) => {
                            tracing::debug!(%error, "no question can be heard");
                            // A listener that fails does so at once, again and again.
                            sleep(Duration::from_millis(100)).await;
                        }
                    }
                }
            }
        }
    }

    fn serve(&mut self, stream: Stream) {
        let ask = self.ask.clone();
        self.clients.spawn(async move {
            if let Err(error) = serve(stream, ask).await {
                tracing::debug!(%error, "a question of another program is not answered");
            }
        });
    }
}

async fn serve(mut stream: Stream, questions: mpsc::Sender<Asked>) -> io::Result<()> {
    stream.check_peer()?;
    let line = timeout(IDLE, read_line(&mut stream, LONGEST_ASK, IDLE)).await??;
    let answer = match serde_json::from_slice::<Ask>(&line) {
        Ok(ask) => answer(ask, questions).await,
        Err(_) => refusal(
            "unknown_question",
            "this program does not know the question: it is older or newer than the one that asks",
            Some("Quit it, then start it again."),
        ),
    };
    write_line(&mut stream, &encode(&answer, LONGEST_ANSWER)?).await?;
    stream.shutdown().await
}

async fn answer(ask: Ask, questions: mpsc::Sender<Asked>) -> Answer {
    let patience = ask.patience();
    let (answer, answered) = oneshot::channel();
    let asked = async {
        // Without anybody to answer, the channel of the answer ends too.
        let _ = questions.send(Asked { ask, answer }).await;
        answered.await
    };
    match timeout(patience, asked).await {
        Ok(Ok(answer)) => without_codes(answer),
        Ok(Err(_)) => refusal("ending", "the program is ending", None),
        Err(_) => refusal(
            "no_answer",
            &format!("the program did not answer in {} s", patience.as_secs()),
            Some("What was asked for may still happen: look at what waits now."),
        ),
    }
}

/// A code for a phone is shown in the window only.
fn without_codes(mut answer: Answer) -> Answer {
    if let Answer::Access { gateways, .. } | Answer::Pending { gateways, .. } = &mut answer {
        for gateway in gateways {
            gateway.setup = None;
        }
    }
    answer
}

fn encode(answer: &Answer, longest: usize) -> io::Result<Vec<u8>> {
    let line = serde_json::to_vec(answer)?;
    if line.len() <= longest {
        return Ok(line);
    }
    let what = format!(
        "the answer is too long to be told at once: {} MB of at most {}",
        line.len().div_ceil(1024 * 1024),
        longest / (1024 * 1024)
    );
    let remedy = "Look at it in the app, and decide a part of it there.";
    Ok(serde_json::to_vec(&refusal("too_long", &what, Some(remedy)))?)
}

fn refusal(code: &str, what: &str, remedy: Option<&str>) -> Answer {
    Answer::Refused(Refusal::new(code, what, remedy))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::Setup;
    use crate::channel::{Program, ask, is_nobody};

    fn done(what: &str) -> Answer {
        Answer::Done { what: what.to_owned() }
    }

    fn place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let address = crate::channel::address(folder.path(), Program::Bridge);
        (folder, address)
    }

    /// Answers every question with this, until the test ends.
    fn answer_all(mut server: Server, answer: Answer) {
        tokio::spawn(async move {
            loop {
                let _ = server.next().await.answer.send(answer.clone());
            }
        });
    }

    async fn raw(address: &Path, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = Stream::connect(address).await?;
        stream.write_all(bytes).await?;
        read_line(&mut stream, LONGEST_ANSWER, IDLE).await
    }

    fn code(answer: &Answer) -> &str {
        let Answer::Refused(refusal) = answer else { panic!("it is not refused: {answer:?}") };
        &refusal.code
    }

    #[tokio::test]
    async fn a_question_gets_its_answer() {
        let (_folder, address) = place();
        let mut server = Server::bind(&address).unwrap();
        let asking = tokio::spawn(async move { ask(&address, &Ask::Menu).await });
        let Asked { ask, answer } = server.next().await;
        assert_eq!(ask, Ask::Menu);
        answer.send(done("Menu\n")).unwrap();
        // It hears on, as whoever owns it does.
        let answered = tokio::select! {
            answered = asking => answered.unwrap().unwrap(),
            _ = server.next() => panic!("nobody asked again"),
        };
        assert_eq!(answered, done("Menu\n"));
    }

    #[tokio::test]
    async fn silent_and_slow_clients_hold_up_nobody() {
        let (_folder, address) = place();
        answer_all(Server::bind(&address).unwrap(), done("here"));
        let mut silent = Vec::new();
        for _ in 0..20 {
            let mut stream = Stream::connect(&address).await.unwrap();
            stream.write_all(b"{\"ask\":").await.unwrap();
            silent.push(stream);
        }
        let answers = (0..20).map(|_| {
            tokio::spawn({
                let address = address.clone();
                async move { ask(&address, &Ask::Greet).await }
            })
        });
        for answer in answers.collect::<Vec<_>>() {
            let answered = timeout(Duration::from_secs(3), answer).await.expect("nobody waits");
            assert_eq!(answered.unwrap().unwrap(), done("here"));
        }
    }

    #[tokio::test]
    async fn what_is_no_question_is_refused_in_words_and_what_never_ends_is_cut_off() {
        let (_folder, address) = place();
        answer_all(Server::bind(&address).unwrap(), done("here"));
        for strange in [&b"\xff\x00 rubbish\n"[..], b"{\"ask\":\"of_tomorrow\"}\n", b"\"greet\"\n"]
        {
            let answer = raw(&address, strange).await.unwrap();
            assert_eq!(code(&serde_json::from_slice(&answer).unwrap()), "unknown_question");
        }
        // Its end may meet the writer or the reader.
        raw(&address, &vec![b'x'; 10 * LONGEST_ASK]).await.unwrap_err();
    }

    #[tokio::test]
    async fn a_long_answer_arrives_whole_and_what_is_too_long_is_said() {
        let (_folder, address) = place();
        let text = Answer::Text { text: "x".repeat(5 * 1024 * 1024) };
        answer_all(Server::bind(&address).unwrap(), text.clone());
        assert_eq!(ask(&address, &Ask::Pending).await.unwrap(), text);
        let told = serde_json::from_slice(&encode(&text, 1024 * 1024).unwrap()).unwrap();
        assert_eq!(code(&told), "too_long");
    }

    #[tokio::test]
    async fn a_program_that_ends_says_so_and_one_that_has_ended_is_nobody() {
        let (_folder, address) = place();
        let mut server = Server::bind(&address).unwrap();
        let ending = tokio::spawn(async move {
            drop(server.next().await);
            tokio::select! {
                _ = server.next() => panic!("nobody asked again"),
                () = sleep(Duration::from_millis(500)) => drop(server),
            }
        });
        assert_eq!(code(&ask(&address, &Ask::History).await.unwrap()), "ending");
        ending.await.unwrap();
        assert!(!address.exists());
        assert!(is_nobody(&ask(&address, &Ask::Greet).await.unwrap_err()));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_a_dead_program_left_is_nobody_and_is_replaced() {
        let (_folder, address) = place();
        drop(std::os::unix::net::UnixListener::bind(&address).unwrap());
        assert!(is_nobody(&ask(&address, &Ask::Greet).await.unwrap_err()));
        answer_all(Server::bind(&address).unwrap(), done("here"));
        assert_eq!(ask(&address, &Ask::Greet).await.unwrap(), done("here"));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_its_owner_can_open_the_socket() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, address) = place();
        let _server = Server::bind(&address).unwrap();
        let mode = std::fs::metadata(&address).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_code_for_a_phone_never_leaves_by_the_socket() {
        let (_folder, address) = place();
        let mut gateway = crate::access(crate::Slot(1), &bridge::AccessSnapshot::default());
        gateway.setup = Some(Setup::Over { what: "used".to_owned() });
        let answer = Answer::Access { gateways: vec![gateway], requests: Vec::new() };
        answer_all(Server::bind(&address).unwrap(), answer);
        let Answer::Access { gateways, .. } = ask(&address, &Ask::Access).await.unwrap() else {
            panic!("another answer")
        };
        assert_eq!(gateways[0].setup, None);
    }
}
