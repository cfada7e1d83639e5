//! Devices of the person: this computer among them, those that are handed keys, and what the phone
//! learns of this computer's files.

use std::time::Duration;

use openclaw::{Generation, RunEventKind, RunId, ToolCallId, ToolEvent};
use sap::sealed::DeviceKey;
use sap::{DeviceId, Refusal, Reply, SessionId, UpdateKind};
use serde_json::{Value, json};

use super::super::Input;
use super::encrypted::{KEY, NEXT_KEY, OURS, key, never_said, say, sealed, with_keys};
use super::harness::{Harness, SESSION};
use crate::Notice;

const PHONE: [u8; 32] = [2; 32];

#[test]
fn this_computer_is_registered_at_every_connection_and_a_cloud_that_knows_no_devices_is_fine() {
    let mut h = with_keys(&[]);
    h.feed(Input::CloudUp);
    h.held = true;
    h.feed(Input::CloudUp);
    let registered = h.posted("devices");
    assert_eq!(registered.len(), 1);
    assert_eq!(registered[0]["pubkey"], DeviceKey::from_bytes(&OURS).public().to_string());
    assert_eq!(registered[0]["label"], "Work Mac");
    let first = registered[0]["idempotency_key"].clone();
    let second = h.waiting.pop().unwrap();
    let body: Value = serde_json::from_slice(&second.body).unwrap();
    assert_ne!(body["idempotency_key"], first, "it must not be answered from memory");
    let outcome = Err(Refusal::Invalid { code: "not_found".into(), fields: Vec::new() });
    h.feed(Input::Posted(second.id, Reply { outcome, rate: None, request_id: None }));
    assert!(h.notices.is_empty() && h.engine.load().undelivered == 0);
    assert!(h.engine.is_settled());
}

#[test]
fn another_device_is_handed_every_key_and_another_bridge_none() {
    let mut h = with_keys(&[(SESSION, KEY), ("ses_2", NEXT_KEY)]);
    let phone = DeviceKey::from_bytes(&PHONE);
    let added = |device: &str, platform: &str| UpdateKind::DeviceAdded {
        device_id: DeviceId::new(device),
        pubkey: phone.public(),
        label: None,
        platform: Some(platform.into()),
    };
    h.update(SESSION, None, added("dev_bridge", "bridge"));
    assert!(h.posts.is_empty());
    h.update(SESSION, None, added("dev_phone", "ios"));
    assert_eq!(h.notices, [Notice::KeysHandedOn { label: None, sessions: 2 }]);
    for (session, bytes) in [(SESSION, KEY), ("ses_2", NEXT_KEY)] {
        let recipients = &h.posted(&format!("sessions/{session}/recipients"))[0]["recipients"];
        assert_eq!(recipients[0]["device_id"], "dev_phone");
        let sealed = recipients[0]["wrapped_session_key"].as_str().unwrap();
        assert_eq!(phone.open_grant(sealed), Ok(key(bytes)));
    }
}

#[test]
fn keys_that_wait_for_a_device_are_not_handed_to_it_once_it_is_revoked() {
    let mut h = with_keys(&[(SESSION, KEY)]);
    h.held = true;
    let (one, two) = (DeviceId::new("dev_1"), DeviceId::new("dev_2"));
    for device_id in [one, two.clone()] {
        let pubkey = DeviceKey::from_bytes(&PHONE).public();
        let kind = UpdateKind::DeviceAdded { device_id, pubkey, label: None, platform: None };
        h.update(SESSION, None, kind);
    }
    h.update(SESSION, None, UpdateKind::DeviceRevoked { device_id: two });
    h.held = false;
    h.deliver();
    let granted = h.posted(&format!("sessions/{SESSION}/recipients"));
    assert_eq!(granted.len(), 1);
    assert_eq!(granted[0]["recipients"][0]["device_id"], "dev_1");
}

#[test]
fn a_key_that_is_on_its_way_to_a_revoked_device_is_not_sent_again() {
    let mut h = with_keys(&[(SESSION, KEY)]);
    h.held = true;
    let device_id = DeviceId::new("dev_1");
    let pubkey = DeviceKey::from_bytes(&PHONE).public();
    let added = UpdateKind::DeviceAdded {
        device_id: device_id.clone(),
        pubkey,
        label: None,
        platform: None,
    };
    h.update(SESSION, None, added);
    let sent = h.waiting.pop().unwrap();
    h.update(SESSION, None, UpdateKind::DeviceRevoked { device_id });
    let outcome = Err(Refusal::Server { status: 500 });
    h.feed(Input::Posted(sent.id, Reply { outcome, rate: None, request_id: None }));
    h.wait(Duration::from_secs(60));
    h.crash(Duration::from_secs(1));
    h.wait(Duration::from_secs(60));
    assert!(h.waiting.is_empty() && h.engine.is_settled());
}

#[test]
fn a_file_that_the_agent_changed_is_listed_on_the_phone_and_only_in_an_encrypted_chat() {
    let tool = |h: &mut Harness, run: &RunId, is_error| {
        let call_id = ToolCallId::new("call_9");
        let args = json!({"path": "/ws/plum.md"});
        let start = ToolEvent::Started { name: "edit".into(), args };
        let text = String::new();
        let end =
            ToolEvent::Result { is_error, pending_approval: false, text, details: Value::Null };
        for event in [start, end] {
            h.run(run, RunEventKind::Tool { call_id: call_id.clone(), event });
        }
    };
    let mut h = with_keys(&[(SESSION, KEY)]);
    say(&mut h, "m1", sealed("hello", KEY, SESSION));
    let run = h.accept();
    tool(&mut h, &run, true);
    assert!(h.looks.is_empty(), "it was not changed");
    tool(&mut h, &run, false);
    assert_eq!(h.looks.len(), 1);
    let session = SessionId::new(SESSION);
    h.feed(Input::Looked(session, h.looks[0].tool, "/ws/plum.md".into(), 7));
    let listed = h.posted("notifyToolFile");
    assert_eq!((&listed[0]["tool"], &listed[0]["size_bytes"]), (&"edit".into(), &7.into()));
    never_said(&h, "plum");

    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "hello");
    let run = h.accept();
    tool(&mut h, &run, false);
    assert!(h.looks.is_empty());
}
