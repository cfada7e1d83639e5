use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use simulator::cloud::{Cloud, CloudOptions, Message};

use crate::pages::act;
use crate::wire::{Bridge, paired, talking};

/// An envelope of so many hidden bytes, which no key opens.
fn envelope(hidden: usize) -> String {
    let mut bytes = vec![7; 29 + hidden];
    bytes[0] = 1;
    STANDARD.encode(bytes)
}

/// A granted key, which nobody opens.
fn grant() -> String {
    let mut bytes = vec![7; 94];
    (bytes[0], bytes[33]) = (2, 1);
    STANDARD.encode(bytes)
}

/// A session that is encrypted by a phone that is not there.
async fn encrypted() -> (Cloud, Bridge) {
    let (cloud, bridge) = paired(CloudOptions::default()).await;
    cloud.say_with("ses_1", Message { text_ct: Some(envelope(5)), ..Message::default() });
    (cloud, bridge)
}

/// A body of each route with content, by the form of the content.
fn bodies(encrypted: bool) -> [(&'static str, Value); 5] {
    let twin = |name: &str| if encrypted { format!("{name}_ct") } else { name.to_owned() };
    let content = if encrypted { json!(envelope(9)) } else { json!("x") };
    let mut ask = json!({"session_id": "ses_1", "approval_id": "a", "action": "shell.exec",
        "severity": "low"});
    if encrypted {
        ask["details_ct"] = content.clone();
    } else {
        (ask["title"], ask["message"]) = (content.clone(), content.clone());
    }
    [
        ("sendMessage", json!({"session_id": "ses_1", twin("text"): content})),
        (
            "createTask",
            json!({"session_id": "ses_1", "task_id": "t", "kind": "exec",
                twin("status_label"): content, twin("args"): content}),
        ),
        (
            "updateTask",
            json!({"session_id": "ses_1", "task_id": "t", twin("partial_result"): content}),
        ),
        (
            "finishTask",
            json!({"session_id": "ses_1", "task_id": "t", "status": "failed",
                twin("error"): content, twin("result"): content}),
        ),
        ("requestApproval", ask),
    ]
}

#[tokio::test]
async fn content_passes_in_the_form_of_its_session_and_in_no_other() {
    for is_encrypted in [false, true] {
        let (cloud, bridge) = if is_encrypted { encrypted().await } else { plain().await };
        for (route, body) in bodies(!is_encrypted) {
            let answer = bridge.call(route, &format!("other-{route}"), body).await;
            assert_eq!((answer.status, answer.code()), (400, "validation_failed"), "{route}");
        }
        assert_eq!(cloud.violations().len(), 5);
        for (route, body) in bodies(is_encrypted) {
            bridge.call(route, route, body).await.result();
        }
        assert_eq!(cloud.violations().len(), 5);
        assert_eq!(cloud.look(|view| view.is_encrypted("ses_1")), is_encrypted);
    }
}

async fn plain() -> (Cloud, Bridge) {
    let (cloud, bridge, _) = talking().await;
    (cloud, bridge)
}

#[tokio::test]
async fn one_readable_field_beside_ciphertext_is_refused_and_remembered() {
    let (cloud, bridge) = encrypted().await;
    let ask = |extra: &str| {
        let mut body = bodies(true)[4].1.clone();
        body[extra] = json!("x");
        body
    };
    let fields = ["title", "message", "command", "host", "tool_call_id", "approval_slug"];
    for field in fields {
        let answer = bridge.call("requestApproval", field, ask(field)).await;
        assert_eq!(answer.body["error"]["errors"][0]["path"], field);
    }
    let mut message = bodies(true)[0].1.clone();
    message["text"] = json!("x");
    assert_eq!(bridge.call("sendMessage", "m", message).await.status, 400);
    assert_eq!(cloud.violations().len(), fields.len() + 1);
    assert!(cloud.approvals("ses_1").is_empty() && cloud.bubbles("ses_1").is_empty());
}

#[tokio::test]
async fn ciphertext_is_the_base64_of_an_envelope_within_the_limits() {
    let (cloud, bridge) = encrypted().await;
    let mut count = 0;
    for text in ["", "x", "AQID", "AAA=", &envelope(0), &grant(), " AA==", "AA"] {
        let body = json!({"session_id": "ses_1", "text_ct": text});
        let answer = bridge.call("sendMessage", "wrong", body).await;
        assert_eq!(answer.status, 400, "{text}");
        count += 1;
    }
    let body = |hidden| json!({"session_id": "ses_1", "text_ct": envelope(hidden)});
    assert_eq!(bridge.call("sendMessage", "long", body(64 * 1024)).await.status, 200);
    assert_eq!(bridge.call("sendMessage", "longer", body(64 * 1024 + 1)).await.status, 413);
    let file = json!({"session_id": "ses_1", "tool": "read", "path_ct": envelope(3),
        "display_name_ct": envelope(3), "path_blind_idx": "AbCdEfGhIjKlMnOpQrSt-_"});
    bridge.call("notifyToolFile", "file", file.clone()).await.result();
    let mut odd = file;
    odd["path_blind_idx"] = json!("short");
    assert_eq!(bridge.call("notifyToolFile", "odd", odd).await.status, 400);
    assert_eq!(cloud.violations().len(), count + 2);
}

#[tokio::test]
async fn keys_are_handed_to_known_devices_in_a_sealed_box_and_by_who_hands_them() {
    let (cloud, bridge) = encrypted().await;
    let registered = bridge.call("devices", "d", json!({"pubkey": "a".repeat(64)})).await;
    let own = registered.result()["device_id"].clone();
    let phone = cloud.join_phone("Phone");
    let to = |device: &str, key: &str| json!({"device_id": device, "wrapped_session_key": key});
    let wrong = [
        json!({"recipients": [to("dev_nobody", &grant())]}),
        json!({"recipients": [to(&phone, &envelope(32))]}),
        json!({"recipients": [{"device_id": phone}]}),
        json!({"recipients": [to(&phone, &grant())], "wrapped_by_device_id": phone}),
        json!({"recipients": "everybody"}),
    ];
    for (at, body) in wrong.iter().enumerate() {
        let answer =
            bridge.call("sessions/ses_1/recipients", &format!("w{at}"), body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
    }
    assert_eq!(cloud.violations().len(), wrong.len());
    let right = json!({"recipients": [to(&phone, &grant())], "wrapped_by_device_id": own});
    bridge.call("sessions/ses_1/recipients", "right", right.clone()).await.result();
    let unopened = cloud.look(|view| view.violations().len());
    assert_eq!(unopened, wrong.len() + 1, "the phone cannot open what no key is in");
    let nowhere = bridge.call("sessions/ses_9/recipients", "nowhere", right).await;
    assert_eq!(nowhere.code(), "session_not_found");
}

#[tokio::test]
async fn a_session_without_a_key_that_somebody_has_is_no_place_for_ciphertext() {
    let (cloud, bridge, _) = talking().await;
    let created = bridge.call("createSession", "1", json!({})).await;
    let session = created.result()["session_id"].clone();
    let body = json!({"session_id": session, "text_ct": envelope(3)});
    bridge.call("sendMessage", "2", body).await.result();
    assert_eq!(cloud.violations().len(), 1);
}

#[tokio::test]
async fn the_page_joins_hands_a_key_over_and_writes_what_only_it_can_read() {
    let (cloud, bridge) = paired(CloudOptions::default()).await;
    let mut socket = bridge.connect().await;
    let pubkey = json!({"pubkey": "b".repeat(64)});
    let bridge_device = bridge.call("devices", "d", pubkey).await.result()["device_id"].clone();
    let page = json!({"pubkey": "c".repeat(64), "label": "Phone page"});
    let joined = act(&cloud, "/v1/me/devices", page.clone()).await.result().clone();
    assert_eq!(act(&cloud, "/v1/me/devices", page).await.result(), &joined, "it is known now");
    assert_eq!(socket.next_update("device_added").await["payload"]["pubkey"], "c".repeat(64));
    let session = act(&cloud, "/v1/me/sessions", json!({})).await.result()["session_id"].clone();
    let path = format!("/v1/me/sessions/{}", session.as_str().unwrap());
    let grants = format!("{path}/grants");
    let body = json!({"device_id": bridge_device, "wrapped_session_key": grant()});
    act(&cloud, &grants, body.clone()).await.result();
    let granted = socket.next_update("session_key_granted").await;
    assert_eq!(granted["payload"]["session_id"], session);
    assert_eq!(granted["payload"]["wrapped_session_key"], body["wrapped_session_key"]);
    let send = format!("{path}/send");
    let readable = act(&cloud, &send, json!({"text": "hello"})).await;
    assert_eq!((readable.status, readable.code()), (409, "session_encrypted"));
    act(&cloud, &send, json!({"text_ct": envelope(5)})).await.result();
    let message = socket.next_update("session.message").await["payload"]["message"].clone();
    assert_eq!(message["text_ct"], envelope(5));
    for (path, body, code) in [
        (
            &grants,
            json!({"device_id": "dev_9", "wrapped_session_key": grant()}),
            "device_not_found",
        ),
        (
            &grants,
            json!({"device_id": bridge_device, "wrapped_session_key": "AA=="}),
            "malformed_grant",
        ),
        (&"/v1/me/devices".to_owned(), json!({"pubkey": "zz"}), "malformed_key"),
    ] {
        assert_eq!(act(&cloud, path, body).await.code(), code);
    }
    let revoke = format!("/v1/me/devices/{}/revoke", joined["device_id"].as_str().unwrap());
    act(&cloud, &revoke, json!({})).await.result();
    let revoked = socket.next_update("device_revoked").await;
    assert_eq!(revoked["payload"]["device_id"], joined["device_id"]);
    assert_eq!(cloud.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_computer_that_is_paired_later_hears_of_the_phones_that_are_there() {
    let (cloud, _bridge) = paired(CloudOptions::default()).await;
    let phone = cloud.join_phone("Phone");
    let revoked = cloud.join_phone("Lost phone");
    cloud.revoke_device(&revoked);
    let (_, token) = cloud.mint_installation("Home Mac OpenClaw");
    let later = Bridge::new(&cloud, token);
    let mut socket = later.connect().await;
    assert_eq!(socket.next_update("device_added").await["payload"]["device_id"], phone);
    let first = Bridge::new(&cloud, cloud.mint_installation("Third").1);
    first.call("devices", "d", json!({"pubkey": "a".repeat(64)})).await.result();
    let next = socket.next_update("device_added").await;
    assert_eq!(next["payload"]["platform"], "bridge", "bridges hear of each other");
}

#[tokio::test]
async fn every_byte_of_a_bridge_is_kept_but_its_token() {
    let (cloud, bridge) = paired(CloudOptions::default()).await;
    let mut socket = bridge.connect().await;
    let body = json!({"pubkey": "a".repeat(64), "label": "Work Mac"});
    bridge.call("devices", "key-1", body).await.result();
    socket.send(json!({"type": "gossip", "words": "told"})).await;
    let told = |_: &simulator::cloud::CloudView<'_>| Some(());
    cloud.wait_for("anything", crate::wire::SOON, told).await;
    for there in ["POST /v1/bridge/devices", "Work Mac", "GET /v1/bridge/ws", "key-1"] {
        assert!(cloud.received_contains(there.as_bytes()), "{there}");
    }
    while !cloud.received_contains(b"gossip") {
        tokio::task::yield_now().await;
    }
    assert!(!cloud.received_contains(b":s_test_"), "the token");
    assert!(cloud.received().len() >= 4);
    cloud.clear_calls();
    assert!(!cloud.received_contains(b"Work Mac"));
}
