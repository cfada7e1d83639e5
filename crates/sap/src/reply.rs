//! What the cloud answers to a call, sorted by what the caller can do about it.

use std::time::{Duration, SystemTime};

use dial::DialError;
use serde_json::Value;

use crate::RateReport;
use crate::envelope::{CloudError, Envelope};
use crate::exchange::Answer;
use crate::retry_after::USUAL_WAIT;

/// The answer to one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// What became of the call.
    pub outcome: Result<Accepted, Refusal>,
    /// What the answer's headers say about the rate bucket.
    pub rate: Option<RateReport>,
    /// The id by which the cloud's operators find the request.
    pub request_id: Option<String>,
}

/// A call that the cloud carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// The `result` field, null where there is none.
    pub result: Value,
    /// Whether this call was carried out before, and this is the first answer again.
    pub idempotent: bool,
}

/// A call that the cloud did not carry out, or whose answer is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The token is good no more: stop everything and offer to pair again.
    #[error("the cloud revoked this installation ({code}): pair this computer again")]
    Revoked {
        /// The cloud's error code.
        code: String,
    },
    /// The call is wrong and would stay wrong.
    #[error("the cloud finds the call invalid ({code}) {}", fields.join(", "))]
    Invalid {
        /// The cloud's error code.
        code: String,
        /// The refused fields, as `path: code`.
        fields: Vec<String>,
    },
    /// The chat or the question that the call belongs to exists no more.
    #[error("what the call belongs to is gone ({code})")]
    SessionGone {
        /// The cloud's error code.
        code: String,
    },
    /// The cloud has this item already, in its final form.
    #[error("the cloud has this item already ({code})")]
    AlreadyDone {
        /// The cloud's error code.
        code: String,
    },
    /// The body is too large: cut it and send it once more.
    #[error("the call is too large for the cloud")]
    TooLarge,
    /// Too many calls, or a cloud that is busy: send the same bytes later.
    #[error("the cloud asks to wait {} ms", after.as_millis())]
    Wait {
        /// How long to wait, at most an hour.
        after: Duration,
    },
    /// The cloud failed, or something else answered in its place: send the same bytes later.
    #[error("the cloud failed with HTTP {status}")]
    Server {
        /// HTTP status of the answer.
        status: u16,
    },
    /// No answer came, and the call may have been carried out: send the same bytes later.
    #[error("no answer from the cloud: {0}")]
    Network(String),
}

impl Refusal {
    /// Says whether the same bytes may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Wait { .. } | Self::Server { .. } | Self::Network(_) => true,
            Self::Revoked { .. }
            | Self::Invalid { .. }
            | Self::SessionGone { .. }
            | Self::AlreadyDone { .. }
            | Self::TooLarge => false,
        }
    }

    /// Names the refusal in one word: the cloud's error code where it gave one.
    pub fn code(&self) -> &str {
        match self {
            Self::Revoked { code }
            | Self::Invalid { code, .. }
            | Self::SessionGone { code }
            | Self::AlreadyDone { code } => code,
            Self::TooLarge => "too_large",
            Self::Wait { .. } => "wait",
            Self::Server { .. } => "server_error",
            Self::Network(_) => "network",
        }
    }
}

impl Reply {
    /// Reads the answer to a call; `now` is the time that a date in its headers is compared with.
    pub fn read(answer: &Answer, now: SystemTime) -> Self {
        let outcome = match Envelope::read(&answer.body) {
            Envelope::Ok { result, idempotent } if (200..300).contains(&answer.status) => {
                Ok(Accepted { result, idempotent })
            }
            envelope @ (Envelope::Ok { .. } | Envelope::Error(_) | Envelope::Unreadable) => {
                let mut error = envelope.into_error();
                error.retry_after = error.retry_after.or_else(|| answer.retry_after(now));
                Err(refusal(answer.status, error))
            }
        };
        Self { outcome, rate: RateReport::read(&answer.headers), request_id: answer.request_id() }
    }

