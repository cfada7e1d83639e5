//! A raw client, as plain as a test needs it.

use std::collections::VecDeque;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::gateway::Gateway;

pub(super) const DEADLINE: Duration = Duration::from_secs(10);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What a client says when it knocks.
#[derive(Clone)]
pub(super) struct Knock {
    pub(super) key: Option<[u8; 32]>,
    pub(super) name: String,
    pub(super) scopes: Vec<&'static str>,
    pub(super) caps: Vec<&'static str>,
    pub(super) auth: Value,
    pub(super) change: fn(&mut Value),
    pub(super) header: Option<(&'static str, &'static str)>,
}

impl Knock {
    /// A well-behaved device with the shared token.
    pub(super) fn at(gateway: &Gateway) -> Self {
        Self {
            key: Some([7; 32]),
            name: "Desk one".to_owned(),
            scopes: vec!["operator.read", "operator.write", "operator.approvals"],
            caps: vec!["tool-events", "approvals", "exec-approvals", "plugin-approvals"],
            auth: json!({"token": gateway.token()}),
            change: |_| {},
            header: None,
        }
    }

    pub(super) fn scopes(mut self, scopes: &[&'static str]) -> Self {
        self.scopes = scopes.to_vec();
        self
    }

    pub(super) fn key(mut self, key: [u8; 32]) -> Self {
        self.key = Some(key);
        self
    }

    pub(super) fn auth(mut self, auth: Value) -> Self {
        self.auth = auth;
        self
    }

    pub(super) fn change(mut self, change: fn(&mut Value)) -> Self {
        self.change = change;
        self
    }

    /// Comes in.
    pub(super) async fn enter(self, gateway: &Gateway) -> Client {
        self.try_enter(gateway).await.unwrap_or_else(|refusal| panic!("refused: {refusal:?}"))
    }

    /// Comes in, or is told why not: the last frame, the close code and the reason.
    pub(super) async fn try_enter(self, gateway: &Gateway) -> Result<Client, Refusal> {
        let mut socket = open(gateway, self.header).await.expect("an upgrade");
        let challenge = receive(&mut socket).await.expect("a challenge");
        assert_eq!(challenge["event"], "connect.challenge");
        let params = self.params(&challenge["payload"]);
        let frame = json!({"type": "req", "id": "hello", "method": "connect", "params": params});
        socket.send(Message::text(frame.to_string())).await.unwrap();
        let answer = receive(&mut socket).await;
        if let Some(answer) = answer.as_ref().filter(|answer| answer["ok"] == true) {
            let hello = answer["payload"].clone();
            return Ok(Client { socket, hello, events: VecDeque::new(), last_id: 0 });
        }
        let (code, reason) = closing(&mut socket).await;
        Err(Refusal { error: answer.unwrap_or_default()["error"].clone(), code, reason })
    }

    fn params(&self, challenge: &Value) -> Value {
        let mut params = json!({
            "minProtocol": 3, "maxProtocol": 4, "role": "operator", "scopes": self.scopes,
            "caps": self.caps, "auth": self.auth,
            "client": {
                "id": "gateway-client", "displayName": self.name, "version": "1.0.0",
                "platform": "linux", "mode": "ui",
            },
        });
        let key = self.key.map(|key| SigningKey::from_bytes(&key));
        if let Some(key) = &key {
            let public = key.verifying_key();
            let id: String =
                Sha256::digest(public).iter().map(|byte| format!("{byte:02x}")).collect();
            params["device"] = json!({
                "id": id, "publicKey": URL_SAFE_NO_PAD.encode(public), "nonce": challenge["nonce"],
                "signedAt": challenge["ts"], "signature": "",
            });
        }
        (self.change)(&mut params);
        if let (Some(key), true) = (key, params["device"]["signature"] == "") {
            let text = signed_text(&params);
            let signature = key.sign(text.as_bytes()).to_bytes();
            params["device"]["signature"] = URL_SAFE_NO_PAD.encode(signature).into();
        }
        params
    }
}

fn signed_text(params: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let scopes: Vec<String> = params["scopes"].as_array().unwrap().iter().map(text).collect();
    let (device, client, auth) = (&params["device"], &params["client"], &params["auth"]);
    let slots = ["token", "deviceToken", "bootstrapToken"];
    let token = slots.iter().find_map(|slot| auth[slot].as_str()).unwrap_or_default();
    [
        "v3".to_owned(),
        text(&device["id"]),
        text(&client["id"]),
        text(&client["mode"]),
        "operator".to_owned(),
        scopes.join(","),
        device["signedAt"].to_string(),
        token.to_owned(),
        text(&device["nonce"]),
        text(&client["platform"]),
        String::new(),
    ]
    .join("|")
}

/// How a client is sent away.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: Value,
    pub(super) code: u16,
    pub(super) reason: String,
}

