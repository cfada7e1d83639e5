//! What differs between the keychains of the systems: how one is reached, and what its errors mean.

use keyring_core::Error;

use crate::VaultError;

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "macos.rs"]
mod system;
#[cfg(target_os = "windows")]
#[path = "windows.rs"]
mod system;
#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
#[path = "none.rs"]
mod system;

pub(crate) use system::connect;

/// Says in the vault's words what a keychain's error means.
pub(crate) fn explain(error: &Error) -> VaultError {
    cause(error)
        .and_then(system::explain)
        .unwrap_or_else(|| VaultError::Keychain { reason: reason(error) })
}

/// Says why no keychain can be reached.
pub(crate) fn explain_absence(error: &Error) -> VaultError {
    let reason = match cause(error) {
        Some(cause) => system::explain_absence(cause),
        None => reason(error),
    };
    VaultError::NoKeychain { reason }
}

type Cause<'a> = &'a (dyn std::error::Error + Send + Sync + 'static);

fn cause(error: &Error) -> Option<Cause<'_>> {
    if let Error::NoStorageAccess(cause) | Error::PlatformFailure(cause) = error {
        Some(&**cause)
    } else {
        None
    }
}

/// None of these texts shows a secret: errors that carry stored bytes print only what is wrong.
fn reason(error: &Error) -> String {
    cause(error).map_or_else(|| error.to_string(), ToString::to_string)
}
