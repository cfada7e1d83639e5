//! The phone's side of encrypted content.
//!
//! It is written from the wire alone, upon other crates than the bridge's, and `HSalsa20` is
//! spelled out: a mistake on either side shows as a text that the other cannot read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use curve25519_dalek::MontgomeryPoint;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};

use super::envelope::{EMPTY, KEY, NONCE, SEALED_BOX, SYMMETRIC};

/// The key of one session's content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ContentKey([u8; KEY]);

/// The key pair of one device.
pub(super) struct DeviceKey([u8; KEY]);

/// What a device is known by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct PublicKey(MontgomeryPoint);

/// Why an envelope cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// It has not the form of an envelope.
    #[error("has not the form of an envelope")]
    Malformed,
    /// No known key opens it, or it was changed on the way.
    #[error("is opened by no known key")]
    Forged,
    /// It hides no text.
    #[error("hides something that is no text")]
    NoText,
}

impl ContentKey {
    pub(super) fn generate() -> Self {
        Self(random())
    }

    /// Seals a text as content of this path, such as `messages/ses_1`.
    pub(super) fn seal(&self, path: &str, text: &str) -> String {
        let envelope = match text {
            "" => vec![EMPTY],
            text => seal(&self.blob_key(path), text.as_bytes()),
        };
        STANDARD.encode(envelope)
    }

    /// Opens what was sealed for this path.
    pub(super) fn open(&self, path: &str, envelope: &str) -> Result<String, Unreadable> {
        let bytes = STANDARD.decode(envelope).map_err(|_| Unreadable::Malformed)?;
        let plain = match bytes.as_slice() {
            [EMPTY] => Vec::new(),
            bytes => open(&self.blob_key(path), bytes)?,
        };
        String::from_utf8(plain).map_err(|_| Unreadable::NoText)
    }

    fn blob_key(&self, path: &str) -> LessSafeKey {
        derived(&self.0, &format!("sophon/v1/blob/{path}"))
    }
}

impl DeviceKey {
    pub(super) fn generate() -> Self {
        Self(random())
    }

    pub(super) fn public(&self) -> PublicKey {
        PublicKey(MontgomeryPoint::mul_base_clamped(self.0))
    }

    /// Opens a session's key that was granted to this device.
    pub(super) fn open_grant(&self, grant: &str) -> Result<ContentKey, Unreadable> {
        let bytes = STANDARD.decode(grant).map_err(|_| Unreadable::Malformed)?;
        let (&version, rest) = bytes.split_first().ok_or(Unreadable::Malformed)?;
        let (ephemeral, envelope) = rest.split_first_chunk::<KEY>().ok_or(Unreadable::Malformed)?;
        if version != SEALED_BOX {
            return Err(Unreadable::Malformed);
        }
        let key = box_key(&self.0, MontgomeryPoint(*ephemeral)).ok_or(Unreadable::Forged)?;
        let plain = open(&key, envelope)?;
        plain.try_into().map(ContentKey).map_err(|_| Unreadable::Malformed)
    }
}

impl PublicKey {
    /// Reads 64 hexadecimal digits.
    pub(super) fn parse(hex: &str) -> Option<Self> {
        let mut bytes = [0; KEY];
        if hex.len() != 2 * KEY || !hex.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Self(MontgomeryPoint(bytes)))
    }

    pub(super) fn hex(&self) -> String {
        self.0.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Seals a session's key for this device; none for a point that no device has.
    pub(super) fn grant(&self, content_key: &ContentKey) -> Option<String> {
        let ephemeral = DeviceKey::generate();
        let key = box_key(&ephemeral.0, self.0)?;
        let mut sealed = vec![SEALED_BOX];
        sealed.extend_from_slice(ephemeral.public().0.as_bytes());
        sealed.extend(seal(&key, &content_key.0));
        Some(STANDARD.encode(sealed))
    }
}

fn seal(key: &LessSafeKey, plain: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE] = random();
    let mut sealed = plain.to_vec();
    let bound = Nonce::assume_unique_for_key(nonce);
    if key.seal_in_place_append_tag(bound, Aad::empty(), &mut sealed).is_err() {
        panic!("a text of this size cannot be sealed");
    }
    [&[SYMMETRIC][..], &nonce, &sealed].concat()
}

fn open(key: &LessSafeKey, envelope: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let Some((&SYMMETRIC, rest)) = envelope.split_first() else {
        return Err(Unreadable::Malformed);
    };
    let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(Unreadable::Malformed)?;
    let mut sealed = sealed.to_vec();
    let bound = Nonce::assume_unique_for_key(*nonce);
    let plain =
        key.open_in_place(bound, Aad::empty(), &mut sealed).map_err(|_| Unreadable::Forged)?;
    Ok(plain.to_vec())
}

