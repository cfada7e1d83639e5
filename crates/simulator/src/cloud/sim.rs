//! `/sim/…`: faults and observation for programs outside this process, and the phone's events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State as Extract};
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream::{Stream, unfold};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::CloudView;
use super::faults::Fault;
use super::phone::act;
use super::phone_view::{grants, phone};
use super::server::Shared;
use super::state::State;

/// How long changes are gathered before the phone is told: faster than an eye, slower than deltas.
const GATHER: Duration = Duration::from_millis(40);

/// Lists the routes of the simulation.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sim/fault", post(fault))
        .route("/sim/state", get(state))
        .route("/sim/events", get(events))
}

async fn fault(Extract(shared): Extract<Arc<Shared>>, body: Body) -> Response {
    act(&shared, body, |state, fault: Fault, now| {
        state.fault(fault, now);
        Ok(json!({}))
    })
    .await
}

async fn state(Extract(shared): Extract<Arc<Shared>>) -> Json<Value> {
    Json(shared.look(|state| {
        let view = CloudView::without_phones(state);
        let calls: Vec<Value> = view
            .calls()
            .iter()
            .map(|call| {
                json!({"route": call.route, "body": call.body, "status": call.status,
                       "idempotent": call.idempotent})
            })
            .collect();
        let sessions: Vec<Value> =
            view.sessions().into_iter().map(|id| phone(state, Some(id))["chat"].take()).collect();
        json!({
            "connected": view.connected(),
            "installations": view.installations(),
            "acked_up_to": view.acked_up_to(),
            "violations": view.violations(),
            "calls": calls,
            "sessions": sessions,
        })
    }))
}

#[derive(Deserialize)]
struct Watched {
    session: Option<String>,
    /// Device whose keys are told as well.
    device: Option<String>,
}

/// What one phone has been told.
struct Watcher {
    shared: Arc<Shared>,
    changes: watch::Receiver<()>,
    watched: Watched,
    told: Option<String>,
}

async fn events(
    Extract(shared): Extract<Arc<Shared>>,
    Query(watched): Query<Watched>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = shared.changes.subscribe();
    let watcher = Watcher { shared, changes, watched, told: None };
    let stream = unfold(watcher, async |mut watcher| {
        let news = watcher.news().await?;
        Some((Ok(Event::default().event("phone").data(news)), watcher))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

impl Watched {
    fn shown(&self, state: &State) -> Value {
        let mut shown = phone(state, self.session.as_deref());
        if let Some(device) = &self.device {
            shown["grants"] = grants(state, device);
        }
        shown
    }
}

impl Watcher {
    /// Waits until the phone would show something else; none when the cloud stops.
    async fn news(&mut self) -> Option<String> {
        loop {
            self.changes.mark_unchanged();
            let shown = self.shared.look(|state| self.watched.shown(state)).to_string();
            if self.told.as_ref() != Some(&shown) {
                self.told = Some(shown.clone());
                return Some(shown);
            }
            tokio::select! {
                () = self.shared.stopping.cancelled() => return None,
                changed = self.changes.changed() => changed.ok()?,
            }
            self.shared.pause(GATHER).await;
        }
    }
}
