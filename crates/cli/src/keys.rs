//! Keeps the engine's keys in the vault.

use bridge::{Answer, KeyStore, KeyStoreError};
use secrecy::ExposeSecret as _;
use vault::{Vault, VaultError};
use zeroize::Zeroizing;

/// The keys of the installation at one cloud.
#[derive(Debug)]
pub struct InstallationKeys {
    vault: Vault,
    prefix: String,
}

impl InstallationKeys {
    /// Keeps keys under names that begin with `prefix`.
    pub fn new(vault: Vault, prefix: String) -> Self {
        Self { vault, prefix }
    }

    /// The same, as they are stored now: another program may have changed them since this one opened
    /// the vault.
    pub async fn fresh(vault: Vault, prefix: String) -> Self {
        if let Err(error) = vault.look_again().await {
            // Whoever needs to write finds out what is wrong.
            tracing::warn!(%error, "the stored keys cannot be read again");
        }
        Self::new(vault, prefix)
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

impl KeyStore for InstallationKeys {
    fn load<'a>(&'a self, name: &'a str) -> Answer<'a, Option<Zeroizing<Vec<u8>>>> {
        let key = self.vault.key(&self.name(name)).map_err(explain);
        let key = key.map(|key| key.map(|key| Zeroizing::new(key.expose_secret().to_vec())));
        Box::pin(std::future::ready(key))
    }

    fn save<'a>(&'a self, name: &'a str, key: &'a [u8]) -> Answer<'a, ()> {
        Box::pin(async move {
            self.vault.store_key(&self.name(name), key.to_vec().into()).await.map_err(explain)
        })
    }

    fn remove<'a>(&'a self, name: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.vault.remove_key(&self.name(name)).await.map_err(explain) })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn explain(error: VaultError) -> KeyStoreError {
    KeyStoreError { what: error.to_string(), remedy: Some(error.remedy().to_owned()) }
}
