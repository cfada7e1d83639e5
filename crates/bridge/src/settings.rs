use std::fmt::Display;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use openclaw::GatewayUrl;
use sap::{BridgeToken, CloudUrl};
use secrecy::SecretString;
use zeroize::Zeroizing;

/// What an installation needs to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Cloud that it was paired with.
    pub cloud: CloudUrl,
    /// Token that it was paired with.
    pub token: BridgeToken,
    /// Gateway that it serves.
    pub gateway: GatewaySettings,
    /// Version of this program, as both sides are told.
    pub version: String,
}

/// Where the gateway is, and who we are there.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// Its URL; without one, OpenClaw's own configuration is read at every connection.
    pub url: Option<GatewayUrl>,
    /// Its shared token; without one, OpenClaw's own configuration is read at every connection.
    pub token: Option<SecretString>,
    /// Folder of OpenClaw's configuration.
    pub state_dir: PathBuf,
    /// Name that the gateway's owner sees. A suffix unique to this installation is added: the
    /// gateway deletes records of devices with equal names (`openclaw-facts.md`, C7).
    pub display_name: String,
}

/// Keeps the keys that an installation makes for itself: its device key, the gateway's device
/// tokens, and the key that its journal is sealed under.
pub trait KeyStore: Send + Sync {
    /// Reads a key; none when there is none.
    fn load<'a>(&'a self, name: &'a str) -> Answer<'a, Option<Zeroizing<Vec<u8>>>>;
    /// Writes a key; it is durable when the future completes.
    fn save<'a>(&'a self, name: &'a str, key: &'a [u8]) -> Answer<'a, ()>;
    /// Deletes a key, if there is one.
    fn remove<'a>(&'a self, name: &'a str) -> Answer<'a, ()>;
}

/// A pending answer of a [`KeyStore`].
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, KeyStoreError>> + Send + 'a>>;

/// Reads a key of 32 bytes; none where there is none, or something else in its place.
///
/// # Errors
/// When the key store cannot be read.
pub(crate) async fn load_key(
    store: &dyn KeyStore,
    name: &str,
) -> Result<Option<Zeroizing<[u8; 32]>>, KeyStoreError> {
    let Some(kept) = store.load(name).await? else { return Ok(None) };
    let key = <[u8; 32]>::try_from(kept.as_slice()).map(Zeroizing::new);
    if key.is_err() {
        tracing::warn!(name, "what is kept in place of a key is none, and is replaced");
    }
    Ok(key.ok())
}

/// A key could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct KeyStoreError {
    /// What happened, as a sentence fragment.
    pub what: String,
    /// What a person can do about it.
    pub remedy: Option<String>,
}

impl KeyStoreError {
    /// The system gives no random numbers to make a key of.
    pub(crate) fn no_randomness(error: impl Display) -> Self {
        Self { what: format!("no random numbers for a key: {error}"), remedy: None }
    }
}
