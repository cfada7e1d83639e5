//! A running installation: the engine, its two links, and the loop between them.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dial::Dialer;
use openclaw::{Call, CallError, Client};
use sap::{Outgoing, Rest};
use secrecy::SecretString;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::{Effect, Engine, Input, Now, Purpose};
use crate::fetch::fetch_all;
use crate::links::Signal;
use crate::links::cloud::CloudLink;
use crate::links::gateway::GatewayLink;
use crate::settings::KeyStore;
use crate::{Link, Notice, Settings, Snapshot};

/// How many signals wait for the loop before their senders wait too.
const SIGNALS: usize = 1024;
/// How many frames wait for the cloud's socket; further ones are dropped, and come about again.
const CLOUD_FRAMES: usize = 1024;
/// How many notices wait to be read; further ones are dropped.
const NOTICES: usize = 256;
/// How long a message may take to be accepted: the gateway prepares files meanwhile.
const SEND_WITHIN: Duration = Duration::from_secs(60);
/// How long any other call to the gateway may take.
const CALL_WITHIN: Duration = Duration::from_secs(20);
/// How long quitting may take: ends that are still on their way get this long.
const QUIT_WITHIN: Duration = Duration::from_secs(5);
/// How long quitting waits for ends that cannot be delivered now.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// An installation at work. Dropping it ends its tasks at once; [`Installation::stop`] ends them
/// in order.
pub struct Installation {
    snapshot: watch::Receiver<Snapshot>,
    notices: mpsc::Receiver<Notice>,
    signals: mpsc::Sender<Signal>,
    stop: CancellationToken,
    _abort_on_drop: tokio_util::sync::DropGuard,
    done: JoinHandle<()>,
}

impl Installation {
    /// Starts the two links and the loop between them on the current runtime.
    pub fn start(settings: Settings, dialer: Dialer, keys: Arc<dyn KeyStore>) -> Self {
        let stop = CancellationToken::new();
        let (signals, inbox) = mpsc::channel(SIGNALS);
        let (frames, outgoing) = mpsc::channel(CLOUD_FRAMES);
        let (notify, notices) = mpsc::channel(NOTICES);
        let (publish, snapshot) = watch::channel(Snapshot::starting());
        let mut engine = Engine::new(settings.token.installation_id(), fastrand::u64(..));
        engine.keep_secret(&SecretString::from(settings.token.expose()));
        let links = TaskTracker::new();
        let cloud = CloudLink {
            dialer: dialer.clone(),
            settings: settings.clone(),
            signals: signals.clone(),
            outgoing,
            stop: stop.clone(),
        };
        let gateway = GatewayLink {
            dialer: dialer.clone(),
            settings: settings.clone(),
            keys,
            signals: signals.clone(),
            stop: stop.clone(),
        };
        links.spawn(cloud.run());
        links.spawn(gateway.run());
        links.close();
        let driver = Driver {
            engine,
            rest: Arc::new(Rest::new(dialer.clone(), settings.cloud, settings.token)),
            dialer,
            gateway: None,
            snapshot: Snapshot::starting(),
            signals: signals.downgrade(),
            frames,
            notify,
            publish,
            stop: stop.clone(),
            errands: TaskTracker::new(),
            was_ready: false,
        };
        let done = tokio::spawn(async move {
            driver.run(inbox).await;
            links.wait().await;
        });
        let _abort_on_drop = stop.clone().drop_guard();
        Self { snapshot, notices, signals, stop, _abort_on_drop, done }
    }

    /// Watches the installation's state.
    pub fn snapshot(&self) -> watch::Receiver<Snapshot> {
        self.snapshot.clone()
    }

    /// Waits for the next notice; none when the installation has stopped.
    pub async fn next_notice(&mut self) -> Option<Notice> {
        self.notices.recv().await
    }

    /// Decides an approval at this computer.
    pub async fn decide(&self, approval: String, decision: openclaw::Decision) {
        let input = Input::Decided(approval, decision);
        // After the installation has stopped, nothing can be decided any more.
        let _ = self.signals.send(Signal::Engine(input)).await;
    }

    /// Stops in order, within 5 s: ends that are on their way get the chance to arrive.
    pub async fn stop(self) {
        self.stop.cancel();
        if tokio::time::timeout(QUIT_WITHIN, self.done).await.is_err() {
            tracing::warn!("the installation did not stop in time");
        }
    }
}

/// The one loop that owns the engine. It never waits for the network: errands do.
struct Driver {
    engine: Engine,
    rest: Arc<Rest>,
    dialer: Dialer,
    gateway: Option<Client>,
    snapshot: Snapshot,
    signals: mpsc::WeakSender<Signal>,
    frames: mpsc::Sender<Outgoing>,
    notify: mpsc::Sender<Notice>,
    publish: watch::Sender<Snapshot>,
    stop: CancellationToken,
    errands: TaskTracker,
    was_ready: bool,
}

