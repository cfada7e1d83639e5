//! The loop of an installation: it feeds the engine and performs what the engine wants done.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dial::Dialer;
use journal::Journal;
use openclaw::{Call, CallError, Client};
use sap::{Outgoing, Rest};
use secrecy::SecretString;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::engine::{Effect, Engine, Input, Now, Purpose, TouchedFile};
use crate::fetch::fetch_all;
use crate::keeper::Keeper;
use crate::key_saver::KeySaver;
use crate::links::Signal;
use crate::look::look;
use crate::row_seal::RowSeal;
use crate::{CloudKeys, KeyStore, Link, Notice, Settings, Snapshot, StartError};

/// How long a message may take to be accepted: the gateway prepares files meanwhile.
const SEND_WITHIN: Duration = Duration::from_secs(60);
/// How long any other call to the gateway may take.
const CALL_WITHIN: Duration = Duration::from_secs(20);
/// How long quitting waits for ends that cannot be delivered now.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);
/// The same for the stops of runs, once the installation is revoked.
const REVOKED_FLUSH_WITHIN: Duration = Duration::from_millis(500);
/// How long quitting waits for the journal.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// The one loop that owns the engine. It never waits for the network: errands do.
pub(crate) struct Driver {
    engine: Engine,
    keeper: Keeper,
    key_saver: KeySaver,
    rest: Arc<Rest>,
    dialer: Dialer,
    gateway: Option<Client>,
    snapshot: Snapshot,
    signals: mpsc::WeakSender<Signal>,
    outlets: Outlets,
    stop: CancellationToken,
    errands: TaskTracker,
    /// Ends the errands with the loop: nobody waits for their outcome then.
    gone: CancellationToken,
    _end_errands: DropGuard,
    was_ready: bool,
    is_revoked: bool,
}

/// The keys that the loop needs, and where it keeps further ones.
pub(crate) struct Keys {
    /// Keeps them.
    pub(crate) store: Arc<dyn KeyStore>,
    /// Seals the journal.
    pub(crate) journal: RowSeal,
    /// Opens and seals what encrypted sessions say.
    pub(crate) cloud: CloudKeys,
}

/// Where the loop tells what it has to tell.
pub(crate) struct Outlets {
    /// Frames for the cloud's socket.
    pub(crate) frames: mpsc::Sender<Outgoing>,
    /// Notices for whoever watches.
    pub(crate) notices: mpsc::Sender<Notice>,
    /// The state for whoever watches.
    pub(crate) snapshot: watch::Sender<Snapshot>,
}

impl Driver {
    /// Makes the loop of an installation, which goes on from what its journal holds; outcomes of
    /// its errands come back through `signals`.
    ///
    /// # Errors
    /// When the journal cannot be read or used.
    pub(crate) fn new(
        settings: Settings,
        dialer: Dialer,
        journal: Journal,
        keys: Keys,
        signals: mpsc::WeakSender<Signal>,
        outlets: Outlets,
        stop: CancellationToken,
    ) -> Result<Self, StartError> {
        let Settings { cloud, token, gateway, .. } = settings;
        let Keys { store, journal: seal, cloud: cloud_keys } = keys;
        let (keeper, rows) = Keeper::start(journal, seal)?;
        let mut engine = Engine::restore(token.installation_id(), fastrand::u64(..), &rows, now());
        engine.keep_secret(&SecretString::from(token.expose()));
        engine.hold_keys(cloud_keys, gateway.display_name);
        let gone = CancellationToken::new();
        let key_saver = KeySaver::start(store, signals.clone(), gone.clone());
        Ok(Self {
            engine,
            keeper,
            key_saver,
            rest: Arc::new(Rest::new(dialer.clone(), cloud, token)),
            dialer,
            gateway: None,
            snapshot: Snapshot::starting(),
            signals,
            outlets,
            stop,
            errands: TaskTracker::new(),
            _end_errands: gone.clone().drop_guard(),
            gone,
            was_ready: false,
            is_revoked: false,
        })
    }