    pub(crate) fn unreachable(error: &DialError) -> Self {
        let outcome = Err(Refusal::Network(error.to_string()));
        Self { outcome, rate: None, request_id: None }
    }
}

/// Sorts a failure by its code where the code says it all, else by its status.
fn refusal(status: u16, error: CloudError) -> Refusal {
    let code = error.code.clone().unwrap_or_else(|| format!("http_{status}"));
    if error.is_revocation() {
        return Refusal::Revoked { code };
    }
    match code.as_str() {
        "session_not_found"
        | "interaction_not_found"
        | "session_deleted"
        | "interaction_expired" => return Refusal::SessionGone { code },
        "message_finalized" | "idempotency_conflict" => return Refusal::AlreadyDone { code },
        "invalid_request" | "validation_failed" | "invalid_token_location" => {
            return Refusal::Invalid { code, fields: error.fields };
        }
        _ => {}
    }
    match (status, error.retry_after) {
        (401, _) => Refusal::Revoked { code },
        (409, _) => Refusal::AlreadyDone { code },
        (410, _) if error.code.is_some() => Refusal::SessionGone { code },
        (413, _) => Refusal::TooLarge,
        (429 | 503, wait) => Refusal::Wait { after: wait.unwrap_or(USUAL_WAIT) },
        (200..300, Some(after)) => Refusal::Wait { after },
        // A 404 or 410 that names nothing of ours, a timeout or a sign-in page comes from a proxy.
        (404 | 407 | 408 | 410 | 425, _) => Refusal::Server { status },
        (400..500, _) => Refusal::Invalid { code, fields: error.fields },
        _ => Refusal::Server { status },
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() }
    }

    fn coded(status: u16, code: &str) -> Answer {
        answer(status, &json!({"ok": false, "error": {"code": code, "message": "m"}}).to_string())
    }

    fn refused(answer: &Answer) -> Refusal {
        Reply::read(answer, SystemTime::UNIX_EPOCH).outcome.unwrap_err()
    }

    #[test]
    fn a_success_has_its_result() {
        let reply = Reply::read(
            &answer(200, r#"{"ok":true,"result":{"message_id":"msg_1"},"idempotent":true}"#),
            SystemTime::UNIX_EPOCH,
        );
        let accepted = reply.outcome.unwrap();
        assert_eq!(accepted.result["message_id"], "msg_1");
        assert!(accepted.idempotent);
    }

    #[test]
    fn every_row_of_the_error_table_leads_to_its_own_outcome() {
        let revoked = |code: &str| Refusal::Revoked { code: code.into() };
        let gone = |code: &str| Refusal::SessionGone { code: code.into() };
        let done = |code: &str| Refusal::AlreadyDone { code: code.into() };
        let invalid = |code: &str| Refusal::Invalid { code: code.into(), fields: vec![] };
        for (status, code, outcome) in [
            (400, "invalid_request", invalid("invalid_request")),
            (400, "validation_failed", invalid("validation_failed")),
            (400, "invalid_token_location", invalid("invalid_token_location")),
            (401, "invalid_token", revoked("invalid_token")),
            (401, "token_rotated", revoked("token_rotated")),
            (403, "installation_revoked", revoked("installation_revoked")),
            (403, "invalid_token", revoked("invalid_token")),
            (403, "forbidden", invalid("forbidden")),
            (410, "installation_revoked", revoked("installation_revoked")),
            (404, "session_not_found", gone("session_not_found")),
            (404, "interaction_not_found", gone("interaction_not_found")),
            (404, "route_not_found", Refusal::Server { status: 404 }),
            (410, "session_deleted", gone("session_deleted")),
            (410, "interaction_expired", gone("interaction_expired")),
            (409, "message_finalized", done("message_finalized")),
            (409, "idempotency_conflict", done("idempotency_conflict")),
            (413, "payload_too_large", Refusal::TooLarge),
            (429, "rate_limited", Refusal::Wait { after: USUAL_WAIT }),
            (503, "unavailable", Refusal::Wait { after: USUAL_WAIT }),
            (500, "internal", Refusal::Server { status: 500 }),
            (502, "bad_gateway", Refusal::Server { status: 502 }),
        ] {
            assert_eq!(refused(&coded(status, code)), outcome, "{status} {code}");
        }
    }

    #[test]
    fn an_answer_that_is_not_the_clouds_is_sorted_by_its_status() {
        let code = |code: &str| code.to_owned();
        for (status, outcome) in [
            (200, Refusal::Server { status: 200 }),
            (204, Refusal::Server { status: 204 }),
            (302, Refusal::Server { status: 302 }),
            (400, Refusal::Invalid { code: code("http_400"), fields: vec![] }),
            (401, Refusal::Revoked { code: code("http_401") }),
            (403, Refusal::Invalid { code: code("http_403"), fields: vec![] }),
            (404, Refusal::Server { status: 404 }),
            (408, Refusal::Server { status: 408 }),
            (409, Refusal::AlreadyDone { code: code("http_409") }),
            (410, Refusal::Server { status: 410 }),
            (413, Refusal::TooLarge),
            (429, Refusal::Wait { after: USUAL_WAIT }),
            (502, Refusal::Server { status: 502 }),
            (503, Refusal::Wait { after: USUAL_WAIT }),
        ] {
            assert_eq!(refused(&answer(status, "<html>")), outcome, "{status}");
        }
    }

    #[test]
    fn a_failure_inside_a_success_is_sorted_by_its_code() {
        for (code, outcome) in [
            ("invalid_token", Refusal::Revoked { code: "invalid_token".into() }),
            ("session_deleted", Refusal::SessionGone { code: "session_deleted".into() }),
            ("message_finalized", Refusal::AlreadyDone { code: "message_finalized".into() }),
            ("something_new", Refusal::Server { status: 200 }),
        ] {
            assert_eq!(refused(&coded(200, code)), outcome, "{code}");
        }
        let wait = r#"{"ok":false,"error":{"code":"rate_limited","retry_after_ms":40}}"#;
        assert_eq!(refused(&answer(200, wait)), Refusal::Wait { after: Duration::from_millis(40) });
    }

    #[test]
    fn a_success_inside_a_failure_is_a_failure() {
        assert_eq!(
            refused(&answer(500, r#"{"ok":true,"result":{}}"#)),
            Refusal::Server { status: 500 }
        );
    }

    #[test]
    fn the_wait_comes_from_the_body_then_from_the_header() {
        let mut limited =
            answer(429, r#"{"ok":false,"error":{"code":"rate_limited","retry_after_ms":1500}}"#);
        limited.headers.insert("retry-after", HeaderValue::from_static("7"));
        assert_eq!(refused(&limited), Refusal::Wait { after: Duration::from_millis(1500) });
        limited.body.clear();
        assert_eq!(refused(&limited), Refusal::Wait { after: Duration::from_secs(7) });
        limited
            .headers
            .insert("retry-after", HeaderValue::from_static("Thu, 01 Jan 1970 00:00:09 GMT"));
        assert_eq!(refused(&limited), Refusal::Wait { after: Duration::from_secs(9) });
    }

    #[test]
    fn refused_fields_are_named_by_path_and_code() {
        let refusal = refused(&answer(
            400,
            r#"{"ok":false,"error":{"code":"validation_failed",
                "errors":[{"path":"text","code":"required","message":"m"}]}}"#,
        ));
        assert_eq!(refusal.code(), "validation_failed");
        assert_eq!(
            refusal.to_string(),
            "the cloud finds the call invalid (validation_failed) text: required"
        );
    }

    #[test]
    fn only_what_may_succeed_later_is_retryable() {
        for status in [429, 500, 502, 503, 404] {
            assert!(refused(&answer(status, "")).is_retryable(), "{status}");
        }
        for status in [400, 401, 403, 409, 413] {
            assert!(!refused(&answer(status, "")).is_retryable(), "{status}");
        }
        assert!(Refusal::Network("reset".into()).is_retryable());
    }
}
