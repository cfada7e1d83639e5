use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use secrecy::{SecretSlice, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

use crate::store::Store;
use crate::{VaultError, VaultNotice};

/// How many bytes of a folder's hash tell its keychain item from others.
const INSTANCE_BYTES: usize = 6;

/// The secrets of one installation of this program; clones share them.
#[derive(Clone)]
pub struct Vault {
    store: Arc<Store>,
    backend: Backend,
}

/// Where the secrets of an installation live.
#[derive(Clone, Debug)]
pub struct Place {
    /// Folder of the sealed file; created when something is first stored.
    pub data_dir: PathBuf,
    /// Which back ends may be used.
    pub preference: Preference,
    /// Tells the keychain item of this data folder from that of another; none for the usual folder.
    pub instance: Option<String>,
}

/// Which back ends may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// The keychain, or a file where the computer has none.
    Auto,
    /// The keychain or nothing.
    KeychainOnly,
    /// A file that only its owner can read.
    FileOnly,
    /// Nothing that outlives the process.
    Memory,
}

/// What holds the wrapping key and the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The system's keychain.
    Keychain,
    /// A file that only its owner can read.
    File,
    /// This process alone.
    Memory,
}

/// How the vault was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// What holds the secrets.
    pub backend: Backend,
    /// What a person should hear about it.
    pub notices: Vec<VaultNotice>,
}

impl Place {
    /// Names the place of the secrets of a data folder; one that is not the `usual` folder of this
    /// user gets a keychain item of its own.
    pub fn at(data_dir: &Path, usual: Option<&Path>, preference: Preference) -> Self {
        let data_dir = normal(data_dir);
        let instance = (Some(&data_dir) != usual.map(normal).as_ref()).then(|| {
            let hash = Sha256::digest(data_dir.as_os_str().as_encoded_bytes());
            hash[..INSTANCE_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
        });
        Self { data_dir, preference, instance }
    }
}

/// One spelling for a folder, whether it exists yet or not.
fn normal(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    absolute.components().collect()
}

impl Vault {
    /// Opens the secrets at `place`; nothing is created yet. The keychain may ask the person, for up
    /// to 120 s.
    ///
    /// # Errors
    /// [`VaultError`]: a keychain that is locked, refuses or is out of reach, a newer format, or
    /// files that cannot be read.
    pub async fn open(place: Place) -> Result<(Self, Opened), VaultError> {
        let (store, opened) = offload(move || Store::open(place)).await?;
        Ok((Self { store: Arc::new(store), backend: opened.backend }, opened))
    }

    /// Names what holds the secrets.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Makes sure that secrets can be stored, before one is asked for that is given only once.
    ///
    /// # Errors
    /// [`VaultError`] with the reason why they cannot.
    pub async fn ensure_writable(&self) -> Result<(), VaultError> {
        self.change(|store| store.ensure_writable()).await
    }

    /// Returns a credential as this process last read or stored it.
    pub fn credential(&self, name: &str) -> Option<SecretString> {
        self.store.credential(name)
    }

    /// Stores a credential and makes sure that it was kept.
    ///
    /// # Errors
    /// [`VaultError`]; what was stored before is still there.
    pub async fn store_credential(
        &self,
        name: &str,
        secret: SecretString,
    ) -> Result<(), VaultError> {
        let name = name.to_owned();
        self.change(move |store| store.store_credential(&name, &secret)).await
    }

    /// Removes a credential, if there is one.
    ///
    /// # Errors
    /// [`VaultError`]; the credential is still there.
    pub async fn remove_credential(&self, name: &str) -> Result<(), VaultError> {
        let name = name.to_owned();
        self.change(move |store| store.remove_credential(&name)).await
    }

    /// Returns a key as this process last read or stored it.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] when it cannot be opened.
    pub fn key(&self, name: &str) -> Result<Option<SecretSlice<u8>>, VaultError> {
        self.store.key(name)
    }

    /// Reads the keys as they are stored now: another process may have changed them since this one
    /// read or stored any.
    ///
    /// # Errors
    /// [`VaultError`]; what was read before is still known.
    pub async fn look_again(&self) -> Result<(), VaultError> {
        self.change(Store::look_again).await
    }

    /// Seals a key and stores it.
    ///
    /// # Errors
    /// [`VaultError`]; what was stored before is still there.
    pub async fn store_key(&self, name: &str, value: SecretSlice<u8>) -> Result<(), VaultError> {
        let name = name.to_owned();
        self.change(move |store| store.store_key(&name, &value)).await
    }

    /// Removes a key, if there is one.
    ///
    /// # Errors
    /// [`VaultError`]; the key is still there.
    pub async fn remove_key(&self, name: &str) -> Result<(), VaultError> {
        let name = name.to_owned();
        self.change(move |store| store.remove_key(&name)).await
    }

    /// Removes every credential and key whose name begins with `prefix`; with an empty one, also
    /// the keychain item and the files.
    ///
    /// # Errors
    /// [`VaultError`]; some may be removed already.
    pub async fn wipe(&self, prefix: &str) -> Result<(), VaultError> {
        let prefix = prefix.to_owned();
        self.change(move |store| store.wipe(&prefix)).await
    }

    /// Removes every credential and key with such a name.
    ///
    /// # Errors
    /// [`VaultError`]; some may be removed already.
    pub async fn wipe_where(
        &self,
        is_gone: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<(), VaultError> {
        self.change(move |store| store.wipe_where(is_gone)).await
    }

    async fn change(
        &self,
        change: impl FnOnce(&Store) -> Result<(), VaultError> + Send + 'static,
    ) -> Result<(), VaultError> {
        let store = self.store.clone();
        offload(move || change(&store)).await
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("backend", &self.backend).finish_non_exhaustive()
    }
}

/// Does blocking work on a thread of its own, to its end even when nobody waits any more: a
/// runtime's own threads would be waited for when the program ends, prompt or not.
async fn offload<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    let (sender, receiver) = oneshot::channel();
    thread::spawn(move || {
        // Whoever asked may have gone.
        let _ = sender.send(work());
    });
    receiver.await.unwrap_or(Err(VaultError::Keychain {
        reason: "the thread that worked on it ended early".to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_data_folder_but_the_usual_one_has_a_keychain_item_of_its_own() {
        let usual = Path::new("/home/ada/.config/sophon");
        let instance =
            |folder: &str| Place::at(Path::new(folder), Some(usual), Preference::Auto).instance;
        assert_eq!(instance("/home/ada/.config/sophon/"), None);
        let other = instance("/srv/one").unwrap();
        assert_eq!(other.len(), 2 * INSTANCE_BYTES);
        assert_eq!(instance("/srv/./one/"), Some(other.clone()));
        assert_ne!(instance("/srv/two"), Some(other));
        assert!(Place::at(usual, None, Preference::Auto).instance.is_some());
    }
}
