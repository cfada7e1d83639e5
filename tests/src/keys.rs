use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge::{Answer, KeyStore};
use zeroize::Zeroizing;

/// Keeps keys for as long as a flow lasts.
#[derive(Default)]
pub struct MemoryKeys(Mutex<HashMap<String, Vec<u8>>>);

impl MemoryKeys {
    fn keys(&self) -> MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names of the keys that are kept.
    pub fn names(&self) -> Vec<String> {
        self.keys().keys().cloned().collect()
    }
}

impl KeyStore for MemoryKeys {
    fn load<'a>(&'a self, name: &'a str) -> Answer<'a, Option<Zeroizing<Vec<u8>>>> {
        Box::pin(async move { Ok(self.keys().get(name).cloned().map(Zeroizing::new)) })
    }

    fn save<'a>(&'a self, name: &'a str, key: &'a [u8]) -> Answer<'a, ()> {
        Box::pin(async move {
            self.keys().insert(name.to_owned(), key.to_vec());
            Ok(())
        })
    }

    fn remove<'a>(&'a self, name: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.keys().remove(name);
            Ok(())
        })
    }
}
