//! The connected clients, and who of them hears what.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::{Generation, RpcError};

/// Bytes that may wait for one client before the gateway gives it up.
pub(super) const MAX_BUFFERED_BYTES: usize = 52_428_800;

/// What is sent to one client.
pub(super) enum Outgoing {
    Text(String),
    Binary(Vec<u8>),
    Close(u16, &'static str),
}

impl Outgoing {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Close(..) => 0,
        }
    }
}

/// The way to one client.
#[derive(Clone)]
pub(super) struct Outbox {
    pub(super) queue: UnboundedSender<Outgoing>,
    /// Bytes that wait in the queue.
    pub(super) waiting: Arc<AtomicUsize>,
    /// Ends the connection without a closing handshake.
    pub(super) cut: CancellationToken,
}

impl Outbox {
    pub(super) fn send(&self, outgoing: Outgoing) {
        let bytes = outgoing.bytes();
        if self.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes > MAX_BUFFERED_BYTES {
            self.cut.cancel();
        }
        // A client that has just left hears nothing more.
        let _ = self.queue.send(outgoing);
    }
}

/// How a client proved that it may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// With the shared token.
    Shared,
    /// With the token of its device.
    Device,
}

/// A connected client.
pub(super) struct Connection {
    pub(super) outbox: Outbox,
    pub(super) device_id: Option<String>,
    pub(super) display_name: String,
    pub(super) scopes: Vec<String>,
    pub(super) caps: Vec<String>,
    pub(super) credential: Credential,
    /// Number of the last event that carried one.
    pub(super) seq: u64,
}

impl Connection {
    pub(super) fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope || held == "operator.admin")
    }

    fn has_cap(&self, cap: &str) -> bool {
        self.caps.iter().any(|held| held == cap)
    }
}

/// Who hears an event.
#[derive(Clone, Copy)]
pub(super) enum Audience<'a> {
    Everyone,
    /// Who may read conversations.
    Readers,
    /// The connection that started a run, if it asked for tool events.
    Starter(Option<u64>),
    /// Who may decide an approval; the newer generation tells only the device that runs.
    Approvers {
        device: Option<&'a str>,
    },
    /// Who may manage devices.
    Managers,
}

/// The connected clients.
pub(super) struct Wire {
    pub(super) generation: Generation,
    pub(super) connections: BTreeMap<u64, Connection>,
    /// Nothing is sent to anybody.
    pub(super) mute: bool,
    /// Answers that wait, with the connections that wait for them; none while answers go out.
    held: Option<Vec<(u64, String)>>,
}

impl Wire {
    pub(super) fn new(generation: Generation) -> Self {
        Self { generation, connections: BTreeMap::new(), mute: false, held: None }
    }

    /// Sends an event to everyone who may hear it.
    pub(super) fn event(&mut self, name: &str, payload: &Value, audience: Audience<'_>) {
        if self.mute {
            return;
        }
        let generation = self.generation;
        let numbered = generation.is_newer() || !matches!(audience, Audience::Starter(_));
        let payload = payload.to_string();
        for (id, connection) in &mut self.connections {
            if !hears(generation, *id, connection, audience) {
                continue;
            }
            let mut frame = format!(r#"{{"type":"event","event":"{name}","payload":{payload}"#);
            if numbered {
                connection.seq += 1;
                frame.push_str(&format!(r#","seq":{}"#, connection.seq));
            }
            if generation.is_newer() {
                frame.push_str(r#","recipientProfileId":"gateway-owner""#);
            }
            frame.push('}');
            connection.outbox.send(Outgoing::Text(frame));
        }
    }

    /// Answers a call.
    pub(super) fn answer(&mut self, connection: u64, id: &Value, answer: Result<Value, RpcError>) {
        let frame = match answer {
            Ok(payload) => json!({"type": "res", "id": id, "ok": true, "payload": payload}),
            Err(error) => json!({"type": "res", "id": id, "ok": false, "error": error.0}),
        };
        if self.mute {
            return;
        }
        match &mut self.held {
            Some(held) => held.push((connection, frame.to_string())),
            None => self.send(connection, frame.to_string()),
        }
    }

    /// Keeps answers back.
    pub(super) fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    /// Sends the answers that were kept back.
    pub(super) fn release(&mut self) {
        for (connection, frame) in self.held.take().unwrap_or_default() {
            self.send(connection, frame);
        }
    }

    fn send(&self, connection: u64, frame: String) {
        if let Some(connection) = self.connections.get(&connection) {
            connection.outbox.send(Outgoing::Text(frame));
        }
    }

    /// Tells whether somebody could decide an approval of this device's run.
    pub(super) fn somebody_decides(&self, device: Option<&str>) -> bool {
        let audience = Audience::Approvers { device };
        self.connections.iter().any(|(id, c)| hears(self.generation, *id, c, audience))
    }

    /// Tells whether a connection may see and decide an approval of this device's run.
    pub(super) fn decides(&self, connection: u64, device: Option<&str>) -> bool {
        let audience = Audience::Approvers { device };
        self.connections
            .get(&connection)
            .is_some_and(|c| hears(self.generation, connection, c, audience))
    }

    /// Lists the devices that are connected.
    pub(super) fn connected_devices(&self) -> Vec<String> {
        self.connections.values().filter_map(|connection| connection.device_id.clone()).collect()
    }

    /// Closes the connections of a device that was removed, or whose token changed.
    pub(super) fn close_device(&mut self, device: &str) {
        self.connections.retain(|_, connection| {
            let stays = connection.device_id.as_deref() != Some(device);
            if !stays {
                connection.outbox.send(Outgoing::Close(4001, "device removed"));
            }
            stays
        });
    }

    /// Closes every connection in good order.
    pub(super) fn close_all(&mut self, code: u16, reason: &'static str) {
        for connection in std::mem::take(&mut self.connections).into_values() {
            connection.outbox.send(Outgoing::Close(code, reason));
        }
    }

    /// Cuts every connection, as a killed process does.
    pub(super) fn cut_all(&mut self) {
        for connection in std::mem::take(&mut self.connections).into_values() {
            connection.outbox.cut.cancel();
        }
    }
}

fn hears(generation: Generation, id: u64, connection: &Connection, to: Audience<'_>) -> bool {
    match to {
        Audience::Everyone => true,
        Audience::Readers => connection.may("operator.read"),
        Audience::Starter(starter) => starter == Some(id) && connection.has_cap("tool-events"),
        Audience::Managers => connection.may("operator.pairing"),
        Audience::Approvers { device } => {
            let asked_for = connection.has_cap("approvals") || connection.has_cap("exec-approvals");
            let own = device.is_some() && device == connection.device_id.as_deref();
            connection.may("operator.approvals")
                && (generation == Generation::Older
                    || asked_for && (own || connection.may("operator.admin")))
        }
    }
}
