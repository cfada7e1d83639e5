use std::time::SystemTime;

use dial::DialError;
use serde_json::Value;

use crate::envelope::{CloudError, Envelope};
use crate::exchange::Answer;
use crate::retry_after::USUAL_WAIT;
use crate::{BridgeToken, InstallationId, PairingError, PollOutcome};

/// Takes the result out of a successful answer.
pub(super) fn result(answer: &Answer, now: SystemTime) -> Result<Value, PairingError> {
    match Envelope::read(&answer.body) {
        Envelope::Ok { result, .. } if (200..300).contains(&answer.status) => Ok(result),
        Envelope::Unreadable if (200..300).contains(&answer.status) => {
            Err(PairingError::Unreadable("it does not come from Sophon".into()))
        }
        envelope @ (Envelope::Ok { .. } | Envelope::Error(_) | Envelope::Unreadable) => {
            Err(refused(answer, envelope.into_error(), now))
        }
    }
}

/// Reads the answer to a poll, in either dialect.
///
/// The page of a proxy is weather, as a broken connection is: the next poll may get through.
pub(super) fn outcome(answer: &Answer, now: SystemTime) -> Result<PollOutcome, PairingError> {
    if Envelope::read(&answer.body) == Envelope::Unreadable && !matches!(answer.status, 429 | 503) {
        let text = format!("HTTP {}, but not from Sophon", answer.status);
        return Err(PairingError::Unreachable(DialError::Network(text)));
    }
    match result(answer, now) {
        Ok(result) => status(&result),
        Err(PairingError::Refused { status: 404 | 410, code: Some(code), .. })
            if ends_the_code(&code) =>
        {
            Ok(PollOutcome::Expired)
        }
        Err(PairingError::Refused { code: Some(code), .. }) if denies(&code) => {
            Ok(PollOutcome::Denied)
        }
        Err(error) => Err(error),
    }
}

fn status(result: &Value) -> Result<PollOutcome, PairingError> {
    let text = |name: &str| result.get(name).and_then(Value::as_str);
    let unreadable = |problem: &str| PairingError::Unreadable(problem.to_owned());
    let token = ["token", "bot_token"]
        .iter()
        .find_map(|name| result.get(name).filter(|value| !value.is_null()));
    if let Some(token) = token {
        let text_of_token = token.as_str().ok_or_else(|| unreadable("its token is no text"))?;
        let token =
            BridgeToken::parse(text_of_token).map_err(|_| unreadable("its token is malformed"))?;
        let installation_id = text("installation_id")
            .filter(|id| !id.is_empty())
            .map_or_else(|| token.installation_id(), InstallationId::new);
        return Ok(PollOutcome::Paired { token, installation_id });
    }
    match text("status") {
        Some("paired" | "claimed") => Err(unreadable("it says paired, but brings no token")),
        Some("expired") => Ok(PollOutcome::Expired),
        Some(word) if denies(word) => Ok(PollOutcome::Denied),
        // A word of a newer cloud, such as "opened": the code's own end bounds the wait.
        Some(_) => Ok(PollOutcome::Pending),
        None => Err(unreadable("it has no status")),
    }
}

fn ends_the_code(code: &str) -> bool {
    code.contains("expired") || code.contains("not_found")
}

fn denies(word: &str) -> bool {
    ["denied", "rejected", "cancelled", "canceled"].iter().any(|no| word.contains(no))
}

fn refused(answer: &Answer, error: CloudError, now: SystemTime) -> PairingError {
    let status = answer.status;
    let wait = error.retry_after.or_else(|| answer.retry_after(now));
    let request_id = answer.request_id();
    let code = error.code.as_deref();
    tracing::warn!(status, code, request_id, "the cloud refused a pairing request");
    match (status, wait) {
        (429 | 503, wait) => PairingError::Busy { after: wait.unwrap_or(USUAL_WAIT) },
        (200..300, Some(after)) => PairingError::Busy { after },
        (status, _) => {
            let message = error.message.or_else(|| error.code.clone());
            let message = message.unwrap_or_else(|| "it gives no reason".to_owned());
            PairingError::Refused { status, code: error.code, message }
        }
    }
}
