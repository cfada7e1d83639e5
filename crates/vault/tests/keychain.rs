//! The vault over a real keychain.
#![cfg(test)]
#![cfg(target_os = "linux")]

#[cfg(test)]
mod session;

use std::fs;
use std::time::{Duration, Instant};

use keyring_core::api::CredentialStoreApi as _;
use secrecy::{ExposeSecret as _, SecretSlice};
use session::{Session, on_private_bus};
use vault::{Backend, Opened, Place, Preference, Vault, VaultError, VaultNotice};
use zbus_secret_service_keyring_store::Store;

async fn open_as(session: &Session, preference: Preference) -> Result<(Vault, Opened), VaultError> {
    Vault::open(Place { data_dir: session.data_dir(), preference, instance: None }).await
}

async fn open(session: &Session) -> Vault {
    let (vault, opened) = open_as(session, Preference::Auto).await.unwrap();
    assert_eq!(opened, Opened { backend: Backend::Keychain, notices: Vec::new() });
    vault
}

async fn filled(session: &Session) -> Vault {
    let vault = open(session).await;
    vault.store_credential("token", "hush-token".into()).await.unwrap();
    let key: SecretSlice<u8> = b"hush-key".to_vec().into();
    vault.store_key("device", key).await.unwrap();
    vault
}

fn credential(vault: &Vault, name: &str) -> Option<String> {
    vault.credential(name).map(|secret| secret.expose_secret().to_owned())
}

fn key(vault: &Vault, name: &str) -> Option<Vec<u8>> {
    vault.key(name).unwrap().map(|key| key.expose_secret().to_vec())
}

#[test]
fn secrets_survive_a_restart_of_the_keychain() {
    on_private_bus("secrets_survive_a_restart_of_the_keychain", async |mut session| {
        session.start_keyring();
        let vault = filled(&session).await;
        session.stop_keyring();
        session.start_keyring();
        let again = open(&session).await;
        assert_eq!(credential(&again, "token").as_deref(), Some("hush-token"));
        assert_eq!(key(&again, "device").as_deref(), Some(&b"hush-key"[..]));

        // The session that the first vault holds died with the daemon.
        vault.store_credential("second", "more".into()).await.unwrap();
        assert_eq!(credential(&open(&session).await, "second").as_deref(), Some("more"));
        assert!(!session.data_dir().join("secrets.json").exists());
        let sealed = fs::read_to_string(session.data_dir().join("vault.sealed")).unwrap();
        assert!(!sealed.contains("hush"));
    });
}

#[test]
fn a_locked_keychain_is_an_error_and_never_a_reason_to_fall_back() {
    on_private_bus(
        "a_locked_keychain_is_an_error_and_never_a_reason_to_fall_back",
        async |mut session| {
            session.start_keyring();
            let vault = filled(&session).await;
            session.lock_keyring();
            let error = open_as(&session, Preference::Auto).await.unwrap_err();
            assert!(matches!(error, VaultError::Locked), "{error}");
            let error = vault.store_credential("token", "new".into()).await.unwrap_err();
            assert!(matches!(error, VaultError::Locked), "{error}");
            assert_eq!(credential(&vault, "token").as_deref(), Some("hush-token"));
            assert!(!session.data_dir().join("secrets.json").exists());
        },
    );
}

#[test]
fn a_locked_empty_keychain_is_noticed_before_a_secret_is_asked_for() {
    on_private_bus(
        "a_locked_empty_keychain_is_noticed_before_a_secret_is_asked_for",
        async |mut session| {
            session.start_keyring();
            session.lock_keyring();
            let vault = open(&session).await;
            let error = vault.ensure_writable().await.unwrap_err();
            assert!(matches!(error, VaultError::Locked), "{error}");
        },
    );
}

#[test]
fn without_a_keychain_secrets_go_to_a_file_and_stay_there() {
    on_private_bus(
        "without_a_keychain_secrets_go_to_a_file_and_stay_there",
        async |mut session| {
            let file = session.data_dir().join("secrets.json");
            let (vault, opened) = open_as(&session, Preference::Auto).await.unwrap();
            assert_eq!(opened.backend, Backend::File);
            let [VaultNotice::FileInstead { path, reason }] = &opened.notices[..] else {
                panic!("{opened:?}")
            };
            assert_eq!((path, reason.as_str()), (&file, "no Secret Service runs in this session"));
            vault.store_credential("token", "hush".into()).await.unwrap();

            session.start_keyring();
            let (vault, opened) = open_as(&session, Preference::Auto).await.unwrap();
            assert_eq!(opened.notices, [VaultNotice::FileKept { path: file }]);
            assert_eq!(credential(&vault, "token").as_deref(), Some("hush"));
        },
    );
}

