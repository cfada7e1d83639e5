//! HTTP to a program on the loopback.

use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// Sends a request and gives the answer's body, whatever its status.
pub(crate) async fn send(
    address: SocketAddr,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> anyhow::Result<Value> {
    let stream = TokioIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, address.to_string())
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .body(Full::new(Bytes::from(body)))?;
    let exchange = async {
        let answer = sender.send_request(request).await?;
        answer.into_body().collect().await.map(|body| body.to_bytes())
    };
    let mut carried = std::pin::pin!(async {
        // What is wrong with the connection shows in the answer.
        let _ = connection.await;
        std::future::pending::<()>().await;
    });
    let answer = tokio::select! {
        answer = exchange => answer?,
        () = &mut carried => Bytes::new(),
    };
    Ok(serde_json::from_slice(&answer)?)
}
