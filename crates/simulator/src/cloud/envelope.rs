//! What can be told of ciphertext by who has no key: that it has the form of an envelope.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// First byte of an envelope that one key opens.
pub(super) const SYMMETRIC: u8 = 1;
/// First byte of an envelope that one device opens.
pub(super) const SEALED_BOX: u8 = 2;
/// The whole envelope of an empty text.
pub(super) const EMPTY: u8 = 0;
/// Bytes of a nonce.
pub(super) const NONCE: usize = 12;
/// Bytes of an authentication tag.
pub(super) const TAG: usize = 16;
/// Bytes of a key, public, secret or shared.
pub(super) const KEY: usize = 32;

/// Says how many bytes an envelope hides.
pub(super) fn hidden_len(text: &str) -> Result<usize, &'static str> {
    let bytes = STANDARD.decode(text).map_err(|_| "is not base64")?;
    hidden_bytes(&bytes)
}

/// Says whether this is a session's key, sealed for one device.
pub(super) fn check_grant(text: &str) -> Result<(), &'static str> {
    let bytes = STANDARD.decode(text).map_err(|_| "is not base64")?;
    let (head, envelope) = bytes.split_at_checked(1 + KEY).ok_or("is too short for a grant")?;
    if head[0] != SEALED_BOX {
        return Err("has another version than a grant");
    }
    if hidden_bytes(envelope)? == KEY { Ok(()) } else { Err("grants no key of 32 bytes") }
}

fn hidden_bytes(bytes: &[u8]) -> Result<usize, &'static str> {
    match bytes.split_first() {
        None => Err("is no envelope, but nothing"),
        Some((&EMPTY, [])) => Ok(0),
        Some((&SYMMETRIC, rest)) => match rest.len().checked_sub(NONCE + TAG) {
            None => Err("is too short for an envelope"),
            Some(0) => Err("is not how nothing is sealed: that is one byte of zero"),
            Some(hidden) => Ok(hidden),
        },
        Some(_) => Err("has another version than an envelope"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(version: u8, length: usize) -> String {
        let mut bytes = vec![7; length];
        bytes[0] = version;
        STANDARD.encode(bytes)
    }

    #[test]
    fn an_envelope_hides_what_is_neither_version_nor_nonce_nor_tag() {
        assert_eq!(hidden_len(&envelope(SYMMETRIC, 30)), Ok(1));
        assert_eq!(hidden_len(&envelope(SYMMETRIC, 1029)), Ok(1000));
        assert_eq!(hidden_len("AA=="), Ok(0));
    }

    #[test]
    fn what_has_another_form_is_no_envelope() {
        for (text, why) in [
            ("", "nothing"),
            ("AA", "base64"),
            ("AQID", "short"),
            ("AAA=", "version"),
            (&envelope(SYMMETRIC, 28), "short"),
            (&envelope(SYMMETRIC, 29), "zero"),
            (&envelope(SEALED_BOX, 94), "version"),
        ] {
            let complaint = hidden_len(text).unwrap_err();
            assert!(complaint.contains(why), "{text}: {complaint}");
        }
    }

    #[test]
    fn a_grant_is_a_sealed_box_around_32_bytes() {
        let mut bytes = vec![7; 94];
        (bytes[0], bytes[33]) = (SEALED_BOX, SYMMETRIC);
        assert_eq!(check_grant(&STANDARD.encode(&bytes)), Ok(()));
        for (at, wrong) in [(0, SYMMETRIC), (33, SEALED_BOX)] {
            let mut other = bytes.clone();
            other[at] = wrong;
            assert!(check_grant(&STANDARD.encode(other)).is_err());
        }
        for length in [0, 1, 33, 93] {
            assert!(check_grant(&STANDARD.encode(&bytes[..length])).is_err(), "{length}");
        }
        bytes.push(0);
        assert!(check_grant(&STANDARD.encode(bytes)).is_err());
    }
}
