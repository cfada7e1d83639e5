//! The vault without its async face: what is where, and how it changes.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::{SecretSlice, SecretString};
use zeroize::Zeroizing;

use crate::disk::{self, Lock};
use crate::keychain::Keychain;
use crate::root::{Root, Unreadable};
use crate::sealed::Sealed;
use crate::{Backend, Opened, Place, Preference, VaultError, VaultNotice};

/// Takes the keychain item's place where there is no keychain.
const ROOT_FILE: &str = "secrets.json";
/// Keys sealed under the key in [`ROOT_FILE`].
const FILE_SEALED: &str = "secrets.sealed";
/// Keys sealed under the key in the keychain item.
const KEYCHAIN_SEALED: &str = "vault.sealed";

/// Secrets of one installation of this program.
pub(crate) struct Store {
    home: Home,
    // What this process last read or wrote; readers never wait for the keychain.
    state: Mutex<State>,
    writing: Mutex<()>,
}

enum Home {
    Keychain { item: Keychain, folder: PathBuf },
    File { folder: PathBuf },
    Memory,
}

#[derive(Clone, Default)]
struct State {
    root: Option<Root>,
    sealed: Sealed,
}

/// Which half of the state a change touched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Touched {
    Nothing,
    Root,
    Sealed,
    Both,
}

impl Store {
    pub(crate) fn open(place: Place) -> Result<(Self, Opened), VaultError> {
        let mut notices = Vec::new();
        let home = Home::choose(place, &mut notices)?;
        home.narrow(&mut notices)?;
        let state = match home.load(None)? {
            Some(state) => state,
            None => {
                let _lock = home.lock()?;
                home.load(Some(&mut notices))?.unwrap_or_default()
            }
        };
        let opened = Opened { backend: home.backend(), notices };
        Ok((Self { home, state: Mutex::new(state), writing: Mutex::new(()) }, opened))
    }

    pub(crate) fn credential(&self, name: &str) -> Option<SecretString> {
        self.state().root.as_ref()?.credentials.get(name).cloned()
    }

    pub(crate) fn key(&self, name: &str) -> Result<Option<SecretSlice<u8>>, VaultError> {
        let state = self.state();
        let Some(root) = &state.root else { return Ok(None) };
        match state.sealed.get(&root.wrapping_key, name) {
            Some(None) => Err(VaultError::Damaged { name: name.to_owned() }),
            found => Ok(found.flatten()),
        }
    }

    pub(crate) fn ensure_writable(&self) -> Result<(), VaultError> {
        self.change(|state| {
            let fresh = state.root.is_none();
            state.root()?;
            Ok(if fresh { Touched::Both } else { Touched::Sealed })
        })
    }

    pub(crate) fn store_credential(
        &self,
        name: &str,
        secret: &SecretString,
    ) -> Result<(), VaultError> {
        self.change(|state| {
            let touched = if state.root.is_none() { Touched::Both } else { Touched::Root };
            state.root()?.credentials.insert(name.to_owned(), secret.clone());
            Ok(touched)
        })
    }

    pub(crate) fn remove_credential(&self, name: &str) -> Result<(), VaultError> {
        self.change(|state| {
            let removed = state.root.as_mut().and_then(|root| root.credentials.remove(name));
            Ok(if removed.is_some() { Touched::Root } else { Touched::Nothing })
        })
    }

    pub(crate) fn store_key(&self, name: &str, value: &SecretSlice<u8>) -> Result<(), VaultError> {
        use secrecy::ExposeSecret as _;
        self.change(|state| {
            let touched = if state.root.is_none() { Touched::Both } else { Touched::Sealed };
            let key = state.root()?.wrapping_key.clone();
            state.sealed.insert(&key, name, value.expose_secret()).ok_or_else(no_randomness)?;
            Ok(touched)
        })
    }

    pub(crate) fn remove_key(&self, name: &str) -> Result<(), VaultError> {
        self.change(|state| {
            Ok(if state.sealed.remove(name) { Touched::Sealed } else { Touched::Nothing })
        })
    }

