use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parse(value: Value) -> Update {
    Update::parse(value).unwrap()
}

fn kind_of(name: &str, payload: Value) -> UpdateKind {
    parse(json!({"update_id": 1, "type": name, "session_id": "ses_1", "payload": payload})).kind
}

fn decided(payload: Value) -> Decision {
    let kind = kind_of("approval.resolved", payload);
    let UpdateKind::ApprovalResolved { decision, .. } = kind else { panic!("a decision") };
    decision
}

fn is_malformed(kind: &UpdateKind) -> bool {
    matches!(kind, UpdateKind::Malformed { .. })
}

#[test]
fn a_message_is_read_with_all_its_fields() {
    let update = parse(json!({
        "update_id": "upd_1", "type": "session.message", "interaction_id": "int_1",
        "installation_id": "inst_1", "created_at": 1,
        "payload": {
            "session": {"id": "ses_1", "model": "m"},
            "message": {"id": "msg_1", "text": "hello", "thought_level": "high", "reply_to": "msg_0",
                "attachments": [{"key": "k", "url": "https://f/1", "mime": "image/png",
                                 "size": 12, "name": "a.png"}]},
        },
    }));
    assert_eq!(
        update,
        Update {
            id: UpdateId::Text("upd_1".into()),
            session_id: Some(SessionId::new("ses_1")),
            interaction_id: Some(InteractionId::new("int_1")),
            kind: UpdateKind::Message(UserMessage {
                id: MessageId::new("msg_1"),
                content: Content::Plain("hello".into()),
                attachments: vec![Attachment {
                    url: Some("https://f/1".into()),
                    mime: Some("image/png".into()),
                    name: Some("a.png".into()),
                    size: Some(12),
                }],
                thought_level: Some("high".into()),
            }),
        }
    );
}

#[test]
fn ids_are_found_wherever_the_frame_puts_them() {
    for fields in [
        json!({"session_id": "ses_1", "interaction_id": "int_1"}),
        json!({"payload": {"session_id": "ses_1", "interaction_id": "int_1"}}),
        json!({"payload": {"session": {"id": "ses_1"}, "interaction": {"id": "int_1"}}}),
        json!({"session": {"id": "ses_1"}, "payload": {"interaction_id": "int_1"}}),
        json!({"payload": {"message": {"session_id": "ses_1", "interaction_id": "int_1"}}}),
        json!({"session_id": "", "interaction_id": null,
               "payload": {"session_id": "ses_1", "interaction_id": "int_1"}}),
    ] {
        let mut update = json!({"update_id": 1, "type": "session.cancelled"});
        update.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let update = parse(update);
        assert_eq!(update.session_id, Some(SessionId::new("ses_1")), "{fields}");
        assert_eq!(update.interaction_id, Some(InteractionId::new("int_1")), "{fields}");
    }
}

#[test]
fn the_id_of_a_message_is_no_id_of_a_session() {
    let update = parse(json!({"update_id": 1, "type": "session.message",
        "payload": {"message": {"id": "msg_1", "text": "hello"}}}));
    assert_eq!(update.session_id, None);
    assert!(is_malformed(&update.kind));
}

#[test]
fn a_field_may_sit_beside_the_payload() {
    let update = parse(json!({"update_id": 1, "type": "session.message", "session_id": "ses_1",
        "message": {"id": "msg_1", "text": "hello"}}));
    assert!(matches!(update.kind, UpdateKind::Message(_)));
}

#[test]
fn a_sentence_beside_the_payload_does_not_hide_the_message() {
    let update = parse(json!({"update_id": 1, "type": "session.message", "message": "new message",
        "payload": {"session": {"id": "ses_1"}, "message": {"id": "msg_1", "text": "hello"}}}));
    assert!(matches!(update.kind, UpdateKind::Message(_)));
}

#[test]
fn an_envelope_is_kept_apart_from_readable_text() {
    let kind = kind_of("session.message", json!({"message": {"id": "m", "text_ct": "AQID"}}));
    let UpdateKind::Message(message) = kind else { panic!("a message") };
    assert_eq!(message.content, Content::Encrypted("AQID".into()));
}

