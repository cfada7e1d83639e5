use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use hyper::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::http::send;

/// How long a driver may take over one command; starting a browser is one.
const ANSWER: Duration = Duration::from_secs(40);

/// A session with a driver.
#[derive(Debug)]
pub(crate) struct Session {
    driver: SocketAddr,
    id: String,
}

/// What a driver refuses.
#[derive(Debug)]
struct Refusal {
    code: String,
    message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}

/// The name of what the driver complains about, if it is the driver that does.
pub(crate) fn complaint(error: &anyhow::Error) -> Option<&str> {
    error.downcast_ref::<Refusal>().map(|refusal| refusal.code.as_str())
}

impl Session {
    pub(crate) async fn start(driver: SocketAddr, capabilities: Value) -> anyhow::Result<Self> {
        let wish = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let session = command(driver, Method::POST, "/session", Some(&wish)).await?;
        let id = session["sessionId"].as_str().context("the driver gives no session")?.to_owned();
        Ok(Self { driver, id })
    }

    pub(crate) async fn get(&self, what: &str) -> anyhow::Result<Value> {
        command(self.driver, Method::GET, &self.path(what), None).await
    }

    pub(crate) async fn post(&self, what: &str, arguments: Value) -> anyhow::Result<Value> {
        command(self.driver, Method::POST, &self.path(what), Some(&arguments)).await
    }

    pub(crate) async fn end(self) -> anyhow::Result<()> {
        let path = format!("/session/{}", self.id);
        command(self.driver, Method::DELETE, &path, None).await.map(drop)
    }

    fn path(&self, what: &str) -> String {
        format!("/session/{}/{what}", self.id)
    }
}

async fn command(
    driver: SocketAddr,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> anyhow::Result<Value> {
    let answer = timeout(ANSWER, send(driver, method, path, body))
        .await
        .with_context(|| format!("the driver did not answer within {ANSWER:?}"))??;
    let value = answer.get("value").cloned().unwrap_or_default();
    match value.get("error").and_then(Value::as_str) {
        Some(code) if value.get("message").is_some() => {
            let message = value["message"].as_str().unwrap_or_default().to_owned();
            Err(Refusal { code: code.to_owned(), message }.into())
        }
        Some(_) | None => Ok(value),
    }
}
