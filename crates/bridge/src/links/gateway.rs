//! The connection to the gateway.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use openclaw::{
    Client, ConnectError, Credential, Disconnected, DiscoveryError, Events, GatewayUrl, Hello,
    SCOPES, Target,
};
use secrecy::SecretString;

use super::identity::Passport;
use super::{Lead, Pause, Redial, Signal, down};
use crate::engine::{GatewayFacts, Input};
use crate::settings::KeyStore;
use crate::{GatewaySettings, Link, Notice};

/// How often OpenClaw's configuration is read again while it says nothing usable.
const LOOK_AGAIN: Duration = Duration::from_secs(3);
/// How often a connection is tried that only a person can make possible.
const PERSON_PATIENCE: Duration = Duration::from_secs(15);

/// Keeps the connection until it is told to stop.
pub(crate) struct GatewayLink {
    pub(crate) lead: Lead,
    pub(crate) keys: Arc<dyn KeyStore>,
}

/// Why there is no connection.
enum Trouble {
    Config(DiscoveryError),
    NoToken,
    Keys(crate::KeyStoreError),
    Connect(ConnectError),
}

impl GatewayLink {
    pub(crate) async fn run(self) {
        let Lead { stop, vitals, .. } = self.lead.clone();
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.keep() => {}
        }
        vitals.lose_gateway();
    }

    async fn keep(mut self) {
        let mut redial = Redial::new(fastrand::u64(..));
        let mut passport = None;
        loop {
            let attempt = redial.failures;
            self.lead.tell(Signal::Gateway(Link::Connecting { attempt }, None)).await;
            let wait = match self.connect(&mut passport).await {
                Ok((hello, client, events)) => {
                    let since = Instant::now();
                    let ended = self.carry(&hello, client, events).await;
                    self.lead.vitals.lose_gateway();
                    self.lead.tried();
                    let wait = redial.after_end(since, matches!(ended, Disconnected::Woke));
                    self.lost(&ended, wait).await;
                    wait
                }
                Err(trouble) => {
                    self.lead.tried();
                    let wait = match trouble.patience() {
                        Some(wait) => redial.after_failure(Some(wait)),
                        None => redial.after_failure(None),
                    };
                    self.failed(&trouble, attempt, wait).await;
                    wait
                }
            };
            if self.lead.pause(wait).await == Pause::Disrupted {
                redial.start_over();
            }
        }
    }

    async fn connect(
        &self,
        passport: &mut Option<Passport>,
    ) -> Result<(Hello, Client, Events), Trouble> {
        let (url, shared) = self.find_gateway()?;
        if let Some(shared) = &shared {
            self.lead.tell(Signal::Secret(shared.clone())).await;
        }
        if passport.is_none() {
            let opened = Passport::open(Arc::clone(&self.keys), &self.lead.settings).await;
            *passport = Some(opened.map_err(Trouble::Keys)?);
        }
        let Some(passport) = passport else { return Err(Trouble::NoToken) };
        let kept = passport.device_token(&url).await;
        let shared = shared.map(Credential::Shared);
        let had_kept = kept.is_some();
        let credential = kept.or_else(|| shared.clone()).ok_or(Trouble::NoToken)?;
        let mut result = self.dial(&url, passport, &credential).await;
        if let Err(ConnectError::DeviceTokenRejected) = result
            && had_kept
        {
            // The token was rotated, revoked or superseded: the shared one brings a new one.
            passport.drop_device_token(&url).await;
            let shared = shared.ok_or(Trouble::NoToken)?;
            result = self.dial(&url, passport, &shared).await;
        }
        if let Err(ConnectError::ProofRejected { .. }) = &result
            && result.as_ref().is_err_and(ConnectError::is_retryable)
        {
            result = self.dial(&url, passport, &credential).await;
        }
        let (hello, client, events) = result.map_err(Trouble::Connect)?;
        if let Some(token) = &hello.device_token {
            self.lead.tell(Signal::Secret(token.clone())).await;
            passport.keep_device_token(&url, token).await;
        }
        Ok((hello, client, events))
    }

    async fn dial(
        &self,
        url: &GatewayUrl,
        passport: &Passport,
        credential: &Credential,
    ) -> Result<(Hello, Client, Events), ConnectError> {
        let Passport { device, identity, .. } = passport;
        let (device, scopes) = (Some(device), &SCOPES[..]);
        let target = Target { url, identity, device, credential, scopes };
        openclaw::connect(&self.lead.dialer, target).await
    }

    /// The URL and shared token as given, else as OpenClaw's configuration has them now.
    fn find_gateway(&self) -> Result<(GatewayUrl, Option<SecretString>), Trouble> {
        let GatewaySettings { url, token, state_dir, .. } = &self.lead.settings.gateway;
        if let (Some(url), Some(token)) = (url, token) {
            return Ok((url.clone(), Some(token.clone())));
        }
        match openclaw::discover(state_dir) {
            Ok(found) => {
                let url = url.clone().unwrap_or(found.url);
                Ok((url, token.clone().or(found.token)))
            }
            // With a URL given, a device token that was kept may be all that is needed.
            Err(error) => match url {
                Some(url) => Ok((url.clone(), token.clone())),
                None => Err(Trouble::Config(error)),
            },
        }
    }

    /// Carries events until the connection ends.
    async fn carry(&self, hello: &Hello, client: Client, mut events: Events) -> Disconnected {
        let version = hello.server_version.clone();
        tracing::info!(version, protocol = hello.protocol, "connected to the gateway");
        let facts = GatewayFacts {
            generation: hello.generation,
            agent: hello.default_agent.clone(),
            boot_id: hello.boot_id.clone(),
            uptime_ms: hello.uptime_ms,
            max_attachment: hello.max_attachment,
        };
        self.lead.tell(Signal::Notify(Notice::GatewayUp { version: version.clone() })).await;
        self.lead.vitals.watch_gateway(client.life());
        let up = Link::Up { since: SystemTime::now(), peer: version };
        self.lead.tell(Signal::Gateway(up, Some(client))).await;
        self.lead.tell(Signal::Engine(Input::GatewayUp(facts))).await;
        loop {
            match events.next().await {
                Ok(event) => self.lead.tell(Signal::Engine(Input::Gateway(event))).await,
                Err(ended) => return ended,
            }
        }
    }

    async fn lost(&self, ended: &Disconnected, wait: Duration) {
        let cause = ended.to_string();
        tracing::info!(cause, wait_ms = wait.as_millis(), "the connection to the gateway is gone");
        self.lead.tell(Signal::Engine(Input::GatewayDown)).await;
        let link = down(cause.clone(), None, "gateway_lost", wait);
        self.lead.tell(Signal::Gateway(link, None)).await;
        let notice = Notice::GatewayDown { cause, remedy: None, code: "gateway_lost" };
        self.lead.tell(Signal::Notify(notice)).await;
    }

    async fn failed(&self, trouble: &Trouble, attempt: u32, wait: Duration) {
        let (cause, remedy, code) = trouble.explain();
        tracing::info!(cause, attempt, wait_ms = wait.as_millis(), "the gateway is not connected");
        let link = down(cause.clone(), Some(remedy.clone()), code, wait);
        self.lead.tell(Signal::Gateway(link, None)).await;
        let notice = Notice::GatewayDown { cause, remedy: Some(remedy), code };
        self.lead.tell(Signal::Notify(notice)).await;
    }
}

