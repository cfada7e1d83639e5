//! Carries calls to the cloud.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use dial::{DialError, Dialer};
use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};

use crate::exchange::{Answer, exchange};
use crate::{BridgeToken, CloudUrl, Reply};

/// How long one call may take, from the first packet to the last: a slow cloud takes half of it.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
const STALE: &str = "this computer slept or changed its network meanwhile";
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Posts to `/v1/bridge/<route>` as one installation.
#[derive(Clone, Debug)]
pub struct Rest {
    dialer: Dialer,
    cloud: CloudUrl,
    token: BridgeToken,
    timeout: Duration,
}

impl Rest {
    /// Makes a caller; nothing is dialled yet.
    pub fn new(dialer: Dialer, cloud: CloudUrl, token: BridgeToken) -> Self {
        Self { dialer, cloud, token, timeout: CALL_TIMEOUT }
    }

    /// Posts a JSON body below `/v1/bridge/` once, and waits at most 60 seconds for the answer.
    ///
    /// It does not wait for an answer on a connection that the dialer was told to give up.
    pub async fn post(&self, route: &str, body: Bytes) -> Reply {
        let reply = match self.exchange(route, body).await {
            Ok(answer) => Reply::read(&answer, SystemTime::now()),
            Err(error) => Reply::unreachable(&error),
        };
        if let Err(refusal) = &reply.outcome {
            let request_id = reply.request_id.as_deref();
            if refusal.is_retryable() {
                tracing::debug!(route, %refusal, request_id, "a call is to be repeated");
            } else {
                tracing::warn!(route, %refusal, request_id, "the cloud refused a call");
            }
        }
        reply
    }

    async fn exchange(&self, route: &str, body: Bytes) -> Result<Answer, DialError> {
        let url = self.cloud.route(&format!("/v1/bridge/{route}"));
        let request = self
            .dialer
            .http(&url)?
            .post(url)
            .header(AUTHORIZATION, self.token.authorization())
            .header(CONTENT_TYPE, JSON)
            .header(ACCEPT, JSON)
            .body(body);
        let given_up = self.dialer.given_up();
        tokio::select! {
            answer = exchange(request, self.timeout) => answer,
            () = given_up => Err(DialError::Network(STALE.into())),
        }
    }
}

#[cfg(test)]
mod tests;