#[test]
fn a_message_may_consist_of_attachments_alone() {
    let kind = kind_of(
        "session.message",
        json!({"message": {"id": "m", "attachments": [{"url": "https://f/1", "size": -1}, 7]}}),
    );
    let UpdateKind::Message(message) = kind else { panic!("a message") };
    assert_eq!(message.content, Content::Plain(String::new()));
    assert_eq!(message.attachments.len(), 2);
    assert_eq!(message.attachments[0].size, None);
    assert_eq!(message.attachments[1].url, None);
}

#[test]
fn every_known_type_has_its_kind() {
    let reason = Some("user".to_owned());
    for (name, payload, kind) in [
        ("session.cancelled", json!({"reason": "user"}), UpdateKind::Cancelled { reason }),
        ("session.cancelled", json!({}), UpdateKind::Cancelled { reason: None }),
        ("session.started", json!({}), UpdateKind::SessionStarted),
        ("session.ended", json!({}), UpdateKind::SessionEnded),
        (
            "session.model.changed",
            json!({"model": "openai/gpt"}),
            UpdateKind::ModelChanged { model: Some("openai/gpt".into()) },
        ),
        ("session.model.changed", json!({"model": null}), UpdateKind::ModelChanged { model: None }),
        ("session.model.changed", json!({}), UpdateKind::ModelChanged { model: None }),
        ("installation.created", json!({}), UpdateKind::InstallationCreated),
        ("installation.revoked", json!(null), UpdateKind::InstallationRevoked),
        ("installation.permissions_updated", json!({}), UpdateKind::PermissionsUpdated),
        (
            "device_revoked",
            json!({"device_id": "dev_1"}),
            UpdateKind::DeviceRevoked { device_id: DeviceId::new("dev_1") },
        ),
        (
            "session_key_granted",
            json!({"device_id": "dev_1", "wrapped_session_key": "Ag=="}),
            UpdateKind::SessionKeyGranted {
                device_id: Some(DeviceId::new("dev_1")),
                wrapped_session_key: SealedGrant::new("Ag=="),
            },
        ),
        (
            "session_key_granted",
            json!({"wrapped_session_key": "Ag=="}),
            UpdateKind::SessionKeyGranted {
                device_id: None,
                wrapped_session_key: SealedGrant::new("Ag=="),
            },
        ),
        ("party.started", json!({}), UpdateKind::Unknown { name: "party.started".into() }),
    ] {
        assert_eq!(kind_of(name, payload), kind, "{name}");
    }
}

#[test]
fn an_added_device_is_read_with_all_its_fields_and_needs_no_session() {
    let digits = "0f".repeat(32);
    let pubkey = DevicePublicKey::parse(&digits).unwrap();
    let update = parse(json!({"update_id": 1, "type": "device_added", "payload": {
        "device_id": "dev_1", "pubkey": digits, "label": "Ada's phone", "platform": "ios"}}));
    assert_eq!(
        update.kind,
        UpdateKind::DeviceAdded {
            device_id: DeviceId::new("dev_1"),
            pubkey,
            label: Some("Ada's phone".into()),
            platform: Some("ios".into()),
        }
    );
    let device_id = DeviceId::new("dev_2");
    assert_eq!(
        kind_of("device_added", json!({"device": {"id": "dev_2"}, "pubkey": digits})),
        UpdateKind::DeviceAdded { device_id, pubkey, label: None, platform: None }
    );
}

#[test]
fn only_spelled_out_consent_is_consent() {
    for (word, decision) in [
        (json!("approve"), Decision::Approve),
        (json!("approveForSession"), Decision::Approve),
        (json!("approve_always"), Decision::ApproveAlways),
        (json!("deny"), Decision::Deny),
        (json!("abort"), Decision::Deny),
        (json!("APPROVE"), Decision::Deny),
        (json!("approve "), Decision::Deny),
        (json!("maybe"), Decision::Deny),
        (json!(true), Decision::Deny),
        (json!(null), Decision::Deny),
    ] {
        assert_eq!(decided(json!({"approval_id": "a", "decision": word})), decision, "{word}");
    }
    assert_eq!(decided(json!({"approval_id": "a"})), Decision::Deny);
}

