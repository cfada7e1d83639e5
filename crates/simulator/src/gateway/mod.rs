//! A simulated OpenClaw gateway on loopback. It shows a client what the recorded gateways of both
//! generations show it: the same frames in the same order, the same errors and the same quirks.
//! Behind it is an imaginary model that does what the messages say (`run: …`, `slow: …`, `say: …`;
//! see `script`) and an imaginary shell that never runs anything.

mod approvals;
mod chat;
mod control;
mod cron;
mod devices;
mod failure;
mod follow_up;
mod handshake;
mod house;
mod ids;
mod keys;
mod managing;
mod nodes;
mod observe;
mod options;
mod player;
mod proof;
mod queries;
mod refusal;
mod rpc;
mod rpc_error;
mod run;
mod schema;
mod script;
mod senders;
mod sessions;
mod setup;
mod shell;
mod socket;
mod speech;
mod strangers;
mod tool_call;
mod turns;
mod wire;

#[cfg(test)]
mod tests;

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::DropGuard;

pub use self::observe::{
    AccessDecision, Connected, PendingApproval, RecordedCall, RecordedConnect, RunOutcome,
    RunRecord,
};
pub use self::options::{GatewayOptions, Generation};
pub use self::refusal::{ConnectRefusal, PairingReason};
pub use self::strangers::{AskingDevice, AskingSender, OfferingNode};
pub use self::wire::Credential;

use self::house::House;
use self::rpc_error::RpcError;
use self::wire::Audience;

/// How long a stopping gateway waits for its clients.
const STOPPING: Duration = Duration::from_secs(2);

/// A simulated gateway; it stops when it is dropped.
pub struct Gateway {
    house: Arc<House>,
    port: u16,
    token: String,
    _running: DropGuard,
}

impl Gateway {
    /// Starts a gateway on a free port.
    ///
    /// # Errors
    /// When the loopback has no free port.
    pub async fn start(options: GatewayOptions) -> io::Result<Self> {
        Self::start_on(0, options).await
    }

    /// Starts a gateway on a port.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start_on(port: u16, options: GatewayOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = listener.local_addr()?.port();
        let token = options.token.clone();
        let tick_every = options.tick_every;
        let house = House::new(options);
        house.tasks.spawn(socket::accept(Arc::clone(&house), listener));
        house.tasks.spawn(tick(Arc::clone(&house), tick_every));
        let running = house.stop.clone().drop_guard();
        Ok(Self { house, port, token, _running: running })
    }

    /// Its address, such as `ws://127.0.0.1:40000`.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The shared token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Stops: says so to every client, closes, and gives the port free.
    pub async fn stop(self) {
        self.house.with(|state| state.announce_shutdown());
        self.house.sockets.close();
        // Whoever does not close in time is cut off.
        let _ = tokio::time::timeout(STOPPING, self.house.sockets.wait()).await;
        self.house.stop.cancel();
        self.house.tasks.close();
        let _ = tokio::time::timeout(STOPPING, self.house.tasks.wait()).await;
    }
}

async fn tick(house: Arc<House>, every: Duration) {
    loop {
        tokio::select! {
            () = house.stop.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
        house.with(|state| {
            state.wire.event("tick", &json!({"ts": ids::now_ms()}), Audience::Everyone);
        });
    }
}
