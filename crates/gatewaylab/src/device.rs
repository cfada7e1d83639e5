use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::{SinkExt as _, StreamExt as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use url::Url;

/// How long a gateway may take for its answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// A web page elsewhere on this computer: gateways let nobody join from one without asking.
const WEB_PAGE: &str = "http://localhost:5173";
const PLATFORM: &str = "linux";
const PHONE: &str = "android 15";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Another client with a key of its own: a desk, a phone's app or a node that wants to join.
#[derive(Debug)]
pub struct LabDevice {
    key: SigningKey,
    id: String,
}

/// What a device says and wants when it connects.
#[derive(Clone, Debug)]
pub struct Application {
    /// Name that it gives itself.
    pub name: String,
    /// It is a node, which offers commands, and no operator, who asks for scopes.
    pub is_node: bool,
    /// Scopes that it asks for.
    pub scopes: Vec<&'static str>,
    /// Commands that it offers.
    pub commands: Vec<&'static str>,
    /// It comes from a web page, and so has to be approved even on the gateway's own computer.
    pub from_web_page: bool,
}

/// What the gateway made of an application.
#[derive(Debug)]
pub enum Admission {
    /// The device is in.
    Joined(Box<Membership>),
    /// The device is not in; the `details` of the refusal.
    Refused(Value),
}

/// The connection of a device that is in.
#[derive(Debug)]
pub struct Membership {
    socket: Socket,
    /// Token for its later connections.
    pub device_token: Option<SecretString>,
}

impl LabDevice {
    /// Makes a device that no gateway knows.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new() -> anyhow::Result<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        let key = SigningKey::from_bytes(&secret);
        let fingerprint = Sha256::digest(key.verifying_key().as_bytes());
        let id = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { key, id })
    }

    /// The fingerprint of its key, by which gateways know it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Connects with the gateway's shared token.
    ///
    /// # Errors
    /// When the gateway does not answer as one does.
    pub async fn apply(
        &self,
        gateway: &Url,
        token: &SecretString,
        application: &Application,
    ) -> anyhow::Result<Admission> {
        let (socket, challenge) = knock(gateway, application.from_web_page).await?;
        enter(socket, &self.params(&challenge, token, application)).await
    }

    /// Connects as OpenClaw's mobile app does that was shown a setup code.
    ///
    /// # Errors
    /// When the code is none, or the gateway does not answer as one does.
    pub async fn join_with_code(
        &self,
        gateway: &Url,
        code: &SecretString,
        name: &str,
    ) -> anyhow::Result<Admission> {
        let code = URL_SAFE_NO_PAD.decode(code.expose_secret())?;
        let code: Value = serde_json::from_slice(&code)?;
        let token = code["bootstrapToken"].as_str().context("the code holds no token")?;
        let (socket, challenge) = knock(gateway, false).await?;
        let (nonce, at) = (&challenge["nonce"], &challenge["ts"]);
        let nonce_text = nonce.as_str().unwrap_or_default();
        let (id, said) = (&self.id, "openclaw-android|node|node|");
        let proof = format!("v3|{id}|{said}|{at}|{token}|{nonce_text}|{PHONE}|android");
        let params = json!({
            "minProtocol": 3, "maxProtocol": 4, "role": "node", "scopes": [], "caps": [],
            "client": {"id": "openclaw-android", "mode": "node", "displayName": name,
                "version": "1", "platform": PHONE, "deviceFamily": "Android"},
            "auth": {"bootstrapToken": token},
            "device": self.prove(&proof, nonce, at),
        });
        enter(socket, &params).await
    }

    fn params(&self, challenge: &Value, token: &SecretString, application: &Application) -> Value {
        let Application { name, is_node, scopes, commands, .. } = application;
        let (client, mode, role) = if *is_node {
            ("node-host", "node", "node")
        } else {
            ("gateway-client", "ui", "operator")
        };
        let (token, nonce, at) = (token.expose_secret(), &challenge["nonce"], &challenge["ts"]);
        let (id, asked) = (&self.id, scopes.join(","));
        let nonce_text = nonce.as_str().unwrap_or_default();
        let proof =
            format!("v3|{id}|{client}|{mode}|{role}|{asked}|{at}|{token}|{nonce_text}|{PLATFORM}|");
        let mut params = json!({
            "minProtocol": 3, "maxProtocol": 4, "role": role, "scopes": scopes, "caps": [],
            "client": {"id": client, "mode": mode, "displayName": name, "version": "1",
                "platform": PLATFORM},
            "auth": {"token": token},
            "device": self.prove(&proof, nonce, at),
        });
        if *is_node {
            params["commands"] = json!(commands);
            params["caps"] = json!(["device"]);
        }
        params
    }

    fn prove(&self, proof: &str, nonce: &Value, at: &Value) -> Value {
        json!({
            "id": self.id,
            "publicKey": URL_SAFE_NO_PAD.encode(self.key.verifying_key().as_bytes()),
            "signature": URL_SAFE_NO_PAD.encode(self.key.sign(proof.as_bytes()).to_bytes()),
            "signedAt": at,
            "nonce": nonce,
        })
    }
}

impl Membership {
    /// Waits until the gateway closes the connection, and returns the close code.
    ///
    /// # Errors
    /// When it stays open, or breaks without a close frame.
    pub async fn closed(mut self) -> anyhow::Result<u16> {
        let close = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(Some(close)))) => return Ok(close.code.into()),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(error.into()),
                    None => bail!("the connection broke without a word"),
                }
            }
        };
        timeout(PATIENCE, close).await.context("the gateway keeps the connection open")?
    }
}

/// Opens a connection, and takes the gateway's challenge.
async fn knock(gateway: &Url, from_web_page: bool) -> anyhow::Result<(Socket, Value)> {
    let mut request = gateway.as_str().into_client_request()?;
    if from_web_page {
        request.headers_mut().insert("origin", WEB_PAGE.parse()?);
    }
    let (mut socket, _) = connect_async(request).await?;
    let mut challenge = next(&mut socket).await?;
    Ok((socket, challenge["payload"].take()))
}

async fn enter(mut socket: Socket, params: &Value) -> anyhow::Result<Admission> {
    let request = json!({"type": "req", "id": "1", "method": "connect", "params": params});
    socket.send(Message::text(request.to_string())).await?;
    let answer = loop {
        let frame = next(&mut socket).await?;
        if frame["type"] == "res" {
            break frame;
        }
    };
    if answer["ok"] != true {
        return Ok(Admission::Refused(answer["error"]["details"].clone()));
    }
    let device_token = answer.pointer("/payload/auth/deviceToken").and_then(Value::as_str);
    let device_token = device_token.map(SecretString::from);
    Ok(Admission::Joined(Box::new(Membership { socket, device_token })))
}

async fn next(socket: &mut Socket) -> anyhow::Result<Value> {
    let text = async {
        loop {
            match socket.next().await.context("the gateway hung up")?? {
                Message::Text(text) => return anyhow::Ok(serde_json::from_str(&text)?),
                Message::Close(close) => bail!("the gateway hung up: {close:?}"),
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    };
    timeout(PATIENCE, text).await.context("the gateway says nothing")?
}