#[test]
fn an_approval_keeps_its_scope_and_reason_and_needs_no_session() {
    let update = parse(json!({"update_id": 1, "type": "approval.resolved", "payload": {
        "approval_id": "plugin:7", "decision": "approve_always", "scope": "tool", "reason": "ok"}}));
    assert_eq!(
        update.kind,
        UpdateKind::ApprovalResolved {
            approval_id: ApprovalId::new("plugin:7"),
            decision: Decision::ApproveAlways,
            scope: Some("tool".into()),
            reason: Some("ok".into()),
        }
    );
}

#[test]
fn an_unreadable_payload_can_still_be_acknowledged() {
    for (name, payload) in [
        ("session.message", json!({})),
        ("session.message", json!("text")),
        ("session.message", json!({"message": "hello"})),
        ("session.message", json!({"message": {"text": "no id"}})),
        ("session.message", json!({"message": {"id": "m"}})),
        ("session.message", json!({"message": {"id": "m", "text": 7}})),
        ("session.model.changed", json!({"model": 7})),
        ("approval.resolved", json!({"decision": "approve"})),
        ("device_added", json!({})),
        ("device_added", json!({"device_id": "dev_1"})),
        ("device_added", json!({"pubkey": "0f".repeat(32)})),
        ("device_added", json!({"device_id": "dev_1", "pubkey": "0f".repeat(31)})),
        ("device_added", json!({"device_id": "dev_1", "pubkey": 7})),
        ("device_revoked", json!({"device_id": 7})),
        ("session_key_granted", json!({"device_id": "dev_1"})),
        ("session_key_granted", json!({"wrapped_session_key": {}})),
        ("", json!({})),
    ] {
        assert!(is_malformed(&kind_of(name, payload.clone())), "{name} {payload}");
    }
    let grant =
        json!({"update_id": 8, "type": "session_key_granted", "wrapped_session_key": "Ag=="});
    assert!(is_malformed(&parse(grant).kind));
    let nowhere = parse(json!({"update_id": 9, "type": "session.ended"}));
    assert!(is_malformed(&nowhere.kind));
    assert_eq!(nowhere.id, UpdateId::Number(9));
}

#[test]
fn an_update_without_a_usable_id_is_no_update() {
    for value in [json!({"type": "x"}), json!({"update_id": 1.5}), json!({"update_id": null})] {
        assert_eq!(Update::parse(value), Err(MalformedFrame::NoUpdateId));
    }
    assert_eq!(Update::parse(json!([])), Err(MalformedFrame::NoUpdate));
}

#[test]
fn a_problem_repeats_nothing_of_the_payload() {
    let kind = kind_of("session.message", json!({"message": {"id": 5, "text": "private"}}));
    assert!(!format!("{kind:?}").contains("private"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let name = prop_oneof![
            "[a-z_]{1,8}",
            prop::sample::select(vec![
                "payload",
                "message",
                "session",
                "session_id",
                "id",
                "text",
                "text_ct",
                "attachments",
                "model",
                "decision",
                "approval_id",
                "device_id",
                "pubkey",
                "wrapped_session_key",
            ])
            .prop_map(str::to_owned),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "session.message",
        "session.cancelled",
        "session.ended",
        "session.model.changed",
        "approval.resolved",
        "installation.revoked",
        "device_added",
        "device_revoked",
        "session_key_granted",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn no_json_makes_the_parser_panic(value in any_json()) {
        let _ = Update::parse(value);
    }

    #[test]
    fn an_update_with_an_id_can_be_acknowledged_whatever_it_holds(
        id in any::<i64>(), name in any_name(), payload in any_json(), message in any_json(),
    ) {
        let update = Update::parse(json!({
            "update_id": id, "type": name, "payload": payload, "message": message,
        }));
        prop_assert_eq!(update.map(|update| update.id), Ok(UpdateId::Number(id)));
    }

    #[test]
    fn no_unknown_word_is_read_as_consent(word in ".{0,20}") {
        prop_assume!(!["approve", "approveForSession", "approve_always"].contains(&word.as_str()));
        prop_assert_eq!(decided(json!({"approval_id": "a", "decision": word})), Decision::Deny);
    }
}
