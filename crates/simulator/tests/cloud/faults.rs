use std::time::Duration;

use serde_json::{Value, json};
use simulator::cloud::{CloudOptions, Cut, Fault};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as Frame};

use crate::wire::{SOON, paired, talking};

fn cut(times: u32, when: Cut) -> Fault {
    Fault::DropConnection { route: "sendMessage".into(), times, when }
}

fn message() -> Vec<u8> {
    br#"{"idempotency_key": "k", "session_id": "ses_1", "text": "x"}"#.to_vec()
}

#[tokio::test]
async fn a_connection_cut_before_the_call_leaves_nothing_behind() {
    let (cloud, bridge, _) = talking().await;
    cloud.fault(cut(1, Cut::BeforeApplying));
    bridge.post_bytes("sendMessage", message()).await.expect_err("the connection is cut");
    assert_eq!(cloud.bubbles("ses_1").len(), 0);
    let retry = bridge.post_bytes("sendMessage", message()).await.unwrap();
    assert!(retry.status == 200 && !retry.is_idempotent());
    let calls = cloud.calls();
    assert_eq!((calls[0].status, calls[1].status), (0, 200));
    assert_eq!(calls[0].body, calls[1].body, "what was cut is on record");
}

#[tokio::test]
async fn a_connection_cut_after_the_call_loses_only_the_answer() {
    let (cloud, bridge, _) = talking().await;
    cloud.fault(cut(1, Cut::AfterApplying));
    bridge.post_bytes("sendMessage", message()).await.expect_err("the connection is cut");
    let retry = bridge.post_bytes("sendMessage", message()).await.unwrap();
    assert!(retry.is_idempotent());
    assert_eq!(retry.result()["message_id"], cloud.bubbles("ses_1")[0].message_id);
    assert_eq!(cloud.bubbles("ses_1").len(), 1);
}

#[tokio::test]
async fn not_one_byte_is_sent_on_a_connection_that_is_cut() {
    let (cloud, _, _) = talking().await;
    cloud.fault(Fault::DropConnection { route: "*".into(), times: 1, when: Cut::BeforeApplying });
    let address = cloud.base_url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let request =
        format!("POST /v1/bridge/x HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = timeout(SOON, stream.read_to_end(&mut answer)).await.expect("the end");
    assert!(read.is_err() || answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn an_injected_answer_comes_as_often_as_asked_and_does_nothing_else() {
    let (cloud, bridge, _) = talking().await;
    cloud.fault(Fault::Answer {
        route: "sendMessage".into(),
        status: 503,
        code: "unavailable".into(),
        retry_after_ms: Some(1500),
        times: 2,
    });
    for _ in 0..2 {
        let answer = bridge.post_bytes("sendMessage", message()).await.unwrap();
        assert_eq!((answer.status, answer.code()), (503, "unavailable"));
        assert_eq!(answer.body["error"]["retry_after_ms"], 1500);
        assert_eq!(answer.header("retry-after"), "2");
    }
    assert_eq!(bridge.post_bytes("sendMessage", message()).await.unwrap().status, 200);
    assert_eq!(cloud.bubbles("ses_1").len(), 1);
    assert_eq!(cloud.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_upgrade_is_refused_as_often_as_asked() {
    let (cloud, bridge) = paired(CloudOptions::default()).await;
    cloud.fault(Fault::RefuseSocket { status: 503, times: 2 });
    for _ in 0..2 {
        let Err(WsError::Http(response)) = bridge.dial().await else { panic!("not refused") };
        assert_eq!(response.status(), 503);
    }
    assert_eq!(bridge.connect().await.next().await["type"], "ready");
}

#[tokio::test]
async fn a_silent_socket_opens_and_says_nothing_until_the_fault_is_cleared() {
    let options = CloudOptions { ping_every: Duration::from_millis(20), ..CloudOptions::default() };
    let (cloud, bridge) = paired(options).await;
    cloud.fault(Fault::SilenceSocket);
    let mut socket = bridge.connect().await;
    cloud.wait_for("hello", SOON, |view| (view.connected() == 1).then_some(())).await;
    cloud.say("ses_1", "hello");
    let heard = timeout(Duration::from_millis(200), socket.next()).await;
    assert!(heard.is_err(), "{heard:?}");
    cloud.fault(Fault::Clear);
    assert_eq!(socket.next().await["type"], "ready");
    socket.next_update("session.message").await;
}

#[tokio::test]
async fn the_next_updates_come_twice() {
    let (cloud, bridge) = paired(CloudOptions::default()).await;
    let mut socket = bridge.connect().await;
    assert_eq!(socket.next().await["type"], "ready");
    assert_eq!(socket.next_of("update").await["update"]["type"], "installation.created");
    cloud.fault(Fault::DuplicateUpdates(2));
    cloud.say("ses_1", "one");
    let types: Vec<Value> = [
        socket.next_of("update").await,
        socket.next_of("update").await,
        socket.next_of("update").await,
        socket.next_of("update").await,
    ]
    .map(|frame| frame["update"]["type"].clone())
    .into();
    let twice = ["session.started", "session.started", "session.message", "session.message"];
    assert_eq!(types, twice);
}

#[tokio::test]
async fn a_revocation_is_told_then_the_socket_closes_and_the_token_is_worth_nothing() {
    let (cloud, bridge) = paired(CloudOptions::default()).await;
    let mut socket = bridge.connect().await;
    cloud.wait_for("hello", SOON, |view| (view.connected() == 1).then_some(())).await;
    cloud.fault(Fault::Revoke);
    socket.next_update("installation.revoked").await;
    assert_eq!(socket.end().await, Some(4403));
    let Err(WsError::Http(response)) = bridge.dial().await else { panic!("not refused") };
    assert_eq!(response.status(), 401);
    assert_eq!(bridge.call("createSession", "k", json!({})).await.code(), "installation_revoked");
}

#[tokio::test]
async fn raw_frames_reach_the_bridge_as_they_are() {
    let (cloud, bridge) = paired(CloudOptions::default()).await;
    let mut socket = bridge.connect().await;
    cloud.wait_for("hello", SOON, |view| (view.connected() == 1).then_some(())).await;
    socket.next_of("update").await;
    cloud.fault(Fault::SendRaw("{not json".into()));
    cloud.fault(Fault::SendBinary(vec![0, 159]));
    assert_eq!(socket.next_frame().await, Some(Frame::text("{not json")));
    assert_eq!(socket.next_frame().await, Some(Frame::binary(vec![0, 159])));
}
