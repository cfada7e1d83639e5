use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap as Headers, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::Refusal;
use crate::test_cloud::{TOKEN, dialer, listen, serve, token};

const BODY: Bytes = Bytes::from_static(br#"{"text":"hello"}"#);

/// Posts one call to a cloud that always answers the same.
async fn answered(answer: impl IntoResponse + Clone + Send + Sync + 'static) -> Reply {
    let router = Router::new().fallback(move || async move { answer.clone() });
    rest(serve(router).await).post("sendMessage", BODY).await
}

fn rest(cloud: CloudUrl) -> Rest {
    Rest::new(dialer(), cloud, token())
}

/// Reads one request, then answers with these bytes and hangs up.
async fn answering_raw(bytes: &'static [u8]) -> CloudUrl {
    let (listener, cloud) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(bytes).await;
        }
    });
    cloud
}

#[tokio::test]
async fn a_call_is_posted_as_it_is_with_the_token_in_the_header_alone() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    let router = Router::new().fallback(move |request: Request<Body>| async move {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        keep.lock().unwrap().push((parts.method, parts.uri.to_string(), parts.headers, body));
        r#"{"ok":true,"result":{"message_id":"msg_1"}}"#
    });
    let reply = rest(serve(router).await).post("sessions/ses_1/recipients", BODY).await;
    assert_eq!(reply.outcome.unwrap().result, json!({"message_id": "msg_1"}));
    let seen = seen.lock().unwrap();
    let [(method, uri, headers, body)] = seen.as_slice() else { panic!("one request") };
    assert_eq!(method, "POST");
    assert_eq!(uri, "/v1/bridge/sessions/ses_1/recipients");
    assert_eq!(headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(*body, BODY);
}

#[tokio::test]
async fn the_headers_of_any_answer_tell_its_id_and_the_rate() {
    let headers = [
        ("x-request-id", "req_9"),
        ("x-ratelimit-limit", "30"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset-after", "0.5"),
        ("x-ratelimit-bucket", "msg"),
    ];
    let reply = answered((StatusCode::TOO_MANY_REQUESTS, headers, "")).await;
    assert_eq!(reply.request_id.as_deref(), Some("req_9"));
    let rate = reply.rate.unwrap();
    assert_eq!(rate.remaining, Some(0.0));
    assert_eq!(rate.reset_after, Some(Duration::from_millis(500)));
}

#[tokio::test]
async fn a_wait_is_read_in_every_form() {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let by_body = r#"{"ok":false,"error":{"code":"rate_limited","retry_after_ms":250}}"#;
    let past = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (header, body, wait) in [
        ("9", by_body, Duration::from_millis(250)),
        ("9", "", Duration::from_secs(9)),
        ("0.5", "", Duration::from_millis(500)),
        (past, "", Duration::ZERO),
        ("soon", "", Duration::from_secs(1)),
    ] {
        let reply = answered((status, [("retry-after", header)], body)).await;
        assert_eq!(reply.outcome, Err(Refusal::Wait { after: wait }), "{header} {body}");
    }
    let future = SystemTime::now() + Duration::from_secs(60);
    let header = [("retry-after", httpdate::fmt_http_date(future))];
    let reply = answered((StatusCode::SERVICE_UNAVAILABLE, header, "")).await;
    let Err(Refusal::Wait { after }) = reply.outcome else { panic!("a wait") };
    assert!(after > Duration::from_secs(30) && after <= Duration::from_secs(60), "{after:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let reply = answered((StatusCode::FOUND, [("location", "/elsewhere")], "")).await;
    assert_eq!(reply.outcome, Err(Refusal::Server { status: 302 }));
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let endless = || async {
        let chunk = Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1 << 16]));
        Response::new(Body::from_stream(futures_util::stream::repeat_with(move || {
            chunk.as_ref().map(Bytes::clone).map_err(|_| std::io::Error::other("never"))
        })))
    };
    let cloud = serve(Router::new().fallback(endless)).await;
    let reply = rest(cloud).post("sendMessage", BODY).await;
    assert_eq!(reply.outcome, Err(Refusal::Server { status: 200 }));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_a_failure_of_the_network() {
    for bytes in [
        b"".as_slice(),
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"ok\":true",
        b"\x00\xff\xfe not http",
    ] {
        let cloud = answering_raw(bytes).await;
        let reply = rest(cloud).post("sendMessage", BODY).await;
        let Err(refusal @ Refusal::Network(_)) = reply.outcome else {
            panic!("a failure of the network, not {:?}", reply.outcome);
        };
        assert!(refusal.is_retryable());
    }
    let (listener, cloud) = listen().await;
    drop(listener);
    let reply = rest(cloud).post("sendMessage", BODY).await;
    assert!(matches!(reply.outcome, Err(Refusal::Network(text)) if text.contains("refused")));
}

#[tokio::test]
async fn a_cloud_that_never_answers_costs_no_more_than_the_deadline() {
    let never = || async { std::future::pending::<Headers>().await };
    let cloud = serve(Router::new().fallback(never)).await;
    let rest = Rest { timeout: Duration::from_millis(100), ..rest(cloud) };
    let reply = rest.post("sendMessage", BODY).await;
    assert!(matches!(reply.outcome, Err(Refusal::Network(text)) if text.contains("in time")));
}

#[tokio::test]
async fn an_answer_is_not_waited_for_on_a_connection_that_is_given_up() {
    let (asked, mut asks) = tokio::sync::mpsc::unbounded_channel();
    let first = Arc::new(Mutex::new(true));
    let answer = move || {
        let is_first = std::mem::replace(&mut *first.lock().unwrap(), false);
        asked.send(()).unwrap();
        async move {
            if is_first {
                std::future::pending::<()>().await;
            }
            r#"{"ok":true,"result":{}}"#
        }
    };
    let rest = rest(serve(Router::new().fallback(answer)).await);
    let give_up = async {
        asks.recv().await.unwrap();
        rest.dialer.give_up_connections();
    };
    let (reply, ()) = tokio::join!(rest.post("sendMessage", BODY), give_up);
    assert!(reply.outcome.is_err_and(|refusal| refusal.is_retryable()));
    assert!(rest.post("sendMessage", BODY).await.outcome.is_ok());
}

#[test]
fn the_token_does_not_show_in_debug() {
    let rest = rest(CloudUrl::parse("https://example.org").unwrap());
    assert!(!format!("{rest:?}").contains("0123456789abcdef"));
}
