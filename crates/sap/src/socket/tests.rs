use std::future::Future;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::ws::{CloseFrame as ServerClose, Message as Sent, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap as Headers, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::*;
use crate::test_cloud::{TOKEN, dialer, listen, serve, token};
use crate::{InstallationId, UpdateId};

const SOON: Duration = Duration::from_secs(10);

/// Serves one conversation at the path of the bridge's WebSocket.
async fn cloud<F>(conversation: impl Fn(WebSocket) -> F + Clone + Send + Sync + 'static) -> CloudUrl
where
    F: Future<Output = ()> + Send + 'static,
{
    let upgrade = move |upgrade: WebSocketUpgrade| {
        let conversation = conversation.clone();
        async move { upgrade.on_upgrade(conversation) }
    };
    serve(Router::new().route("/v1/bridge/ws", get(upgrade))).await
}

async fn connect(cloud: &CloudUrl) -> Socket {
    Socket::connect(&dialer(), cloud, &token(), "1.2.3").await.unwrap()
}

async fn next(socket: &mut Socket) -> Result<Incoming, Closed> {
    timeout(SOON, socket.next()).await.expect("a frame in time")
}

async fn hear(socket: &mut WebSocket) -> Value {
    loop {
        match timeout(SOON, socket.recv()).await.expect("a frame in time") {
            Some(Ok(Sent::Text(text))) => return serde_json::from_str(&text).unwrap(),
            Some(Ok(_)) => {}
            other => panic!("a frame, not {other:?}"),
        }
    }
}

async fn say(socket: &mut WebSocket, frame: Value) {
    socket.send(Sent::text(frame.to_string())).await.unwrap();
}

/// Keeps the connection open without a word.
async fn stay(socket: WebSocket) {
    std::future::pending::<()>().await;
    drop(socket);
}

#[tokio::test]
async fn the_token_goes_into_the_header_and_hello_is_the_first_frame() {
    let seen = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&seen);
    let (tell, mut told) = mpsc::channel(1);
    let upgrade = move |uri: Uri, headers: Headers, upgrade: WebSocketUpgrade| async move {
        let bearer = headers["authorization"].to_str().unwrap().to_owned();
        *keep.lock().unwrap() = Some((uri.to_string(), bearer));
        upgrade.on_upgrade(|mut socket| async move {
            tell.send(hear(&mut socket).await).await.unwrap();
            say(&mut socket, json!({"type": "ready", "installation_id": "inst_1"})).await;
            stay(socket).await;
        })
    };
    let cloud = serve(Router::new().route("/v1/bridge/ws", get(upgrade))).await;
    let mut socket = connect(&cloud).await;
    assert_eq!(told.recv().await.unwrap(), json!({"type": "hello", "version": "1.2.3"}));
    let installation_id = Some(InstallationId::new("inst_1"));
    assert_eq!(next(&mut socket).await, Ok(Incoming::Ready { installation_id }));
    let (uri, bearer) = seen.lock().unwrap().take().unwrap();
    assert_eq!(uri, "/v1/bridge/ws");
    assert_eq!(bearer, format!("Bearer {TOKEN}"));
}

#[tokio::test]
async fn a_refused_upgrade_says_whether_the_token_is_revoked() {
    for (status, body, revoked) in [
        (401, "", true),
        (403, r#"{"ok":false,"error":{"code":"installation_revoked"}}"#, true),
        (403, "<html>", false),
        (503, "", false),
        (200, "welcome", false),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let cloud = serve(Router::new().fallback(move || async move { (status, body) })).await;
        let error = Socket::connect(&dialer(), &cloud, &token(), "1").await.unwrap_err();
        assert_eq!(error.is_revoked(), revoked, "{status} {body}");
        assert!(!format!("{error} {error:?}").contains("0123456789abcdef"));
    }
}

#[tokio::test]
async fn a_busy_cloud_says_when_to_come_back() {
    let busy = || async { (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "4")]).into_response() };
    let cloud = serve(Router::new().fallback(busy)).await;
    let error = Socket::connect(&dialer(), &cloud, &token(), "1").await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(4)));
}

#[tokio::test]
async fn pings_of_both_kinds_are_answered_before_the_caller_hears_of_them() {
    let (tell, mut told) = mpsc::channel(2);
    let cloud = cloud(move |mut socket| {
        let tell = tell.clone();
        async move {
            hear(&mut socket).await;
            say(&mut socket, json!({"type": "ping"})).await;
            tell.send(hear(&mut socket).await).await.unwrap();
            socket.send(Sent::Ping(vec![7].into())).await.unwrap();
            let pong = socket.recv().await.unwrap().unwrap();
            let echoed = matches!(pong, Sent::Pong(bytes) if bytes.as_ref() == [7]);
            tell.send(json!(echoed)).await.unwrap();
            stay(socket).await;
        }
    })
    .await;
    let mut socket = connect(&cloud).await;
    assert_eq!(next(&mut socket).await, Ok(Incoming::Ping));
    assert_eq!(told.recv().await.unwrap(), json!({"type": "pong"}));
    assert_eq!(next(&mut socket).await, Ok(Incoming::Ping));
    assert_eq!(told.recv().await.unwrap(), json!(true));
}

