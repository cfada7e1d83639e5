//! What every part of the program shares.

use dial::Dialer;
use vault::Vault;

use crate::config::Config;
use crate::event::Event;
use crate::exit::Failure;
use crate::output::Output;
use crate::signals::Signals;

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
