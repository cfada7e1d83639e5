//! The store that keeps the keys of the computer, and outlives the bridge's process.

use std::collections::{BTreeSet, HashMap};
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use bridge::{Answer, CloudKeys, KeyStore, Keyring};
use sap::SessionId;
use zeroize::Zeroizing;

use crate::secrets::Secrets;

/// Name of the computer's own key.
const DEVICE_KEY: &str = "cloud/device-key";
/// Name of the keys of sessions.
const SESSION_KEYS: &str = "cloud/session-keys";

/// What is kept.
#[derive(Debug, Default)]
pub(crate) struct KeptKeys(Mutex<HashMap<String, Vec<u8>>>);

impl KeptKeys {
    /// A store that keeps a computer's own key.
    pub(crate) fn of(secrets: &Secrets) -> Self {
        let device = (DEVICE_KEY.to_owned(), secrets.bridge.expose().to_vec());
        Self(Mutex::new(HashMap::from([device])))
    }

    /// Keeps the keys of sessions.
    pub(crate) fn keep(&self, keyring: &Keyring) {
        at_once(self.save(SESSION_KEYS, &keyring.to_bytes())).unwrap();
    }

    /// Gives what is kept.
    pub(crate) fn load(&self) -> CloudKeys {
        at_once(CloudKeys::load(self)).unwrap().unwrap()
    }

    /// The keys of sessions that are kept, by session and number.
    pub(crate) fn numbers(&self, secrets: &Secrets) -> BTreeSet<(String, usize)> {
        let keys = self.load();
        let of_session = |session: &str| {
            let id = SessionId::new(session);
            let held = secrets.keys(session).filter(|(_, key)| keys.holds(&id, key.expose()));
            held.map(|(number, _)| (session.to_owned(), number)).collect::<Vec<_>>()
        };
        secrets.sessions().flat_map(of_session).collect()
    }
}

impl KeyStore for KeptKeys {
    fn load<'a>(&'a self, name: &'a str) -> Answer<'a, Option<Zeroizing<Vec<u8>>>> {
        let kept = self.0.lock().unwrap().get(name).cloned();
        Box::pin(async { Ok(kept.map(Zeroizing::new)) })
    }

    fn save<'a>(&'a self, name: &'a str, key: &'a [u8]) -> Answer<'a, ()> {
        self.0.lock().unwrap().insert(name.to_owned(), key.to_vec());
        Box::pin(async { Ok(()) })
    }

    fn remove<'a>(&'a self, name: &'a str) -> Answer<'a, ()> {
        self.0.lock().unwrap().remove(name);
        Box::pin(async { Ok(()) })
    }
}

/// The outcome of what never waits.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("the store of keys waits for something"),
    }
}
