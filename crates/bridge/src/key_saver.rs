//! Keeps the session keys, however long the key store needs for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::cloud_keys::save_keyring;
use crate::engine::Input;
use crate::links::Signal;
use crate::{KeyStore, Keyring};

/// Where the pauses between tries begin and end.
const RETRY: Backoff = Backoff::between(Duration::from_secs(1), Duration::from_secs(60));

/// A keyring and its number, the later the greater.
type Wish = (u64, Keyring);

/// Saves the newest keyring in the background, and tells the engine up to which it is kept.
#[derive(Debug)]
pub(crate) struct KeySaver {
    wishes: watch::Sender<Option<Wish>>,
}

impl KeySaver {
    /// Starts the task that saves; it ends with the saver, or when it is told to stop.
    pub(crate) fn start(
        store: Arc<dyn KeyStore>,
        signals: mpsc::WeakSender<Signal>,
        stop: CancellationToken,
    ) -> Self {
        let (wishes, wished) = watch::channel(None);
        tokio::spawn(stop.run_until_cancelled_owned(save_all(store, wished, signals)));
        Self { wishes }
    }

    /// Saves this keyring, and none that came before it.
    pub(crate) fn save(&self, number: u64, keyring: Keyring) {
        self.wishes.send_replace(Some((number, keyring)));
    }
}

async fn save_all(
    store: Arc<dyn KeyStore>,
    mut wished: watch::Receiver<Option<Wish>>,
    signals: mpsc::WeakSender<Signal>,
) {
    let mut random = fastrand::Rng::new();
    let mut failures = 0;
    while wished.changed().await.is_ok() {
        loop {
            let wish = wished.borrow_and_update().clone();
            let Some((number, keyring)) = wish else { break };
            let outcome = save_keyring(store.as_ref(), &keyring).await;
            let Some(signals) = signals.upgrade() else { return };
            let input = match &outcome {
                Ok(()) => Input::KeysKept(Ok(number)),
                Err(error) => {
                    tracing::warn!(%error, "the session keys cannot be kept now");
                    Input::KeysKept(Err(error.to_string()))
                }
            };
            if signals.send(Signal::Engine(input)).await.is_err() {
                return;
            }
            if outcome.is_ok() {
                failures = 0;
                break;
            }
            failures += 1;
            drop(signals);
            tokio::time::sleep(RETRY.delay(failures, &mut random)).await;
        }
    }
}
