//! A running installation: the engine, its two links, and the loop between them.

use std::sync::Arc;
use std::time::Duration;

use dial::Dialer;
use journal::{CommitError, Journal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::access::{Access, AccessAct, AccessDone, AccessError, AccessSnapshot, Attention};
use crate::driver::{Driver, Keys, Outlets};
use crate::engine::Input;
use crate::links::cloud::CloudLink;
use crate::links::gateway::GatewayLink;
use crate::links::{Lead, Signal};
use crate::pulse::Vitals;
use crate::row_seal::RowSeal;
use crate::settings::KeyStore;
use crate::{CloudKeys, KeyStoreError, Notice, Pulse, Settings, Snapshot};

/// How many signals wait for the loop before their senders wait too: events of the gateway may be
/// large, and those that wait with its link are merged.
const SIGNALS: usize = 16;
/// How many frames wait for the cloud's socket; further ones are dropped, and come about again.
const CLOUD_FRAMES: usize = 1024;
/// How many notices wait to be read; further ones are dropped.
const NOTICES: usize = 256;
/// How long quitting may take: ends that are still on their way get this long.
const QUIT_WITHIN: Duration = Duration::from_secs(5);

/// An installation at work. Dropping it ends its tasks at once; [`Installation::stop`] ends them
/// in order. Afterwards another one may be started with the same settings.
pub struct Installation {
    snapshot: watch::Receiver<Snapshot>,
    notices: mpsc::Receiver<Notice>,
    signals: mpsc::Sender<Signal>,
    vitals: Arc<Vitals>,
    access: Access,
    retry: watch::Sender<()>,
    stop: CancellationToken,
    _abort_on_drop: DropGuard,
    done: JoinHandle<()>,
}

/// An installation cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its journal cannot be read.
    #[error("the journal cannot be read: {0}")]
    Journal(#[from] CommitError),
    /// The system gives no thread to write the journal.
    #[error("the journal cannot be written: {0}")]
    Thread(#[from] std::io::Error),
    /// One of its keys cannot be read, or not be kept.
    #[error("a key of this installation cannot be read or kept: {0}")]
    Keys(#[from] KeyStoreError),
}

impl StartError {
    /// What a person can do about it, as a sentence, where anything but another try is known.
    pub fn remedy(&self) -> Option<&str> {
        match self {
            Self::Journal(error) => Some(error.remedy()),
            Self::Thread(_) => None,
            Self::Keys(error) => error.remedy.as_deref(),
        }
    }
}

impl Installation {
    /// Starts the two links and the loop between them on the current runtime, which goes on from
    /// what the installation's journal holds. What it is sealed under is kept among the keys; rows
    /// that were sealed under another key are dropped.
    ///
    /// # Errors
    /// When the journal or a key cannot be read, a key cannot be kept, or the system gives no thread
    /// to write the journal.
    pub async fn start(
        settings: Settings,
        dialer: Dialer,
        keys: Arc<dyn KeyStore>,
        journal: Journal,
    ) -> Result<Self, StartError> {
        let loop_keys = Keys {
            store: Arc::clone(&keys),
            journal: RowSeal::load_or_make(keys.as_ref()).await?,
            cloud: CloudKeys::load_or_make(keys.as_ref()).await?,
        };
        let stop = CancellationToken::new();
        // The links outlast the loop: what it has to say last still goes through them.
        let stop_links = CancellationToken::new();
        let (signals, inbox) = mpsc::channel(SIGNALS);
        let (frames, outgoing) = mpsc::channel(CLOUD_FRAMES);
        let (notify, notices) = mpsc::channel(NOTICES);
        let (publish, snapshot) = watch::channel(Snapshot::starting());
        let (retry, wishes) = watch::channel(());
        let vitals = Arc::new(Vitals::default());
        let lead = Lead {
            dialer: dialer.clone(),
            settings: settings.clone(),
            signals: signals.clone(),
            vitals: Arc::clone(&vitals),
            retry: wishes,
            stop: stop_links.clone(),
        };
        let outlets = Outlets { frames, notices: notify, snapshot: publish };
        let weak = signals.downgrade();
        let driver =
            Driver::new(settings, dialer, journal, loop_keys, weak, outlets, stop.clone())?;
        let links = TaskTracker::new();
        links.spawn(CloudLink { lead: lead.clone(), outgoing }.run());
        let (access, access_task) =
            Access::new(Lead { stop: stop.clone(), ..lead.clone() }, Arc::clone(&keys));
        links.spawn(access_task);
        links.spawn(GatewayLink { lead, keys }.run());
        links.close();
        let done = tokio::spawn(async move {
            let stop_links = stop_links.drop_guard();
            driver.run(inbox).await;
            drop(stop_links);
            links.wait().await;
        });
        let _abort_on_drop = stop.clone().drop_guard();
        Ok(Self { snapshot, notices, signals, vitals, access, retry, stop, _abort_on_drop, done })
    }

    /// Watches the installation's state.
    pub fn snapshot(&self) -> watch::Receiver<Snapshot> {
        self.snapshot.clone()
    }

    /// Waits for the next notice; none when the installation has stopped.
    pub async fn next_notice(&mut self) -> Option<Notice> {
        self.notices.recv().await
    }

    /// Looks when the two sides were last heard from.
    pub fn pulse(&self) -> Pulse {
        self.vitals.pulse()
    }

    /// Lets each side that waits for its next try be tried at once. If that fails, the waits go on
    /// growing as before.
    pub fn retry_now(&self) {
        self.retry.send_replace(());
    }

    /// Decides an approval at this computer. What comes of it is told by a [`Notice`]; without one
    /// once the installation has stopped.
    pub fn decide(
        &self,
        approval: String,
        decision: openclaw::Decision,
    ) -> impl Future<Output = ()> + Send + use<> {
        let signals = self.signals.clone();
        let input = Input::Decided(approval, decision);
        async move {
            // After the installation has stopped, nothing can be decided any more.
            let _ = signals.send(Signal::Engine(input)).await;
        }
    }

    /// Says how much anybody cares who may use the gateway; nobody, at first.
    pub fn attend(&self, attention: Attention) {
        self.access.attend(attention);
    }

    /// Watches who may use the gateway.
    pub fn access(&self) -> watch::Receiver<AccessSnapshot> {
        self.access.snapshot()
    }

    /// Does something about who may use the gateway, and waits until the gateway has confirmed it.
    /// It is begun by the call, and goes on when nobody waits any more.
    ///
    /// # Errors
    /// Why it was not done; after a missing answer it may have been.
    pub fn act(
        &self,
        act: AccessAct,
    ) -> impl Future<Output = Result<AccessDone, AccessError>> + Send + use<> {
        self.access.act(act)
    }

    /// Stops in order, within 5 s: ends that are on their way get the chance to arrive.
    pub async fn stop(self) {
        self.stop.cancel();
        if tokio::time::timeout(QUIT_WITHIN, self.done).await.is_err() {
            tracing::warn!("the installation did not stop in time");
        }
    }
}
