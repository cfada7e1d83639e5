//! The two connections of an installation, each kept by a task of its own that dials, listens and
//! dials again. They decide nothing about what comes through them.

pub(crate) mod cloud;
pub(crate) mod finding;
pub(crate) mod gateway;
pub(crate) mod identity;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use dial::{Dialer, disruption};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::engine::Input;
use crate::pulse::Vitals;
use crate::{Link, Notice, Settings};

/// What both links are given.
#[derive(Clone)]
pub(crate) struct Lead {
    pub(crate) dialer: Dialer,
    pub(crate) settings: Settings,
    pub(crate) signals: mpsc::Sender<Signal>,
    pub(crate) vitals: Arc<Vitals>,
    /// Changes when a person wants the next try now.
    pub(crate) retry: watch::Receiver<()>,
    pub(crate) stop: CancellationToken,
}

impl Lead {
    /// Tells the installation something.
    pub(crate) async fn tell(&self, signal: Signal) {
        // The installation may have stopped listening: then nobody needs to know.
        let _ = self.signals.send(signal).await;
    }

    /// The try is over: a wish to try now that came before it ended was meant for it.
    pub(crate) fn tried(&mut self) {
        self.retry.mark_unchanged();
    }

    /// Waits for the next try, or until something makes it worth trying now.
    pub(crate) async fn pause(&mut self, wait: Duration) -> Pause {
        let wished = async {
            if self.retry.changed().await.is_err() {
                // Nobody is left who could wish; the installation is about to stop.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => Pause::Over,
            () = wished => {
                tracing::info!("a person wants to connect now");
                Pause::Over
            }
            disruption = disruption(LOOK_EVERY) => {
                tracing::info!(?disruption, "the next try is made at once");
                Pause::Disrupted
            }
        }
    }
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    Over,
    /// This computer slept or changed its network: what failed before tells nothing any more.
    Disrupted,
}

/// How often a link that is not connected looks whether the computer slept or changed its network.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What a link tells the installation.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "almost every signal is of the large variant")]
pub(crate) enum Signal {
    /// Something for the engine.
    Engine(Input),
    /// The cloud link changed.
    Cloud(Link),
    /// The gateway link changed; while it is up, calls go through the client.
    Gateway(Link, Option<openclaw::Client>),
    /// Something for whoever watches.
    Notify(Notice),
    /// A secret that must leave in no text.
    Secret(secrecy::SecretString),
}

/// Dialling again: at most 30 s apart (`sap.md`, §3).
const REDIAL: Backoff = Backoff::between(Duration::from_secs(1), Duration::from_secs(30));
/// How long a connection must have lasted for its end to count as a first failure.
const STABLE_AFTER: Duration = Duration::from_secs(10);

/// Decides how long to wait before dialling again.
#[derive(Debug)]
pub(crate) struct Redial {
    failures: u32,
    random: fastrand::Rng,
}

impl Redial {
    pub(crate) fn new(seed: u64) -> Self {
        Self { failures: 0, random: fastrand::Rng::with_seed(seed) }
    }

    /// Earlier failures tell nothing any more.
    pub(crate) fn start_over(&mut self) {
        self.failures = 0;
    }

    /// The wait after a failed attempt, or a longer one where the other side asks for it.
    pub(crate) fn after_failure(&mut self, asked: Option<Duration>) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let wait = REDIAL.delay(self.failures, &mut self.random);
        asked.map_or(wait, |asked| asked.max(Duration::from_millis(100)))
    }

    /// The wait after a connection ended; none after the computer woke up.
    pub(crate) fn after_end(&mut self, connected_at: Instant, woke: bool) -> Duration {
        if connected_at.elapsed() >= STABLE_AFTER {
            self.failures = 0;
        }
        if woke {
            return Duration::ZERO;
        }
        self.after_failure(None)
    }
}

fn down(cause: String, remedy: Option<String>, code: &'static str, wait: Duration) -> Link {
    Link::Down { cause, remedy, code, retry_at: Some(SystemTime::now() + wait) }
}
