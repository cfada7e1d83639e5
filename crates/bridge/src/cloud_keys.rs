use sap::SessionId;
use sap::sealed::{ContentKey, DeviceKey};
use zeroize::Zeroizing;

use crate::keyring::Keyring;
use crate::settings::load_key;
use crate::{KeyStore, KeyStoreError};

/// Name of this bridge's own key in the key store.
const DEVICE_KEY: &str = "cloud/device-key";
/// Name of the session keys in the key store: all are one value, so that hundreds cost one write.
const SESSION_KEYS: &str = "cloud/session-keys";

/// The keys with which this computer takes part in encrypted sessions.
#[derive(Debug)]
pub struct CloudKeys {
    pub(crate) device: DeviceKey,
    pub(crate) keyring: Keyring,
}

impl CloudKeys {
    /// Reads the keys that are kept; none before this computer made its own.
    ///
    /// # Errors
    /// When the key store cannot be read.
    pub async fn load(store: &dyn KeyStore) -> Result<Option<Self>, KeyStoreError> {
        let Some(secret) = load_key(store, DEVICE_KEY).await? else { return Ok(None) };
        let keyring = load_keyring(store).await?;
        Ok(Some(Self { device: DeviceKey::from_bytes(&secret), keyring }))
    }

    /// Reads the keys that are kept, or makes this computer's own and keeps it.
    ///
    /// # Errors
    /// When the key store cannot be read or written, or the system gives no random numbers.
    pub async fn load_or_make(store: &dyn KeyStore) -> Result<Self, KeyStoreError> {
        if let Some(kept) = Self::load(store).await? {
            return Ok(kept);
        }
        let device = DeviceKey::generate().map_err(KeyStoreError::no_randomness)?;
        store.save(DEVICE_KEY, device.expose()).await?;
        Ok(Self { device, keyring: load_keyring(store).await? })
    }

    /// Takes over the keys of another program of this computer: its own key where none is kept yet,
    /// a session's where none is held. They are kept when this returns.
    ///
    /// # Errors
    /// When the key store cannot be read or written.
    pub async fn take_over(
        store: &dyn KeyStore,
        device: Option<&[u8; 32]>,
        sessions: &[(SessionId, Zeroizing<[u8; 32]>)],
    ) -> Result<(), KeyStoreError> {
        if let Some(device) = device
            && Self::load(store).await?.is_none()
        {
            store.save(DEVICE_KEY, device).await?;
        }
        let mut keyring = Self::load_or_make(store).await?.keyring;
        for (session, key) in sessions {
            keyring.hold_first(session, ContentKey::from_bytes(key));
        }
        save_keyring(store, &keyring).await
    }

    /// Says whether this is a key of the session.
    pub fn holds(&self, session: &SessionId, key: &[u8; 32]) -> bool {
        let key = ContentKey::from_bytes(key);
        self.keyring.of(session).any(|held| *held == key)
    }

    /// Says whether this is the computer's own key.
    pub fn is_device(&self, secret: &[u8; 32]) -> bool {
        // What is equal in constant time as a session's key is so as any 32 bytes.
        ContentKey::from_bytes(self.device.expose()) == ContentKey::from_bytes(secret)
    }
}

async fn load_keyring(store: &dyn KeyStore) -> Result<Keyring, KeyStoreError> {
    let Some(kept) = store.load(SESSION_KEYS).await? else { return Ok(Keyring::default()) };
    Ok(Keyring::from_bytes(&kept).unwrap_or_else(|error| {
        tracing::warn!(%error, "the phone has to hand the session keys over again");
        Keyring::default()
    }))
}

/// Keeps the session keys.
///
/// # Errors
/// When the key store cannot be written.
pub(crate) async fn save_keyring(
    store: &dyn KeyStore,
    keyring: &Keyring,
) -> Result<(), KeyStoreError> {
    store.save(SESSION_KEYS, &keyring.to_bytes()).await
}
