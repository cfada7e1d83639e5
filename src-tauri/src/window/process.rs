//! The program's end: starts the window and speaks with it.

use std::io;
use std::process::Stdio;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

use super::{DRIVING, is_driven, may_be_driven};
use crate::log::Log;
use crate::messages::{FromWindow, ToWindow};
use crate::request::{Page, Request};
use crate::view::{Pulse, View};

/// Variable that makes WebKitGTK paint through ordinary memory.
const RENDERER: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
/// Page that a new window shows until it says otherwise.
const FIRST_PAGE: Page = Page::Overview;
/// How many wishes to come to the front wait for a window that is just starting.
const SHOWS: usize = 16;
/// How many lines of the log go into one message.
const LINES: usize = 256;

/// Opens the window, one at a time, and keeps it up to date.
#[derive(Debug)]
pub struct Windows {
    log: Log,
    told: Told,
    view: watch::Sender<Option<View>>,
    pulses: watch::Sender<Vec<Pulse>>,
    open: Option<Window>,
}

/// A window that was opened. Dropping it closes it.
#[derive(Debug)]
struct Window {
    shows: mpsc::Sender<ToWindow>,
    life: JoinHandle<()>,
}

impl Drop for Window {
    fn drop(&mut self) {
        self.life.abort();
    }
}

impl Windows {
    /// Prepares; what a person wants in the window goes to `wishes`, and which page is in front to
    /// `pages`: none when the window has closed.
    pub fn new(
        log: Log,
        wishes: UnboundedSender<Request>,
        pages: UnboundedSender<Option<Page>>,
    ) -> Self {
        let (view, pulses) = (watch::Sender::new(None), watch::Sender::default());
        Self { log, told: Told { wishes, pages }, view, pulses, open: None }
    }

    /// Says whether a window is open.
    pub fn is_open(&self) -> bool {
        self.open.as_ref().is_some_and(|window| !window.life.is_finished())
    }

    /// Shows this from now on.
    pub fn set_view(&self, view: &View) {
        self.view.send_replace(Some(view.clone()));
    }

    /// Shows these signs of life.
    pub fn set_pulses(&self, pulses: Vec<Pulse>) {
        self.pulses.send_replace(pulses);
    }

    /// Opens the window, or brings it to the front.
    pub fn open(&mut self, page: Option<Page>, key: Option<String>) {
        if !self.is_open() {
            self.open = None;
            match self.start() {
                Ok(window) => self.open = Some(window),
                Err(error) => tracing::error!(%error, "the window cannot be opened"),
            }
        }
        if let Some(window) = &self.open {
            let show = ToWindow::Show { page, key };
            if window.shows.try_send(show).is_err() {
                tracing::warn!("the window does not listen");
            }
        }
    }

    fn start(&self) -> io::Result<Window> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--window").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        for variable in cli::secret_variables() {
            command.env_remove(variable);
        }
        if !may_be_driven() {
            for variable in DRIVING {
                command.env_remove(variable);
            }
        }
        // Sharing pictures through graphics memory costs a small window 100 ms at its start, and leaves
        // it blank with some graphics drivers; only WebDriver takes its pictures from there.
        if cfg!(target_os = "linux") && !is_driven() && std::env::var_os(RENDERER).is_none() {
            command.env(RENDERER, "1");
        }
        let mut child = command.spawn()?;
        let missing = || io::Error::other("it has no pipes");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let (shows, to_show) = mpsc::channel(SHOWS);
        let feed = Feed {
            stdin,
            view: self.view.subscribe(),
            pulses: self.pulses.subscribe(),
            to_show,
            log: self.log.clone(),
        };
        let told = self.told.clone();
        let life = tokio::spawn(async move {
            tokio::select! {
                ended = end(child) => tracing::debug!(?ended, "the window is closed"),
                stopped = feed.run() => {
                    if let Err(error) = stopped {
                        tracing::debug!(%error, "the window does not listen any more");
                    }
                }
                () = told.listen(BufReader::new(stdout)) => {
                    tracing::debug!("the window does not speak any more");
                }
            }
            told.tell_page(None);
        });
        Ok(Window { shows, life })
    }
}

