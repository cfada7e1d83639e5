//! The gateway as a raw client meets it.

mod approvals;
mod client;
mod conversation;
mod endings;
mod garbage;
mod handshake;
mod managing;
mod restarts;
mod strangers;

use super::{Gateway, GatewayOptions, Generation};

const BOTH: [Generation; 2] = [Generation::Older, Generation::Newer];

async fn gateway(generation: Generation) -> Gateway {
    Gateway::start(GatewayOptions::of(generation)).await.unwrap()
}

/// Whole text of a `chat` event's message.
fn said(payload: &serde_json::Value) -> &str {
    payload["message"]["content"][0]["text"].as_str().unwrap_or_default()
}
