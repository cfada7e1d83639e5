use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The key by which a gateway knows this installation; one per installation, kept for good.
pub struct DeviceIdentity {
    key: SigningKey,
    id: String,
}

/// The system's source of randomness failed.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers: {0}")]
pub struct NoRandomness(getrandom::Error);

impl DeviceIdentity {
    /// Makes a new identity.
    ///
    /// # Errors
    /// [`NoRandomness`] when the system gives no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut()).map_err(NoRandomness)?;
        Ok(Self::from_secret(&secret))
    }

    /// Restores an identity from its Ed25519 seed.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(secret);
        let id = fingerprint(key.verifying_key().as_bytes());
        Self { key, id }
    }

    /// Copies the Ed25519 seed, for a vault to keep.
    pub fn secret_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_bytes())
    }

    /// Borrows the id: SHA-256 of the public key in lower-case hex.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Encodes the public key as the handshake wants it: base64url without padding.
    pub(crate) fn public_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.key.verifying_key().as_bytes())
    }

    /// Signs a text; the signature is base64url without padding.
    pub(crate) fn sign(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.key.sign(text.as_bytes()).to_bytes())
    }
}

impl fmt::Debug for DeviceIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceIdentity").field("id", &self.id).finish_non_exhaustive()
    }
}

fn fingerprint(public_key: &[u8; 32]) -> String {
    Sha256::digest(public_key).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_fingerprint_that_a_gateway_recorded_for_the_key() {
        let public = URL_SAFE_NO_PAD.decode("aJ6mxAm3zVBwMzTaClxlkrzIPsBRNTMnychhPUlpg5c").unwrap();
        assert_eq!(
            fingerprint(&public.try_into().unwrap()),
            "97cf43f5ece80f1c22facc71aec9095b2bf05b4401f8218af71f8aa58ee44ba7"
        );
    }

    #[test]
    fn an_identity_survives_being_kept_and_restored() {
        let identity = DeviceIdentity::generate().unwrap();
        let restored = DeviceIdentity::from_secret(&identity.secret_bytes());
        assert_eq!(restored.id(), identity.id());
        assert_eq!(restored.sign("text"), identity.sign("text"));
    }

    #[test]
    fn two_identities_differ() {
        let (one, two) = (DeviceIdentity::generate().unwrap(), DeviceIdentity::generate().unwrap());
        assert_ne!(one.id(), two.id());
    }

    #[test]
    fn a_printed_identity_shows_nothing_but_its_id() {
        let identity = DeviceIdentity::from_secret(&[7; 32]);
        assert_eq!(
            format!("{identity:?}"),
            format!("DeviceIdentity {{ id: \"{}\", .. }}", identity.id())
        );
    }
}
