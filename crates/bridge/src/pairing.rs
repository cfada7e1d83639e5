//! Pairing, from the code to the token. It never asks for a second code by itself: whether to go
//! on is the person's choice.

use std::time::{Duration, SystemTime};

use dial::Dialer;
use sap::{BridgeToken, CloudUrl, InstallationId, PairingError, PollOutcome, Ticket};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::backoff::Backoff;
use crate::host_label::HostLabel;

/// How long a person has to confirm.
const PATIENCE: Duration = Duration::from_secs(120);
/// How much longer a poll that is on its way is waited for: the token is given only once.
const LAST_ANSWER: Duration = Duration::from_secs(3);
/// How often the wait is told.
const TICK: Duration = Duration::from_secs(1);
/// The shortest time between two polls of a cloud that answers at once.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// How many interruptions wait to be told; further ones are not.
const INTERRUPTIONS: usize = 8;
/// Polling again after the network failed.
const POLL_AGAIN: Backoff = Backoff::between(Duration::from_millis(500), Duration::from_secs(5));
/// Asking for a code again while the cloud is out of reach.
const PAIR_AGAIN: Backoff = Backoff::between(Duration::from_secs(1), Duration::from_secs(30));

/// A new installation.
#[derive(Clone, Debug)]
pub struct Paired {
    /// Signs in as it; it is given only once, so it is stored before anything else.
    pub token: BridgeToken,
    /// Names it.
    pub installation_id: InstallationId,
}

/// What happens while the person confirms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PairingEvent {
    /// The cloud gave a code.
    Started {
        /// Code to type on the phone.
        code: String,
        /// Page to confirm on.
        url: Url,
        /// When the code ends, by this computer's clock.
        expires_at: SystemTime,
    },
    /// The person has not confirmed yet; told every second.
    Waiting {
        /// How long the person still has.
        remaining: Duration,
    },
    /// The cloud was out of reach for a moment; it is asked again.
    Interrupted {
        /// Why, as a sentence fragment.
        cause: String,
    },
}

/// Why pairing ended without a token.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// The cloud says that the code is good no more.
    #[error("the pairing code expired before it was confirmed")]
    Expired,
    /// Nobody confirmed within 120 s.
    #[error("nobody confirmed the pairing within {} s", PATIENCE.as_secs())]
    TimedOut,
    /// The person said no.
    #[error("the pairing was denied")]
    Denied,
    /// Whoever asked for it does not want it any more.
    #[error("the pairing was cancelled")]
    Cancelled,
    /// The cloud gave no code because it cannot be reached now.
    #[error("Sophon cannot be reached: {0}")]
    Unreachable(PairingError),
    /// The cloud refused, or answered what cannot be used.
    #[error("{0}")]
    Refused(PairingError),
}

impl PairError {
    /// Says whether another try may succeed without anybody doing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Expired | Self::TimedOut | Self::Denied | Self::Cancelled | Self::Refused(_) => {
                false
            }
        }
    }

    /// Says how long to wait before another try after this many failed ones.
    pub fn retry_after(&self, attempts: u32) -> Duration {
        let wait = PAIR_AGAIN.delay(attempts, &mut fastrand::Rng::new());
        match self {
            Self::Unreachable(PairingError::Busy { after }) => wait.max(*after),
            Self::Unreachable(_)
            | Self::Expired
            | Self::TimedOut
            | Self::Denied
            | Self::Cancelled
            | Self::Refused(_) => wait,
        }
    }

    /// Says what a person can do now, as one sentence.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Expired | Self::TimedOut => "Ask for a new code and confirm it in time.",
            Self::Denied | Self::Cancelled => "Start pairing again when you want to.",
            Self::Unreachable(_) => "Check the network and the address of the cloud.",
            Self::Refused(_) => "Start pairing again; if it stays, update this program.",
        }
    }
}

impl From<PairingError> for PairError {
    fn from(error: PairingError) -> Self {
        if error.is_retryable() { Self::Unreachable(error) } else { Self::Refused(error) }
    }
}

/// Gets a code, tells it through `on`, and waits until the person confirms on the page or phone.
///
/// # Errors
/// [`PairError`]; a new call asks for a new code.
pub async fn pair(
    dialer: &Dialer,
    cloud: &CloudUrl,
    host_label: &HostLabel,
    cancel: &CancellationToken,
    on: impl FnMut(PairingEvent),
) -> Result<Paired, PairError> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(PairError::Cancelled),
        paired = confirm(dialer, cloud, host_label, on) => paired,
    }
}