/// HKDF-SHA256 without a salt.
fn derived(input: &[u8], info: &str) -> LessSafeKey {
    let key = Salt::new(HKDF_SHA256, &[]).extract(input);
    let info = [info.as_bytes()];
    match key.expand(&info, &AES_256_GCM) {
        Ok(output) => LessSafeKey::new(UnboundKey::from(output)),
        Err(_) => panic!("32 bytes are within what HKDF derives"),
    }
}

/// What two devices share, as NaCl's `crypto_box_beforenm` has it; none where the other point is
/// one of the few that any secret takes to zero.
fn shared_key(secret: &[u8; KEY], other: MontgomeryPoint) -> Option<[u8; KEY]> {
    let shared = other.mul_clamped(*secret).to_bytes();
    let contributory = shared.iter().any(|byte| *byte != 0);
    contributory.then(|| hsalsa20(&shared))
}

fn box_key(secret: &[u8; KEY], other: MontgomeryPoint) -> Option<LessSafeKey> {
    Some(derived(&shared_key(secret, other)?, "sophon/v1/sealed-box"))
}

/// HSalsa20 of a key and a nonce of zeros.
fn hsalsa20(key: &[u8; KEY]) -> [u8; KEY] {
    const CONSTANTS: &[u8; 16] = b"expand 32-byte k";
    let word = |bytes: &[u8], at: usize| {
        u32::from_le_bytes([bytes[4 * at], bytes[4 * at + 1], bytes[4 * at + 2], bytes[4 * at + 3]])
    };
    let mut state = [0_u32; 16];
    for at in 0..4 {
        state[5 * at] = word(CONSTANTS, at);
        state[1 + at] = word(key, at);
        state[11 + at] = word(key, 4 + at);
    }
    for round in 0..20 {
        for line in 0..4 {
            // Columns in even rounds, rows in odd ones, each from the diagonal on.
            let cell = |step: usize| match round % 2 {
                0 => (5 * line + 4 * step) % 16,
                _ => 4 * line + (line + step) % 4,
            };
            for (step, turn) in [(1, 7), (2, 9), (3, 13), (4, 18)] {
                let sum = state[cell(step + 3)].wrapping_add(state[cell(step + 2)]);
                state[cell(step)] ^= sum.rotate_left(turn);
            }
        }
    }
    let mut output = [0; KEY];
    let told = [0, 5, 10, 15, 6, 7, 8, 9].map(|at| state[at].to_le_bytes());
    output.copy_from_slice(told.as_flattened());
    output
}

fn random<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system gives no random bytes: {error}");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cloud::envelope::{check_grant, hidden_len};

    fn bytes(hex: &str) -> [u8; KEY] {
        PublicKey::parse(hex).unwrap().0.to_bytes()
    }

    /// The numbers of "Cryptography in NaCl", sections 4 to 8.
    #[test]
    fn two_devices_agree_on_the_key_that_the_paper_about_nacl_prints() {
        let bob = bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        let alice = bytes("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
        let printed = bytes("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
        assert_eq!(shared_key(&bob, MontgomeryPoint(alice)), Some(printed));
    }

    proptest! {
        #[test]
        fn what_was_sealed_is_read_again_and_has_the_form_of_an_envelope(text in ".{0,300}") {
            let key = ContentKey::generate();
            let envelope = key.seal("messages/ses_1", &text);
            prop_assert_eq!(hidden_len(&envelope), Ok(text.len()));
            prop_assert_eq!(key.open("messages/ses_1", &envelope), Ok(text));
        }
    }

    #[test]
    fn another_path_another_key_and_another_byte_open_nothing() {
        let key = ContentKey::generate();
        let envelope = key.seal("messages/ses_1", "x");
        assert_eq!(key.open("tasks/ses_1", &envelope), Err(Unreadable::Forged));
        let other = ContentKey::generate();
        assert_eq!(other.open("messages/ses_1", &envelope), Err(Unreadable::Forged));
        let bytes = STANDARD.decode(&envelope).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(key.open("messages/ses_1", &STANDARD.encode(changed)).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_grant_opens_on_its_device_and_on_no_other() {
        let (device, other) = (DeviceKey::generate(), DeviceKey::generate());
        let key = ContentKey::generate();
        let grant = device.public().grant(&key).unwrap();
        assert_eq!(check_grant(&grant), Ok(()));
        assert!(device.open_grant(&grant) == Ok(key));
        assert!(other.open_grant(&grant) == Err(Unreadable::Forged));
        let known = PublicKey::parse(&device.public().hex()).unwrap();
        assert!(known == device.public());
    }

    #[test]
    fn a_point_that_takes_every_secret_to_zero_gets_no_grant() {
        let zero = PublicKey::parse(&"00".repeat(KEY)).unwrap();
        assert!(zero.grant(&ContentKey::generate()).is_none());
        assert!(PublicKey::parse("zz").is_none());
        assert!(PublicKey::parse(&"é".repeat(KEY)).is_none());
    }
}
