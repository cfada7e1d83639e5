//! The WebSocket to the cloud.

mod closed;
mod connect_error;

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::time::{Duration, SystemTime};

use dial::{Dialer, Network, SocketLimits};
use futures_util::{FutureExt, SinkExt, StreamExt};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

pub use closed::Closed;
pub use connect_error::ConnectError;

use crate::silence::{Timing, Verdict, Watch};
use crate::{BridgeToken, CloudUrl, Incoming, Outgoing};

/// Longest message that is taken, in bytes.
const LONGEST_MESSAGE: usize = 16 << 20;
/// How long one frame may take to leave this computer.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a goodbye may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// An open WebSocket to the cloud, good for one connection.
pub struct Socket {
    stream: dial::Socket,
    watch: Watch,
    /// Frames that wait to be written; they outlive a call that is cancelled.
    unsent: VecDeque<Outgoing>,
    /// Whether frames are written that may not have left yet.
    unflushed: bool,
    /// What `next` returns as soon as nothing waits to be written.
    answered: Option<Incoming>,
    /// How many frames could not be read.
    unread: u64,
    /// When the cloud was asked for a sign of life that it has not given yet.
    asked_at: Option<Instant>,
    round_trip: Duration,
}

impl Socket {
    /// Dials the cloud, signs in and says hello as `version`.
    ///
    /// # Errors
    /// [`ConnectError`] says whether the token is revoked, and how long to wait.
    pub async fn connect(
        dialer: &Dialer,
        cloud: &CloudUrl,
        token: &BridgeToken,
        version: &str,
    ) -> Result<Self, ConnectError> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, token.authorization())]);
        let limits = SocketLimits { max_message: LONGEST_MESSAGE };
        let dialled_at = Instant::now();
        let stream = dialer
            .websocket(&cloud.socket(), headers, limits)
            .await
            .map_err(|error| ConnectError::from_dial(error, SystemTime::now()))?;
        let mut socket = Self {
            stream,
            watch: Watch::new(
                Timing::default(),
                Instant::now(),
                SystemTime::now(),
                Network::current(),
            ),
            unsent: VecDeque::new(),
            unflushed: false,
            answered: None,
            unread: 0,
            asked_at: None,
            round_trip: dialled_at.elapsed(),
        };
        let hello = Outgoing::Hello { version: version.to_owned() };
        socket.send(hello).await.map_err(ConnectError::Lost)?;
        Ok(socket)
    }

    /// Waits for the next frame that can be read; the cloud's pings are answered first.
    ///
    /// Cancelling it loses nothing. It must be called again without long pauses: only here is
    /// the cloud heard, and a pause of 17 seconds is taken for the computer's sleep.
    ///
    /// # Errors
    /// [`Closed`] when the connection is over; drop the socket then.
    pub async fn next(&mut self) -> Result<Incoming, Closed> {
        loop {
            let dead_at = self.watch.dead_at();
            timeout_at(dead_at, self.write()).await.map_err(|_| Closed::Silent)??;
            if let Some(incoming) = self.answered.take() {
                return Ok(incoming);
            }
            let message = tokio::select! {
                // What came counts, even where the silence ends in the same moment.
                biased;
                message = self.stream.next() => message.ok_or_else(Closed::ended)??,
                () = sleep_until(self.watch.due()) => {
                    self.look()?;
                    continue;
                }
            };
            self.watch.hear(Instant::now());
            if let Some(incoming) = self.take(message)? {
                return Ok(incoming);
            }
        }
    }

    /// How long the cloud took for its last answer to our ping; before the first one, which comes
    /// after 20 seconds of silence, how long the connection took to open.
    pub fn round_trip(&self) -> Duration {
        self.round_trip
    }

    /// Sends a frame; if it is cancelled, the next call sends the frame.
    ///
    /// # Errors
    /// [`Closed`] when the frame cannot leave within 10 seconds; drop the socket then.
    pub async fn send(&mut self, frame: Outgoing) -> Result<(), Closed> {
        self.unsent.push_back(frame);
        timeout(SEND_TIMEOUT, self.write())
            .await
            .map_err(|_| Closed::Network("a frame could not leave in time".into()))?
    }

    /// Says goodbye, and waits at most a second for the cloud to agree.
    pub async fn close(mut self) {
        let goodbye = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let whole = async {
            if self.stream.close(Some(goodbye)).await.is_ok() {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        // The connection ends with the socket, whether the cloud agrees or not.
        let _ = timeout(CLOSE_TIMEOUT, whole).await;
    }

    /// Writes all that waits. A frame leaves the queue in the moment in which the stream takes
    /// it, so that a cancelled write neither loses nor repeats one.
    async fn write(&mut self) -> Result<(), Closed> {
        while !self.unsent.is_empty() {
            poll_fn(|context| self.stream.poll_ready_unpin(context)).await?;
            if let Some(frame) = self.unsent.pop_front() {
                self.unflushed = true;
                self.stream.start_send_unpin(Message::text(frame.to_text()))?;
            }
        }
        if self.unflushed {
            self.stream.flush().await?;
            self.unflushed = false;
        }
        Ok(())
    }

    fn look(&mut self) -> Result<(), Closed> {
        match self.watch.look(Instant::now(), SystemTime::now(), Network::current()) {
            Verdict::Alive => {}
            Verdict::Ask => {
                self.unsent.push_back(Outgoing::Ping);
                self.asked_at = Some(Instant::now());
            }
            Verdict::Silent => return Err(Closed::Silent),
            Verdict::Woke => return Err(Closed::Woke),
        }
        Ok(())
    }

    fn take(&mut self, message: Message) -> Result<Option<Incoming>, Closed> {
        match message {
            Message::Text(text) => match Incoming::parse(&text) {
                Ok(Incoming::Ping) => {
                    self.unsent.push_back(Outgoing::Pong);
                    self.answered = Some(Incoming::Ping);
                    Ok(None)
                }
                Ok(Incoming::Pong) => Ok(Some(self.hear_pong())),
                Ok(incoming) => Ok(Some(incoming)),
                Err(problem) => {
                    self.unread += 1;
                    tracing::debug!(%problem, unread = self.unread, "a frame cannot be read");
                    Ok(None)
                }
            },
            Message::Binary(bytes) => {
                self.unread += 1;
                let (bytes, unread) = (bytes.len(), self.unread);
                tracing::debug!(bytes, unread, "a binary frame is ignored");
                Ok(None)
            }
            // The stream has queued the answer of the protocol itself, and wants a flush.
            Message::Ping(_) => {
                self.unflushed = true;
                self.answered = Some(Incoming::Ping);
                Ok(None)
            }
            Message::Pong(_) => Ok(Some(self.hear_pong())),
            Message::Close(frame) => {
                // The stream has queued the reply; if it cannot leave at once, nobody misses it.
                let _ = self.stream.flush().now_or_never();
                Err(Closed::by_server(frame))
            }
            Message::Frame(_) => Ok(None),
        }
    }

    fn hear_pong(&mut self) -> Incoming {
        if let Some(asked_at) = self.asked_at.take() {
            self.round_trip = asked_at.elapsed();
        }
        Incoming::Pong
    }
}

impl fmt::Debug for Socket {
    /// Leaves out the buffers: they hold what people wrote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("unread", &self.unread).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