    pub(crate) fn wipe(&self, prefix: &str) -> Result<(), VaultError> {
        if prefix.is_empty() {
            return self.wipe_all();
        }
        self.change(|state| {
            let sealed = state.sealed.remove_all(prefix);
            let root = state.root.as_mut().is_some_and(|root| {
                let before = root.credentials.len();
                root.credentials.retain(|name, _| !name.starts_with(prefix));
                root.credentials.len() < before
            });
            Ok(match (root, sealed) {
                (true, true) => Touched::Both,
                (true, false) => Touched::Root,
                (false, true) => Touched::Sealed,
                (false, false) => Touched::Nothing,
            })
        })
    }

    fn wipe_all(&self) -> Result<(), VaultError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let _lock = self.home.lock()?;
        self.home.remove()?;
        *self.state() = State::default();
        Ok(())
    }

    /// Applies a change to what is stored now, which another process may have changed as well.
    fn change(
        &self,
        change: impl FnOnce(&mut State) -> Result<Touched, VaultError>,
    ) -> Result<(), VaultError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let _lock = self.home.lock()?;
        let mut state = match self.home {
            Home::Memory => self.state().clone(),
            Home::Keychain { .. } | Home::File { .. } => {
                self.home.load(Some(&mut Vec::new()))?.unwrap_or_default()
            }
        };
        let touched = change(&mut state)?;
        self.home.save(&state, touched)?;
        *self.state() = state;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn root(&mut self) -> Result<&mut Root, VaultError> {
        if self.root.is_none() {
            self.root = Some(Root::fresh().ok_or_else(no_randomness)?);
        }
        self.root.as_mut().ok_or_else(no_randomness)
    }
}

impl Home {
    fn choose(place: Place, notices: &mut Vec<VaultNotice>) -> Result<Self, VaultError> {
        let Place { data_dir: folder, preference, instance } = place;
        match preference {
            Preference::Memory => return Ok(Self::Memory),
            Preference::FileOnly => return Ok(Self::File { folder }),
            Preference::KeychainOnly => {
                let item = Keychain::connect(instance.as_deref())?;
                return Ok(Self::Keychain { item, folder });
            }
            Preference::Auto => {}
        }
        let file = folder.join(ROOT_FILE);
        if exists(&file)? {
            notices.push(VaultNotice::FileKept { path: file });
            return Ok(Self::File { folder });
        }
        match Keychain::connect(instance.as_deref()) {
            Ok(item) => Ok(Self::Keychain { item, folder }),
            Err(VaultError::NoKeychain { reason }) if exists(&folder.join(KEYCHAIN_SEALED))? => {
                Err(VaultError::KeychainAway { reason })
            }
            Err(VaultError::NoKeychain { reason }) => {
                notices.push(VaultNotice::FileInstead { path: file, reason });
                Ok(Self::File { folder })
            }
            Err(error) => Err(error),
        }
    }

    fn backend(&self) -> Backend {
        match self {
            Self::Keychain { .. } => Backend::Keychain,
            Self::File { .. } => Backend::File,
            Self::Memory => Backend::Memory,
        }
    }

    fn lock(&self) -> Result<Option<Lock>, VaultError> {
        match self {
            Self::Keychain { folder, .. } | Self::File { folder } => Lock::take(folder).map(Some),
            Self::Memory => Ok(None),
        }
    }

    /// Reads everything. Damage is put aside and reported into `mending`, under the lock; without it
    /// the answer is none.
    fn load(
        &self,
        mut mending: Option<&mut Vec<VaultNotice>>,
    ) -> Result<Option<State>, VaultError> {
        let Some(sealed_file) = self.sealed_file() else { return Ok(Some(State::default())) };
        let mut root = None;
        if let Some(bytes) = self.read_root()? {
            match Root::parse(&bytes) {
                Ok(parsed) => root = Some(parsed),
                Err(Unreadable::Future(version)) => {
                    return Err(VaultError::FutureVersion { place: self.root_place(), version });
                }
                Err(Unreadable::Damaged) => {
                    let Some(notices) = mending.as_deref_mut() else { return Ok(None) };
                    let aside = self.set_root_aside(&bytes)?;
                    report(notices, VaultNotice::SetAside { place: self.root_place(), aside });
                }
            }
        }
        let place = sealed_file.display().to_string();
        let mut sealed = Sealed::default();
        if let Some(bytes) = disk::read(&sealed_file)? {
            match Sealed::parse(&bytes) {
                Ok(parsed) => sealed = parsed,
                Err(Unreadable::Future(version)) => {
                    return Err(VaultError::FutureVersion { place, version });
                }
                Err(Unreadable::Damaged) => {
                    let Some(notices) = mending.as_deref_mut() else { return Ok(None) };
                    let aside = disk::set_aside(&sealed_file)?.display().to_string();
                    report(notices, VaultNotice::SetAside { place: place.clone(), aside });
                }
            }
        }
        match &root {
            None if !sealed.is_empty() => {
                let Some(notices) = mending.as_deref_mut() else { return Ok(None) };
                let aside = disk::set_aside(&sealed_file)?;
                report(notices, VaultNotice::KeysLost { aside });
                sealed = Sealed::default();
            }
            Some(root) if sealed.remove_damaged(&root.wrapping_key) => {
                let Some(notices) = mending else { return Ok(None) };
                let aside = disk::set_aside(&sealed_file)?.display().to_string();
                disk::write(&sealed_file, &sealed.to_bytes())?;
                report(notices, VaultNotice::SetAside { place, aside });
            }
            None | Some(_) => {}
        }
        Ok(Some(State { root, sealed }))
    }

