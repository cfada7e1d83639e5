//! A bridge in its simplest form: it sends what a test tells it to and shows what came back.

use std::time::Duration;

use dial::Dialer;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};
use simulator::cloud::{Cloud, CloudOptions};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use url::Url;

/// How long anything may take that a test waits for.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A paired bridge.
pub(crate) struct Bridge {
    base: String,
    token: String,
    http: Dialer,
}

/// An answer of the cloud.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn result(&self) -> &Value {
        assert_eq!(self.body["ok"], true, "refused: {}", self.body);
        &self.body["result"]
    }

    pub(crate) fn is_idempotent(&self) -> bool {
        self.body["idempotent"] == true
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A cloud with one paired bridge.
pub(crate) async fn paired(options: CloudOptions) -> (Cloud, Bridge) {
    let cloud = Cloud::start(options).await.unwrap();
    let (_, token) = cloud.mint_installation("Work Mac OpenClaw");
    let bridge = Bridge::new(&cloud, token);
    (cloud, bridge)
}

/// A cloud with one paired bridge and a session that the person opened.
pub(crate) async fn talking() -> (Cloud, Bridge, String) {
    let (cloud, bridge) = paired(CloudOptions::default()).await;
    let said = cloud.say("ses_1", "hello");
    (cloud, bridge, said.interaction_id)
}

impl Bridge {
    pub(crate) fn new(cloud: &Cloud, token: String) -> Self {
        Self { base: cloud.base_url(), token, http: Dialer::new("simulator-tests") }
    }

    /// Calls a route; the body gets this idempotency key.
    pub(crate) async fn call(&self, route: &str, key: &str, mut body: Value) -> Answer {
        body["idempotency_key"] = json!(key);
        self.post_bytes(route, body.to_string().into_bytes()).await.unwrap()
    }

    pub(crate) async fn post_bytes(&self, route: &str, body: Vec<u8>) -> reqwest::Result<Answer> {
        let path = format!("/v1/bridge/{route}");
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, self.authorization());
        send(&self.http, Method::POST, &format!("{}{path}", self.base), headers, body).await
    }

    /// Opens a bubble and returns its id.
    pub(crate) async fn open_bubble(&self, key: &str, interaction: &str) -> String {
        let body = json!({"session_id": "ses_1", "interaction_id": interaction, "text": " "});
        let answer = self.call("sendMessage", key, body).await;
        answer.result()["message_id"].as_str().unwrap().to_owned()
    }

    /// Opens a socket and introduces itself.
    pub(crate) async fn connect(&self) -> Socket {
        let mut socket = self.dial().await.unwrap();
        socket.send(json!({"type": "hello", "version": "0.0.1"})).await;
        socket
    }

    /// Opens a socket and says nothing.
    pub(crate) async fn dial(&self) -> Result<Socket, WsError> {
        let url = format!("{}/v1/bridge/ws", self.base.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, self.authorization());
        connect_async(request).await.map(|(stream, _)| Socket { stream })
    }

    fn authorization(&self) -> HeaderValue {
        HeaderValue::from_str(&format!("Bearer {}", self.token)).unwrap()
    }
}

/// Sends any request.
pub(crate) async fn send(
    http: &Dialer,
    method: Method,
    url: &str,
    headers: HeaderMap,
    body: Vec<u8>,
) -> reqwest::Result<Answer> {
    let url = Url::parse(url).unwrap();
    let client = http.http(&url).unwrap();
    let mut request = client.request(method, url).headers(headers);
    if !body.is_empty() {
        request = request.body(body);
    }
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Answer { status, headers, body })
}

/// An open socket.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub(crate) async fn send(&mut self, frame: Value) {
        self.send_frame(Frame::text(frame.to_string())).await;
    }

    pub(crate) async fn send_frame(&mut self, frame: Frame) {
        self.stream.send(frame).await.unwrap();
    }

    pub(crate) async fn ack(&mut self, update_id: &Value) {
        self.send(json!({"type": "ack", "up_to_update_id": update_id})).await;
    }

    /// Returns the next text frame.
    pub(crate) async fn next(&mut self) -> Value {
        match self.next_frame().await {
            Some(Frame::Text(text)) => serde_json::from_str(text.as_str()).unwrap(),
            other => panic!("no text frame: {other:?}"),
        }
    }

    /// Returns the next frame, or none at the end of the connection.
    pub(crate) async fn next_frame(&mut self) -> Option<Frame> {
        timeout(SOON, self.stream.next()).await.expect("a frame or the end").and_then(Result::ok)
    }

    /// Returns the next frame of a type, passing over others.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Returns the next update of a type, passing over other frames.
    pub(crate) async fn next_update(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next_of("update").await;
            if frame["update"]["type"] == kind {
                return frame["update"].clone();
            }
        }
    }

    /// Waits for the end of the connection and returns the close code, if one was sent.
    pub(crate) async fn end(&mut self) -> Option<u16> {
        loop {
            match self.next_frame().await {
                Some(Frame::Close(frame)) => return frame.map(|frame| frame.code.into()),
                Some(_) => {}
                None => return None,
            }
        }
    }
}
