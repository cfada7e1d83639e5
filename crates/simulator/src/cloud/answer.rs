//! The envelope that every answer of the cloud comes in.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use super::ids;
use super::rates::Reading;

/// What is wrong with one field of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct FieldError {
    pub(super) path: String,
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// Why a call was refused.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) errors: Vec<FieldError>,
    pub(super) retry_after: Option<Duration>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// A body whose fields break the rules: 413 when one of them is too large, else 400.
    pub(super) fn invalid(errors: Vec<FieldError>) -> Self {
        let too_large = errors.iter().any(|error| error.code == "too_large");
        let (status, code) = if too_large {
            (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large")
        } else {
            (StatusCode::BAD_REQUEST, "validation_failed")
        };
        let listed: Vec<String> =
            errors.iter().map(|error| format!("{}: {}", error.path, error.message)).collect();
        Self { errors, ..Self::new(status, code, listed.join("; ")) }
    }

    pub(super) fn invalid_field(path: &str, code: &'static str, message: &str) -> Self {
        Self::invalid(vec![FieldError { path: path.to_owned(), code, message: message.to_owned() }])
    }

    fn body(&self) -> Value {
        let mut error = json!({"code": self.code, "message": self.message});
        if !self.errors.is_empty() {
            error["errors"] = json!(self.errors);
        }
        if let Some(wait) = self.retry_after {
            error["retry_after_ms"] = json!(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        }
        json!({"ok": false, "error": error})
    }
}

/// A call that did what was asked.
#[derive(Clone, Debug)]
pub(super) struct Success {
    pub(super) result: Value,
    /// Whether an earlier call did it and this one only repeated the answer.
    pub(super) again: bool,
}

impl Success {
    pub(super) fn fresh(result: Value) -> Self {
        Self { result, again: false }
    }

    pub(super) fn again(result: Value) -> Self {
        Self { result, again: true }
    }

    fn body(&self) -> Value {
        if self.again {
            json!({"ok": true, "result": self.result, "idempotent": true})
        } else {
            json!({"ok": true, "result": self.result})
        }
    }
}

/// The outcome of a call.
pub(super) type Outcome = Result<Success, Problem>;

/// Writes an outcome with the headers that every answer has.
pub(super) fn respond(outcome: &Outcome, reading: &Reading, scope: &str) -> Response {
    let (status, body) = match outcome {
        Ok(success) => (StatusCode::OK, success.body()),
        Err(problem) => (problem.status, problem.body()),
    };
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let mut set = |name: &'static str, text: String| {
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    };
    set("content-type", "application/json".to_owned());
    set("x-request-id", ids::mint("req"));
    let reset_after = reading.reset_after.as_secs_f64();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    set("x-ratelimit-limit", reading.limit.to_string());
    set("x-ratelimit-remaining", reading.remaining.to_string());
    set("x-ratelimit-reset", format!("{:.3}", now + reset_after));
    set("x-ratelimit-reset-after", format!("{reset_after:.3}"));
    set("x-ratelimit-bucket", reading.bucket.to_owned());
    set("x-ratelimit-scope", scope.to_owned());
    if let Some(wait) = outcome.as_ref().err().and_then(|problem| problem.retry_after) {
        set("retry-after", wait.as_secs_f64().ceil().to_string());
    }
    response
}

/// An answer that never arrives: its body fails before the first byte is written, upon which the
/// server closes the connection.
pub(super) fn cut_connection() -> Response {
    let broken = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("cut"))]);
    Response::new(Body::from_stream(broken))
}
