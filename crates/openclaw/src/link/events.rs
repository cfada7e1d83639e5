use std::sync::{Arc, OnceLock};

use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::queue::Listener;
use crate::Event;

/// What the gateway tells unasked, in its order.
#[derive(Debug)]
pub struct Events {
    listener: Listener,
    end: Arc<OnceLock<Disconnected>>,
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disconnected {
    /// The gateway closed it, or vanished.
    #[error("the gateway closed the connection{}", said(*code, reason))]
    Closed {
        /// WebSocket close code; none when it ended without goodbye.
        code: Option<u16>,
        /// Reason that came with it; may be empty.
        reason: String,
    },
    /// Nothing was heard for one and a half of the gateway's intervals, not even an answer to a
    /// ping.
    #[error("the gateway has fallen silent")]
    Silent,
    /// This computer slept or changed its network, and the gateway did not answer afterwards.
    #[error("this computer was asleep, or changed its network")]
    Woke,
    /// The network failed.
    #[error("the connection to the gateway broke: {0}")]
    Network(String),
    /// The gateway removed this device; its token is dead.
    #[error("the gateway's owner removed this computer")]
    Removed,
    /// The gateway restarts.
    #[error("the gateway restarts")]
    Restarting,
}

impl Events {
    pub(super) fn new(listener: Listener) -> Self {
        Self { listener, end: Arc::new(OnceLock::new()) }
    }

    /// Shares the place for the end, to be set before the queue ends.
    pub(super) fn end(&self) -> Arc<OnceLock<Disconnected>> {
        Arc::clone(&self.end)
    }

    /// Waits for the next event; [`Event::Other`] never comes. Cancel-safe.
    ///
    /// Of texts that the gateway repeats and extends, only the newest is handed out where nobody
    /// took the older ones in time.
    ///
    /// # Errors
    /// [`Disconnected`] once the connection has ended and every event before it was handed out;
    /// from then on always the same.
    pub async fn next(&mut self) -> Result<Event, Disconnected> {
        self.listener.next().await.ok_or_else(|| {
            let vanished = || Disconnected::Closed { code: None, reason: String::new() };
            self.end.get().cloned().unwrap_or_else(vanished)
        })
    }
}

impl Disconnected {
    pub(super) fn closed(frame: Option<CloseFrame>) -> Self {
        let Some(CloseFrame { code, reason }) = frame else {
            return Self::Closed { code: None, reason: String::new() };
        };
        match (u16::from(code), reason.as_str()) {
            (1012, _) => Self::Restarting,
            (4001, reason) if reason.contains("removed") => Self::Removed,
            (code, reason) => Self::Closed { code: Some(code), reason: reason.to_owned() },
        }
    }
}

fn said(code: Option<u16>, reason: &str) -> String {
    match (code, reason) {
        (None, "") => String::new(),
        (None, reason) => format!(": {reason}"),
        (Some(code), "") => format!(" ({code})"),
        (Some(code), reason) => format!(" ({code}: {reason})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_codes_say_what_comes_next() {
        let closed = |code: u16, reason: &str| {
            let frame = CloseFrame { code: code.into(), reason: reason.to_owned().into() };
            Disconnected::closed(Some(frame))
        };
        assert_eq!(closed(1012, "service restart"), Disconnected::Restarting);
        assert_eq!(closed(4001, "device removed"), Disconnected::Removed);
        let changed = closed(4001, "gateway auth changed");
        assert_eq!(
            changed.to_string(),
            "the gateway closed the connection (4001: gateway auth changed)"
        );
        assert_eq!(Disconnected::closed(None).to_string(), "the gateway closed the connection");
    }
}
