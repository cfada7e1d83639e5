//! `POST /v1/bridge/<route>`: from the request to the recorded answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, State as Extract};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Map, Value};

use super::answer::{Outcome, Problem, Success, cut_connection, respond};
use super::calls::{Caller, apply};
use super::faults::{Cut, Injected};
use super::rates::{Bucket, Reading};
use super::record::RecordedCall;
use super::routes::{self, Route};
use super::state::{Remembered, State};
use super::{Shared, validate};

/// How much of a body is read before the answer, so that its sender can read that answer.
const READ_AT_MOST: usize = 32 * validate::MAX_BODY;
/// How long the answer to an idempotency key is kept.
const MEMORY: Duration = Duration::from_secs(24 * 60 * 60);

/// A request below `/v1/bridge/`.
pub(super) struct Request {
    pub(super) path: String,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    /// None when it was larger than anybody would read.
    pub(super) body: Option<Bytes>,
}

/// What goes back, and after which delay.
pub(super) struct Reply {
    pub(super) judged: Option<Judged>,
    pub(super) delay: Duration,
}

/// An outcome with what the headers say.
pub(super) struct Judged {
    pub(super) outcome: Outcome,
    pub(super) reading: Reading,
    pub(super) scope: &'static str,
}

/// Handles a call of a bridge.
pub(super) async fn bridge_call(
    Extract(shared): Extract<Arc<Shared>>,
    Path(path): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = read(body).await;
    let request = Request { path, method, uri, headers, body };
    let reply = shared.change(|state| {
        state.received.head(&request.method, &request.uri, &request.headers);
        state.received.content(request.body.as_deref().unwrap_or_default());
        state.receive(&request, Instant::now())
    });
    shared.answer(reply).await
}

/// Reads a body, or nothing of one that is larger than anybody would read.
pub(super) async fn read(body: Body) -> Option<Bytes> {
    to_bytes(body, READ_AT_MOST).await.ok()
}

impl Shared {
    /// Answers what concerns no installation.
    pub(super) fn answer_anyone(&self, outcome: Outcome) -> Response {
        let judged = self.look(|state| state.anonymous_judgement(outcome, Instant::now()));
        respond(&judged.outcome, &judged.reading, judged.scope)
    }

    /// Sends a reply after its delay, or cuts the connection.
    pub(super) async fn answer(&self, reply: Reply) -> Response {
        self.pause(reply.delay).await;
        reply.judged.map_or_else(cut_connection, |judged| {
            respond(&judged.outcome, &judged.reading, judged.scope)
        })
    }
}

impl State {
    fn receive(&mut self, request: &Request, now: Instant) -> Reply {
        let body = parse(request.body.as_ref());
        let recorded = body.as_ref().map_or(Value::Null, |body| Value::Object(body.clone()));
        self.at_the_edge(&request.path, recorded, now, |state| state.judge(request, body, now))
    }

