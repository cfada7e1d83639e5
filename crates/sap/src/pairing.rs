//! Pairs this computer with a person's account: a code, a page in the browser, a token.

mod answer;
mod error;
mod ticket;

use std::time::{Duration, SystemTime};

use dial::Dialer;
use http::header::{ACCEPT, CONTENT_TYPE};
use reqwest::RequestBuilder;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

pub use error::PairingError;
pub use ticket::{PairingCode, Ticket};

use crate::exchange::{Answer, exchange};
use crate::pairing::ticket::Poll;
use crate::rest::JSON;
use crate::{BridgeToken, CloudUrl, InstallationId};

const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the cloud is asked to hold a poll, in seconds.
const HOLD: &str = "25";
/// How long a poll may take: the time that the cloud holds it, and some for the network.
const POLL_TIMEOUT: Duration = Duration::from_secs(40);

/// What one poll found out.
#[derive(Clone, Debug)]
pub enum PollOutcome {
    /// The person has not decided yet: poll again, a second later if the answer came at once.
    Pending,
    /// The person confirmed; the token is given once and must be stored before all else.
    Paired {
        /// Signs in as the new installation.
        token: BridgeToken,
        /// Names the new installation.
        installation_id: InstallationId,
    },
    /// The code is good no more: start again.
    Expired,
    /// The person refused.
    Denied,
}

/// Asks the cloud for a code under which the person will see this computer as `host_label`.
///
/// # Errors
/// [`PairingError`] when the cloud cannot be reached, refuses, or answers something else.
pub async fn start(
    dialer: &Dialer,
    cloud: &CloudUrl,
    host_label: &str,
) -> Result<Ticket, PairingError> {
    let url = cloud.route("/v1/pairing/start");
    let body = json!({
        "connector_type": "openclaw",
        "connector_type_id": "openclaw",
        "host_label": host_label,
    });
    let request = with_json(dialer.http(&url)?.post(url), &body);
    let answer = exchange(request, START_TIMEOUT).await?;
    read_start(cloud, &answer, SystemTime::now())
}

/// Reads what `cloud` answered to [`start`] at the time `now`.
///
/// # Errors
/// [`PairingError`] when the cloud refuses, or the answer brings no code.
pub fn read_start(
    cloud: &CloudUrl,
    answer: &Answer,
    now: SystemTime,
) -> Result<Ticket, PairingError> {
    Ticket::read(cloud, &answer::result(answer, now)?, now)
}

/// Asks once whether the person has decided; the cloud may hold the answer for 25 seconds.
///
/// # Errors
/// [`PairingError`] when the cloud cannot be reached, refuses, or answers something else; the
/// ticket stays good if [`PairingError::is_retryable`].
pub async fn poll(
    dialer: &Dialer,
    cloud: &CloudUrl,
    ticket: &Ticket,
) -> Result<PollOutcome, PairingError> {
    let mut url = cloud.route("/v1/pairing/poll");
    let client = dialer.http(&url)?;
    let request = match &ticket.poll {
        Poll::Token(token) => {
            with_json(client.post(url), &json!({"poll_token": token.expose_secret()}))
        }
        Poll::Code => {
            url.query_pairs_mut()
                .append_pair("code", ticket.code.as_str())
                .append_pair("timeout", HOLD);
            client.get(url).header(ACCEPT, JSON)
        }
    };
    let answer = exchange(request, POLL_TIMEOUT).await?;
    read_poll(&answer, SystemTime::now())
}

/// Reads what the cloud answered to [`poll`] at the time `now`, in either dialect.
///
/// # Errors
/// [`PairingError`] when the cloud refuses, or answers something else.
pub fn read_poll(answer: &Answer, now: SystemTime) -> Result<PollOutcome, PairingError> {
    answer::outcome(answer, now)
}

fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header(CONTENT_TYPE, JSON).header(ACCEPT, JSON).body(body.to_string())
}

#[cfg(test)]
mod tests;
