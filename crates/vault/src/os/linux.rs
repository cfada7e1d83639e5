//! The Secret Service of the session bus: GNOME Keyring, KWallet, KeePassXC and others.

use std::error::Error as StdError;
use std::sync::Arc;

use keyring_core::{CredentialStore, Error};
use zbus_secret_service_keyring_store::Store;

use crate::VaultError;

/// Opens a session with the keychain; it asks nobody anything.
pub(crate) fn connect() -> Result<Arc<CredentialStore>, Error> {
    Ok(Store::new()?)
}

/// Recognises what a person can do something about.
pub(crate) fn explain(cause: &(dyn StdError + Send + Sync + 'static)) -> Option<VaultError> {
    use secret_service::Error::{Locked, NoResult, Prompt, PromptDisconnected};
    let error = cause.downcast_ref::<secret_service::Error>()?;
    if matches!(error, NoResult) {
        let reason = "it has no default collection".to_owned();
        return Some(VaultError::NoKeychain { reason });
    }
    // Without anybody to ask, the service dismisses its own prompt at once.
    matches!(error, Locked | Prompt | PromptDisconnected).then_some(VaultError::Locked)
}

/// Says why there is no keychain, in words for people.
pub(crate) fn explain_absence(cause: &(dyn StdError + Send + Sync + 'static)) -> String {
    let text = cause.to_string();
    tracing::debug!(cause = text, "no keychain");
    if text.contains("ServiceUnknown") {
        return "no Secret Service runs in this session".to_owned();
    }
    match cause.downcast_ref() {
        Some(secret_service::Error::Unavailable | secret_service::Error::Zbus(_)) => {
            "this session has no bus to reach a Secret Service".to_owned()
        }
        Some(_) | None => text,
    }
}
