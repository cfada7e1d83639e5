//! The app on a real desktop: a real tray, keychain, notification server, browser and window, between
//! a simulated cloud and a gateway.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod approvals;
mod computer;
mod installations;
mod keychain;
mod life;
mod migration;
mod pairing;
mod pictures;
mod real_gateway;
mod requests;
mod storage;
mod strange_requests;
mod tray_host;
mod two_bridges;
mod window;