    /// Runs a call unless a fault takes its place, and records it.
    pub(super) fn at_the_edge(
        &mut self,
        route: &str,
        body: Value,
        now: Instant,
        handle: impl FnOnce(&mut Self) -> Judged,
    ) -> Reply {
        let injected = self.faults.next_for(route);
        let delay = self.answer_delay();
        let judged = match &injected {
            Some(Injected::Cut(Cut::BeforeApplying)) => None,
            Some(Injected::Answer { status, code, retry_after }) => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
                let mut problem = Problem::new(status, code, "the cloud cannot do this now");
                problem.retry_after = *retry_after;
                Some(self.anonymous_judgement(Err(problem), now))
            }
            Some(Injected::Cut(Cut::AfterApplying)) | None => Some(handle(self)),
        };
        let status = judged.as_ref().map_or(0, |judged| match &judged.outcome {
            Ok(_) => 200,
            Err(problem) => problem.status.as_u16(),
        });
        let idempotent =
            judged.as_ref().and_then(|it| it.outcome.as_ref().ok()).is_some_and(|it| it.again);
        self.record(RecordedCall { route: route.to_owned(), body, status, idempotent, at: now });
        let lost = injected == Some(Injected::Cut(Cut::AfterApplying));
        Reply { judged: judged.filter(|_| !lost), delay }
    }

    /// Wraps an outcome that concerns no installation.
    pub(super) fn anonymous_judgement(&self, outcome: Outcome, now: Instant) -> Judged {
        let reading = self.anonymous.read(Bucket::Other, &self.options.rates, now);
        Judged { outcome, reading, scope: "address" }
    }

    fn judge(
        &mut self,
        request: &Request,
        body: Result<Map<String, Value>, Problem>,
        now: Instant,
    ) -> Judged {
        let at = match self.authorize(&request.uri, &request.headers) {
            Ok(at) => at,
            Err(problem) => return self.anonymous_judgement(Err(problem), now),
        };
        let found = routes::find(&request.path);
        let bucket = found.map_or(Bucket::Other, |(route, _)| route.bucket);
        let reading = self.installations[at].meters.take(bucket, &self.options.rates, now);
        let outcome = if let Some(wait) = reading.refused {
            self.violation(format!("{}: the bucket {} is overdrawn", request.path, reading.bucket));
            Err(too_many(wait))
        } else if request.method != Method::POST {
            Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "use POST"))
        } else if let Some((route, session)) = found {
            let installation_id = self.installations[at].id.clone();
            let caller = Caller { installation_id: &installation_id, session, now };
            body.and_then(|body| self.once(&request.path, route, &caller, body))
        } else {
            Err(Problem::new(StatusCode::NOT_FOUND, "route_not_found", "no such route"))
        };
        if let Err(problem) = &outcome
            && is_the_callers_fault(problem)
        {
            self.violation(format!("{}: {}", request.path, problem.message));
        }
        Judged { outcome, reading, scope: "installation" }
    }

    /// Does a call that is new, and repeats the answer of one that is not.
    fn once(
        &mut self,
        path: &str,
        route: &'static Route,
        caller: &Caller<'_>,
        body: Map<String, Value>,
    ) -> Outcome {
        let errors = validate::check(&body, route.fields);
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        for field in validate::unknown(&body, route.fields) {
            self.violations.push(format!("{path}: a field {field} that the wire does not know"));
        }
        let key = body.get("idempotency_key").and_then(Value::as_str).unwrap_or_default();
        let slot = (caller.installation_id.to_owned(), key.to_owned());
        let remembered = self
            .memory
            .get(&slot)
            .filter(|it| caller.now.saturating_duration_since(it.at) < MEMORY);
        if let Some(remembered) = remembered {
            if remembered.path == path && remembered.body == body {
                return Ok(Success::again(remembered.result.clone()));
            }
            self.violation(format!("{path}: an idempotency key was used for another body"));
            return Err(conflict("this idempotency key was used for another body"));
        }
        let success = apply(self, caller, route.action, &body)?;
        let result = success.result.clone();
        let remembered = Remembered { path: path.to_owned(), body, result, at: caller.now };
        self.memory.insert(slot, remembered);
        Ok(success)
    }
}

/// A 409 because an id or a key stands for something else already.
pub(super) fn conflict(message: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, "idempotency_conflict", message)
}

/// A 429 with its wait.
pub(super) fn too_many(wait: Duration) -> Problem {
    let mut problem =
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "too many calls; wait");
    problem.retry_after = Some(wait.max(Duration::from_millis(1)));
    problem
}

/// Reads the JSON object of a body.
pub(super) fn parse(body: Option<&Bytes>) -> Result<Map<String, Value>, Problem> {
    match body {
        Some(bytes) if bytes.len() <= validate::MAX_BODY => {
            serde_json::from_slice(bytes).map_err(|_| {
                let message = "the body is no JSON object";
                Problem::new(StatusCode::BAD_REQUEST, "invalid_request", message)
            })
        }
        Some(_) | None => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            "the body is larger than 1 MB",
        )),
    }
}

/// What a correct bridge never provokes; sessions and interactions can vanish under anybody.
fn is_the_callers_fault(problem: &Problem) -> bool {
    matches!(
        problem.status,
        StatusCode::BAD_REQUEST | StatusCode::METHOD_NOT_ALLOWED | StatusCode::PAYLOAD_TOO_LARGE
    ) || matches!(problem.code.as_str(), "route_not_found" | "message_not_found")
}
