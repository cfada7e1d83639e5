//! The sockets: from the upgrade to the last frame.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Generation;
use super::handshake::{Farewell, MAX_PAYLOAD, Visitor};
use super::house::{House, Phase, State};
use super::ids::{now_ms, uuid};
use super::proof::Challenge;
use super::wire::{Outbox, Outgoing};

/// How long a client may take to introduce itself.
const PATIENCE: Duration = Duration::from_secs(15);
/// Bytes of the largest first frame.
const MAX_FIRST_FRAME: usize = 65_536;
/// Bytes of a close reason on the wire.
const MAX_REASON: usize = 120;
/// How long a closing handshake may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// Takes connections until the gateway stops.
pub(super) async fn accept(house: Arc<House>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = house.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        // A connection that fails before it begins concerns nobody.
        let Ok((stream, _)) = accepted else { continue };
        // Small frames at once; a socket that is gone already shows so elsewhere.
        let _ = stream.set_nodelay(true);
        let serving = Arc::clone(&house);
        house.sockets.spawn(async move {
            let stopped = serving.stop.clone();
            tokio::select! {
                () = stopped.cancelled() => {}
                () = serve(serving, stream) => {}
            }
        });
    }
}

async fn serve(house: Arc<House>, stream: TcpStream) {
    let mut from_browser = false;
    #[expect(clippy::result_large_err, reason = "the WebSocket library fixes the type")]
    let admit = |request: &Request, response: Response| {
        from_browser = request.headers().contains_key("origin");
        match house.with(|state| state.refuse_upgrade(request)) {
            None => Ok(response),
            Some(status) => {
                let mut refusal = ErrorResponse::new(None);
                *refusal.status_mut() = status;
                Err(refusal)
            }
        }
    };
    let mut config = WebSocketConfig::default();
    config.max_message_size = Some(MAX_PAYLOAD);
    config.max_frame_size = Some(MAX_PAYLOAD);
    let Ok(socket) = accept_hdr_async_with_config(stream, admit, Some(config)).await else {
        return;
    };
    let (mut sink, mut source) = socket.split();
    if house.look(|state| state.wire.mute) {
        // Nothing is ever said; the client may say what it likes.
        while let Some(Ok(_)) = source.next().await {}
        return;
    }
    let challenge = Challenge { nonce: uuid(), ts: now_ms() };
    let mut payload = json!({"nonce": challenge.nonce, "ts": challenge.ts});
    if house.look(|state| state.generation.is_newer()) {
        payload["capabilities"] = json!(["model-catalog-snapshot"]);
    }
    let greeting = json!({"type": "event", "event": "connect.challenge", "payload": payload});
    if sink.send(Message::text(greeting.to_string())).await.is_err() {
        return;
    }
    let first = match first_frame(&mut source).await {
        Ok(first) => first,
        Err((code, reason)) => return close(&mut sink, &mut source, code, reason).await,
    };
    let (queue, queued) = unbounded_channel();
    let outbox = Outbox { queue, waiting: Arc::default(), cut: house.stop.child_token() };
    let visitor = Visitor { outbox: outbox.clone(), challenge, from_browser };
    match house.with(|state| state.receive(visitor, &first)) {
        Ok(connection) => {
            converse(&house, connection, outbox, queued, &mut sink, &mut source).await;
            house.with(|state| state.wire.connections.remove(&connection));
        }
        Err(Farewell { frame, code, reason }) => {
            if let Some(frame) = frame {
                // The client may have gone; then nothing is owed to it.
                let _ = sink.send(Message::text(frame)).await;
            }
            close(&mut sink, &mut source, code, &reason).await;
        }
    }
}

impl State {
    /// Tells with which status an upgrade is refused.
    fn refuse_upgrade(&mut self, request: &Request) -> Option<StatusCode> {
        if request.headers().contains_key("origin") {
            self.record.violate("a connection carried an Origin header".to_owned());
        }
        let proxied = request.headers().contains_key("x-forwarded-for");
        match (self.phase, self.generation) {
            (Phase::Draining, _) => Some(StatusCode::SERVICE_UNAVAILABLE),
            (Phase::Serving, Generation::Newer) => proxied.then_some(StatusCode::FORBIDDEN),
            (Phase::Serving, Generation::Older) => None,
        }
    }
}

/// Reads the first frame, or tells how to close.
async fn first_frame(
    source: &mut (impl Stream<Item = Result<Message, Error>> + Unpin),
) -> Result<Value, (u16, &'static str)> {
    let introduced = timeout(PATIENCE, async {
        loop {
            match source.next().await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return Some(message),
                Some(Err(_)) | None => return None,
            }
        }
    });
    match introduced.await {
        Ok(Some(Message::Text(text))) if text.len() > MAX_FIRST_FRAME => Err((1009, "")),
        Ok(Some(Message::Text(text))) => serde_json::from_str(&text).map_err(|_| (1000, "")),
        Ok(_) | Err(_) => Err((1000, "")),
    }
}

/// Carries frames both ways until either side has enough.
async fn converse(
    house: &Arc<House>,
    connection: u64,
    outbox: Outbox,
    queued: UnboundedReceiver<Outgoing>,
    sink: &mut (impl Sink<Message, Error = Error> + Unpin),
    source: &mut (impl Stream<Item = Result<Message, Error>> + Unpin),
) {
    let closing = tokio::select! {
        biased;
        () = outbox.cut.cancelled() => return,
        closing = write(queued, &outbox, sink) => closing,
        () = read(house, connection, source) => return,
    };
    if let Some((code, reason)) = closing {
        close(sink, source, code, reason).await;
    }
}

async fn write(
    mut queued: UnboundedReceiver<Outgoing>,
    outbox: &Outbox,
    sink: &mut (impl Sink<Message, Error = Error> + Unpin),
) -> Option<(u16, &'static str)> {
    while let Some(outgoing) = queued.recv().await {
        outbox.waiting.fetch_sub(outgoing.bytes(), Ordering::Relaxed);
        let message = match outgoing {
            Outgoing::Text(text) => Message::text(text),
            Outgoing::Binary(bytes) => Message::binary(bytes),
            Outgoing::Close(code, reason) => return Some((code, reason)),
        };
        sink.feed(message).await.ok()?;
        if queued.is_empty() {
            sink.flush().await.ok()?;
        }
    }
    None
}

async fn read(
    house: &Arc<House>,
    connection: u64,
    source: &mut (impl Stream<Item = Result<Message, Error>> + Unpin),
) {
    while let Some(Ok(message)) = source.next().await {
        match message {
            Message::Text(text) => house.with(|state| match serde_json::from_str(&text) {
                Ok(frame) => state.take_frame(connection, &frame),
                Err(_) => state.record.violate("a frame is not JSON".to_owned()),
            }),
            Message::Binary(_) => {
                house.with(|state| state.record.violate("a frame is binary".to_owned()));
            }
            Message::Close(_) => return,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

/// Closes, and waits a moment for the other side to have read it.
async fn close(
    sink: &mut (impl Sink<Message, Error = Error> + Unpin),
    source: &mut (impl Stream<Item = Result<Message, Error>> + Unpin),
    code: u16,
    reason: &str,
) {
    let mut reason = reason.to_owned();
    while reason.len() > MAX_REASON {
        reason.pop();
    }
    let frame = CloseFrame { code: code.into(), reason: reason.into() };
    if sink.send(Message::Close(Some(frame))).await.is_ok() {
        let _ = timeout(FAREWELL, async { while let Some(Ok(_)) = source.next().await {} }).await;
    }
}
