//! Whatever is done to an envelope, it never opens to something that was not sealed in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use sap::SessionId;
use sap::sealed::{BlobKey, ContentKey, DeviceKey, Messages, OpenError};

/// Where a grant holds the sender's public key ends.
const LAST_OF_SENDER: usize = 32;

fn session() -> SessionId {
    SessionId::new("ses_1")
}

fn key() -> ContentKey {
    ContentKey::from_bytes(&[7; 32])
}

fn messages() -> BlobKey<Messages> {
    key().messages(&session())
}

/// Seals a text, and gives the envelope's bytes.
fn sealed(text: &str) -> Vec<u8> {
    STANDARD.decode(messages().seal(text).unwrap().as_str()).unwrap()
}

fn opens(envelope: &[u8]) -> bool {
    messages().open_bytes(&STANDARD.encode(envelope)).is_ok()
}

fn device() -> DeviceKey {
    DeviceKey::from_bytes(&[3; 32])
}

fn granted() -> Vec<u8> {
    STANDARD.decode(device().public().seal(&key()).unwrap().as_str()).unwrap()
}

fn grants(sealed: &[u8]) -> bool {
    device().open_grant(&STANDARD.encode(sealed)).is_ok()
}

proptest! {
    #[test]
    fn what_is_sealed_opens_unchanged(text in any::<String>(), id in any::<String>()) {
        let (key, session) = (ContentKey::generate().unwrap(), SessionId::new(id));
        let index = key.blind_index("agent_files", &[session.as_str(), &text]);
        let (messages, file) = (key.messages(&session), key.agent_file(&session, &index));
        let (tasks, approvals) = (key.tasks(&session), key.approvals(&session));
        for opened in [
            messages.open(messages.seal(&text).unwrap().as_str()),
            tasks.open(tasks.seal(&text).unwrap().as_str()),
            approvals.open(approvals.seal(&text).unwrap().as_str()),
            file.open(file.seal(&text).unwrap().as_str()),
        ] {
            prop_assert_eq!(&*opened.unwrap(), &text);
        }
    }

    #[test]
    fn bytes_are_sealed_as_they_are(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let envelope = messages().seal(&bytes).unwrap();
        prop_assert_eq!(&*messages().open_bytes(envelope.as_str()).unwrap(), &bytes);
    }

    #[test]
    fn an_envelope_of_which_any_byte_was_changed_does_not_open(
        text in any::<String>(), at in any::<prop::sample::Index>(), change in 1..=u8::MAX,
    ) {
        let mut envelope = sealed(&text);
        *at.get_mut(&mut envelope) ^= change;
        prop_assert!(!opens(&envelope));
    }

    #[test]
    fn an_envelope_that_was_cut_or_extended_does_not_open(
        text in any::<String>(),
        at in any::<prop::sample::Index>(),
        more in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let envelope = sealed(&text);
        prop_assert!(!opens(&envelope[..at.index(envelope.len())]));
        prop_assert!(!opens(&envelope[1..]));
        prop_assert!(!opens(&[&envelope[..], &more].concat()));
    }

    #[test]
    fn the_key_of_anything_else_does_not_open_an_envelope(
        text in ".+", id in "[a-z/_]{0,9}", input in any::<String>(), other in any::<[u8; 32]>(),
    ) {
        let envelope = messages().seal(&text).unwrap();
        let envelope = envelope.as_str();
        let (key, session, other) = (key(), session(), ContentKey::from_bytes(&other));
        let index = key.blind_index("scope", &[&input]);
        for opened in [
            key.messages(&SessionId::new(id)).open(envelope),
            key.tasks(&session).open(envelope),
            key.approvals(&session).open(envelope),
            key.agent_file(&session, &index).open(envelope),
            other.messages(&session).open(envelope),
        ] {
            prop_assert_eq!(opened.unwrap_err(), OpenError::Forged);
        }
    }

    #[test]
    fn the_key_of_one_file_does_not_open_another(one in any::<String>(), two in any::<String>()) {
        prop_assume!(one != two);
        let key = key();
        let file = |path| key.agent_file(&session(), &key.blind_index("agent_files", &[path]));
        let envelope = file(&one).seal("content").unwrap();
        prop_assert_eq!(file(&two).open(envelope.as_str()).unwrap_err(), OpenError::Forged);
    }

    #[test]
    fn nothing_that_was_not_sealed_here_opens(
        bytes in prop::collection::vec(any::<u8>(), 0..200), text in any::<String>(),
    ) {
        prop_assume!(bytes != [0]);
        for bytes in [&bytes[..], &[&[1], &bytes[..]].concat(), &[&[2], &bytes[..]].concat()] {
            prop_assert!(!opens(bytes));
            prop_assert!(!grants(bytes));
        }
        prop_assert!(messages().open(&text).is_err());
        prop_assert!(device().open_grant(&text).is_err());
    }

    #[test]
    fn a_grant_of_which_any_byte_was_changed_does_not_open(
        at in any::<prop::sample::Index>(), change in 1..=u8::MAX,
    ) {
        let mut sealed = granted();
        let at = at.index(sealed.len());
        prop_assume!(at != LAST_OF_SENDER || change != 0x80);
        sealed[at] ^= change;
        prop_assert!(!grants(&sealed));
    }

    #[test]
    fn a_grant_that_was_cut_or_extended_does_not_open(
        at in any::<prop::sample::Index>(), more in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let sealed = granted();
        prop_assert!(!grants(&sealed[..at.index(sealed.len())]));
        prop_assert!(!grants(&[&sealed[..], &more].concat()));
    }

    #[test]
    fn a_grant_opens_on_the_device_alone_that_it_is_for(key in any::<[u8; 32]>()) {
        let key = ContentKey::from_bytes(&key);
        let (one, two) = (DeviceKey::generate().unwrap(), DeviceKey::generate().unwrap());
        let sealed = one.public().seal(&key).unwrap();
        prop_assert_eq!(two.open_grant(sealed.as_str()), Err(OpenError::Forged));
        prop_assert_eq!(one.open_grant(sealed.as_str()), Ok(key));
    }
}

#[test]
fn the_bit_of_a_public_key_that_x25519_ignores_changes_no_key() {
    let mut sealed = granted();
    sealed[LAST_OF_SENDER] ^= 0x80;
    assert_eq!(device().open_grant(&STANDARD.encode(sealed)), Ok(key()));
}
