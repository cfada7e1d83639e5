//! Who we are at the gateway: one device key an installation, and the device tokens it was given.

use std::sync::Arc;

use openclaw::{Credential, DeviceId, DeviceIdentity, GatewayUrl, Identity};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::settings::{KeyStore, load_key};
use crate::{GatewaySettings, KeyStoreError, Settings};

/// Name under which a [`KeyStore`] keeps the key of the installation's own device at its gateway.
pub const DEVICE_KEY: &str = "gateway/device-key";
/// How many characters of the device id make the display name unique.
const SUFFIX: usize = 6;

/// The device key, and what the gateway gave for it.
pub(super) struct Passport {
    keys: Arc<dyn KeyStore>,
    pub(super) device: DeviceIdentity,
    pub(super) identity: Identity,
}

impl Passport {
    /// Loads the device key, or makes one and keeps it.
    pub(super) async fn open(
        keys: Arc<dyn KeyStore>,
        settings: &Settings,
    ) -> Result<Self, KeyStoreError> {
        let device = load_or_make(keys.as_ref()).await?;
        let GatewaySettings { display_name, .. } = &settings.gateway;
        let suffix = device.id().get(..SUFFIX).unwrap_or_default();
        let identity = Identity {
            display_name: format!("{display_name} {suffix}"),
            version: settings.version.clone(),
            platform: platform(),
        };
        Ok(Self { keys, device, identity })
    }

    /// The device token that this gateway gave last, if it still may be good.
    pub(super) async fn device_token(&self, url: &GatewayUrl) -> Option<Credential> {
        let kept = match self.keys.load(&token_name(url)).await {
            Ok(kept) => kept?,
            Err(error) => {
                tracing::warn!(%error, "the gateway's device token cannot be read");
                return None;
            }
        };
        let token = String::from_utf8(kept.to_vec()).ok()?;
        Some(Credential::Device(SecretString::from(token)))
    }

    /// Keeps the device token of the last greeting: it rotates.
    pub(super) async fn keep_device_token(&self, url: &GatewayUrl, token: &SecretString) {
        let secret = token.expose_secret().as_bytes();
        if let Err(error) = self.keys.save(&token_name(url), secret).await {
            tracing::warn!(%error, "the gateway's device token cannot be kept");
        }
    }

    /// Forgets a device token that the gateway does not accept.
    pub(super) async fn drop_device_token(&self, url: &GatewayUrl) {
        if let Err(error) = self.keys.remove(&token_name(url)).await {
            tracing::warn!(%error, "the gateway's old device token cannot be deleted");
        }
    }
}

/// Reads which device this installation's own link is; none before it signed in the first time.
pub(crate) async fn own_device(keys: &dyn KeyStore) -> Result<Option<DeviceId>, KeyStoreError> {
    let secret = load_key(keys, DEVICE_KEY).await?;
    Ok(secret.map(|secret| DeviceId::new(DeviceIdentity::from_secret(&secret).id())))
}

/// Says which device of the gateway has this key; none where it is no device key.
pub fn device_with(key: &[u8]) -> Option<DeviceId> {
    let secret = Zeroizing::new(<[u8; 32]>::try_from(key).ok()?);
    Some(DeviceId::new(DeviceIdentity::from_secret(&secret).id()))
}

async fn load_or_make(keys: &dyn KeyStore) -> Result<DeviceIdentity, KeyStoreError> {
    if let Some(secret) = load_key(keys, DEVICE_KEY).await? {
        return Ok(DeviceIdentity::from_secret(&secret));
    }
    let device = DeviceIdentity::generate().map_err(KeyStoreError::no_randomness)?;
    keys.save(DEVICE_KEY, device.secret_bytes().as_slice()).await?;
    Ok(device)
}

fn token_name(url: &GatewayUrl) -> String {
    format!("gateway/device-token/{url}")
}

/// A constant word: the gateway pins it at pairing, so it must never carry a version
/// (`openclaw-facts.md`, C6).
const fn platform() -> &'static str {
    if cfg!(target_os = "macos") {
        "macos"
    } else if cfg!(target_os = "windows") {
        "windows"
    } else {
        "linux"
    }
}
