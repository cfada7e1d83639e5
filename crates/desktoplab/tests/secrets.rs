//! The keyring is read, locked and unlocked.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;

use desktoplab::{Desktop, DesktopOptions, Keyring, NotificationServer, SecretItem};
use secret_service::{EncryptionType, SecretService};

const VALUE: &str = "hush-hush";

async fn desktop(keyring: Keyring) -> Desktop {
    let options = DesktopOptions {
        keyring,
        notifications: NotificationServer::Absent,
        tray_host: false,
        ..DesktopOptions::default()
    };
    Desktop::start(options).await.unwrap()
}

/// What a program has that stores secrets.
async fn service(desktop: &Desktop) -> SecretService<'_> {
    let bus = desktop.bus().clone();
    SecretService::connect_with_existing(EncryptionType::Dh, bus).await.unwrap()
}

async fn store(desktop: &Desktop) {
    let service = service(desktop).await;
    let collection = service.get_default_collection().await.unwrap();
    let attributes = HashMap::from([("service", "lab"), ("username", "token")]);
    let value = VALUE.as_bytes();
    collection.create_item("A token", attributes, value, true, "text/plain").await.unwrap();
}

fn stored(length: Option<usize>) -> SecretItem {
    let attributes = [("service", "lab"), ("username", "token")];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
    SecretItem { label: "A token".into(), attributes: attributes.into(), length }
}

/// What is stored, without what the Secret Service adds on its own.
fn own(mut item: SecretItem) -> SecretItem {
    item.attributes.remove("xdg:schema");
    item
}

#[tokio::test]
async fn what_a_program_stores_is_seen_without_its_value() {
    let desktop = desktop(Keyring::Unlocked).await;
    assert!(desktop.secrets().items().await.unwrap().is_empty());
    store(&desktop).await;
    let item = desktop.secrets().wait_for_item(|item| item.label == "A token").await.unwrap();
    assert!(!format!("{item:?}").contains("hush"));
    assert_eq!(own(item), stored(Some(VALUE.len())));
    assert!(desktop.secrets().contains_secret(&"hush".into()).await.unwrap());
    assert!(!desktop.secrets().contains_secret(&"rush".into()).await.unwrap());
}

#[tokio::test]
async fn a_locked_keyring_shows_names_only_until_it_is_unlocked() {
    let desktop = desktop(Keyring::Unlocked).await;
    let secrets = desktop.secrets();
    store(&desktop).await;
    secrets.lock().await.unwrap();
    assert_eq!(own(secrets.items().await.unwrap().remove(0)), stored(None));
    assert!(secrets.contains_secret(&VALUE.into()).await.is_err());
    secrets.unlock().await.unwrap();
    assert!(secrets.contains_secret(&VALUE.into()).await.unwrap());
}

#[tokio::test]
async fn a_keyring_may_be_locked_from_the_start() {
    let desktop = desktop(Keyring::Locked).await;
    assert!(desktop.secrets().is_locked().await.unwrap());
    let service = service(&desktop).await;
    assert!(service.get_default_collection().await.unwrap().is_locked().await.unwrap());
    desktop.secrets().unlock().await.unwrap();
    store(&desktop).await;
    assert!(desktop.secrets().contains_secret(&VALUE.into()).await.unwrap());
}

#[tokio::test]
async fn without_a_keyring_everything_about_it_fails() {
    let desktop = desktop(Keyring::Absent).await;
    assert!(desktop.secrets().items().await.is_err());
    assert!(desktop.secrets().is_locked().await.is_err());
}
