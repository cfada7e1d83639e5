//! A system without a keychain that this program knows.

use std::error::Error as StdError;
use std::sync::Arc;

use keyring_core::{CredentialStore, Error};

use crate::VaultError;

/// Tells that there is none.
pub(crate) fn connect() -> Result<Arc<CredentialStore>, Error> {
    Err(Error::NotSupportedByStore("this system's keychain is not known".to_owned()))
}

/// Recognises nothing.
pub(crate) fn explain(_cause: &(dyn StdError + Send + Sync + 'static)) -> Option<VaultError> {
    None
}

/// Says why there is no keychain, in the system's words.
pub(crate) fn explain_absence(cause: &(dyn StdError + Send + Sync + 'static)) -> String {
    cause.to_string()
}
