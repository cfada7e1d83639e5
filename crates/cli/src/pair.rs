//! Pairing at the keyboard: shows the code, opens the page, stores the token.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bridge::pairing::{self, PairError, Paired, PairingEvent};
use sap::BridgeToken;
use url::Url;
use vault::Vault;

use crate::event::{Event, Mode};
use crate::exit::{Exit, Failure, sentence};
use crate::output::Output;
use crate::outside::open_outside;
use crate::program::{Ending, Program};
use crate::terminal;

/// How often somebody who cannot see seconds pass is told how many are left.
const TELL_EVERY: Duration = Duration::from_secs(15);

/// Pairs this computer and stores the token; asks for another code only if the person wants one.
///
/// # Errors
/// When the person does not confirm, the cloud refuses, or the token cannot be stored.
pub(crate) async fn pair(
    program: &mut Program,
    vault: &Vault,
    keep_trying: bool,
) -> Result<BridgeToken, Ending> {
    // The token is given only once: it must be certain before that it can be stored.
    program.unless_stopped(vault.ensure_writable()).await??;
    let mut attempts = 0;
    loop {
        let error = match try_once(program).await {
            Ok(paired) => return store(program, vault, paired).await,
            Err(PairError::Cancelled) => return Err(Ending::Stopped),
            Err(error) => error,
        };
        let failure = explain(&error);
        if error.is_retryable() && keep_trying {
            if attempts == 0 {
                program.output.tell(&failure.event(true));
            }
            attempts += 1;
            let wait = tokio::time::sleep(error.retry_after(attempts));
            program.unless_stopped(wait).await?;
        } else if let Some(event) = ran_out(&error) {
            program.output.tell(&event);
            ask_for_another(program, failure, "Press Enter for a new code.").await?;
            attempts = 0;
        } else {
            return Err(Ending::Failed(failure));
        }
    }
}

/// Goes on only if a person is there and wants to.
pub(crate) async fn ask_for_another(
    program: &mut Program,
    failure: Failure,
    question: &str,
) -> Result<(), Ending> {
    if !program.output.is_dialogue() {
        return Err(Ending::Failed(failure));
    }
    program.output.say(question);
    if program.unless_stopped(terminal::enter_pressed()).await? {
        Ok(())
    } else {
        Err(Ending::Failed(failure))
    }
}

async fn try_once(program: &mut Program) -> Result<Paired, PairError> {
    let Program { config, output, signals, dialer } = program;
    let can_open = output.is_terminal() && terminal::has_display();
    let mode = if can_open && !config.manual_pair { Mode::Browser } else { Mode::Manual };
    let mut wait = Wait::new(mode);
    pairing::pair(dialer, &config.cloud, &config.host_label, signals.token(), |event| {
        wait.follow(event, output);
    })
    .await
}

/// Stores the token before anybody is told that it exists.
async fn store(
    program: &mut Program,
    vault: &Vault,
    paired: Paired,
) -> Result<BridgeToken, Ending> {
    let name = program.config.token_name();
    vault.store_credential(&name, paired.token.expose().into()).await?;
    let installation_id = paired.installation_id.to_string();
    program.output.tell(&Event::PairingClaimed { installation_id });
    Ok(paired.token)
}

/// What is told while the person confirms.
struct Wait {
    mode: Mode,
    started: Instant,
    told: Instant,
}

impl Wait {
    fn new(mode: Mode) -> Self {
        Self { mode, started: Instant::now(), told: Instant::now() }
    }

    fn follow(&mut self, event: PairingEvent, output: &mut Output) {
        match event {
            PairingEvent::Started { code, url, expires_at } => {
                self.start(code, &url, expires_at, output);
            }
            PairingEvent::Waiting { remaining } => self.go_on(remaining, output),
            PairingEvent::Interrupted { cause } => {
                let message = format!("{} Asking again.", sentence(&cause));
                output.tell(&Event::Notice { message });
            }
        }
    }

    fn start(&mut self, code: String, url: &Url, expires_at: SystemTime, output: &mut Output) {
        (self.started, self.told) = (Instant::now(), Instant::now());
        let millis = expires_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let left = expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        let browser_url = url.to_string();
        output.tell(&Event::PairingStarted {
            connector: "openclaw",
            code,
            expires_at: u64::try_from(millis).unwrap_or(u64::MAX),
            ttl_sec: left.as_secs_f64().round() as u64,
            browser_url: browser_url.clone(),
            mode: self.mode,
        });
        if self.mode == Mode::Browser {
            match open_outside(url.as_str()) {
                Ok(()) => output.tell(&Event::PairingBrowserOpened { browser_url }),
                Err(error) => {
                    tracing::debug!(%error, "no browser opened");
                    output.say("No browser could be opened: open the link or type the code.");
                }
            }
        }
    }

    fn go_on(&mut self, remaining: Duration, output: &mut Output) {
        let remaining_sec = remaining.as_secs_f64().round() as u64;
        output.show_progress(&format!("{remaining_sec} s left. "));
        if self.told.elapsed() >= TELL_EVERY {
            self.told += TELL_EVERY;
            if !output.is_terminal() {
                let elapsed_sec = self.started.elapsed().as_secs();
                output.tell(&Event::PairingWaiting { elapsed_sec, remaining_sec });
            }
        }
    }
}

/// The event of a code that ran out; a person may want another one.
fn ran_out(error: &PairError) -> Option<Event> {
    match error {
        PairError::Expired => Some(Event::PairingExpired),
        PairError::TimedOut => Some(Event::PairingTimeout),
        PairError::Denied
        | PairError::Cancelled
        | PairError::Unreachable(_)
        | PairError::Refused(_) => None,
    }
}

fn explain(error: &PairError) -> Failure {
    let (exit, code) = match error {
        PairError::Expired => (Exit::CodeExpired, "pairing_expired"),
        PairError::TimedOut => (Exit::PairingTimedOut, "pairing_timeout"),
        PairError::Unreachable(_) => (Exit::SophonUnreachable, "sophon_unreachable"),
        PairError::Denied | PairError::Cancelled | PairError::Refused(_) => {
            (Exit::Failure, "pairing_failed")
        }
    };
    let message = sentence(&error.to_string());
    Failure { exit, code, message, hint: Some(error.remedy().to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_ran_out_has_an_event_and_an_exit_code_of_its_own() {
        for (error, event, exit, code) in [
            (PairError::Expired, Event::PairingExpired, Exit::CodeExpired, "pairing_expired"),
            (PairError::TimedOut, Event::PairingTimeout, Exit::PairingTimedOut, "pairing_timeout"),
        ] {
            assert_eq!(ran_out(&error), Some(event));
            let failure = explain(&error);
            assert_eq!((failure.exit, failure.code), (exit, code));
        }
        assert_eq!(ran_out(&PairError::Denied), None);
        assert_eq!(explain(&PairError::Denied).exit, Exit::Failure);
    }
}
