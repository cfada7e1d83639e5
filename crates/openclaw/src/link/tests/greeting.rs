use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use super::*;
use crate::hello::Generation;

#[tokio::test]
async fn recorded_greetings_of_both_generations_are_read() {
    for (version, generation, methods) in
        [("2026.5.6", Generation::Older, 155), ("2026.9.6", Generation::Newer, 466)]
    {
        let payload = recorded_answer(version, "c_hello_full", "A")["payload"].clone();
        let (url, play) = gateway(async move |mut stage: Stage| stage.greet(&payload).await).await;
        let (hello, ..) = dial_up(&url).await.unwrap();
        assert_eq!(hello.generation, generation);
        assert_eq!(hello.server_version.as_deref(), Some(version));
        assert_eq!(hello.boot_id.is_some(), generation == Generation::Newer);
        assert_eq!(hello.default_agent, "main");
        assert_eq!(hello.methods.len(), methods);
        assert!(hello.methods.contains("chat.send"));
        assert_eq!(hello.device_token.unwrap().expose_secret().len(), 43);
        assert_eq!(hello.scopes.len(), 3);
        assert_eq!(hello.tick_interval, Duration::from_secs(30));
        assert_eq!(hello.max_payload, 26_214_400);
        let max_attachment = (generation == Generation::Newer).then_some(19_464_192);
        assert_eq!(hello.max_attachment, max_attachment);
        play.await.unwrap();
    }
}

#[tokio::test]
async fn the_request_has_exactly_the_form_that_a_real_gateway_accepted() {
    let (url, play) = gateway(async |mut stage: Stage| stage.greet(&greeting()).await).await;
    let _line = dial_up(&url).await.unwrap();
    let request = play.await.unwrap();
    let lines = recorded("2026.9.6", "d_chat_plain");
    let accepted = lines.iter().find(|line| line.method() == Some("connect")).unwrap();
    assert_eq!(paths(&request), paths(&accepted.frame));
    for constant in ["/params/role", "/params/scopes", "/params/caps", "/params/client/id"] {
        assert_eq!(request.pointer(constant), accepted.frame.pointer(constant), "{constant}");
    }
    assert_eq!(request["params"]["device"]["nonce"], "n");
    assert_eq!(request["params"]["client"]["displayName"], "Sophon 1a2b");
}

/// Names every field of an object, however deep.
fn paths(value: &Value) -> std::collections::BTreeSet<String> {
    let Some(object) = value.as_object() else { return [String::new()].into() };
    object
        .iter()
        .flat_map(|(name, inner)| {
            paths(inner).into_iter().map(move |path| format!("/{name}{path}"))
        })
        .collect()
}

#[tokio::test]
async fn no_origin_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = GatewayUrl::parse(&format!("ws://{}", listener.local_addr().unwrap())).unwrap();
    let play = tokio::spawn(async move {
        let mut origin = None;
        let (stream, _) = listener.accept().await.unwrap();
        #[expect(clippy::result_large_err, reason = "the callback's form is the library's")]
        let look = |request: &Request, response: Response| {
            origin = Some(request.headers().contains_key("origin"));
            Ok(response)
        };
        let mut stage = Stage(accept_hdr_async(stream, look).await.unwrap());
        stage.greet(&greeting()).await;
        origin
    });
    let _line = dial_up(&url).await.unwrap();
    assert_eq!(play.await.unwrap(), Some(false));
}

#[tokio::test]
async fn recorded_refusals_become_their_faults() {
    for (version, scenario, connection, code) in [
        ("2026.5.6", "auth_wrong_token", "W2", "gateway_token_wrong"),
        ("2026.9.6", "auth_wrong_token", "W2", "gateway_token_wrong"),
        ("2026.5.6", "auth_wrong_token", "W4", "gateway_token_missing"),
        ("2026.9.6", "auth_wrong_token", "W4", "gateway_token_missing"),
        ("2026.5.6", "auth_wrong_token", "W7", "gateway_device_token_rejected"),
        ("2026.9.6", "auth_wrong_token", "W7", "gateway_device_token_rejected"),
        ("2026.5.6", "auth_wrong_token", "W8", "gateway_refused"),
        ("2026.5.6", "auth_protocol_range", "P0", "gateway_protocol_mismatch"),
        ("2026.9.6", "auth_protocol_range", "P0", "gateway_protocol_mismatch"),
    ] {
        let error = recorded_answer(version, scenario, connection)["error"].clone();
        let (url, play) =
            gateway(async move |mut stage: Stage| stage.refuse(&error, 1008).await).await;
        assert_eq!(fault(&url).await.code(), code, "{version} {scenario} {connection}");
        play.await.unwrap();
    }
}

#[tokio::test]
async fn a_wrong_token_may_be_replaced_by_a_device_token_that_was_kept() {
    let error = recorded_answer("2026.9.6", "auth_wrong_token", "W2")["error"].clone();
    let (url, _play) =
        gateway(async move |mut stage: Stage| stage.refuse(&error, 1008).await).await;
    let fault = fault(&url).await;
    assert!(matches!(fault, ConnectError::TokenWrong { can_try_device_token: true }), "{fault:?}");
}