async fn confirm(
    dialer: &Dialer,
    cloud: &CloudUrl,
    host_label: &HostLabel,
    mut on: impl FnMut(PairingEvent),
) -> Result<Paired, PairError> {
    let ticket = sap::pairing::start(dialer, cloud, host_label.as_str()).await?;
    on(PairingEvent::Started {
        code: ticket.code.to_string(),
        url: ticket.url.clone(),
        expires_at: ticket.expires_at,
    });
    let deadline = Instant::now() + PATIENCE;
    let (interrupted, mut interruptions) = mpsc::channel(INTERRUPTIONS);
    let answer = poll_until_decided(dialer, cloud, &ticket, interrupted);
    tokio::pin!(answer);
    let mut ticks = interval_at(Instant::now() + TICK, TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            decided = &mut answer => return decided,
            Some(cause) = interruptions.recv() => on(PairingEvent::Interrupted { cause }),
            () = sleep_until(deadline + LAST_ANSWER) => return Err(PairError::TimedOut),
            _ = ticks.tick() => on(PairingEvent::Waiting { remaining: remaining(deadline, &ticket) }),
        }
    }
}

async fn poll_until_decided(
    dialer: &Dialer,
    cloud: &CloudUrl,
    ticket: &Ticket,
    interrupted: mpsc::Sender<String>,
) -> Result<Paired, PairError> {
    let mut random = fastrand::Rng::new();
    let mut failures = 0;
    loop {
        let asked = Instant::now();
        match sap::pairing::poll(dialer, cloud, ticket).await {
            Ok(PollOutcome::Pending) => {
                failures = 0;
                sleep_until(asked + POLL_EVERY).await;
            }
            Ok(PollOutcome::Paired { token, installation_id }) => {
                return Ok(Paired { token, installation_id });
            }
            Ok(PollOutcome::Expired) => return Err(PairError::Expired),
            Ok(PollOutcome::Denied) => return Err(PairError::Denied),
            Err(error) if error.is_retryable() => {
                failures += 1;
                if failures == 1 {
                    // Somebody who does not listen misses nothing that matters.
                    let _ = interrupted.try_send(error.to_string());
                }
                let wait = POLL_AGAIN.delay(failures, &mut random);
                let asked_for = match error {
                    PairingError::Busy { after } => after,
                    PairingError::Unreachable(_)
                    | PairingError::Refused { .. }
                    | PairingError::Unreadable(_) => Duration::ZERO,
                };
                sleep(wait.max(asked_for)).await;
            }
            Err(error) => return Err(PairError::Refused(error)),
        }
    }
}

