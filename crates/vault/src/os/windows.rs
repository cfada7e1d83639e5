//! The Credential Manager.

use std::error::Error as StdError;
use std::sync::Arc;

use keyring_core::{CredentialStore, Error};
use windows_native_keyring_store::Store;

use crate::VaultError;

/// Names the keychain; it asks nobody anything.
pub(crate) fn connect() -> Result<Arc<CredentialStore>, Error> {
    Ok(Store::new()?)
}

/// Recognises the one thing that happens to sessions without a profile, such as services.
pub(crate) fn explain(cause: &(dyn StdError + Send + Sync + 'static)) -> Option<VaultError> {
    let text = cause.to_string();
    text.contains("ERROR_NO_SUCH_LOGON_SESSION").then_some(VaultError::NoKeychain { reason: text })
}

/// Says why there is no keychain, in the system's words.
pub(crate) fn explain_absence(cause: &(dyn StdError + Send + Sync + 'static)) -> String {
    cause.to_string()
}