#[tokio::test]
async fn a_device_that_waits_for_approval_knows_its_request() {
    let error = json!({"code": "NOT_PAIRED", "message": "pairing required: not approved yet",
        "details": {"code": "PAIRING_REQUIRED", "reason": "not-paired", "requestId": "bcf49cbd"}});
    let (url, _play) =
        gateway(async move |mut stage: Stage| stage.refuse(&error, 1008).await).await;
    match fault(&url).await {
        ConnectError::PairingRequired { request_id, reason } => {
            assert_eq!(request_id.as_deref(), Some("bcf49cbd"));
            assert_eq!(reason.as_deref(), Some("not-paired"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_gateway_that_is_starting_says_when_to_come_back() {
    let error = json!({"code": "UNAVAILABLE", "message": "gateway starting; retry shortly",
        "retryable": true, "retryAfterMs": 500, "details": {"reason": "startup-sidecars"}});
    let (url, _play) =
        gateway(async move |mut stage: Stage| stage.refuse(&error, 1013).await).await;
    assert_eq!(fault(&url).await.retry_after(), Some(Duration::from_millis(500)));

    let (url, _play) =
        gateway(async |mut stage: Stage| stage.close(1013, "gateway starting").await).await;
    assert_eq!(fault(&url).await.code(), "gateway_starting");
}

#[tokio::test]
async fn a_draining_gateway_and_a_web_server_are_told_apart() {
    for (answer, code) in [
        ("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", "gateway_draining"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", "not_a_gateway"),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "not_a_gateway"),
        ("SSH-2.0-OpenSSH_9.9\r\n", "gateway_unreachable"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = GatewayUrl::parse(&format!("ws://{}", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_buf(&mut Vec::with_capacity(4096)).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        assert_eq!(fault(&url).await.code(), code, "{answer}");
    }
}

#[tokio::test]
async fn nobody_at_the_address_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = GatewayUrl::parse(&format!("ws://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let fault = fault(&url).await;
    assert_eq!(fault.code(), "gateway_unreachable");
    assert!(fault.is_retryable());
}

#[tokio::test]
async fn whoever_does_not_begin_with_a_challenge_is_no_gateway() {
    for first in [
        Message::text("hello"),
        Message::text("{}"),
        Message::text(r#"{"type":"res","id":"connect","ok":true}"#),
        Message::text(r#"{"type":"event","event":"connect.challenge","payload":{"nonce":1}}"#),
        Message::binary(vec![0; 16]),
    ] {
        let shown = format!("{first:?}");
        let (url, play) = gateway(async move |mut stage: Stage| {
            stage.0.send(first).await.unwrap();
            stage.until_left().await;
        })
        .await;
        assert_eq!(fault(&url).await.code(), "not_a_gateway", "{shown}");
        play.await.unwrap();
    }
}

#[tokio::test]
async fn whoever_announces_an_endless_message_is_no_gateway() {
    let (url, _play) = gateway(async |mut stage: Stage| {
        let endless = [0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0];
        stage.0.get_mut().write_all(&endless).await.unwrap();
        stage.until_left().await;
    })
    .await;
    assert_eq!(fault(&url).await.code(), "not_a_gateway");
}

#[tokio::test]
async fn an_answer_that_is_no_greeting_is_refused() {
    for (payload, code) in [
        (json!(null), "not_a_gateway"),
        (json!({"type": "hello-ok"}), "not_a_gateway"),
        (json!({"type": "hello-ok", "protocol": 7}), "gateway_protocol_mismatch"),
    ] {
        let (url, _play) = gateway(async move |mut stage: Stage| stage.greet(&payload).await).await;
        assert_eq!(fault(&url).await.code(), code);
    }
}

#[tokio::test]
async fn events_and_foreign_answers_before_the_greeting_do_not_disturb_it() {
    let (url, _play) = gateway(async |mut stage: Stage| {
        stage.say(&event("presence", &json!({}))).await;
        stage.challenge().await;
        let request = stage.hear().await;
        stage.say(&event("health", &json!({}))).await;
        stage.say(&json!({"type": "res", "id": "other", "ok": false})).await;
        stage.answer(&request, &greeting()).await;
        stage.until_left().await;
    })
    .await;
    assert!(dial_up(&url).await.is_ok());
}

#[tokio::test]
async fn a_gateway_that_says_nothing_is_given_up() {
    let patience =
        Patience { challenge: Duration::from_millis(50), answer: Duration::from_millis(50) };
    let (url, _play) = gateway(async |mut stage: Stage| stage.until_left().await).await;
    let fault = dial_up_within(patience, &url).await.map(|(hello, ..)| hello).unwrap_err();
    assert_eq!(fault.code(), "gateway_silent");

    let (url, _play) = gateway(async |mut stage: Stage| {
        stage.challenge().await;
        stage.until_left().await;
    })
    .await;
    let fault = dial_up_within(patience, &url).await.map(|(hello, ..)| hello).unwrap_err();
    assert_eq!(fault.code(), "gateway_silent");
}

#[tokio::test]
async fn a_gateway_that_hangs_up_says_why() {
    let (url, _play) = gateway(async |mut stage: Stage| {
        stage.challenge().await;
        stage.hear().await;
        stage.close(1008, "slow consumer").await;
    })
    .await;
    match fault(&url).await {
        ConnectError::Closed { code: Some(1008), reason } => assert_eq!(reason, "slow consumer"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn no_fault_shows_the_token() {
    let error = recorded_answer("2026.9.6", "auth_wrong_token", "W2")["error"].clone();
    let (url, _play) =
        gateway(async move |mut stage: Stage| stage.refuse(&error, 1008).await).await;
    let fault = fault(&url).await;
    assert!(!format!("{fault:?} {fault} {}", fault.remedy()).contains("hush"));
}
