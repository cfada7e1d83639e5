use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dial::Socket;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{self, Message};

use super::client::Waiting;
use super::events::Disconnected;
use super::wake::wait_for_wake;
use crate::frame::Incoming;
use crate::{Event, RunEvent, RunEventKind, parse_event};

/// How many of the gateway's intervals may pass in silence.
const SILENT_INTERVALS: f64 = 2.5;
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Moves messages between the socket and its users until either is gone.
pub(super) struct Carrier {
    pub(super) outgoing: mpsc::Receiver<String>,
    pub(super) waiting: Arc<Waiting>,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) end: Arc<OnceLock<Disconnected>>,
    pub(super) tick_interval: Duration,
}

impl Carrier {
    /// Carries until the connection ends, or every client and the events are dropped.
    pub(super) async fn run(self, socket: Socket) {
        let Self { mut outgoing, waiting, events, end, tick_interval } = self;
        let (mut sink, mut stream) = socket.split();
        let silence = tick_interval.mul_f64(SILENT_INTERVALS);
        let disconnected = tokio::select! {
            disconnected = receive(&mut stream, &waiting, &events, silence) => Some(disconnected),
            disconnected = send(&mut sink, &mut outgoing, &events) => disconnected,
            () = wait_for_wake() => Some(Disconnected::Woke),
        };
        if let Some(disconnected) = disconnected {
            tracing::debug!(%disconnected, "the connection to the gateway ended");
            // Nobody else sets it.
            let _ = end.set(disconnected);
        }
        waiting.close();
        drop(events);
        // Without answer the line is dead, and needs no goodbye.
        let _ = timeout(GOODBYE, sink.close()).await;
    }
}

/// Sends requests in their order. Returns nothing once nobody is left who could use the line.
async fn send(
    sink: &mut SplitSink<Socket, Message>,
    outgoing: &mut mpsc::Receiver<String>,
    events: &mpsc::Sender<Event>,
) -> Option<Disconnected> {
    while let Some(request) = outgoing.recv().await {
        if let Err(error) = sink.send(Message::text(request)).await {
            return Some(broken(&error));
        }
    }
    events.closed().await;
    None
}

async fn receive(
    stream: &mut SplitStream<Socket>,
    waiting: &Waiting,
    events: &mpsc::Sender<Event>,
    silence: Duration,
) -> Disconnected {
    loop {
        let Ok(message) = timeout(silence, stream.next()).await else {
            return Disconnected::Silent;
        };
        waiting.hear();
        match message {
            Some(Ok(Message::Text(text))) => take(&text, waiting, events).await,
            Some(Ok(Message::Binary(bytes))) => {
                tracing::warn!(bytes = bytes.len(), "the gateway sent a binary message");
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(frame))) => return Disconnected::closed(frame),
            Some(Err(error)) => return broken(&error),
            None => return Disconnected::closed(None),
        }
    }
}

async fn take(text: &str, waiting: &Waiting, events: &mpsc::Sender<Event>) {
    match Incoming::parse(text) {
        Ok(Incoming::Answer { id, result }) => waiting.answer(&id, result),
        Ok(Incoming::Event { name, payload }) => {
            tracing::trace!(event = %name, bytes = payload.len(), "the gateway told something");
            deliver(parse_event(&name, payload), events).await;
        }
        Err(_) => tracing::warn!(bytes = text.len(), "the gateway sent no message of its protocol"),
    }
}

/// Hands an event over. What only shows that something lives is left out when others wait.
async fn deliver(event: Event, events: &mpsc::Sender<Event>) {
    match event {
        Event::Other => {}
        Event::Tick | Event::Run(RunEvent { kind: RunEventKind::Alive, .. }) => {
            let _ = events.try_send(event);
        }
        Event::Run(_)
        | Event::ApprovalRequested(_)
        | Event::ApprovalResolved { .. }
        | Event::Shutdown { .. } => {
            // Fails only when nobody listens; answers are still wanted.
            let _ = events.send(event).await;
        }
    }
}

fn broken(error: &tungstenite::Error) -> Disconnected {
    let vanished = matches!(
        error,
        tungstenite::Error::ConnectionClosed
            | tungstenite::Error::AlreadyClosed
            | tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
    );
    if vanished { Disconnected::closed(None) } else { Disconnected::Network(error.to_string()) }
}