#[test]
fn who_insists_on_a_keychain_is_told_that_there_is_none() {
    on_private_bus("who_insists_on_a_keychain_is_told_that_there_is_none", async |session| {
        let error = open_as(&session, Preference::KeychainOnly).await.unwrap_err();
        assert!(matches!(error, VaultError::NoKeychain { .. }), "{error}");
        assert!(!session.data_dir().exists());
    });
}

#[test]
fn secrets_in_a_keychain_that_went_away_are_not_replaced() {
    on_private_bus("secrets_in_a_keychain_that_went_away_are_not_replaced", async |mut session| {
        session.start_keyring();
        filled(&session).await;
        session.stop_keyring();
        let error = open_as(&session, Preference::Auto).await.unwrap_err();
        assert!(matches!(error, VaultError::KeychainAway { .. }), "{error}");
        session.start_keyring();
        assert_eq!(credential(&open(&session).await, "token").as_deref(), Some("hush-token"));
    });
}

#[test]
fn two_instances_keep_two_items() {
    on_private_bus("two_instances_keep_two_items", async |mut session| {
        session.start_keyring();
        let usual = filled(&session).await;
        let place = Place {
            data_dir: session.data_dir().join("other"),
            preference: Preference::Auto,
            instance: Some("0123abcd".to_owned()),
        };
        let (other, _) = Vault::open(place.clone()).await.unwrap();
        assert_eq!(credential(&other, "token"), None);
        other.store_credential("token", "another".into()).await.unwrap();
        usual.wipe("").await.unwrap();
        assert_eq!(credential(&open(&session).await, "token"), None);
        let (other, _) = Vault::open(place).await.unwrap();
        assert_eq!(credential(&other, "token").as_deref(), Some("another"));
    });
}

#[test]
fn a_damaged_item_is_kept_aside_and_reported() {
    on_private_bus("a_damaged_item_is_kept_aside_and_reported", async |mut session| {
        session.start_keyring();
        filled(&session).await;
        let write = |user: &'static str, bytes: &'static [u8]| {
            let entry = Store::new()?.build("at.sophon.desktop", user, None)?;
            if !bytes.is_empty() {
                entry.set_secret(bytes)?;
            }
            entry.get_secret()
        };
        tokio::task::spawn_blocking(move || write("vault", b"\xffgarbage")).await.unwrap().unwrap();
        let (vault, opened) = open_as(&session, Preference::Auto).await.unwrap();
        let [VaultNotice::SetAside { aside, .. }, VaultNotice::KeysLost { .. }] =
            &opened.notices[..]
        else {
            panic!("{opened:?}")
        };
        assert_eq!(aside, "the keychain item at.sophon.desktop/vault-damaged");
        let kept = tokio::task::spawn_blocking(move || write("vault-damaged", b"")).await.unwrap();
        assert_eq!(kept.unwrap(), b"\xffgarbage");
        vault.store_credential("token", "new".into()).await.unwrap();
        assert_eq!(credential(&open(&session).await, "token").as_deref(), Some("new"));
    });
}

#[test]
fn an_unlocked_keychain_opens_and_a_missing_one_is_noticed_without_delay() {
    on_private_bus(
        "an_unlocked_keychain_opens_and_a_missing_one_is_noticed_without_delay",
        async |mut session| {
            let started = Instant::now();
            assert!(open_as(&session, Preference::KeychainOnly).await.is_err());
            let absent = started.elapsed();
            session.start_keyring();
            let started = Instant::now();
            open(&session).await;
            let present = started.elapsed();
            println!("absent {absent:?}, present {present:?}");
            assert!(absent < Duration::from_secs(2) && present < Duration::from_secs(2));
        },
    );
}

#[test]
fn a_key_is_stored_without_the_keychain_once_its_wrapping_key_is_known() {
    on_private_bus(
        "a_key_is_stored_without_the_keychain_once_its_wrapping_key_is_known",
        async |mut session| {
            session.start_keyring();
            let vault = filled(&session).await;
            session.stop_keyring();
            vault.store_key("device", b"newer".to_vec().into()).await.unwrap();
            session.start_keyring();
            assert_eq!(key(&open(&session).await, "device").as_deref(), Some(&b"newer"[..]));
        },
    );
}

#[test]
fn keys_stored_after_another_process_wiped_everything_are_sealed_under_the_new_key() {
    on_private_bus(
        "keys_stored_after_another_process_wiped_everything_are_sealed_under_the_new_key",
        async |mut session| {
            session.start_keyring();
            let vault = filled(&session).await;
            let other = open(&session).await;
            other.wipe("").await.unwrap();
            other.store_credential("token", "new".into()).await.unwrap();
            vault.store_key("device", b"newer".to_vec().into()).await.unwrap();
            let again = open(&session).await;
            assert_eq!(key(&again, "device").as_deref(), Some(&b"newer"[..]));
            assert_eq!(credential(&again, "token").as_deref(), Some("new"));
        },
    );
}