    fn save(&self, state: &State, touched: Touched) -> Result<(), VaultError> {
        let Some(sealed_file) = self.sealed_file() else { return Ok(()) };
        if matches!(touched, Touched::Root | Touched::Both)
            && let Some(root) = &state.root
        {
            self.write_root(&root.to_bytes())?;
        }
        if matches!(touched, Touched::Sealed | Touched::Both) {
            disk::write(&sealed_file, &state.sealed.to_bytes())?;
        }
        Ok(())
    }

    fn remove(&self) -> Result<(), VaultError> {
        if let Some(sealed_file) = self.sealed_file() {
            disk::remove(&sealed_file)?;
        }
        match self {
            Self::Keychain { item, .. } => item.remove(),
            Self::File { folder } => disk::remove(&folder.join(ROOT_FILE)),
            Self::Memory => Ok(()),
        }
    }

    fn read_root(&self) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        match self {
            Self::Keychain { item, .. } => item.read(),
            Self::File { folder } => disk::read(&folder.join(ROOT_FILE)),
            Self::Memory => Ok(None),
        }
    }

    fn write_root(&self, bytes: &[u8]) -> Result<(), VaultError> {
        match self {
            Self::Keychain { item, .. } => item.write(bytes),
            Self::File { folder } => disk::write(&folder.join(ROOT_FILE), bytes),
            Self::Memory => Ok(()),
        }
    }

    fn set_root_aside(&self, bytes: &[u8]) -> Result<String, VaultError> {
        match self {
            Self::Keychain { item, .. } => item.set_aside(bytes),
            Self::File { folder } => {
                Ok(disk::set_aside(&folder.join(ROOT_FILE))?.display().to_string())
            }
            Self::Memory => Ok(String::new()),
        }
    }

    fn root_place(&self) -> String {
        match self {
            Self::Keychain { item, .. } => item.item(),
            Self::File { folder } => folder.join(ROOT_FILE).display().to_string(),
            Self::Memory => "memory".to_owned(),
        }
    }

    fn sealed_file(&self) -> Option<PathBuf> {
        match self {
            Self::Keychain { folder, .. } => Some(folder.join(KEYCHAIN_SEALED)),
            Self::File { folder } => Some(folder.join(FILE_SEALED)),
            Self::Memory => None,
        }
    }

    /// Takes away what others could do to files of secrets.
    fn narrow(&self, notices: &mut Vec<VaultNotice>) -> Result<(), VaultError> {
        let files = match self {
            Self::Keychain { folder, .. } => vec![folder.join(KEYCHAIN_SEALED)],
            Self::File { folder } => vec![folder.join(ROOT_FILE), folder.join(FILE_SEALED)],
            Self::Memory => Vec::new(),
        };
        for path in files {
            if disk::narrow(&path)? {
                report(notices, VaultNotice::AccessNarrowed { path });
            }
        }
        Ok(())
    }
}

fn exists(path: &Path) -> Result<bool, VaultError> {
    path.try_exists().map_err(VaultError::io(path))
}

fn report(notices: &mut Vec<VaultNotice>, notice: VaultNotice) {
    tracing::warn!(%notice, "vault");
    notices.push(notice);
}

fn no_randomness() -> VaultError {
    VaultError::Keychain { reason: "the system gives no random numbers".to_owned() }
}