impl Driver {
    async fn run(mut self, mut inbox: mpsc::Receiver<Signal>) {
        loop {
            let deadline = self.engine.deadline(now());
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                signal = inbox.recv() => match signal {
                    Some(signal) => self.take(signal),
                    None => break,
                },
                () = sleep_until(deadline) => self.feed(Input::Tick),
            }
            self.publish();
        }
        self.flush(&mut inbox).await;
        self.snapshot.cloud = Link::Stopped;
        self.snapshot.gateway = Link::Stopped;
        self.publish();
    }

    /// Lets what is on its way arrive before the program ends.
    async fn flush(&mut self, inbox: &mut mpsc::Receiver<Signal>) {
        let until = tokio::time::Instant::now() + FLUSH_WITHIN;
        self.feed(Input::Quit);
        self.errands.close();
        while !self.engine.is_settled() || !self.errands.is_empty() {
            let deadline = self.engine.deadline(now());
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                () = self.errands.wait(), if self.engine.is_settled() => return,
                signal = inbox.recv() => match signal {
                    Some(signal) => self.take(signal),
                    None => return,
                },
                () = sleep_until(deadline) => self.feed(Input::Tick),
            }
        }
    }

    fn take(&mut self, signal: Signal) {
        match signal {
            Signal::Engine(input) => self.feed(input),
            Signal::Cloud(link) => {
                self.snapshot.cloud = link;
                self.tell_ready();
            }
            Signal::Gateway(link, client) => {
                self.snapshot.gateway = link;
                self.gateway = client;
                self.tell_ready();
            }
            Signal::Notify(notice) => self.tell(notice),
            Signal::Secret(secret) => self.engine.keep_secret(&secret),
        }
    }

    fn tell_ready(&mut self) {
        let is_ready = self.snapshot.cloud.is_up() && self.snapshot.gateway.is_up();
        if is_ready && !self.was_ready {
            self.tell(Notice::Ready);
        }
        self.was_ready = is_ready;
    }

    fn feed(&mut self, input: Input) {
        for effect in self.engine.handle(input, now()) {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Cloud(frame) => {
                if self.frames.try_send(frame).is_err() {
                    tracing::debug!("a frame to the cloud is dropped: the socket is away");
                }
            }
            Effect::Post(dispatch) => {
                let rest = Arc::clone(&self.rest);
                self.errand(async move {
                    let reply = rest.post(dispatch.route, dispatch.body).await;
                    Input::Posted(dispatch.id, reply)
                });
            }
            Effect::Gateway(purpose, call) => self.call(purpose, call),
            Effect::Fetch { session, turn, attachments, max_bytes } => {
                let dialer = self.dialer.clone();
                self.errand(async move {
                    let files = fetch_all(&dialer, attachments, max_bytes).await;
                    Input::Fetched(session, turn, files)
                });
            }
            Effect::Notify(notice) => self.tell(notice),
            Effect::Revoked { code } => {
                let cause = format!("this installation was revoked ({code})");
                let remedy = Some("Pair this computer again.".into());
                let code = "installation_revoked";
                self.snapshot.cloud = Link::Down { cause, remedy, code, retry_at: None };
                self.stop.cancel();
            }
        }
    }

    /// Calls the gateway: the frame is queued before this returns, so calls leave in order.
    fn call(&self, purpose: Purpose, call: Call) {
        let within = match call {
            Call::ChatSend { .. } => SEND_WITHIN,
            Call::ChatAbort { .. }
            | Call::ChatHistory { .. }
            | Call::ResolveApproval { .. }
            | Call::ListApprovals { .. }
            | Call::SetModel { .. }
            | Call::Query { .. } => CALL_WITHIN,
        };
        let begun = match &self.gateway {
            Some(client) => client.begin(&call),
            None => Err(CallError::Disconnected),
        };
        self.errand(async move {
            let answer = match begun {
                Ok(pending) => pending.wait(within).await,
                Err(error) => Err(error),
            };
            Input::Answered(purpose, answer)
        });
    }

    /// Runs something that waits for the network, and feeds its outcome to the engine.
    fn errand(&self, errand: impl Future<Output = Input> + Send + 'static) {
        let Some(signals) = self.signals.upgrade() else { return };
        self.errands.spawn(async move {
            let input = errand.await;
            // The loop may have ended: then nobody waits for the outcome.
            let _ = signals.send(Signal::Engine(input)).await;
        });
    }

    fn tell(&self, notice: Notice) {
        if self.notify.try_send(notice).is_err() {
            tracing::debug!("a notice is dropped: nobody reads them");
        }
    }

    fn publish(&mut self) {
        self.snapshot.load = self.engine.load();
        self.publish.send_if_modified(|published| {
            let changed = *published != self.snapshot;
            if changed {
                published.clone_from(&self.snapshot);
            }
            changed
        });
    }
}

fn now() -> Now {
    let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Now {
        instant: tokio::time::Instant::now().into_std(),
        unix_ms: u64::try_from(unix_ms).unwrap_or(u64::MAX),
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
