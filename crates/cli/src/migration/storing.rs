//! Keys and token of the npm bridge on their way into the vault.

use bridge::CloudKeys;
use sap::BridgeToken;
use secrecy::ExposeSecret as _;
use vault::Vault;

use super::Kept;
use super::failures::{gone, not_kept, of_key_store, paired_otherwise};
use super::kept::Credentials;
use crate::config::Config;
use crate::exit::Failure;
use crate::keys::InstallationKeys;

/// Stores keys and token and reads them back; says whether all of them are there as they were.
pub(super) async fn store(
    config: &Config,
    vault: &Vault,
    kept: &Kept,
    remarks: &mut Vec<String>,
) -> Result<bool, Failure> {
    let Credentials { token, cloud, device } = &kept.credentials;
    if cloud.origin_key() != config.cloud.origin_key() {
        return Err(gone());
    }
    // It also reads what another program may have stored meanwhile.
    vault.ensure_writable().await?;
    let name = config.token_name();
    let before = vault.credential(&name);
    // What is no token pairs nothing.
    let before = before.and_then(|it| BridgeToken::parse(it.expose_secret()).ok());
    if let Some(before) = &before
        && before.expose() != token.expose()
    {
        return Err(paired_otherwise(before));
    }
    let device = device.as_deref();
    let has_keys = device.is_some() || !kept.session_keys.is_empty();
    if has_keys {
        let keys = InstallationKeys::new(vault.clone(), config.stored_prefix());
        CloudKeys::take_over(&keys, device, &kept.session_keys).await.map_err(of_key_store)?;
    }
    // The token makes it a pairing: it comes when everything else is there.
    vault.store_credential(&name, token.expose().into()).await?;
    let read_back = read_back(config, kept, has_keys, remarks).await;
    if read_back.is_err() && before.is_none() {
        // What went wrong is told; the next start asks again.
        let _ = vault.remove_credential(&name).await;
    }
    read_back
}

/// Compares what another start of this program would find.
async fn read_back(
    config: &Config,
    kept: &Kept,
    has_keys: bool,
    remarks: &mut Vec<String>,
) -> Result<bool, Failure> {
    let (vault, _) = Vault::open(config.secrets.clone()).await?;
    let stored = vault.credential(&config.token_name());
    let Credentials { token, device, .. } = &kept.credentials;
    if stored.is_none_or(|stored| stored.expose_secret() != token.expose()) {
        return Err(not_kept());
    }
    if !has_keys {
        return Ok(true);
    }
    let keys = InstallationKeys::new(vault, config.stored_prefix());
    let keys = CloudKeys::load(&keys).await.map_err(of_key_store)?.ok_or_else(not_kept)?;
    let is_device = device.as_ref().is_none_or(|device| keys.is_device(device));
    if !is_device {
        remarks.push(
            "This computer keeps its own key for encrypted chats, and not that of the npm bridge: the \
             phone has to hand the chats' keys over again."
                .to_owned(),
        );
    }
    let others = kept.session_keys.iter().filter(|(session, key)| !keys.holds(session, key));
    let others = others.count();
    if others > 0 {
        remarks.push(format!(
            "For {others} encrypted chats this computer keeps the keys that it has, and not those \
             of the npm bridge."
        ));
    }
    Ok(is_device && others == 0)
}
