//! The vault without its async face: what is known, and how it changes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use crate::home::{Home, State, Touched, no_randomness};
use crate::{Opened, Place, VaultError};

/// Secrets of one installation of this program.
pub(crate) struct Store {
    home: Home,
    // What this process last read or wrote; readers never wait for the keychain.
    state: Mutex<State>,
    writing: Mutex<()>,
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

    /// Takes the keys as they are stored now, which another process may have changed.
    pub(crate) fn look_again(&self) -> Result<(), VaultError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let _lock = self.home.lock()?;
        let known = self.state().root.clone();
        // Where nothing was stored, nothing is wrong, and a keychain need not be asked.
        let may_be_damaged = known.is_some() && self.home.has_keys()?;
        let state = match self.home.load_keys(known)? {
            None if may_be_damaged => self.home.load(Some(&mut Vec::new()))?,
            state => state,
        };
        if let Some(state) = state {
            *self.state() = state;
        }
        Ok(())
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
        let is_kept = self.key(name).ok().flatten();
        if is_kept.is_some_and(|kept| kept.expose_secret() == value.expose_secret()) {
            return Ok(());
        }
        self.change_keys(|state| {
            let touched = if state.root.is_none() { Touched::Both } else { Touched::Sealed };
            let key = state.root()?.wrapping_key.clone();
            state.sealed.insert(&key, name, value.expose_secret()).ok_or_else(no_randomness)?;
            Ok(touched)
        })
    }

    pub(crate) fn remove_key(&self, name: &str) -> Result<(), VaultError> {
        self.change_keys(|state| {
            Ok(if state.sealed.remove(name) { Touched::Sealed } else { Touched::Nothing })
        })
    }

    pub(crate) fn wipe(&self, prefix: &str) -> Result<(), VaultError> {
        if prefix.is_empty() {
            return self.wipe_all();
        }
        self.wipe_where(|name| name.starts_with(prefix))
    }

    pub(crate) fn wipe_where(&self, is_gone: impl Fn(&str) -> bool) -> Result<(), VaultError> {
        self.change(|state| {
            let sealed = state.sealed.remove_all(&is_gone);
            let root = state.root.as_mut().is_some_and(|root| {
                let before = root.credentials.len();
                root.credentials.retain(|name, _| !is_gone(name));
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
        self.apply(|| self.home.load(Some(&mut Vec::new())), change)
    }

    /// The same for keys, which do not need the keychain while its wrapping key is known.
    fn change_keys(
        &self,
        change: impl FnOnce(&mut State) -> Result<Touched, VaultError>,
    ) -> Result<(), VaultError> {
        let load = || {
            let known = self.state().root.clone();
            match self.home.load_keys(known)? {
                Some(state) => Ok(Some(state)),
                None => self.home.load(Some(&mut Vec::new())),
            }
        };
        self.apply(load, change)
    }

    fn apply(
        &self,
        load: impl FnOnce() -> Result<Option<State>, VaultError>,
        change: impl FnOnce(&mut State) -> Result<Touched, VaultError>,
    ) -> Result<(), VaultError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let _lock = self.home.lock()?;
        let mut state = match self.home {
            Home::Memory => self.state().clone(),
            Home::Keychain { .. } | Home::File { .. } => load()?.unwrap_or_default(),
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