#[tokio::test]
async fn what_cannot_be_read_is_passed_over_and_the_next_update_arrives() {
    let cloud = cloud(|mut socket| async move {
        socket.send(Sent::Binary(vec![0, 159, 146].into())).await.unwrap();
        for text in ["", "{", "[]", "\u{0}", r#"{"type":"update","update":{}}"#] {
            socket.send(Sent::text(text)).await.unwrap();
        }
        say(&mut socket, json!({"type": "weather", "sky": "blue"})).await;
        let update = json!({"update_id": 5, "type": "session.ended", "session_id": "ses_1"});
        say(&mut socket, json!({"type": "update", "update": update})).await;
        stay(socket).await;
    })
    .await;
    let mut socket = connect(&cloud).await;
    assert_eq!(next(&mut socket).await, Ok(Incoming::Other { kind: "weather".into() }));
    let Ok(Incoming::Update(update)) = next(&mut socket).await else { panic!("an update") };
    assert_eq!(update.id, UpdateId::Number(5));
    assert_eq!(socket.unread, 6);
}

#[tokio::test]
async fn a_large_message_arrives_and_an_oversized_one_ends_the_connection() {
    let cloud = cloud(|mut socket| async move {
        let large = "x".repeat(4 << 20);
        say(&mut socket, json!({"type": "large", "filling": large})).await;
        let _ = socket.send(Sent::text("x".repeat(LONGEST_MESSAGE + 1))).await;
        stay(socket).await;
    })
    .await;
    let mut socket = connect(&cloud).await;
    assert_eq!(next(&mut socket).await, Ok(Incoming::Other { kind: "large".into() }));
    assert!(matches!(next(&mut socket).await, Err(Closed::Network(_))));
}

#[tokio::test]
async fn acknowledgements_and_answers_reach_the_cloud() {
    let (tell, mut told) = mpsc::channel(2);
    let cloud = cloud(move |mut socket| {
        let tell = tell.clone();
        async move {
            hear(&mut socket).await;
            say(&mut socket, json!({"type": "models.list.req", "req_id": "r1"})).await;
            tell.send(hear(&mut socket).await).await.unwrap();
            tell.send(hear(&mut socket).await).await.unwrap();
            stay(socket).await;
        }
    })
    .await;
    let mut socket = connect(&cloud).await;
    let Ok(Incoming::Question(question)) = next(&mut socket).await else { panic!("a question") };
    let result = Ok(serde_json::Map::from_iter([("models".to_owned(), json!(["m"]))]));
    let answer = Outgoing::Answer { req_id: question.req_id, kind: question.kind, result };
    socket.send(answer).await.unwrap();
    socket.send(Outgoing::Ack { up_to: UpdateId::Text("u7".into()) }).await.unwrap();
    assert_eq!(
        told.recv().await.unwrap(),
        json!({"type": "models.list.resp", "req_id": "r1", "models": ["m"]})
    );
    assert_eq!(told.recv().await.unwrap(), json!({"type": "ack", "up_to_update_id": "u7"}));
}

#[tokio::test]
async fn the_clouds_goodbye_is_told_with_its_code_and_reason() {
    for (code, reason, closed) in [
        (4001, "slow", Closed::ByServer { code: Some(4001), reason: "slow".into() }),
        (4401, "invalid_token", Closed::Revoked { reason: "invalid_token".into() }),
    ] {
        let cloud = cloud(move |mut socket| async move {
            let close = ServerClose { code, reason: reason.into() };
            socket.send(Sent::Close(Some(close))).await.unwrap();
            stay(socket).await;
        })
        .await;
        let mut socket = connect(&cloud).await;
        assert_eq!(next(&mut socket).await, Err(closed));
    }
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_lost() {
    let cloud = cloud(|socket| async move { drop(socket) }).await;
    let mut socket = connect(&cloud).await;
    assert!(matches!(next(&mut socket).await, Err(Closed::Network(_))));
}

#[tokio::test]
async fn closing_says_goodbye_with_code_1000() {
    let (tell, mut told) = mpsc::channel(1);
    let cloud = cloud(move |mut socket| {
        let tell = tell.clone();
        async move {
            hear(&mut socket).await;
            let goodbye = timeout(SOON, socket.recv()).await.unwrap();
            let code = match goodbye {
                Some(Ok(Sent::Close(Some(frame)))) => frame.code,
                other => panic!("a goodbye, not {other:?}"),
            };
            tell.send(code).await.unwrap();
        }
    })
    .await;
    connect(&cloud).await.close().await;
    assert_eq!(told.recv().await, Some(1000));
}

#[tokio::test]
async fn closing_takes_a_second_at_most_even_if_the_cloud_says_nothing() {
    let cloud = cloud(stay).await;
    let socket = connect(&cloud).await;
    let start = Instant::now();
    tokio::time::pause();
    socket.close().await;
    assert!(start.elapsed() <= CLOSE_TIMEOUT + Duration::from_millis(100));
}

#[tokio::test]
async fn a_silent_cloud_is_asked_for_a_sign_of_life_and_then_given_up() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let cloud = cloud(move |mut socket| {
        let tell = tell.clone();
        async move {
            while let Some(Ok(Sent::Text(text))) = socket.recv().await {
                tell.send(text.to_string()).unwrap();
            }
        }
    })
    .await;
    let mut socket = connect(&cloud).await;
    assert!(told.recv().await.unwrap().contains("hello"));
    let start = Instant::now();
    tokio::time::pause();
    assert_eq!(socket.next().await, Err(Closed::Silent));
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(29) && waited <= Duration::from_secs(31), "{waited:?}");
    assert_eq!(told.try_recv().unwrap(), r#"{"type":"ping"}"#);
}

