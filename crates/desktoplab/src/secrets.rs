use std::collections::{BTreeMap, HashMap};

use anyhow::ensure;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use zbus::Connection;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

use crate::bus::Object;
use crate::keyring::{PASSWORD, SERVICE};
use crate::wait::eventually;

const ROOT: &str = "/org/freedesktop/secrets";
/// Where the Secret Service keeps what it is given without further wishes.
const COLLECTION: &str = "/org/freedesktop/secrets/collection/login";
const COLLECTION_INTERFACE: &str = "org.freedesktop.Secret.Collection";
const ITEM_INTERFACE: &str = "org.freedesktop.Secret.Item";
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
/// How GNOME Keyring is unlocked without a question to a person.
const UNLOCKING_INTERFACE: &str = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface";

/// A session, parameters, a value and its type, as the Secret Service sends a secret.
type WireSecret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// What is in a desktop's keyring.
#[derive(Clone, Debug)]
pub struct Secrets {
    bus: Connection,
}

/// A secret in the keyring, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretItem {
    /// Name for people.
    pub label: String,
    /// What programs find it by.
    pub attributes: BTreeMap<String, String>,
    /// Length of the value in bytes; none while it is locked.
    pub length: Option<usize>,
}

impl Secrets {
    pub(crate) fn new(bus: &Connection) -> Self {
        Self { bus: bus.clone() }
    }

    /// Gives everything in the keyring; labels and attributes can be read while it is locked.
    ///
    /// # Errors
    /// When there is no Secret Service, or it refuses.
    pub async fn items(&self) -> anyhow::Result<Vec<SecretItem>> {
        let mut items = Vec::new();
        for path in self.paths().await? {
            let object = self.object(path.as_str());
            let attributes: HashMap<String, String> =
                object.property(ITEM_INTERFACE, "Attributes").await?;
            let label: String = object.property(ITEM_INTERFACE, "Label").await?;
            let value = self.value(&object).await?;
            items.push(SecretItem {
                label,
                attributes: attributes.into_iter().collect(),
                length: value.map(|value| value.expose_secret().len()),
            });
        }
        Ok(items)
    }

    /// Waits for an item.
    ///
    /// # Errors
    /// When none comes, and as [`Secrets::items`].
    pub async fn wait_for_item(
        &self,
        wanted: impl Fn(&SecretItem) -> bool,
    ) -> anyhow::Result<SecretItem> {
        eventually("an item in the keyring", async || {
            Ok(self.items().await?.into_iter().find(|item| wanted(item)))
        })
        .await
    }

    /// Says whether the value of some item contains this.
    ///
    /// # Errors
    /// When the keyring is locked, and as [`Secrets::items`].
    pub async fn contains_secret(&self, secret: &SecretString) -> anyhow::Result<bool> {
        ensure!(!self.is_locked().await?, "the keyring is locked, so its values cannot be read");
        let needle = secret.expose_secret().as_bytes();
        ensure!(!needle.is_empty(), "nothing is contained in everything");
        for path in self.paths().await? {
            let value = self.value(&self.object(path.as_str())).await?;
            if value.is_some_and(|value| {
                value.expose_secret().windows(needle.len()).any(|part| part == needle)
            }) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives the first text with this beginning in any value: as far as letters, digits and what
    /// tokens hold besides (`_`, `-`, `:`) go.
    ///
    /// # Errors
    /// As [`Secrets::items`].
    pub async fn find_token(&self, beginning: &str) -> anyhow::Result<Option<SecretString>> {
        for path in self.paths().await? {
            let Some(value) = self.value(&self.object(path.as_str())).await? else { continue };
            let text = String::from_utf8_lossy(value.expose_secret());
            let is_of_token = |c: &char| c.is_ascii_alphanumeric() || "_-:".contains(*c);
            if let Some(from) = text.find(beginning) {
                let token: String = text[from..].chars().take_while(is_of_token).collect();
                return Ok(Some(token.into()));
            }
        }
        Ok(None)
    }

    /// Says whether the keyring is locked.
    ///
    /// # Errors
    /// When there is no Secret Service.
    pub async fn is_locked(&self) -> anyhow::Result<bool> {
        Ok(self.object(COLLECTION).property(COLLECTION_INTERFACE, "Locked").await?)
    }

    /// Locks the keyring.
    ///
    /// # Errors
    /// When there is no Secret Service, or it stays unlocked.
    pub async fn lock(&self) -> anyhow::Result<()> {
        let collections = vec![ObjectPath::try_from(COLLECTION)?];
        let _: (Vec<OwnedObjectPath>, OwnedObjectPath) =
            self.object(ROOT).call(SERVICE_INTERFACE, "Lock", &(collections,)).await?;
        ensure!(self.is_locked().await?, "the keyring did not lock");
        Ok(())
    }

    /// Unlocks the keyring, as its owner would with the password.
    ///
    /// # Errors
    /// When there is no GNOME Keyring, or it stays locked.
    pub async fn unlock(&self) -> anyhow::Result<()> {
        let session = self.open_session().await?;
        let password = (&session, Vec::<u8>::new(), PASSWORD.as_bytes(), "text/plain");
        let collection = ObjectPath::try_from(COLLECTION)?;
        let _: () = self
            .object(ROOT)
            .call(UNLOCKING_INTERFACE, "UnlockWithMasterPassword", &(collection, password))
            .await?;
        ensure!(!self.is_locked().await?, "the keyring did not unlock");
        Ok(())
    }

    async fn paths(&self) -> anyhow::Result<Vec<OwnedObjectPath>> {
        let collections: Vec<OwnedObjectPath> =
            self.object(ROOT).property(SERVICE_INTERFACE, "Collections").await?;
        let mut paths = Vec::new();
        for collection in collections {
            let items: Vec<OwnedObjectPath> =
                self.object(collection.as_str()).property(COLLECTION_INTERFACE, "Items").await?;
            paths.extend(items);
        }
        Ok(paths)
    }

    /// The value of an item; none while it is locked.
    async fn value(&self, item: &Object<'_>) -> anyhow::Result<Option<SecretSlice<u8>>> {
        if item.property(ITEM_INTERFACE, "Locked").await? {
            return Ok(None);
        }
        let session = self.open_session().await?;
        let ((_, _, value, _),): (WireSecret,) =
            item.call(ITEM_INTERFACE, "GetSecret", &(session,)).await?;
        Ok(Some(value.into()))
    }

    async fn open_session(&self) -> zbus::Result<OwnedObjectPath> {
        let (_, session): (OwnedValue, OwnedObjectPath) = self
            .object(ROOT)
            .call(SERVICE_INTERFACE, "OpenSession", &("plain", Value::from("")))
            .await?;
        Ok(session)
    }

    fn object<'a>(&'a self, path: &'a str) -> Object<'a> {
        Object { bus: &self.bus, service: SERVICE, path }
    }
}
