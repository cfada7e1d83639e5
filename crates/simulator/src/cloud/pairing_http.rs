//! The two pairing routes of a computer that has no token yet.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Query, State as Extract};
use axum::response::Response;
use serde_json::{Map, Value};
use tokio::time::sleep_until;

use super::answer::{Outcome, Problem};
use super::pairing::hold_for;
use super::rates::Bucket;
use super::rest::{Judged, Reply, parse, read, too_many};
use super::server::Shared;
use super::state::State;

const START: &str = "pairing/start";
const POLL: &str = "pairing/poll";

/// `POST /v1/pairing/start`.
pub(super) async fn start(Extract(shared): Extract<Arc<Shared>>, body: Body) -> Response {
    let bytes = read(body).await;
    let body = parse(bytes.as_ref());
    let recorded = body.as_ref().map_or(Value::Null, |body| Value::Object(body.clone()));
    let reply = shared.change(|state| {
        state.received.content(bytes.as_deref().unwrap_or_default());
        metered(state, START, recorded, Instant::now(), |state, now| {
            body.and_then(|body| state.start_pairing(&body, now))
        })
    });
    shared.answer(reply).await
}

/// `POST /v1/pairing/poll` with a poll token.
pub(super) async fn poll(Extract(shared): Extract<Arc<Shared>>, body: Body) -> Response {
    let bytes = read(body).await;
    let body: Result<Map<String, Value>, Problem> = parse(bytes.as_ref());
    let reply = shared.change(|state| {
        state.received.content(bytes.as_deref().unwrap_or_default());
        metered(state, POLL, Value::Null, Instant::now(), |state, now| {
            body.and_then(|body| state.poll_by_token(&body, now))
        })
    });
    shared.answer(reply).await
}

/// `GET /v1/pairing/poll?code=…&timeout=25`, held while there is nothing to say.
pub(super) async fn long_poll(
    Extract(shared): Extract<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let code = query.get("code").map(String::as_str).unwrap_or_default();
    let until = Instant::now() + hold_for(query.get("timeout").map(String::as_str));
    let mut changes = shared.changes.subscribe();
    loop {
        changes.mark_unchanged();
        let now = Instant::now();
        let Some(expires_at) = shared.look(|state| state.waits_until(code, now)) else { break };
        if now >= until {
            break;
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = sleep_until(until.min(expires_at).into()) => {}
            () = shared.stopping.cancelled() => break,
        }
    }
    let reply = shared.change(|state| {
        metered(state, POLL, Value::Null, Instant::now(), |state, now| {
            state.poll_by_code(code, now)
        })
    });
    shared.answer(reply).await
}

fn metered(
    state: &mut State,
    route: &str,
    recorded: Value,
    now: Instant,
    handle: impl FnOnce(&mut State, Instant) -> Outcome,
) -> Reply {
    state.at_the_edge(route, recorded, now, |state| {
        let reading = state.anonymous.take(Bucket::Other, &state.options.rates, now);
        let outcome = match reading.refused {
            Some(wait) => Err(too_many(wait)),
            None => handle(state, now),
        };
        Judged { outcome, reading, scope: "address" }
    })
}