async fn end(mut child: Child) -> io::Result<std::process::ExitStatus> {
    child.wait().await
}

/// Where it goes what the window tells.
#[derive(Clone, Debug)]
struct Told {
    wishes: UnboundedSender<Request>,
    pages: UnboundedSender<Option<Page>>,
}

impl Told {
    /// Passes on what the window tells, as long as anybody wants to know.
    async fn listen(&self, mut lines: impl AsyncBufRead + Unpin) {
        let mut line = String::new();
        let mut at = FIRST_PAGE;
        loop {
            line.clear();
            match lines.read_line(&mut line).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            match serde_json::from_str(&line) {
                Ok(FromWindow::Shown) => {
                    tracing::debug!("the window is shown");
                    self.tell_page(Some(at));
                }
                Ok(FromWindow::At { page }) => {
                    at = page;
                    self.tell_page(Some(at));
                }
                Ok(FromWindow::Wish { request }) => {
                    if self.wishes.send(request).is_err() {
                        break;
                    }
                }
                // A library of the window's process may have written to its standard output.
                Err(error) => tracing::debug!(%error, "the window said something unknown"),
            }
        }
        // The process may close its pipe before it ends, and is waited for elsewhere.
        std::future::pending::<()>().await;
    }

    fn tell_page(&self, page: Option<Page>) {
        // Nobody wants to know while the program ends.
        let _ = self.pages.send(page);
    }
}

/// What the window is told.
struct Feed {
    stdin: ChildStdin,
    view: watch::Receiver<Option<View>>,
    pulses: watch::Receiver<Vec<Pulse>>,
    to_show: mpsc::Receiver<ToWindow>,
    log: Log,
}

impl Feed {
    async fn run(mut self) -> io::Result<()> {
        let (recent, mut lines) = self.log.follow();
        self.view.mark_changed();
        for some in recent.chunks(LINES) {
            self.tell(&ToWindow::Log { lines: some.to_vec() }).await?;
        }
        loop {
            tokio::select! {
                changed = self.view.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    let view = self.view.borrow_and_update().clone();
                    if let Some(view) = view {
                        self.tell(&ToWindow::View { view: Box::new(view) }).await?;
                    }
                }
                Ok(()) = self.pulses.changed() => {
                    let pulses = self.pulses.borrow_and_update().clone();
                    self.tell(&ToWindow::Pulse { pulses }).await?;
                }
                Some(show) = self.to_show.recv() => self.tell(&show).await?,
                line = lines.recv() => match line {
                    Ok(line) => self.tell(&ToWindow::Log { lines: vec![line] }).await?,
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return Ok(()),
                },
            }
        }
    }

    async fn tell(&mut self, message: &ToWindow) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.stdin.write_all(&line).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc::unbounded_channel;
    use tokio::time::timeout;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn the_program_hears_which_page_is_in_front_and_what_a_person_wants() {
        let said = concat!(
            "{\"message\":\"shown\"}\nGtk-Message: hello\n",
            "{\"message\":\"at\",\"page\":\"devices\"}\n{\"message\":\"shown\"}\n",
            "{\"message\":\"wish\",\"request\":{\"request\":\"pause\",\"slot\":2}}\n",
        );
        let (wishes, mut wished) = unbounded_channel();
        let (pages, mut paged) = unbounded_channel();
        let listening = tokio::spawn(async move {
            Told { wishes, pages }.listen(BufReader::new(said.as_bytes())).await;
        });
        for page in [Page::Overview, Page::Devices, Page::Devices] {
            assert_eq!(timeout(DEADLINE, paged.recv()).await.unwrap(), Some(Some(page)));
        }
        let wish = timeout(DEADLINE, wished.recv()).await.unwrap();
        assert_eq!(wish, Some(Request::Pause { slot: control::Slot(2) }));
        listening.abort();
    }
}
