use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::json;

use super::*;
use crate::test_cloud::{TOKEN, dialer, listen, serve};

/// A cloud that gives these answers in turn and keeps what it was asked.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<(u16, Value)>>>,
    asked: Arc<Mutex<Vec<(String, String, Value)>>>,
}

impl Script {
    fn then(self, status: u16, body: Value) -> Self {
        self.answers.lock().unwrap().push_back((status, body));
        self
    }

    fn then_result(self, result: Value) -> Self {
        self.then(200, json!({"ok": true, "result": result}))
    }

    fn then_error(self, status: u16, code: &str) -> Self {
        self.then(status, json!({"ok": false, "error": {"code": code, "message": "a sentence"}}))
    }

    async fn serve(&self) -> CloudUrl {
        let script = self.clone();
        serve(Router::new().fallback(move |request: Request<Body>| async move {
            let (parts, body) = request.into_parts();
            let body = to_bytes(body, 1 << 20).await.unwrap();
            let body = serde_json::from_slice(&body).unwrap_or_default();
            let asked = (parts.method.to_string(), parts.uri.to_string(), body);
            script.asked.lock().unwrap().push(asked);
            let (status, body) = script.answers.lock().unwrap().pop_front().unwrap();
            (StatusCode::from_u16(status).unwrap(), body.to_string())
        }))
        .await
    }

    fn asked(&self) -> Vec<(String, String, Value)> {
        self.asked.lock().unwrap().clone()
    }
}

/// Starts pairing with a first answer, then polls once and gives what came of it.
async fn polled(script: Script) -> Result<PollOutcome, PairingError> {
    let cloud = script.serve().await;
    let ticket = start(&dialer(), &cloud, "Work Mac").await.unwrap();
    poll(&dialer(), &cloud, &ticket).await
}

fn started() -> Script {
    Script::default().then_result(json!({"code": "ABC1234"}))
}

#[tokio::test]
async fn pairing_in_the_documented_dialect_polls_with_its_token() {
    let script = Script::default()
        .then_result(json!({"code": "ABC1234", "expires_at": 1, "poll_token": "poll_1"}))
        .then_result(json!({"status": "pending"}))
        .then_result(json!({"status": "paired", "token": TOKEN, "installation_id": "inst_1"}));
    let cloud = script.serve().await;
    let ticket = start(&dialer(), &cloud, "Work Mac").await.unwrap();
    assert_eq!(ticket.code.to_string(), "ABC1234");
    assert_eq!(ticket.url.as_str(), format!("{cloud}/v1/pairing/redeem?code=ABC1234"));
    let pending = poll(&dialer(), &cloud, &ticket).await.unwrap();
    assert!(matches!(pending, PollOutcome::Pending));
    let paired = poll(&dialer(), &cloud, &ticket).await.unwrap();
    let PollOutcome::Paired { token, installation_id } = paired else { panic!("paired") };
    assert_eq!(token.expose(), TOKEN);
    assert_eq!(installation_id.as_str(), "inst_1");
    let asked = script.asked();
    let (post, body) = ("POST".to_owned(), json!({"poll_token": "poll_1"}));
    assert_eq!(
        asked[0],
        (
            post.clone(),
            "/v1/pairing/start".into(),
            json!({"connector_type": "openclaw", "connector_type_id": "openclaw",
                   "host_label": "Work Mac"})
        )
    );
    assert_eq!(asked[1], (post.clone(), "/v1/pairing/poll".into(), body.clone()));
    assert_eq!(asked[2], (post, "/v1/pairing/poll".into(), body));
}

#[tokio::test]
async fn pairing_in_the_dialect_of_the_npm_bridge_polls_with_the_code() {
    let script = Script::default()
        .then_result(json!({
            "code": "ABC1234", "expires_at": 1_790_000_000_000_u64,
            "browser_url": "https://sophon.at/pair?code=ABC1234", "install_command": "npx x",
            "connector": {"id": "openclaw", "display_name": "OpenClaw"},
        }))
        .then_result(json!({"status": "claimed", "bot_token": TOKEN, "sophon_ws_url": "wss://x"}));
    let cloud = script.serve().await;
    let ticket = start(&dialer(), &cloud, "Work Mac").await.unwrap();
    assert_eq!(ticket.url.as_str(), "https://sophon.at/pair?code=ABC1234");
    let paired = poll(&dialer(), &cloud, &ticket).await.unwrap();
    let PollOutcome::Paired { token, installation_id } = paired else { panic!("paired") };
    assert_eq!(installation_id, token.installation_id());
    let (method, uri, _) = script.asked().remove(1);
    assert_eq!(
        (method.as_str(), uri.as_str()),
        ("GET", "/v1/pairing/poll?code=ABC1234&timeout=25")
    );
}

