//! The link against a gateway that follows a script, mostly in recorded words.

#![expect(clippy::wildcard_enum_match_arm, reason = "tests look for one kind among many")]

mod carrying;
mod greeting;

use std::future::Future;
use std::time::Duration;

use dial::Dialer;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

use super::*;
use crate::recording::{self, Recorded};
use crate::{Credential, DeviceIdentity, GatewayUrl, Identity, SCOPES};

/// How long anything may take before a test fails.
const DEADLINE: Duration = Duration::from_secs(10);

/// The gateway's side of a connection.
struct Stage(WebSocketStream<TcpStream>);

impl Stage {
    async fn say(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn challenge(&mut self) {
        let payload = json!({"nonce": "n", "ts": 1});
        self.say(&event("connect.challenge", &payload)).await;
    }

    /// Waits for the next request.
    async fn hear(&mut self) -> Value {
        loop {
            match timeout(DEADLINE, self.0.next()).await.unwrap().unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected a request, not {other:?}"),
            }
        }
    }

    /// Accepts the client with this greeting; gives its request back.
    async fn greet(&mut self, greeting: &Value) -> Value {
        self.challenge().await;
        let request = self.hear().await;
        self.say(&json!({"type": "res", "id": request["id"], "ok": true, "payload": greeting}))
            .await;
        request
    }

    /// Refuses the client with this error, and hangs up as a gateway does.
    async fn refuse(&mut self, error: &Value, code: u16) {
        self.challenge().await;
        let request = self.hear().await;
        self.say(&json!({"type": "res", "id": request["id"], "ok": false, "error": error})).await;
        self.close(code, "refused").await;
    }

    async fn answer(&mut self, request: &Value, payload: &Value) {
        self.say(&json!({"type": "res", "id": request["id"], "ok": true, "payload": payload}))
            .await;
    }

    async fn close(&mut self, code: u16, reason: &str) {
        let frame = tungstenite::protocol::CloseFrame {
            code: code.into(),
            reason: reason.to_owned().into(),
        };
        self.0.close(Some(frame)).await.unwrap();
    }

    /// Waits until the client has gone.
    async fn until_left(&mut self) {
        let left = async { while let Some(Ok(_)) = self.0.next().await {} };
        timeout(DEADLINE, left).await.unwrap();
    }
}

/// Opens a stage for one connection, on which `script` plays.
async fn gateway<F, T>(
    script: impl FnOnce(Stage) -> F + Send + 'static,
) -> (GatewayUrl, JoinHandle<T>)
where
    F: Future<Output = T> + Send,
    T: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let play = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        script(Stage(accept_async(stream).await.unwrap())).await
    });
    (GatewayUrl::parse(&format!("ws://{address}")).unwrap(), play)
}

async fn dial_up(url: &GatewayUrl) -> Result<(Hello, Client, Events), ConnectError> {
    dial_up_within(PATIENCE, url).await
}

async fn dial_up_within(
    patience: Patience,
    url: &GatewayUrl,
) -> Result<(Hello, Client, Events), ConnectError> {
    let identity = Identity::new("Sophon 1a2b", "1.0.0");
    let device = DeviceIdentity::from_secret(&[5; 32]);
    let credential = Credential::Shared("hush".to_owned().into());
    let target = Target {
        url,
        identity: &identity,
        device: Some(&device),
        credential: &credential,
        scopes: &SCOPES,
    };
    timeout(DEADLINE, connect_within(patience, &Dialer::new("test"), target)).await.unwrap()
}

async fn fault(url: &GatewayUrl) -> ConnectError {
    dial_up(url).await.map(|(hello, ..)| hello).unwrap_err()
}

fn greeting() -> Value {
    json!({"type": "hello-ok", "protocol": 4})
}

fn event(name: &str, payload: &Value) -> Value {
    json!({"type": "event", "event": name, "payload": payload})
}

fn recorded(version: &str, scenario: &str) -> Vec<Recorded> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/traces");
    recording::read(format!("{folder}/{version}/{scenario}.jsonl")).unwrap()
}

/// Finds the recorded answer to `connect` on a connection.
fn recorded_answer(version: &str, scenario: &str, connection: &str) -> Value {
    let lines = recorded(version, scenario);
    let mut lines = lines.into_iter().filter(|line| line.connection == connection);
    let request = lines.by_ref().find(|line| line.method() == Some("connect")).unwrap();
    lines.find(|line| line.id() == request.id()).unwrap().frame
}
