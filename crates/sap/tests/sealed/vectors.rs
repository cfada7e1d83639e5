//! What the other implementation sealed, in `vectors.json`.

use sap::SessionId;
use sap::sealed::{BlindIndex, ContentKey, DeviceKey, Envelope};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
pub(crate) struct Vectors {
    pub(crate) blobs: Vec<Blob>,
    pub(crate) blind_indexes: Vec<Indexed>,
    pub(crate) grants: Vec<Grant>,
}

/// One piece of sealed content, and the place that it belongs to.
#[derive(Deserialize, Serialize)]
pub(crate) struct Blob {
    content_key: String,
    kind: String,
    session: SessionId,
    index: Option<BlindIndex>,
    pub(crate) plaintext: String,
    pub(crate) envelope: String,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Indexed {
    content_key: String,
    scope: String,
    inputs: Vec<String>,
    index: String,
}

/// A session's key, and what it became for one device.
#[derive(Deserialize, Serialize)]
pub(crate) struct Grant {
    device_secret: String,
    device_public: String,
    pub(crate) content_key: String,
    pub(crate) sealed: String,
}

impl Vectors {
    pub(crate) fn read() -> Self {
        serde_json::from_str(include_str!("vectors.json")).unwrap()
    }
}

impl Blob {
    fn open(&self) -> String {
        let (key, session) = (content_key(&self.content_key), &self.session);
        let opened = match (self.kind.as_str(), &self.index) {
            ("messages", None) => key.messages(session).open(&self.envelope),
            ("tasks", None) => key.tasks(session).open(&self.envelope),
            ("approvals", None) => key.approvals(session).open(&self.envelope),
            ("agent_files", Some(index)) => key.agent_file(session, index).open(&self.envelope),
            (kind, _) => panic!("the vectors have an unknown kind {kind}"),
        };
        opened.unwrap().to_string()
    }

    pub(crate) fn seal(&self) -> Envelope {
        let (key, session, text) = (content_key(&self.content_key), &self.session, &self.plaintext);
        let sealed = match (self.kind.as_str(), &self.index) {
            ("messages", None) => key.messages(session).seal(text),
            ("tasks", None) => key.tasks(session).seal(text),
            ("approvals", None) => key.approvals(session).seal(text),
            ("agent_files", Some(index)) => key.agent_file(session, index).seal(text),
            (kind, _) => panic!("the vectors have an unknown kind {kind}"),
        };
        sealed.unwrap()
    }
}

impl Grant {
    fn device(&self) -> DeviceKey {
        DeviceKey::from_bytes(&bytes(&self.device_secret))
    }

    pub(crate) fn seal(&self) -> String {
        let key = content_key(&self.content_key);
        self.device().public().seal(&key).unwrap().as_str().to_owned()
    }
}

fn content_key(hex: &str) -> ContentKey {
    ContentKey::from_bytes(&bytes(hex))
}

fn bytes(hex: &str) -> [u8; 32] {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    let bytes: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    bytes.try_into().unwrap()
}

#[test]
fn what_the_other_implementation_sealed_opens() {
    let blobs = Vectors::read().blobs;
    assert!(blobs.len() >= 60);
    for blob in blobs {
        assert_eq!(blob.open(), blob.plaintext, "{} of {}", blob.kind, blob.session);
    }
}

#[test]
fn blind_indexes_are_the_same_in_the_other_implementation() {
    let indexes = Vectors::read().blind_indexes;
    assert!(indexes.len() >= 10);
    for Indexed { content_key: key, scope, inputs, index } in indexes {
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let ours = content_key(&key).blind_index(&scope, &inputs);
        assert_eq!(ours.as_str(), index, "{scope} {inputs:?}");
    }
}

#[test]
fn keys_that_the_other_implementation_granted_are_ours() {
    let grants = Vectors::read().grants;
    assert!(grants.len() >= 4);
    for grant in grants {
        assert_eq!(grant.device().public().to_string(), grant.device_public);
        let opened = grant.device().open_grant(&grant.sealed);
        assert_eq!(opened, Ok(content_key(&grant.content_key)));
    }
}