#[tokio::test]
async fn the_words_of_one_dialect_are_understood_in_the_other() {
    for result in [
        json!({"status": "paired", "bot_token": TOKEN}),
        json!({"status": "claimed", "token": TOKEN}),
        json!({"token": TOKEN, "bot_token": null}),
    ] {
        let outcome = polled(started().then_result(result.clone())).await.unwrap();
        assert!(matches!(outcome, PollOutcome::Paired { .. }), "{result}");
    }
}

#[tokio::test]
async fn an_expired_code_is_told_by_its_status_or_by_an_error() {
    for script in [
        started().then_result(json!({"status": "expired"})),
        started().then_error(404, "pairing_not_found"),
        started().then_error(410, "code_expired"),
    ] {
        assert!(matches!(polled(script).await, Ok(PollOutcome::Expired)));
    }
}

#[tokio::test]
async fn a_refusal_of_the_person_is_told_by_its_status_or_by_an_error() {
    for word in ["denied", "rejected", "cancelled"] {
        let outcome = polled(started().then_result(json!({"status": word}))).await;
        assert!(matches!(outcome, Ok(PollOutcome::Denied)), "{word}");
    }
    assert!(matches!(
        polled(started().then_error(403, "pairing_denied")).await,
        Ok(PollOutcome::Denied)
    ));
}

#[tokio::test]
async fn a_success_without_a_usable_token_is_an_error_that_does_not_show_it() {
    for result in [
        json!({"status": "paired"}),
        json!({"status": "paired", "token": 7}),
        json!({"status": "paired", "token": "inst_secret-without-colon"}),
        json!({}),
        json!("paired"),
    ] {
        let error = polled(started().then_result(result.clone())).await.unwrap_err();
        assert!(matches!(error, PairingError::Unreadable(_)), "{result}");
        assert!(!format!("{error} {error:?}").contains("secret-without"));
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn the_page_of_a_proxy_does_not_end_a_try_to_pair() {
    for status in [200, 302, 403, 404, 410, 502] {
        let error = polled(started().then(status, json!("<html>"))).await.unwrap_err();
        assert!(error.is_retryable(), "{status} {error}");
    }
}

#[tokio::test]
async fn a_refused_start_says_why_and_whether_to_try_again() {
    for (status, retryable) in [(400, false), (403, false), (404, false), (500, true), (502, true)]
    {
        let cloud = Script::default().then_error(status, "some_code").serve().await;
        let error = start(&dialer(), &cloud, "Work Mac").await.unwrap_err();
        assert_eq!(error.is_retryable(), retryable, "{status}");
        let PairingError::Refused { status: told, code, message } = error else {
            panic!("a refusal, not {error}");
        };
        assert_eq!(
            (told, code.as_deref(), message.as_str()),
            (status, Some("some_code"), "a sentence")
        );
    }
}

#[tokio::test]
async fn a_busy_cloud_says_how_long_to_wait() {
    let busy = json!({"ok": false, "error": {"code": "rate_limited", "retry_after_ms": 1500}});
    let cloud = Script::default().then(429, busy).serve().await;
    let error = start(&dialer(), &cloud, "Work Mac").await.unwrap_err();
    assert!(error.is_retryable());
    let PairingError::Busy { after } = error else { panic!("busy, not {error}") };
    assert_eq!(after, Duration::from_millis(1500));
}

#[tokio::test]
async fn an_answer_that_is_not_the_clouds_cannot_be_used() {
    let cloud = Script::default().then(200, json!("<html>")).serve().await;
    let error = start(&dialer(), &cloud, "Work Mac").await.unwrap_err();
    assert!(matches!(error, PairingError::Unreadable(_)), "{error}");
}

#[tokio::test]
async fn a_cloud_that_cannot_be_reached_may_be_tried_again() {
    let (listener, cloud) = listen().await;
    drop(listener);
    let error = start(&dialer(), &cloud, "Work Mac").await.unwrap_err();
    assert!(matches!(error, PairingError::Unreachable(_)) && error.is_retryable());
}