    /// Runs until it is told to stop or the installation is revoked.
    pub(crate) async fn run(mut self, mut inbox: mpsc::Receiver<Signal>) {
        // What an earlier process left to be sent is sent without anything else happening.
        self.feed(Input::Tick);
        loop {
            let deadline = self.engine.deadline(now());
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                signal = inbox.recv(), if !self.keeper.is_full() => match signal {
                    Some(signal) => self.take(signal),
                    None => break,
                },
                () = self.keeper.changed() => self.kept(),
                () = sleep_until(deadline) => self.feed(Input::Tick),
            }
            self.publish();
        }
        self.flush(&mut inbox).await;
        self.snapshot.storage = None;
        if !self.is_revoked {
            self.snapshot.cloud = Link::Stopped;
        }
        self.snapshot.gateway = Link::Stopped;
        self.snapshot.approvals = Arc::default();
        let Self { keeper, is_revoked, snapshot, outlets, .. } = self;
        close_journal(keeper, is_revoked).await;
        outlets.snapshot.send_replace(snapshot);
    }

    /// Lets what is on its way arrive before the program ends.
    async fn flush(&mut self, inbox: &mut mpsc::Receiver<Signal>) {
        let within = if self.is_revoked { REVOKED_FLUSH_WITHIN } else { FLUSH_WITHIN };
        let until = tokio::time::Instant::now() + within;
        self.feed(Input::Quit);
        self.errands.close();
        while !(self.engine.is_settled() && self.keeper.is_settled() && self.errands.is_empty()) {
            let deadline = self.engine.deadline(now());
            let is_done = self.engine.is_settled() && self.keeper.is_settled();
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                () = self.errands.wait(), if is_done => return,
                signal = inbox.recv() => match signal {
                    Some(signal) => self.take_last(signal),
                    None => return,
                },
                () = self.keeper.changed() => self.kept(),
                () = sleep_until(deadline) => self.feed(Input::Tick),
            }
        }
    }

    /// Nothing new is begun any more: the cloud delivers what is not acknowledged again.
    fn take_last(&mut self, signal: Signal) {
        match signal {
            Signal::Engine(Input::Update(_) | Input::Question(_) | Input::Gateway(_)) => {}
            signal @ (Signal::Engine(_)
            | Signal::Cloud(_)
            | Signal::Gateway(..)
            | Signal::Notify(_)
            | Signal::Secret(_)) => self.take(signal),
        }
    }

    fn take(&mut self, signal: Signal) {
        match signal {
            Signal::Engine(input) => self.feed(input),
            // That it was revoked stays.
            Signal::Cloud(_) if self.is_revoked => {}
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
        let step = self.engine.handle(input, now());
        self.keeper.take(step);
        self.perform_due();
    }

    /// The journal kept something, or cannot.
    fn kept(&mut self) {
        self.perform_due();
        let trouble = self.keeper.trouble();
        if trouble != self.snapshot.storage {
            self.tell(Notice::Storage { trouble: trouble.clone() });
            self.snapshot.storage = trouble;
        }
    }

    fn perform_due(&mut self) {
        while let Some(effect) = self.keeper.next_due() {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Cloud(frame) => {
                if self.outlets.frames.try_send(frame).is_err() {
                    tracing::debug!("a frame to the cloud is dropped: the socket is away");
                }
            }
            Effect::Post(dispatch) => {
                let rest = Arc::clone(&self.rest);
                self.errand(async move {
                    let reply = rest.post(&dispatch.route, dispatch.body).await;
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
            Effect::Look { session, file: TouchedFile { tool, path } } => {
                self.errand(async move {
                    let (path, bytes) = look(path).await?;
                    Some(Input::Looked(session, tool, path, bytes))
                });
            }
            Effect::KeepKeys(number, keyring) => self.key_saver.save(number, keyring),
            Effect::Notify(notice) => self.tell(notice),
            Effect::Revoked { code } => {
                let cause = format!("this installation was revoked ({code})");
                let remedy = Some("Pair this computer again.".into());
                let code = "installation_revoked";
                self.snapshot.cloud = Link::Down { cause, remedy, code, retry_at: None };
                self.is_revoked = true;
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
    fn errand<O: Into<Option<Input>>>(&self, errand: impl Future<Output = O> + Send + 'static) {
        let Some(signals) = self.signals.upgrade() else { return };
        let errand = async move {
            let Some(input) = errand.await.into() else { return };
            // The loop may have ended: then nobody waits for the outcome.
            let _ = signals.send(Signal::Engine(input)).await;
        };
        self.errands.spawn(self.gone.clone().run_until_cancelled_owned(errand));
    }

    fn tell(&self, notice: Notice) {
        if self.outlets.notices.try_send(notice).is_err() {
            tracing::debug!("a notice is dropped: nobody reads them");
        }
    }

    fn publish(&mut self) {
        self.snapshot.load = self.engine.load();
        self.snapshot.approvals = self.engine.approvals();
        self.snapshot.history = self.engine.history();
        self.outlets.snapshot.send_if_modified(|published| {
            let changed = *published != self.snapshot;
            if changed {
                published.clone_from(&self.snapshot);
            }
            changed
        });
    }
}

/// Ends the journal in order; that of a revoked installation is deleted.
async fn close_journal(keeper: Keeper, is_revoked: bool) {
    let closed = tokio::task::spawn_blocking(move || match keeper.finish(CLOSE_WITHIN) {
        Some(journal) if is_revoked => journal.remove(),
        Some(_) => Ok(()),
        None => Err(std::io::ErrorKind::TimedOut.into()),
    });
    if let Ok(Err(error)) = closed.await {
        tracing::warn!(%error, "the journal was not closed in order");
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
