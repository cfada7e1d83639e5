//! A bare client of the gateway: no device, shared token, all scopes.

#![expect(clippy::unwrap_used, reason = "what is not as expected fails the test")]

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use url::Url;

/// How long anything may take that a gateway is asked to do; 2026.5.6 does nothing else for up to
/// half a minute when it sees its first image.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Operator {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    calls: u32,
    seen: Vec<Value>,
}

impl Operator {
    /// Opens a socket and reads the challenge, but does not introduce itself.
    pub(crate) async fn challenged(url: &Url) -> (Self, Value) {
        let (socket, _) = connect_async(url.as_str()).await.unwrap();
        let mut operator = Self { socket, calls: 0, seen: Vec::new() };
        let challenge = operator.event("connect.challenge", |_| true).await;
        (operator, challenge)
    }

    pub(crate) async fn connect(url: &Url, token: &SecretString) -> Self {
        let (mut operator, _) = Self::challenged(url).await;
        let hello = operator
            .call(
                "connect",
                json!({
                    "minProtocol": 3, "maxProtocol": 4, "role": "operator",
                    "client": {"id": "gateway-client", "mode": "backend", "version": "1",
                        "platform": "test"},
                    "scopes": ["operator.read", "operator.write", "operator.approvals",
                        "operator.admin"],
                    "caps": ["tool-events", "approvals", "exec-approvals"],
                    "auth": {"token": token.expose_secret()},
                }),
            )
            .await;
        assert_eq!(hello["type"], "hello-ok");
        operator
    }

    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let id = self.calls.to_string();
        let request = json!({"type": "req", "id": id, "method": method, "params": params});
        self.socket.send(Message::text(request.to_string())).await.unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let frame = self.next(deadline, method).await;
            if frame["type"] == "res" && frame["id"] == *id {
                assert_eq!(frame["ok"], true, "{method}: {}", frame["error"]);
                return frame["payload"].clone();
            }
            self.seen.push(frame);
        }
    }

    /// Takes the first event of this name and kind, seen or still to come.
    pub(crate) async fn event(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        let mut next = 0;
        loop {
            if next == self.seen.len() {
                let frame = self.next(deadline, name).await;
                self.seen.push(frame);
            }
            let frame = &self.seen[next];
            if frame["event"] == name && wanted(&frame["payload"]) {
                return self.seen.remove(next)["payload"].clone();
            }
            next += 1;
        }
    }

    /// Sends a message and returns the run.
    pub(crate) async fn send(&mut self, session: &str, text: &str) -> String {
        let key = format!("{session}-{}", self.calls);
        let params = json!({"sessionKey": session, "message": text, "idempotencyKey": key});
        let answer = self.call("chat.send", params).await;
        answer["runId"].as_str().unwrap().to_owned()
    }

    /// Waits for the end of a run and returns its `chat` event.
    pub(crate) async fn end(&mut self, run: &str) -> Value {
        self.event("chat", |chat| {
            let state = chat["state"].as_str().unwrap_or_default();
            chat["runId"] == run && ["final", "error", "aborted"].contains(&state)
        })
        .await
    }

    /// Sends a message and returns what the agent said in the end.
    pub(crate) async fn ask(&mut self, session: &str, text: &str) -> String {
        let run = self.send(session, text).await;
        said(&self.end(&run).await)
    }

    fn names_of_seen(&self) -> Vec<String> {
        let name = |frame: &Value| {
            let payload = &frame["payload"];
            format!("{} {}{}", frame["event"], payload["stream"], payload["state"])
        };
        self.seen.iter().map(name).collect()
    }

    async fn next(&mut self, deadline: Instant, awaited: &str) -> Value {
        loop {
            let Ok(message) = timeout_at(deadline, self.socket.next()).await else {
                panic!("no {awaited} came, only {:?}", self.names_of_seen())
            };
            match message {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(_)) => {}
                other => panic!("instead of {awaited}: {other:?}"),
            }
        }
    }
}

/// The text of a `chat` event.
pub(crate) fn said(chat: &Value) -> String {
    chat["message"]["content"][0]["text"].as_str().unwrap_or_default().to_owned()
}
