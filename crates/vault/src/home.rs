//! Where the root and the sealed file are, and how they are read, mended and written.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::disk;
use crate::keychain::Keychain;
use crate::root::{Root, Unreadable};
use crate::sealed::Sealed;
use crate::{Backend, Place, Preference, VaultError, VaultNotice};

/// Takes the keychain item's place where there is no keychain.
const ROOT_FILE: &str = "secrets.json";
/// Keys sealed under the key in [`ROOT_FILE`].
const FILE_SEALED: &str = "secrets.sealed";
/// Keys sealed under the key in the keychain item.
const KEYCHAIN_SEALED: &str = "vault.sealed";

/// The back end that was chosen.
pub(crate) enum Home {
    Keychain { item: Keychain, folder: PathBuf },
    File { folder: PathBuf },
    Memory,
}

/// Everything that is stored.
#[derive(Clone, Default)]
pub(crate) struct State {
    pub(crate) root: Option<Root>,
    pub(crate) sealed: Sealed,
}

/// Which half of the state a change touched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touched {
    Nothing,
    Root,
    Sealed,
    Both,
}

impl State {
    /// The root, made now if there was none.
    pub(crate) fn root(&mut self) -> Result<&mut Root, VaultError> {
        match self.root {
            Some(ref mut root) => Ok(root),
            None => Ok(self.root.insert(Root::fresh().ok_or_else(no_randomness)?)),
        }
    }
}

impl Home {
    pub(crate) fn choose(place: Place, notices: &mut Vec<VaultNotice>) -> Result<Self, VaultError> {
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

    pub(crate) fn backend(&self) -> Backend {
        match self {
            Self::Keychain { .. } => Backend::Keychain,
            Self::File { .. } => Backend::File,
            Self::Memory => Backend::Memory,
        }
    }

    pub(crate) fn lock(&self) -> Result<Option<::disk::Lock>, VaultError> {
        match self {
            Self::Keychain { folder, .. } | Self::File { folder } => disk::lock(folder).map(Some),
            Self::Memory => Ok(None),
        }
    }

    /// Reads everything. Damage is put aside and reported into `mending`, under the lock; without it
    /// the answer is none.
    pub(crate) fn load(
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
                disk::write(&sealed_file, &sealed.to_bytes(&root.wrapping_key))?;
                report(notices, VaultNotice::SetAside { place, aside });
            }
            None | Some(_) => {}
        }
        Ok(Some(State { root, sealed }))
    }

    /// Reads the sealed file alone; none unless all of it is sound and was written for the known root's
    /// wrapping key.
    pub(crate) fn load_keys(&self, known: Option<Root>) -> Result<Option<State>, VaultError> {
        let (Some(root), Some(sealed_file)) = (known, self.sealed_file()) else { return Ok(None) };
        let Some(bytes) = disk::read(&sealed_file)? else { return Ok(None) };
        let Ok(mut sealed) = Sealed::parse(&bytes) else { return Ok(None) };
        if !sealed.is_under(&root.wrapping_key) || sealed.remove_damaged(&root.wrapping_key) {
            return Ok(None);
        }
        Ok(Some(State { root: Some(root), sealed }))
    }

    /// Says whether there is a sealed file.
    pub(crate) fn has_keys(&self) -> Result<bool, VaultError> {
        self.sealed_file().map_or(Ok(false), |file| exists(&file))
    }

    pub(crate) fn save(&self, state: &State, touched: Touched) -> Result<(), VaultError> {
        let Some(sealed_file) = self.sealed_file() else { return Ok(()) };
        // Without a root nothing is sealed: whatever touches a half makes one first.
        let Some(root) = &state.root else { return Ok(()) };
        if matches!(touched, Touched::Root | Touched::Both) {
            self.write_root(&root.to_bytes())?;
        }
        if matches!(touched, Touched::Sealed | Touched::Both) {
            disk::write(&sealed_file, &state.sealed.to_bytes(&root.wrapping_key))?;
        }
        Ok(())
    }

    pub(crate) fn remove(&self) -> Result<(), VaultError> {
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
    pub(crate) fn narrow(&self, notices: &mut Vec<VaultNotice>) -> Result<(), VaultError> {
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

/// The system cannot make a key.
pub(crate) fn no_randomness() -> VaultError {
    VaultError::Keychain { reason: "the system gives no random numbers".to_owned() }
}
