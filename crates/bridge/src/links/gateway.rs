//! The connection to the gateway.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use openclaw::{
    Client, ConnectError, Credential, Disconnected, Events, GatewayUrl, Hello, SCOPES, Target,
};

use super::finding::{Trouble, find_gateway};
use super::identity::Passport;
use super::{Lead, Pause, Redial, Signal, down};
use crate::engine::{GatewayFacts, Input};
use crate::settings::KeyStore;
use crate::{Link, Notice};

/// Keeps the connection until it is told to stop.
pub(crate) struct GatewayLink {
    pub(crate) lead: Lead,
    pub(crate) keys: Arc<dyn KeyStore>,
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
        let (url, shared) = find_gateway(&self.lead.settings.gateway)?;
        if let Ok(shared) = &shared {
            self.lead.tell(Signal::Secret(shared.clone())).await;
        }
        if passport.is_none() {
            let opened = Passport::open(Arc::clone(&self.keys), &self.lead.settings).await;
            *passport = Some(opened.map_err(Trouble::Keys)?);
        }
        let Some(passport) = passport else { return Err(Trouble::NoToken) };
        let kept = passport.device_token(&url).await;
        let (shared, missing) = match shared {
            Ok(shared) => (Some(Credential::Shared(shared)), Trouble::NoToken),
            Err(missing) => (None, missing),
        };
        let had_kept = kept.is_some();
        let Some(credential) = kept.or_else(|| shared.clone()) else { return Err(missing) };
        let mut result = self.dial(&url, passport, &credential).await;
        if let Err(ConnectError::DeviceTokenRejected) = result
            && had_kept
        {
            // The token was rotated, revoked or superseded: the shared one brings a new one.
            passport.drop_device_token(&url).await;
            let Some(shared) = shared else { return Err(missing) };
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