impl Trouble {
    /// How long to wait where the cause, not the number of failures, tells.
    fn patience(&self) -> Option<Duration> {
        match self {
            Self::Config(_) | Self::NoToken => Some(LOOK_AGAIN),
            Self::Keys(_) => Some(PERSON_PATIENCE),
            Self::Connect(error) if error.needs_person() => Some(PERSON_PATIENCE),
            Self::Connect(error) => error.retry_after(),
        }
    }

    fn explain(&self) -> (String, String, &'static str) {
        match self {
            Self::Config(error) => (error.to_string(), error.remedy().into(), config_code(error)),
            Self::NoToken => (
                "no token for the OpenClaw gateway is known".into(),
                "Start OpenClaw once with `openclaw gateway run`, or give the token.".into(),
                "openclaw_no_token",
            ),
            Self::Keys(error) => {
                let remedy = error.remedy.clone().unwrap_or_else(|| "Unlock the keychain.".into());
                (error.what.clone(), remedy, "keys_unavailable")
            }
            Self::Connect(error) => (error.to_string(), error.remedy(), error.code()),
        }
    }
}

fn config_code(error: &DiscoveryError) -> &'static str {
    match error {
        DiscoveryError::NotInitialised { .. } => "openclaw_not_initialized",
        DiscoveryError::TokenElsewhere { .. } => "openclaw_no_token",
        DiscoveryError::Unreadable { .. }
        | DiscoveryError::Malformed { .. }
        | DiscoveryError::OtherMode { .. } => "openclaw_config_unreadable",
    }
}
