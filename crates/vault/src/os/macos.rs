//! The login keychain.

use std::error::Error as StdError;
use std::sync::Arc;

use apple_native_keyring_store::keychain::Store;
use keyring_core::{CredentialStore, Error};

use crate::VaultError;

const AUTH_FAILED: i32 = -25293;
const USER_CANCELED: i32 = -128;
const INTERACTION_NOT_ALLOWED: i32 = -25308;
const NO_DEFAULT_KEYCHAIN: i32 = -25307;
const NOT_AVAILABLE: i32 = -25291;

/// Names the keychain; it asks nobody anything.
pub(crate) fn connect() -> Result<Arc<CredentialStore>, Error> {
    Ok(Store::new()?)
}

/// Recognises what a person can do something about.
pub(crate) fn explain(cause: &(dyn StdError + Send + Sync + 'static)) -> Option<VaultError> {
    let error: &security_framework::base::Error = cause.downcast_ref()?;
    match error.code() {
        INTERACTION_NOT_ALLOWED => Some(VaultError::Locked),
        AUTH_FAILED | USER_CANCELED => Some(VaultError::Denied),
        NO_DEFAULT_KEYCHAIN | NOT_AVAILABLE => {
            Some(VaultError::NoKeychain { reason: error.to_string() })
        }
        _ => None,
    }
}

/// Says why there is no keychain, in the system's words.
pub(crate) fn explain_absence(cause: &(dyn StdError + Send + Sync + 'static)) -> String {
    cause.to_string()
}