#[tokio::test]
async fn the_round_trip_is_that_of_the_last_ping_and_before_it_that_of_the_opening() {
    const ON_THE_WAY: Duration = Duration::from_secs(3);
    let cloud = cloud(|mut socket| async move {
        hear(&mut socket).await;
        // Only the ping that the silence calls for can come next.
        let ping = socket.recv().await.unwrap().unwrap();
        assert_eq!(ping, Sent::text(r#"{"type":"ping"}"#));
        tokio::time::sleep(ON_THE_WAY).await;
        say(&mut socket, json!({"type": "pong"})).await;
        stay(socket).await;
    })
    .await;
    let start = Instant::now();
    let mut socket = connect(&cloud).await;
    let opening = socket.round_trip();
    assert!(opening > Duration::ZERO && opening <= start.elapsed(), "{opening:?}");
    tokio::time::pause();
    assert_eq!(socket.next().await, Ok(Incoming::Pong));
    let answered = socket.round_trip();
    assert!(answered >= ON_THE_WAY && answered < 2 * ON_THE_WAY, "{answered:?}");
}

#[tokio::test]
async fn a_pause_far_longer_than_a_look_at_the_clocks_is_taken_for_sleep() {
    let cloud = cloud(stay).await;
    let mut socket = connect(&cloud).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(socket.next().await, Err(Closed::Woke));
}

#[tokio::test]
async fn a_wait_that_is_cancelled_over_and_over_loses_no_frame_and_no_pong() {
    const ROUNDS: i64 = 200;
    let (tell, mut told) = mpsc::channel(1);
    let cloud = cloud(move |mut socket| {
        let tell = tell.clone();
        async move {
            hear(&mut socket).await;
            for round in 0..ROUNDS {
                let update = json!({"update_id": round, "type": "installation.created"});
                say(&mut socket, json!({"type": "update", "update": update})).await;
                say(&mut socket, json!({"type": "ping"})).await;
            }
            for _ in 0..ROUNDS {
                assert_eq!(hear(&mut socket).await, json!({"type": "pong"}));
            }
            tell.send(()).await.unwrap();
            stay(socket).await;
        }
    })
    .await;
    let mut socket = connect(&cloud).await;
    let mut updates = Vec::new();
    let mut pings = 0;
    let end = Instant::now() + SOON;
    while pings < ROUNDS {
        assert!(Instant::now() < end, "all frames in time");
        tokio::select! {
            biased;
            incoming = socket.next() => {
                if let Incoming::Update(update) = incoming.unwrap() {
                    updates.push(update.id);
                } else {
                    pings += 1;
                }
            }
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(updates, (0..ROUNDS).map(UpdateId::Number).collect::<Vec<_>>());
    timeout(SOON, told.recv()).await.expect("every pong in time");
}

/// A cloud that upgrades as it should, and then sends these bytes.
async fn sending_raw(bytes: &'static [u8]) -> CloudUrl {
    let (listener, cloud) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        let request = String::from_utf8_lossy(&request[..length]).into_owned();
        let key = request
            .lines()
            .find(|line| line.to_ascii_lowercase().starts_with("sec-websocket-key:"))
            .and_then(|line| line.split_once(": "))
            .map(|(_, key)| key.trim().to_owned())
            .unwrap();
        let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-accept: {accept}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        std::future::pending::<()>().await;
    });
    cloud
}

#[tokio::test]
async fn what_is_no_websocket_or_no_text_ends_the_connection_and_is_not_repeated() {
    for bytes in [&b"\xffsecret garbage"[..], b"\x81\x10secret garbage\xc3\x28"] {
        let mut socket = connect(&sending_raw(bytes).await).await;
        let closed = next(&mut socket).await.unwrap_err();
        assert!(matches!(closed, Closed::Network(_)), "{closed:?}");
        assert!(!closed.to_string().contains("garbage"));
    }
}