/// A client that has been let in.
pub(super) struct Client {
    socket: Socket,
    pub(super) hello: Value,
    events: VecDeque<Value>,
    last_id: u64,
}

impl Client {
    /// Calls, and gives the payload or the error.
    pub(super) async fn call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.last_id += 1;
        let id = self.last_id.to_string();
        let frame = json!({"type": "req", "id": id, "method": method, "params": params});
        self.send(&frame.to_string()).await;
        loop {
            let frame = receive(&mut self.socket).await.expect("an answer");
            if frame["type"] == "res" {
                assert_eq!(frame["id"], id.as_str());
                let ok = frame["ok"] == true;
                return if ok { Ok(frame["payload"].clone()) } else { Err(frame["error"].clone()) };
            }
            self.events.push_back(frame);
        }
    }

    /// Says something in a session; the key is the run's id.
    pub(super) async fn say(&mut self, session: &str, key: &str, message: &str) -> Value {
        let params = json!({"sessionKey": session, "message": message, "idempotencyKey": key});
        self.call("chat.send", params).await.unwrap()
    }

    pub(super) async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text.to_owned())).await.unwrap();
    }

    pub(super) async fn send_binary(&mut self, bytes: &[u8]) {
        self.socket.send(Message::binary(bytes.to_vec())).await.unwrap();
    }

    /// The next event, whatever it is.
    pub(super) async fn event(&mut self) -> Value {
        match self.events.pop_front() {
            Some(event) => event,
            None => receive(&mut self.socket).await.expect("an event"),
        }
    }

    /// The next event of this name.
    pub(super) async fn named(&mut self, name: &str) -> Value {
        loop {
            let event = self.event().await;
            if event["event"] == name {
                return event["payload"].clone();
            }
        }
    }

    /// The next `chat` event in this state.
    pub(super) async fn chat(&mut self, state: &str) -> Value {
        loop {
            let payload = self.named("chat").await;
            if payload["state"] == state {
                return payload;
            }
        }
    }

    /// What is told of a run until its `chat` event in this state, one word a frame; frames of
    /// text in a row are one word.
    pub(super) async fn tale(&mut self, run: &str, state: &str) -> Vec<String> {
        let mut tale: Vec<String> = Vec::new();
        loop {
            let event = self.event().await;
            let ended = event["event"] == "chat" && event["payload"]["state"] == state;
            let about_run = event["payload"]["runId"] == run;
            if event["event"].as_str().unwrap_or_default().contains("approval") || about_run {
                let word = word(&event);
                if word != "text" || tale.last().is_none_or(|last| last != "text") {
                    tale.push(word);
                }
            }
            if ended && about_run {
                return tale;
            }
        }
    }

    /// How the gateway ends the connection.
    pub(super) async fn closing(&mut self) -> (u16, String) {
        closing(&mut self.socket).await
    }

    /// Waits until the connection breaks, with or without a word.
    pub(super) async fn gone(&mut self) {
        while receive(&mut self.socket).await.is_some() {}
    }
}

/// The word for a frame.
fn word(event: &Value) -> String {
    let payload = &event["payload"];
    let data = &payload["data"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match text(&event["event"]).as_str() {
        "chat" if payload["state"] == "delta" => "text".to_owned(),
        "chat" if payload["state"] == "status" => format!("status:{}", text(&payload["phase"])),
        "chat" => format!("chat:{}", text(&payload["state"])),
        "agent" => match text(&payload["stream"]).as_str() {
            "assistant" => "text".to_owned(),
            "run_status" if data["phase"] != "retrying" => "run_status".to_owned(),
            "item" => format!("{}:{}", text(&data["kind"]), text(&data["phase"])),
            stream if data["phase"].is_string() => format!("{stream}:{}", text(&data["phase"])),
            stream => stream.to_owned(),
        },
        other => other.to_owned(),
    }
}

/// Opens a socket.
pub(super) async fn open(
    gateway: &Gateway,
    header: Option<(&'static str, &'static str)>,
) -> Result<Socket, Error> {
    let mut request = gateway.url().into_client_request()?;
    if let Some((name, value)) = header {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    Ok(connect_async(request).await?.0)
}

/// The next frame; nothing when the connection is over.
pub(super) async fn receive(socket: &mut Socket) -> Option<Value> {
    loop {
        match timeout(DEADLINE, socket.next()).await.expect("a frame in time") {
            Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(_) | Err(_)) | None => return None,
        }
    }
}

/// How the gateway ends a connection.
pub(super) async fn closing(socket: &mut Socket) -> (u16, String) {
    loop {
        match timeout(DEADLINE, socket.next()).await.expect("a close in time") {
            Some(Ok(Message::Close(Some(frame)))) => {
                return (frame.code.into(), frame.reason.as_str().to_owned());
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return (1006, String::new()),
        }
    }
}
