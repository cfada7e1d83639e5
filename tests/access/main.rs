//! Who may use the gateway, through a whole installation between a simulated cloud and a simulated
//! gateway of either generation: devices, nodes and senders ask, and are answered here or elsewhere.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arriving;
mod deciding;
mod ending;
mod managing;
mod many;
mod past;
mod rig;
mod rights;
