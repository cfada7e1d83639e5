//! One connection to a gateway: it is opened, greeted, and then carried by a task of its own.

mod carrier;
mod client;
mod events;
mod life;
mod queue;
#[cfg(test)]
mod tests;
mod vigil;

use std::time::{Duration, Instant};

use dial::{DialError, Dialer, Socket, SocketLimits};
use futures_util::{SinkExt as _, StreamExt as _};
use http::HeaderMap;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use crate::frame::{self, Incoming};
use crate::handshake::{Challenge, connect_params};
use crate::hello::HelloError;
use crate::{ConnectError, Credential, DeviceIdentity, GatewayUrl, Hello, Identity};

pub use client::{Client, PendingAnswer};
pub use events::{Disconnected, Events};
pub use life::Life;

/// Largest message that is taken from a gateway, in bytes: more than it keeps for a client.
const MAX_MESSAGE: usize = 64 * 1024 * 1024;
/// Requests that wait for the socket.
const REQUEST_CAPACITY: usize = 4_096;
/// Id of the first request; later ones are numbers.
const CONNECT_ID: &str = "connect";

/// Whom to connect to, and as whom.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Where the gateway listens.
    pub url: &'a GatewayUrl,
    /// How we present ourselves.
    pub identity: &'a Identity,
    /// Key by which the gateway knows us. Without one a gateway on this computer keeps no record of
    /// the connection, and takes the shared token alone; one elsewhere grants no scopes.
    pub device: Option<&'a DeviceIdentity>,
    /// What we sign in with.
    pub credential: &'a Credential,
    /// What we ask to be allowed.
    pub scopes: &'a [&'a str],
}

/// Opens a connection and proves who we are.
///
/// The connection lives until it breaks or every [`Client`] and the [`Events`] are dropped.
/// Must be called within a tokio runtime.
///
/// # Errors
/// [`ConnectError`], which says whether the gateway, the credential or a person is needed next.
pub async fn connect(
    dialer: &Dialer,
    target: Target<'_>,
) -> Result<(Hello, Client, Events), ConnectError> {
    connect_within(PATIENCE, dialer, target).await
}

/// How long a gateway may take for its first words.
#[derive(Clone, Copy)]
struct Patience {
    challenge: Duration,
    answer: Duration,
}

/// Wrong credentials are slowed down by the gateway, up to 5 s.
const PATIENCE: Patience =
    Patience { challenge: Duration::from_secs(10), answer: Duration::from_secs(15) };

async fn connect_within(
    patience: Patience,
    dialer: &Dialer,
    target: Target<'_>,
) -> Result<(Hello, Client, Events), ConnectError> {
    let limits = SocketLimits { max_message: MAX_MESSAGE };
    // Without `Origin`: a gateway takes whoever sends one for a browser, and asks for pairing.
    let mut socket = dialer.websocket(target.url.as_url(), HeaderMap::new(), limits).await?;
    let challenge = timeout(patience.challenge, await_challenge(&mut socket))
        .await
        .map_err(|_| ConnectError::TimedOut)??;
    let introduced_at = Instant::now();
    let hello = timeout(patience.answer, introduce(&mut socket, target, &challenge))
        .await
        .map_err(|_| ConnectError::TimedOut)??;
    tracing::debug!(
        protocol = hello.protocol,
        version = hello.server_version.as_deref().unwrap_or("unknown"),
        "connected to the gateway"
    );
    let (client, events) = carry(socket, &hello, Life::new(introduced_at.elapsed()));
    Ok((hello, client, events))
}

async fn await_challenge(socket: &mut Socket) -> Result<Challenge, ConnectError> {
    loop {
        let text = next_text(socket).await?;
        match Incoming::parse(&text) {
            Ok(Incoming::Event { name, payload }) if name == "connect.challenge" => {
                return Challenge::parse(payload).ok_or_else(|| {
                    ConnectError::NotAGateway("its challenge cannot be understood".into())
                });
            }
            Ok(Incoming::Event { .. }) => {}
            Ok(Incoming::Answer { .. }) | Err(frame::NotAFrame) => {
                return Err(ConnectError::NotAGateway("it does not begin with a challenge".into()));
            }
        }
    }
}

async fn introduce(
    socket: &mut Socket,
    target: Target<'_>,
    challenge: &Challenge,
) -> Result<Hello, ConnectError> {
    let params = connect_params(challenge, target);
    let request = frame::request(CONNECT_ID, "connect", &params);
    if socket.send(Message::text(request)).await.is_err() {
        tracing::debug!("the gateway hung up on the introduction; its last words tell why");
    }
    loop {
        let text = next_text(socket).await?;
        match Incoming::parse(&text) {
            Ok(Incoming::Answer { id, result }) if id == CONNECT_ID => {
                let greeting = result.map_err(|error| ConnectError::refused(&error))?;
                return Hello::parse(&greeting).map_err(|error| match error {
                    HelloError::Protocol(theirs) => ConnectError::protocol_mismatch(Some(theirs)),
                    HelloError::Malformed => {
                        ConnectError::NotAGateway("its greeting cannot be understood".into())
                    }
                });
            }
            Ok(Incoming::Answer { .. } | Incoming::Event { .. }) => {}
            Err(frame::NotAFrame) => {
                return Err(ConnectError::NotAGateway("its answer cannot be understood".into()));
            }
        }
    }
}

async fn next_text(socket: &mut Socket) -> Result<Utf8Bytes, ConnectError> {
    loop {
        return match socket.next().await {
            Some(Ok(Message::Text(text))) => Ok(text),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Ok(Message::Binary(_))) => {
                Err(ConnectError::NotAGateway("it sends binary messages".into()))
            }
            Some(Ok(Message::Close(Some(close)))) => {
                Err(ConnectError::closed(Some(close.code.into()), close.reason.to_string()))
            }
            Some(Ok(Message::Close(None))) | None => Err(ConnectError::closed(None, String::new())),
            Some(Err(tungstenite::Error::Capacity(_))) => {
                Err(ConnectError::NotAGateway("it sends an oversized message".into()))
            }
            Some(Err(tungstenite::Error::Io(error))) => {
                Err(ConnectError::Unreachable(DialError::Network(error.to_string())))
            }
            Some(Err(error)) => Err(ConnectError::closed(None, error.to_string())),
        };
    }
}

fn carry(socket: Socket, hello: &Hello, life: Life) -> (Client, Events) {
    let (requests, outgoing) = mpsc::channel(REQUEST_CAPACITY);
    let (teller, listener) = queue::queue();
    let client = Client::new(requests, life, hello.max_payload);
    let events = Events::new(listener);
    let carrier = carrier::Carrier {
        outgoing,
        waiting: client.waiting(),
        teller,
        end: events.end(),
        tick_interval: hello.tick_interval,
    };
    tokio::spawn(carrier.run(socket));
    (client, events)
}
