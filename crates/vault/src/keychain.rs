//! The system's keychain, as one item of bytes.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use crate::{VaultError, os};

/// Service name of every item of this program.
const SERVICE: &str = "at.sophon.desktop";
/// How long reaching the keychain may take: nobody is asked anything yet.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an access may take: a prompt may be open.
const ACCESS_TIMEOUT: Duration = Duration::from_secs(120);

/// One item of the keychain.
pub(crate) struct Keychain {
    user: String,
    // A session ends with the daemon that gave it, so it is opened again after an error.
    session: Mutex<Option<Arc<CredentialStore>>>,
}

impl Keychain {
    /// Reaches the keychain, without opening the item of `instance` yet.
    ///
    /// # Errors
    /// [`VaultError::NoKeychain`] when there is none.
    pub(crate) fn connect(instance: Option<&str>) -> Result<Self, VaultError> {
        let user = match instance {
            None => "vault".to_owned(),
            Some(instance) => format!("vault-{instance}"),
        };
        let keychain = Self { user, session: Mutex::new(None) };
        keychain.session()?;
        Ok(keychain)
    }

    /// Names the item for people.
    pub(crate) fn item(&self) -> String {
        format!("the keychain item {SERVICE}/{}", self.user)
    }

    /// Reads the item; none when it does not exist.
    pub(crate) fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        self.access(&self.user, |entry| match entry.get_secret() {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
    }

    /// Writes the item and reads it back.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), VaultError> {
        self.put(&self.user, bytes)
    }

    /// Copies a damaged item to another one, so that it is kept but not read again.
    pub(crate) fn set_aside(&self, bytes: &[u8]) -> Result<String, VaultError> {
        let user = format!("{}-damaged", self.user);
        self.put(&user, bytes)?;
        self.remove()?;
        Ok(format!("the keychain item {SERVICE}/{user}"))
    }

    /// Removes the item, if there is one.
    pub(crate) fn remove(&self) -> Result<(), VaultError> {
        self.access(&self.user, |entry| match entry.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(error),
        })
    }

    fn put(&self, user: &str, bytes: &[u8]) -> Result<(), VaultError> {
        let bytes = Arc::new(Zeroizing::new(bytes.to_vec()));
        let kept = self.access(user, move |entry| {
            entry.set_secret(&bytes)?;
            Ok(Zeroizing::new(entry.get_secret()?) == *bytes)
        })?;
        if kept { Ok(()) } else { Err(VaultError::NotKept) }
    }

    /// Does one thing to an item; once more in a fresh session when the first one fails.
    fn access<T: Send + 'static>(
        &self,
        user: &str,
        action: impl Fn(&Entry) -> Result<T, Error> + Send + Clone + 'static,
    ) -> Result<T, VaultError> {
        for last in [false, true] {
            let session = self.session()?;
            let (user, action) = (user.to_owned(), action.clone());
            let answer = within(ACCESS_TIMEOUT, move || {
                session.build(SERVICE, &user, None).and_then(|entry| action(&entry))
            });
            match answer {
                Some(Ok(value)) => return Ok(value),
                Some(Err(Error::PlatformFailure(cause))) if !last => {
                    tracing::debug!(%cause, "keychain session failed, opening another");
                    self.forget_session();
                }
                Some(Err(error)) => return Err(os::explain(&error)),
                None => {
                    self.forget_session();
                    return Err(VaultError::TimedOut);
                }
            }
        }
        Err(VaultError::TimedOut)
    }

    fn session(&self) -> Result<Arc<CredentialStore>, VaultError> {
        let mut slot = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = &*slot {
            return Ok(session.clone());
        }
        match within(CONNECT_TIMEOUT, os::connect) {
            Some(Ok(session)) => Ok(slot.insert(session).clone()),
            Some(Err(error)) => Err(os::explain_absence(&error)),
            None => Err(VaultError::TimedOut),
        }
    }

    fn forget_session(&self) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Drop for Keychain {
    /// Closing a session talks to the daemon and blocks, which a thread of a runtime may not.
    fn drop(&mut self) {
        let session = self.session.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        thread::spawn(move || drop(session));
    }
}

/// Runs a call that may block for as long as a person thinks; none when it takes too long.
///
/// It has a thread of its own: a runtime would wait for it when the program ends.
fn within<T: Send + 'static>(
    limit: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || {
        // The receiver is gone when the time is over.
        let _ = sender.send(call());
    });
    receiver.recv_timeout(limit).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_call_that_hangs_is_given_up() {
        let (_open, hangs) = mpsc::channel::<()>();
        let started = Instant::now();
        assert_eq!(within(Duration::from_millis(20), move || hangs.recv().is_ok()), None);
        assert!(started.elapsed() < Duration::from_secs(5));
        assert_eq!(within(Duration::from_secs(5), || 7), Some(7));
    }
}
