use std::time::Duration;

use http::header::{
    CONNECTION, HeaderMap, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{StatusCode, Version};
use reqwest::Upgraded;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use url::Url;

use crate::{DialError, Dialer};

/// How long the server may take to answer the upgrade request.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(15);
/// How much of a refusal's body is kept, in bytes.
const REFUSAL_BODY: usize = 4 * 1024;
/// How long a refusal's body may take.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);

/// An open WebSocket.
pub type Socket = WebSocketStream<Upgraded>;

/// The largest message that a socket accepts, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct SocketLimits {
    /// Largest message in bytes; a longer one ends the connection.
    pub max_message: usize,
}

impl Dialer {
    /// Opens a WebSocket at a `ws`, `wss`, `http` or `https` URL.
    ///
    /// # Errors
    /// [`DialError::Rejected`] with the HTTP status when the server refuses, otherwise the
    /// network's reason.
    pub async fn websocket(
        &self,
        url: &Url,
        headers: HeaderMap,
        limits: SocketLimits,
    ) -> Result<Socket, DialError> {
        let key = generate_key();
        let request = self
            .http(url)?
            .get(http_url(url))
            .version(Version::HTTP_11)
            .headers(headers)
            .header(CONNECTION, HeaderValue::from_static("Upgrade"))
            .header(UPGRADE, HeaderValue::from_static("websocket"))
            .header(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
            .header(SEC_WEBSOCKET_KEY, &key);
        let response =
            timeout(UPGRADE_TIMEOUT, request.send()).await.map_err(|_| DialError::TimedOut)??;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(rejection(response).await);
        }
        let accepted = response.headers().get(SEC_WEBSOCKET_ACCEPT).is_some_and(|accept| {
            accept.as_bytes() == derive_accept_key(key.as_bytes()).as_bytes()
        });
        if !accepted {
            return Err(DialError::NotWebSocket);
        }
        let upgraded = response.upgrade().await?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(limits.max_message))
            .max_frame_size(Some(limits.max_message));
        Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await)
    }
}

async fn rejection(mut response: reqwest::Response) -> DialError {
    let status = response.status().as_u16();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .map(ToOwned::to_owned);
    let mut body = Vec::new();
    let read = async {
        while body.len() < REFUSAL_BODY
            && let Ok(Some(chunk)) = response.chunk().await
        {
            body.extend_from_slice(&chunk);
        }
    };
    // What has come by then is told.
    let _ = timeout(REFUSAL_TIMEOUT, read).await;
    body.truncate(REFUSAL_BODY);
    let body = String::from_utf8_lossy(&body).into_owned();
    DialError::Rejected { status, body, retry_after }
}

/// The HTTP twin of a WebSocket URL: the upgrade starts as an HTTP request.
fn http_url(url: &Url) -> Url {
    let text = match url.scheme() {
        "ws" => url.as_str().replacen("ws", "http", 1),
        "wss" => url.as_str().replacen("wss", "https", 1),
        _ => return url.clone(),
    };
    Url::parse(&text).unwrap_or_else(|_| url.clone())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers an upgrade with this head, and then goes on one byte at a time.
    async fn trickling(head: &'static str) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("ws://{}", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        url
    }

    async fn refused(url: &Url) -> DialError {
        let limits = SocketLimits { max_message: 1 };
        Dialer::new("test").websocket(url, HeaderMap::new(), limits).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_refusal_that_trickles_is_told_with_what_has_come_of_it() {
        let url = trickling("HTTP/1.1 503 Busy\r\nretry-after: 7\r\n\r\n").await;
        let begun = Instant::now();
        let DialError::Rejected { status: 503, body, retry_after } = refused(&url).await else {
            panic!("no refusal")
        };
        assert!(begun.elapsed() < 2 * REFUSAL_TIMEOUT, "{:?}", begun.elapsed());
        assert!(body.starts_with("xxx"));
        assert_eq!(retry_after.as_deref(), Some("7"));
    }

    #[tokio::test]
    async fn an_answer_that_trickles_without_end_is_no_connection_in_time() {
        let url = trickling("HTTP/1.1 101 Switching Protocols\r\nx-padding: ").await;
        tokio::time::pause();
        assert!(matches!(refused(&url).await, DialError::TimedOut));
    }
}
