use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dial::{Socket, disruption};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{self, Bytes, Message};

use super::client::Waiting;
use super::events::Disconnected;
use super::queue::Teller;
use super::vigil::Vigil;
use crate::frame::Incoming;
use crate::{Event, parse_event};

/// How often is looked whether this computer slept or changed its network.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// From how many bytes on reading a message takes noticeable time.
const LARGE: usize = 64 * 1024;
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Moves messages between the socket and its users until either is gone.
pub(super) struct Carrier {
    pub(super) outgoing: mpsc::Receiver<String>,
    pub(super) waiting: Arc<Waiting>,
    pub(super) teller: Teller,
    pub(super) end: Arc<OnceLock<Disconnected>>,
    pub(super) tick_interval: Duration,
}

impl Carrier {
    /// Carries until the connection ends, or every client and the events are dropped.
    pub(super) async fn run(self, socket: Socket) {
        let Self { mut outgoing, waiting, teller, end, tick_interval } = self;
        let (mut sink, mut stream) = socket.split();
        let (ask, asked) = mpsc::channel(1);
        let vigil = Vigil::new(tick_interval, Instant::now());
        let disconnected = tokio::select! {
            disconnected = receive(&mut stream, &waiting, &teller, vigil, ask) => {
                Some(disconnected)
            }
            disconnected = send(&mut sink, &mut outgoing, asked, &teller) => disconnected,
        };
        if let Some(disconnected) = disconnected {
            tracing::debug!(%disconnected, "the connection to the gateway ended");
            // Nobody else sets it.
            let _ = end.set(disconnected);
        }
        waiting.close();
        drop(teller);
        // Without answer the line is dead, and needs no goodbye.
        let _ = timeout(GOODBYE, sink.close()).await;
    }
}

/// Sends requests in their order, and pings. Returns nothing once nobody is left who could use the
/// line.
async fn send(
    sink: &mut SplitSink<Socket, Message>,
    outgoing: &mut mpsc::Receiver<String>,
    mut asked: mpsc::Receiver<()>,
    teller: &Teller,
) -> Option<Disconnected> {
    let mut is_callable = true;
    loop {
        let message = tokio::select! {
            request = outgoing.recv(), if is_callable => match request {
                Some(request) => Message::text(request),
                None => {
                    is_callable = false;
                    continue;
                }
            },
            Some(()) = asked.recv() => Message::Ping(Bytes::new()),
            () = teller.left(), if !is_callable => return None,
        };
        if let Err(error) = sink.send(message).await {
            return Some(broken(&error));
        }
    }
}

async fn receive(
    stream: &mut SplitStream<Socket>,
    waiting: &Waiting,
    teller: &Teller,
    mut vigil: Vigil,
    ask: mpsc::Sender<()>,
) -> Disconnected {
    let mut disrupted = pin!(disruption(LOOK_EVERY));
    loop {
        let ask_at = vigil.ask_at();
        let message = tokio::select! {
            // What came counts, even where the silence ends in the same moment.
            biased;
            message = stream.next() => message,
            () = sleep_until(vigil.dead_at()) => {
                let in_doubt = vigil.is_in_doubt();
                return if in_doubt { Disconnected::Woke } else { Disconnected::Silent };
            }
            () = sleep_until(ask_at.unwrap_or_else(Instant::now)), if ask_at.is_some() => {
                vigil.ask(Instant::now());
                // Where a ping waits already, one is enough.
                let _ = ask.try_send(());
                continue;
            }
            disruption = &mut disrupted => {
                tracing::debug!(?disruption, "the gateway is asked for a sign of life");
                disrupted.set(dial::disruption(LOOK_EVERY));
                vigil.doubt(Instant::now());
                let _ = ask.try_send(());
                continue;
            }
        };
        waiting.hear();
        match message {
            Some(Ok(Message::Text(text))) => {
                take(&text, waiting, teller).await;
                if text.len() > LARGE {
                    // Reading it took time: others have their turn before the next one.
                    yield_now().await;
                }
            }
            Some(Ok(Message::Binary(bytes))) => {
                tracing::warn!(bytes = bytes.len(), "the gateway sent a binary message");
            }
            Some(Ok(Message::Pong(_))) => {
                if let Some(round_trip) = vigil.answered(Instant::now()) {
                    waiting.measure(round_trip);
                }
            }
            Some(Ok(Message::Ping(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(frame))) => return Disconnected::closed(frame),
            Some(Err(error)) => return broken(&error),
            None => return Disconnected::closed(None),
        }
        // Counted from when the engine had room for it: until then nothing else could be heard.
        vigil.hear(Instant::now());
    }
}

async fn take(text: &str, waiting: &Waiting, teller: &Teller) {
    match Incoming::parse(text) {
        Ok(Incoming::Answer { id, result }) => waiting.answer(&id, result),
        Ok(Incoming::Event { name, payload }) => {
            tracing::trace!(event = %name, bytes = payload.len(), "the gateway told something");
            let event = parse_event(&name, payload);
            if event != Event::Other {
                teller.tell(event, payload.len()).await;
            }
        }
        Err(_) => tracing::warn!(bytes = text.len(), "the gateway sent no message of its protocol"),
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