/// What is left of the code's life, and of this program's patience.
fn remaining(deadline: Instant, ticket: &Ticket) -> Duration {
    let life = ticket.expires_at.duration_since(SystemTime::now()).unwrap_or_default();
    deadline.saturating_duration_since(Instant::now()).min(life)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::Mutex;

    use simulator::cloud::{Cloud, CloudOptions, Cut, Dialect, Fault};

    use super::*;

    /// A computer that pairs with a simulated cloud, and what it was told meanwhile.
    struct Computer {
        cloud: Arc<Cloud>,
        cancel: CancellationToken,
        told: Arc<Mutex<Vec<PairingEvent>>>,
    }

    impl Computer {
        async fn beside(options: CloudOptions) -> Self {
            let cloud = Arc::new(Cloud::start(options).await.unwrap());
            Self { cloud, cancel: CancellationToken::new(), told: Arc::default() }
        }

        async fn pair(&self) -> Result<Paired, PairError> {
            self.pair_and(|_| {}).await
        }

        async fn pair_and(&self, mut on: impl FnMut(&PairingEvent)) -> Result<Paired, PairError> {
            let url = CloudUrl::parse(&self.cloud.base_url()).unwrap();
            let label = HostLabel::parse("Den OpenClaw").unwrap();
            pair(&Dialer::new("bridge-tests/0"), &url, &label, &self.cancel, |event| {
                on(&event);
                self.told.lock().unwrap().push(event);
            })
            .await
        }

        fn interruptions(&self) -> usize {
            let told = self.told.lock().unwrap();
            told.iter().filter(|event| matches!(event, PairingEvent::Interrupted { .. })).count()
        }
    }

    fn code(event: &PairingEvent) -> Option<&str> {
        match event {
            PairingEvent::Started { code, .. } => Some(code),
            PairingEvent::Waiting { .. } | PairingEvent::Interrupted { .. } => None,
        }
    }

    #[tokio::test]
    async fn a_confirmed_code_becomes_a_token_in_both_dialects() {
        for dialect in [Dialect::Documented, Dialect::Npm] {
            let options = CloudOptions { dialect, ..CloudOptions::default() };
            let computer = Computer::beside(options).await;
            let mut approved = None;
            let paired = computer
                .pair_and(|event| {
                    if let Some(code) = code(event) {
                        approved = Some(computer.cloud.approve_pairing(code));
                    }
                })
                .await
                .unwrap();
            assert_eq!(Some(paired.installation_id.as_str()), approved.as_deref());
            assert_eq!(paired.token.installation_id(), paired.installation_id);
            let told = computer.told.lock().unwrap();
            let PairingEvent::Started { url, .. } = &told[0] else { panic!("{told:?}") };
            assert!(url.path().ends_with("/v1/pairing/redeem"), "{url}");
            assert!(!format!("{told:?} {paired:?}").contains(paired.token.expose()));
        }
    }

    #[tokio::test]
    async fn who_waits_is_told_how_long_the_code_still_lives() {
        let computer = Computer::beside(CloudOptions::default()).await;
        let mut pending = None;
        let paired = computer
            .pair_and(|event| match event {
                PairingEvent::Started { code, .. } => pending = Some(code.clone()),
                PairingEvent::Waiting { remaining } => {
                    assert!((Duration::from_secs(90)..PATIENCE).contains(remaining));
                    if let Some(code) = pending.take() {
                        computer.cloud.approve_pairing(&code);
                    }
                }
                PairingEvent::Interrupted { cause } => panic!("{cause}"),
            })
            .await;
        assert!(paired.is_ok() && pending.is_none());
    }

    #[tokio::test]
    async fn an_expired_code_ends_the_pairing_and_no_other_is_asked_for() {
        for dialect in [Dialect::Documented, Dialect::Npm] {
            let pairing_ttl = Duration::from_millis(50);
            let options = CloudOptions { dialect, pairing_ttl, ..CloudOptions::default() };
            let computer = Computer::beside(options).await;
            assert!(matches!(computer.pair().await, Err(PairError::Expired)));
            let told = computer.told.lock().unwrap();
            assert_eq!(told.iter().filter_map(code).count(), 1);
        }
    }

    #[tokio::test]
    async fn a_denied_code_ends_the_pairing() {
        let computer = Computer::beside(CloudOptions::default()).await;
        let denied = computer
            .pair_and(|event| {
                if let Some(code) = code(event) {
                    computer.cloud.deny_pairing(code);
                }
            })
            .await;
        assert!(matches!(denied, Err(PairError::Denied)));
    }

    #[tokio::test]
    async fn a_network_that_fails_during_a_poll_is_told_and_does_not_end_the_pairing() {
        let computer = Computer::beside(CloudOptions::default()).await;
        let route = "pairing/poll".to_owned();
        computer.cloud.fault(Fault::DropConnection { route, times: 2, when: Cut::BeforeApplying });
        let paired = computer
            .pair_and(|event| {
                if let Some(code) = code(event) {
                    computer.cloud.approve_pairing(code);
                }
            })
            .await;
        assert!(paired.is_ok(), "{paired:?}");
        assert_eq!(computer.interruptions(), 1);
    }

    #[tokio::test]
    async fn a_cloud_that_gives_no_code_is_told_from_one_that_refuses() {
        let computer = Computer::beside(CloudOptions::default()).await;
        for (status, may_pass) in [(500, true), (429, true), (400, false)] {
            computer.cloud.fault(Fault::Answer {
                route: "pairing/start".to_owned(),
                status,
                code: "some_code".to_owned(),
                retry_after_ms: None,
                times: 1,
            });
            let error = computer.pair().await.unwrap_err();
            assert_eq!(error.is_retryable(), may_pass, "{status}: {error}");
        }
    }

    #[tokio::test]
    async fn a_cancelled_pairing_ends_at_once() {
        let computer = Computer::beside(CloudOptions::default()).await;
        let cancel = computer.cancel.clone();
        let started = Instant::now();
        let cancelled = computer.pair_and(|_| cancel.cancel()).await;
        assert!(matches!(cancelled, Err(PairError::Cancelled)));
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[tokio::test]
    async fn nobody_home_is_unreachable() {
        let computer = Computer::beside(CloudOptions::default()).await;
        let closed = CloudUrl::parse("http://127.0.0.1:9").unwrap();
        let label = HostLabel::default_for("den");
        let dialer = Dialer::new("bridge-tests/0");
        let error = pair(&dialer, &closed, &label, &computer.cancel, |_| {}).await.unwrap_err();
        assert!(matches!(error, PairError::Unreachable(_)), "{error}");
        assert!(error.to_string().contains("refused"), "{error}");
    }
}
