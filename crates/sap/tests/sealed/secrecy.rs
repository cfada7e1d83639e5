//! No secret is printed.

use sap::SessionId;
use sap::sealed::{ContentKey, DeviceKey};

const SECRET: [u8; 32] = [0xa7; 32];

#[test]
fn a_printed_key_shows_nothing_of_itself() {
    let (key, session) = (ContentKey::from_bytes(&SECRET), SessionId::new("ses_1"));
    let index = key.blind_index("scope", &["input"]);
    assert_eq!(format!("{key:?}"), "ContentKey(…)");
    for printed in [
        format!("{:?}", key.messages(&session)),
        format!("{:?}", key.tasks(&session)),
        format!("{:?}", key.approvals(&session)),
        format!("{:?}", key.agent_file(&session, &index)),
    ] {
        assert_eq!(printed, "BlobKey(…)");
    }
}

#[test]
fn a_printed_device_key_shows_its_public_half_alone() {
    let device = DeviceKey::from_bytes(&SECRET);
    let printed = format!("{device:?}");
    assert_eq!(
        printed,
        format!("DeviceKey {{ public: DevicePublicKey({}), .. }}", device.public())
    );
    assert!(!printed.contains("a7a7a7a7"));
}

#[test]
fn what_could_not_be_opened_is_not_repeated() {
    let key = ContentKey::from_bytes(&SECRET);
    let session = SessionId::new("ses_1");
    let envelope = key.tasks(&session).seal("private").unwrap();
    let error = key.messages(&session).open(envelope.as_str()).unwrap_err();
    let printed = format!("{error} {error:?}");
    assert!(!printed.contains(envelope.as_str()) && !printed.contains("private"), "{printed}");
}
