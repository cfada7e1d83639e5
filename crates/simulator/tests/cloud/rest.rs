use http::{HeaderMap, Method, header};
use serde_json::{Value, json};
use simulator::cloud::{CloudOptions, Dialect, Fault, Message, RateTable};

use crate::wire::{Bridge, paired, send, talking};

#[tokio::test]
async fn a_reply_opens_streams_and_ends_once() {
    let (cloud, bridge, interaction) = talking().await;
    let message_id = bridge.open_bubble("open", &interaction).await;
    for (key, delta) in [("d1", "Hel"), ("d2", "lo")] {
        let body = json!({"message_id": message_id, "delta": delta});
        bridge.call("sendMessageDelta", key, body).await.result();
    }
    let end = json!({"message_id": message_id, "text": "Hello!", "finish_reason": "stop",
                     "usage": {"output_tokens": 2}});
    bridge.call("sendMessageEnd", "end", end).await.result();
    let bubble = &cloud.bubbles("ses_1")[0];
    assert_eq!((bubble.streamed.as_str(), bubble.shown(), bubble.ends), ("Hello", "Hello!", 1));
    assert_eq!(bubble.interaction_id.as_deref(), Some(interaction.as_str()));
    assert_eq!(bubble.end.as_ref().unwrap().usage, Some(json!({"output_tokens": 2})));
    assert_eq!(cloud.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn after_the_end_a_delta_and_another_end_are_refused_and_remembered() {
    let (cloud, bridge, interaction) = talking().await;
    let message_id = bridge.open_bubble("open", &interaction).await;
    let end = json!({"message_id": message_id, "text": "x"});
    bridge.call("sendMessageEnd", "end", end.clone()).await.result();
    let again = bridge.call("sendMessageEnd", "end", end.clone()).await;
    assert!(again.is_idempotent(), "the same call is no second end");
    let delta = json!({"message_id": message_id, "delta": "y"});
    for (route, body) in [("sendMessageEnd", end), ("sendMessageDelta", delta)] {
        let answer = bridge.call(route, &format!("late-{route}"), body).await;
        assert_eq!((answer.status, answer.code()), (409, "message_finalized"));
    }
    assert_eq!(cloud.bubbles("ses_1")[0].ends, 2);
    assert_eq!(cloud.violations().len(), 2, "{:?}", cloud.violations());
}

#[tokio::test]
async fn a_key_gives_the_first_answer_again_and_refuses_another_body() {
    let (cloud, bridge, _) = talking().await;
    let body = json!({"session_id": "ses_1", "text": "hi"});
    let first = bridge.call("sendMessage", "k", body.clone()).await;
    let again = bridge.call("sendMessage", "k", body).await;
    assert!(!first.is_idempotent() && again.is_idempotent());
    assert_eq!(first.result(), again.result());
    let other = json!({"session_id": "ses_1", "text": "ho"});
    let conflict = bridge.call("sendMessage", "k", other).await;
    assert_eq!((conflict.status, conflict.code()), (409, "idempotency_conflict"));
    assert_eq!(cloud.bubbles("ses_1").len(), 1);
    assert_eq!(cloud.violations().len(), 1);
    let flags: Vec<bool> = cloud.calls().iter().map(|call| call.idempotent).collect();
    assert_eq!(flags, [false, true, false]);
}

#[tokio::test]
async fn tasks_and_approvals_are_keyed_by_their_own_ids_as_well() {
    let (cloud, bridge, _) = talking().await;
    let task = json!({"session_id": "ses_1", "task_id": "call_1", "kind": "exec",
                      "args": {"command": "ls"}});
    let approval = json!({"session_id": "ses_1", "approval_id": "a-1", "action": "shell.exec",
        "title": "Run ls", "severity": "low", "command": "ls", "message": "It lists files."});
    for (route, body) in [("createTask", task), ("requestApproval", approval)] {
        assert!(!bridge.call(route, &format!("{route}-1"), body.clone()).await.is_idempotent());
        assert!(bridge.call(route, &format!("{route}-2"), body.clone()).await.is_idempotent());
        let mut other = body;
        other["interaction_id"] = json!(cloud.say("ses_1", "more").interaction_id);
        let conflict = bridge.call(route, &format!("{route}-3"), other).await;
        assert_eq!(conflict.code(), "idempotency_conflict");
    }
    assert_eq!((cloud.tasks("ses_1").len(), cloud.approvals("ses_1").len()), (1, 1));
    assert_eq!(cloud.tasks("ses_1")[0].creates, 3);
    assert_eq!(cloud.violations().len(), 2);
}

#[tokio::test]
async fn a_tool_card_runs_from_its_creation_to_one_finish() {
    let (cloud, bridge, _) = talking().await;
    let with = |extra: Value| {
        let mut body = json!({"session_id": "ses_1", "task_id": "call_1"});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    let early = bridge.call("updateTask", "0", with(json!({"status_label": "x"}))).await;
    assert_eq!(early.body["error"]["errors"][0]["path"], "task_id");
    bridge.call("createTask", "1", with(json!({"kind": "exec"}))).await.result();
    bridge.call("updateTask", "2", with(json!({"partial_result": "a"}))).await.result();
    let finish = with(json!({"status": "completed", "result": {"text": "ab"}}));
    bridge.call("finishTask", "3", finish.clone()).await.result();
    assert!(bridge.call("finishTask", "4", finish).await.is_idempotent());
    let other = bridge.call("finishTask", "5", with(json!({"status": "failed"}))).await;
    let late = bridge.call("updateTask", "6", with(json!({"partial_result": "abc"}))).await;
    assert_eq!((other.status, late.status), (409, 409));
    let task = &cloud.tasks("ses_1")[0];
    assert_eq!(
        (task.updates.len(), task.finish.as_ref().unwrap().status.as_str()),
        (1, "completed")
    );
    assert_eq!(task.finish.as_ref().unwrap().result, Some(json!({"text": "ab"})));
    assert_eq!(cloud.violations().len(), 3);
}

#[tokio::test]
async fn the_empty_text_that_opens_a_bubble_depends_on_the_dialect() {
    for (dialect, text, status) in
        [(Dialect::Documented, "", 400), (Dialect::Documented, " ", 200), (Dialect::Npm, "", 200)]
    {
        let (cloud, bridge) = paired(CloudOptions { dialect, ..CloudOptions::default() }).await;
        cloud.say("ses_1", "hello");
        let body = json!({"session_id": "ses_1", "text": text});
        let answer = bridge.call("sendMessage", "k", body).await;
        assert_eq!(answer.status, status, "{dialect:?} {text:?}");
        if status == 400 {
            assert_eq!(answer.body["error"]["errors"][0]["path"], "text");
        }
    }
}

#[tokio::test]
async fn what_is_gone_is_refused_with_the_code_that_says_why() {
    let (cloud, bridge, interaction) = talking().await;
    let code = async |session: &str, interaction: &str, key: &str| {
        let body = json!({"session_id": session, "interaction_id": interaction, "text": "x"});
        let answer = bridge.call("sendMessage", key, body).await;
        (answer.status, answer.code().to_owned())
    };
    let expect = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(code("ses_9", &interaction, "1").await, expect(404, "session_not_found"));
    assert_eq!(code("ses_1", "int_9", "2").await, expect(404, "interaction_not_found"));
    cloud.fault(Fault::ExpireInteraction(interaction.clone()));
    assert_eq!(code("ses_1", &interaction, "3").await, expect(410, "interaction_expired"));
    cloud.fault(Fault::DeleteSession("ses_1".into()));
    assert_eq!(code("ses_1", &interaction, "4").await, expect(410, "session_deleted"));
    assert_eq!(cloud.violations(), Vec::<String>::new(), "none of this is the bridge's fault");
}

#[tokio::test]
async fn an_installation_sees_only_its_own_sessions() {
    let (cloud, _, _) = talking().await;
    let (_, token) = cloud.mint_installation("Home Mac OpenClaw");
    let other = Bridge::new(&cloud, token);
    let body = json!({"session_id": "ses_1", "text": "x"});
    assert_eq!(other.call("sendMessage", "k", body).await.code(), "session_not_found");
}

#[tokio::test]
async fn what_is_too_large_is_answered_413() {
    let (cloud, bridge, interaction) = talking().await;
    let message_id = bridge.open_bubble("open", &interaction).await;
    let long = json!({"message_id": message_id, "delta": "x".repeat(64 * 1024 + 1)});
    let answer = bridge.call("sendMessageDelta", "1", long).await;
    assert_eq!((answer.status, answer.code()), (413, "payload_too_large"));
    let output = json!({"session_id": "ses_1", "task_id": "t", "kind": "exec",
                        "args": "x".repeat(100 * 1024)});
    assert_eq!(bridge.call("createTask", "2", output).await.status, 413);
    let huge = bridge.post_bytes("sendMessage", vec![b' '; 1024 * 1024 + 1]).await.unwrap();
    assert_eq!(huge.status, 413);
    assert_eq!(cloud.violations().len(), 3);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_and_remembered() {
    let (cloud, bridge, _) = talking().await;
    for body in [&b"{"[..], b"[]", b"\xff\xfe", b"null", b""] {
        let answer = bridge.post_bytes("sendMessage", body.to_vec()).await.unwrap();
        assert_eq!((answer.status, answer.code()), (400, "invalid_request"), "{body:?}");
    }
    let keyless = bridge.post_bytes("createSession", b"{}".to_vec()).await.unwrap();
    assert_eq!(keyless.body["error"]["errors"][0]["path"], "idempotency_key");
    assert_eq!(cloud.violations().len(), 6);
}

#[tokio::test]
async fn a_token_must_be_known_valid_and_in_the_header() {
    let (cloud, bridge, _) = talking().await;
    let stranger = Bridge::new(&cloud, "inst_x:s_test_nothing".into());
    let answer = stranger.call("createSession", "k", json!({})).await;
    assert_eq!((answer.status, answer.code()), (401, "invalid_token"));
    let answer = bridge.call("createSession?token=x", "k", json!({})).await;
    assert_eq!((answer.status, answer.code()), (400, "invalid_token_location"));
    cloud.fault(Fault::Revoke);
    let answer = bridge.call("createSession", "k", json!({})).await;
    assert_eq!((answer.status, answer.code()), (403, "installation_revoked"));
    assert_eq!(cloud.violations().len(), 1);
}

#[tokio::test]
async fn the_rarer_routes_answer_as_well() {
    let (cloud, bridge, _) = talking().await;
    let created = bridge.call("createSession", "1", json!({"source": "cli"})).await;
    assert!(created.result()["session_id"].as_str().unwrap().starts_with("ses_"));
    let device = bridge.call("devices", "2", json!({"pubkey": "a".repeat(64)})).await;
    assert_eq!(device.result()["pubkey_changed"], false);
    let other = bridge.call("devices", "3", json!({"pubkey": "b".repeat(64)})).await;
    assert_eq!(other.result()["pubkey_changed"], true);
    let file = json!({"session_id": "ses_1", "tool": "read", "size_bytes": 3});
    assert_eq!(bridge.call("notifyToolFile", "5", file).await.status, 200);
    assert_eq!(cloud.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_route_or_a_message_that_never_was_is_not_found_and_remembered() {
    let (cloud, bridge, _) = talking().await;
    assert_eq!(bridge.call("sendmessage", "1", json!({})).await.code(), "route_not_found");
    let delta = json!({"message_id": "msg_9", "delta": "x"});
    assert_eq!(bridge.call("sendMessageDelta", "2", delta).await.code(), "message_not_found");
    assert_eq!(cloud.violations().len(), 2);
}

#[tokio::test]
async fn every_answer_names_its_request_and_its_rate() {
    let (cloud, bridge, _) = talking().await;
    cloud.fault(Fault::Rates(RateTable::default()));
    let body = json!({"session_id": "ses_1", "text": "x"});
    let answer = bridge.call("sendMessage", "1", body).await;
    assert!(answer.header("x-request-id").starts_with("req_"));
    assert_eq!(answer.header("x-ratelimit-limit"), "30");
    assert_eq!(answer.header("x-ratelimit-remaining"), "29");
    assert_eq!(answer.header("x-ratelimit-bucket"), "msg");
    assert_eq!(answer.header("x-ratelimit-scope"), "installation");
    let http = dial::Dialer::new("t");
    for path in ["/v1/pairing/poll?code=x", "/v1/pairing/start", "/v1/bridge/ws", "/nowhere"] {
        let url = format!("{}{path}", cloud.base_url());
        let answer = send(&http, Method::GET, &url, HeaderMap::new(), Vec::new()).await.unwrap();
        assert!(answer.status >= 400);
        for name in ["x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset-after"] {
            assert_ne!(answer.header(name), "", "{path} lacks {name}");
        }
    }
}

#[tokio::test]
async fn an_attachment_is_fetched_without_any_credential() {
    let (cloud, bridge) = paired(CloudOptions::default()).await;
    let mut socket = bridge.connect().await;
    let file = simulator::cloud::Attachment {
        name: "cat.png".into(),
        mime: "image/png".into(),
        bytes: vec![0x89, b'P', b'N', b'G'],
    };
    cloud.say_with("ses_1", Message { attachments: vec![file], ..Message::default() });
    let update = socket.next_update("session.message").await;
    let attachment = &update["payload"]["message"]["attachments"][0];
    assert_eq!((&attachment["name"], &attachment["size"]), (&json!("cat.png"), &json!(4)));
    let url = attachment["url"].as_str().unwrap();
    let http = dial::Dialer::new("t");
    let answer = send(&http, Method::GET, url, HeaderMap::new(), Vec::new()).await.unwrap();
    assert_eq!((answer.status, answer.header(header::CONTENT_TYPE.as_str())), (200, "image/png"));
}
