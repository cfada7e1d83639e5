//! Seals what is written down (XChaCha20-Poly1305), so that the journal holds nothing that can be
//! read.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use journal::{Change, Row, Table};
use zeroize::Zeroizing;

use crate::settings::load_key;
use crate::{KeyStore, KeyStoreError};

/// Name of the journal's key in the key store.
const JOURNAL_KEY: &str = "journal/key";
/// Length of the key, in bytes.
const KEY: usize = 32;
/// Length of a nonce, in bytes.
const NONCE: usize = 24;
/// How many bytes of a nonce are drawn once, at the start; a counter fills the rest. So no nonce is
/// ever used twice, and sealing cannot fail for want of randomness.
const DRAWN: usize = 16;

/// Seals the values of rows under the installation's key, each bound to its table and key: it opens
/// in no other place. Empty values are sealed as well. A memory that were trusted without the rest
/// would call a message done whose turn cannot be read.
pub(crate) struct RowSeal {
    cipher: XChaCha20Poly1305,
    drawn: [u8; DRAWN],
    sealed: u64,
}

impl RowSeal {
    /// Loads the journal's key, or makes one and keeps it.
    ///
    /// # Errors
    /// When it cannot be read or kept, or the system gives no random numbers.
    pub(crate) async fn load_or_make(keys: &dyn KeyStore) -> Result<Self, KeyStoreError> {
        if let Some(kept) = load_key(keys, JOURNAL_KEY).await? {
            return Self::under(&kept);
        }
        let mut key = Zeroizing::new([0; KEY]);
        getrandom::fill(key.as_mut_slice()).map_err(KeyStoreError::no_randomness)?;
        keys.save(JOURNAL_KEY, key.as_slice()).await?;
        Self::under(&key)
    }

    /// Seals under this key.
    pub(crate) fn under(key: &[u8; KEY]) -> Result<Self, KeyStoreError> {
        let mut drawn = [0; DRAWN];
        getrandom::fill(&mut drawn).map_err(KeyStoreError::no_randomness)?;
        Ok(Self { cipher: XChaCha20Poly1305::new(key.into()), drawn, sealed: 0 })
    }

    /// Seals what a change keeps.
    pub(crate) fn seal(&mut self, change: Change) -> Change {
        match change {
            Change::Put { table, key, value } => {
                let nonce = self.fresh_nonce();
                let payload = Payload { msg: &value, aad: &place(table, &key) };
                let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
                // Only 256 GB are too much for the cipher. Nothing would be kept then, rather than
                // something that can be read.
                let value = sealed.map(|sealed| [&nonce[..], &sealed].concat()).unwrap_or_default();
                Change::Put { table, key, value }
            }
            other @ (Change::Remove { .. } | Change::Clear) => other,
        }
    }

    /// Opens a row where it stands; says whether it could. One that cannot be opened is damaged, or
    /// was sealed under another key or for another place.
    pub(crate) fn open(&self, row: &mut Row) -> bool {
        let opened = self.opened(row);
        let is_open = opened.is_some();
        if let Some(value) = opened {
            row.value = value;
        }
        is_open
    }

    fn opened(&self, row: &Row) -> Option<Vec<u8>> {
        let (nonce, sealed) = row.value.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: &place(row.table, &row.key) };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()
    }

    fn fresh_nonce(&mut self) -> [u8; NONCE] {
        self.sealed += 1;
        let mut nonce = [0; NONCE];
        let (drawn, counted) = nonce.split_at_mut(DRAWN);
        drawn.copy_from_slice(&self.drawn);
        counted.copy_from_slice(&self.sealed.to_be_bytes());
        nonce
    }
}

impl fmt::Debug for RowSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowSeal").finish_non_exhaustive()
    }
}

/// What a value is bound to. No table's name holds the byte between the two.
fn place(table: Table, key: &str) -> Vec<u8> {
    [table.name().as_bytes(), b"\0", key.as_bytes()].concat()
}

#[cfg(test)]
mod tests;
