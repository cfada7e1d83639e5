//! Where secrets live: one keychain item for the few *credentials*, and one file of *keys*
//! sealed under a wrapping key that the item holds. So one keychain prompt serves everything.
//!
//! Where a computer has no keychain, a file that only its owner can read takes the item's place,
//! and the vault says so. A keychain that is locked or that refuses is an error, never a reason
//! to fall back.

mod disk;
mod error;
mod home;
mod keychain;
mod notice;
mod os;
mod root;
mod sealed;
mod store;
mod vault;

pub use error::VaultError;
pub use notice::VaultNotice;
pub use vault::{Backend, Opened, Place, Preference, Vault};
