//! `GET /v1/bridge/ws`: the upgrade and the I/O of an open socket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State as Extract;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::Value;
use tokio::time::{sleep_until, timeout};

use super::Shared;
use super::answer::Problem;
use super::link::Farewell;
use super::record::RecordedCall;
use super::state::State;

/// How long a bridge may leave a frame unread before its socket is dropped.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest frame of a bridge, in bytes.
const MAX_FRAME: usize = 16 * 1024 * 1024;

/// Opens a socket for the holder of a bridge token.
pub(super) async fn upgrade(
    Extract(shared): Extract<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    ws: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let now = Instant::now();
    let admitted = shared.change(|state| {
        state.received.head(&Method::GET, &uri, &headers);
        state.admit(&uri, &headers, ws.is_ok(), now)
    });
    let problem = match (admitted, ws) {
        (Ok(installation_id), Ok(ws)) => {
            return ws.max_message_size(MAX_FRAME).on_upgrade(move |socket| async move {
                let tasks = shared.tasks.clone();
                tasks.track_future(serve(shared, installation_id, socket)).await;
            });
        }
        (Ok(_), Err(rejection)) => {
            Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", rejection.body_text())
        }
        (Err(problem), _) => problem,
    };
    shared.answer_anyone(Err(problem))
}

impl State {
    fn admit(
        &mut self,
        uri: &Uri,
        headers: &HeaderMap,
        is_upgrade: bool,
        now: Instant,
    ) -> Result<String, Problem> {
        let admitted = match self.faults.next_refusal() {
            Some(status) => Err(refusal(status)),
            None => match self.authorize(uri, headers) {
                Ok(at) => Ok(self.installations[at].id.clone()),
                // At the upgrade a revoked token is as good as an unknown one.
                Err(problem) if problem.status == StatusCode::FORBIDDEN => Err(refusal(401)),
                Err(problem) => Err(problem),
            },
        };
        let status = match &admitted {
            Ok(_) if is_upgrade => StatusCode::SWITCHING_PROTOCOLS,
            Ok(_) => StatusCode::UPGRADE_REQUIRED,
            Err(problem) => problem.status,
        };
        self.record(RecordedCall {
            route: "ws".to_owned(),
            body: Value::Null,
            status: status.as_u16(),
            idempotent: false,
            at: now,
        });
        admitted
    }
}

fn refusal(status: u16) -> Problem {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let code = match status {
        StatusCode::UNAUTHORIZED => "invalid_token",
        StatusCode::FORBIDDEN | StatusCode::GONE => "installation_revoked",
        StatusCode::TOO_MANY_REQUESTS => "rate_limited",
        _ => "unavailable",
    };
    Problem::new(status, code, "the upgrade is refused")
}

async fn serve(shared: Arc<Shared>, installation_id: String, mut socket: WebSocket) {
    let link_id = shared.change(|state| state.open_link(&installation_id, Instant::now()));
    talk(&shared, &installation_id, link_id, &mut socket).await;
    shared.change(|state| state.close_link(&installation_id, link_id));
}

/// Sends and hears until one side has enough.
async fn talk(shared: &Shared, installation_id: &str, link_id: u64, socket: &mut WebSocket) {
    let mut changes = shared.changes.subscribe();
    loop {
        changes.mark_unchanged();
        let outbound =
            shared.quietly(|state| state.outbound(installation_id, link_id, Instant::now()));
        for frame in outbound.frames {
            if !send(socket, frame).await {
                return;
            }
        }
        match outbound.farewell {
            Some(Farewell::Cut) => return,
            Some(Farewell::Close { code, reason }) => {
                let close = CloseFrame { code, reason: reason.into() };
                send(socket, Frame::Close(Some(close))).await;
                return;
            }
            None => {}
        }
        tokio::select! {
            () = shared.stopping.cancelled() => return,
            _ = changes.changed() => {}
            () = sleep_until(outbound.next.into()) => {}
            frame = socket.recv() => {
                let Some(Ok(frame)) = frame else { return };
                let now = Instant::now();
                shared.change(|state| {
                    state.received.content(bytes_of(&frame));
                    state.hear(installation_id, link_id, &frame, now);
                });
            }
        }
    }
}

fn bytes_of(frame: &Frame) -> &[u8] {
    match frame {
        Frame::Text(text) => text.as_bytes(),
        Frame::Binary(bytes) | Frame::Ping(bytes) | Frame::Pong(bytes) => bytes,
        Frame::Close(close) => close.as_ref().map_or(&[], |close| close.reason.as_bytes()),
    }
}

async fn send(socket: &mut WebSocket, frame: Frame) -> bool {
    matches!(timeout(SEND_TIMEOUT, socket.send(frame)).await, Ok(Ok(())))
}
