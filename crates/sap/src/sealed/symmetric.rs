//! The envelope under a symmetric key: `0x01`, nonce, AES-256-GCM ciphertext, tag.

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::random;
use super::{NoRandomness, OpenError};

/// Length of a key, in bytes.
pub(super) const KEY: usize = 32;
/// Length of a nonce, in bytes.
const NONCE: usize = 12;
/// Length of a tag, in bytes.
const TAG: usize = 16;
/// The whole envelope of nothing.
const EMPTY: u8 = 0x00;
/// First byte of every other envelope.
const VERSION: u8 = 0x01;

/// A key that is ready to seal and open.
pub(super) struct Symmetric(Aes256Gcm);

impl Symmetric {
    /// Derives the key for one purpose, which the parts of `info` name together.
    pub(super) fn derive(secret: &[u8; KEY], info: &[&str]) -> Self {
        Self(Aes256Gcm::new((&*derive(secret, info)).into()))
    }

    /// Seals under a nonce of its own.
    pub(super) fn seal(&self, plaintext: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        if plaintext.is_empty() {
            return Ok(vec![EMPTY]);
        }
        let nonce = random::<NONCE>()?;
        let mut envelope = Vec::with_capacity(1 + NONCE + plaintext.len() + TAG);
        envelope.push(VERSION);
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(plaintext);
        let body = &mut envelope[1 + NONCE..];
        #[expect(clippy::expect_used, reason = "only from 64 GiB on GCM refuses a plaintext")]
        let tag = self
            .0
            .encrypt_inout_detached(&nonce.into(), b"", body.into())
            .expect("a plaintext is shorter than 64 GiB");
        envelope.extend_from_slice(&tag);
        Ok(envelope)
    }

    /// Opens what [`Self::seal`] makes; nothing of it is decrypted before the tag fits.
    pub(super) fn open(&self, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let sealed = match envelope {
            [EMPTY] => return Ok(Zeroizing::default()),
            [VERSION, sealed @ ..] => sealed,
            [] | [EMPTY, ..] => return Err(OpenError::Length),
            [version, ..] => return Err(OpenError::Version(*version)),
        };
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(OpenError::Length)?;
        let (body, tag) = sealed.split_last_chunk::<TAG>().ok_or(OpenError::Length)?;
        let mut plaintext = Zeroizing::new(body.to_vec());
        self.0
            .decrypt_inout_detached(nonce.into(), b"", plaintext.as_mut_slice().into(), tag.into())
            .map_err(|_| OpenError::Forged)?;
        Ok(plaintext)
    }
}

/// Derives 32 bytes with HKDF-SHA256 without a salt.
pub(super) fn derive(secret: &[u8; KEY], info: &[&str]) -> Zeroizing<[u8; KEY]> {
    let mut key = Zeroizing::new([0; KEY]);
    let info: Vec<&[u8]> = info.iter().map(|part| part.as_bytes()).collect();
    #[expect(clippy::expect_used, reason = "HKDF-SHA256 refuses from 8161 bytes on")]
    Hkdf::<Sha256>::new(None, secret)
        .expand_multi_info(&info, key.as_mut_slice())
        .expect("32 bytes are few enough");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_an_envelope_says_why() {
        let key = Symmetric::derive(&[7; KEY], &["purpose"]);
        let sound = key.seal(b"x").unwrap();
        for (envelope, error) in [
            (vec![], OpenError::Length),
            (vec![0, 0], OpenError::Length),
            (vec![1], OpenError::Length),
            (sound[..28].to_vec(), OpenError::Length),
            (vec![2], OpenError::Version(2)),
            ([&[0x99], &sound[1..]].concat(), OpenError::Version(0x99)),
            (vec![1; 29], OpenError::Forged),
            (sound[..29].to_vec(), OpenError::Forged),
        ] {
            assert_eq!(key.open(&envelope).map(|_| ()), Err(error), "{envelope:?}");
        }
    }

    #[test]
    fn nothing_is_sealed_as_a_single_byte() {
        let key = Symmetric::derive(&[7; KEY], &["purpose"]);
        assert_eq!(key.seal(b"").unwrap(), [0]);
        assert_eq!(*key.open(&[0]).unwrap(), b"");
    }

    #[test]
    fn an_envelope_has_the_layout_of_the_wire_and_a_nonce_of_its_own() {
        let key = Symmetric::derive(&[7; KEY], &["purpose"]);
        let (one, two) = (key.seal(b"same").unwrap(), key.seal(b"same").unwrap());
        assert_eq!(one[0], 1);
        assert_eq!(one.len(), 1 + 12 + 4 + 16);
        assert_ne!(one[1..13], two[1..13]);
    }

    #[test]
    fn the_parts_of_a_purpose_count_together() {
        assert_eq!(derive(&[7; KEY], &["a/", "b"]), derive(&[7; KEY], &["a/b"]));
        assert_ne!(derive(&[7; KEY], &["a/b"]), derive(&[7; KEY], &["a/c"]));
        assert_ne!(derive(&[7; KEY], &["a/b"]), derive(&[8; KEY], &["a/b"]));
    }
}
