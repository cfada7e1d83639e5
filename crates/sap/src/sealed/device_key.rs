use std::fmt;

use salsa20::cipher::consts::U10;
use salsa20::hsalsa;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::device_public_key::VERSION;
use super::error::random;
use super::symmetric::{KEY, Symmetric};
use super::{ContentKey, DevicePublicKey, NoRandomness, OpenError, base64_text};

/// The long-term X25519 key by which this bridge takes part in encrypted sessions.
pub struct DeviceKey {
    secret: StaticSecret,
    public: DevicePublicKey,
}

impl DeviceKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`NoRandomness`] when the system gives no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self::from_bytes(&Zeroizing::new(random()?)))
    }

    /// Restores a key that was kept.
    pub fn from_bytes(secret: &[u8; 32]) -> Self {
        let secret = StaticSecret::from(*secret);
        Self { public: DevicePublicKey::of(&secret), secret }
    }

    /// Shows the secret, for a vault to keep.
    pub fn expose(&self) -> &[u8; 32] {
        self.secret.as_bytes()
    }

    /// Gives the half that others may know.
    pub fn public(&self) -> DevicePublicKey {
        self.public
    }

    /// Opens a session's key that was sealed for this device; the base64 may be of either alphabet,
    /// with or without padding.
    ///
    /// # Errors
    /// [`OpenError`] when it is no grant, or it is for another device.
    pub fn open_grant(&self, sealed: &str) -> Result<ContentKey, OpenError> {
        let bytes = base64_text::decode(sealed)?;
        let sealed = match bytes.as_slice() {
            [] => return Err(OpenError::Length),
            [VERSION, sealed @ ..] => sealed,
            [version, ..] => return Err(OpenError::Version(*version)),
        };
        let (sender, envelope) = sealed.split_first_chunk::<KEY>().ok_or(OpenError::Length)?;
        let sealing =
            shared_key(&self.secret, &PublicKey::from(*sender)).ok_or(OpenError::WeakKey)?;
        let key = sealing.open(envelope)?;
        let key = key.as_slice().try_into().map_err(|_| OpenError::Length)?;
        Ok(ContentKey::from_bytes(key))
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Agrees on the key of a sealed box, as NaCl's `crypto_box` does; none where the public key makes
/// the same secret with everybody's key.
pub(super) fn shared_key(secret: &StaticSecret, public: &PublicKey) -> Option<Symmetric> {
    let shared = secret.diffie_hellman(public);
    if !shared.was_contributory() {
        return None;
    }
    let input = [0; 16];
    let mixed = hsalsa::<U10>(shared.as_bytes().into(), (&input).into());
    let mixed = Zeroizing::new(<[u8; KEY]>::from(mixed));
    Some(Symmetric::derive(&mixed, &["sophon/v1/sealed-box"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> DeviceKey {
        DeviceKey::from_bytes(&[3; 32])
    }

    fn opened(bytes: &[u8]) -> Result<ContentKey, OpenError> {
        device().open_grant(&base64_text::encode(bytes))
    }

    #[test]
    fn a_device_key_survives_being_kept_and_restored() {
        let device = DeviceKey::generate().unwrap();
        let restored = DeviceKey::from_bytes(device.expose());
        assert_eq!(restored.public(), device.public());
        let key = ContentKey::generate().unwrap();
        let grant = device.public().seal(&key).unwrap();
        assert_eq!(restored.open_grant(grant.as_str()), Ok(key));
    }

    #[test]
    fn what_cannot_be_a_grant_says_why() {
        let sender = [9; 32];
        let grant = device().public().seal(&ContentKey::from_bytes(&[7; 32])).unwrap();
        let sound = base64_text::decode(grant.as_str()).unwrap();
        assert_eq!(sound.len(), 1 + 32 + 1 + 12 + 32 + 16);
        for (bytes, error) in [
            (vec![], OpenError::Length),
            (vec![2], OpenError::Length),
            (sound[..33].to_vec(), OpenError::Length),
            ([&[2], &sender[..], &[0]].concat(), OpenError::Length),
            (vec![1; 61], OpenError::Version(1)),
            ([&sound[..33], &[3], &sound[34..]].concat(), OpenError::Version(3)),
            ([&[2], &[0; 32][..], &sound[33..]].concat(), OpenError::WeakKey),
            ([&[2], &sender[..], &sound[33..]].concat(), OpenError::Forged),
        ] {
            assert_eq!(opened(&bytes), Err(error), "{bytes:?}");
        }
        assert_eq!(device().open_grant("!"), Err(OpenError::NotBase64));
    }

    #[test]
    fn a_box_that_holds_no_key_is_of_a_wrong_length() {
        let sender = StaticSecret::from([5; 32]);
        let sealing = shared_key(&sender, &PublicKey::from(&device().secret)).unwrap();
        let envelope = sealing.seal(&[7; 31]).unwrap();
        let bytes = [&[2], PublicKey::from(&sender).as_bytes().as_slice(), &envelope].concat();
        assert_eq!(opened(&bytes), Err(OpenError::Length));
    }
}
