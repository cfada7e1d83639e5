//! What every part of the program shares.

use control::Refusal;
use dial::Dialer;
use vault::Vault;

use crate::config::Config;
use crate::event::Event;
use crate::exit::Failure;
use crate::output::Output;
use crate::signals::Signals;
use crate::terminal;

/// A running program.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) config: Config,
    pub(crate) output: Output,
    pub(crate) signals: Signals,
    pub(crate) dialer: Dialer,
}

/// Why a part of the program does not go on.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Somebody wants the program to stop.
    Stopped,
    /// Something failed that is not tried again.
    Failed(Failure),
    /// The program that was asked does not do what was wanted.
    Refused(Refusal),
}

impl<F: Into<Failure>> From<F> for Ending {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

impl Program {
    /// Waits for something, unless the program is to stop meanwhile.
    pub(crate) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Ending> {
        tokio::select! {
            biased;
            () = self.signals.token().cancelled() => Err(Ending::Stopped),
            done = work => Ok(done),
        }
    }

    /// Shows the person at the terminal what they are about to do, and has them say yes.
    ///
    /// # Errors
    /// They do not, or nobody is there to ask.
    pub(crate) async fn confirm(&mut self, text: &str, what: &str) -> Result<(), Ending> {
        let unconfirmed = |message: &str, hint: &str| Failure {
            code: "unconfirmed",
            ..Failure::fatal(message, hint)
        };
        if !self.output.is_dialogue() {
            let hint = "Read it with `show` or `list`, then give --yes.";
            return Err(unconfirmed("This has to be confirmed at a terminal.", hint).into());
        }
        self.output.say(&format!("{text}\n\nType yes to {what}:"));
        let answer = self.unless_stopped(terminal::answer()).await?;
        if answer.is_some_and(|it| it.trim().eq_ignore_ascii_case("yes")) {
            return Ok(());
        }
        Err(unconfirmed("Nothing was done.", "Type the whole word to confirm.").into())
    }

    /// Opens the secrets, and tells what a person should hear about them.
    pub(crate) async fn open_vault(&mut self) -> Result<Vault, Ending> {
        let place = self.config.secrets.clone();
        let (vault, opened) = self.unless_stopped(Vault::open(place)).await??;
        for notice in opened.notices {
            self.output.tell(&Event::Notice { message: notice.to_string() });
        }
        Ok(vault)
    }
}
