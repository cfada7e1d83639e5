//! Whole flows over bad networks: connections that break, hang or crawl, other sides that flood or
//! send what nobody should.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[cfg(target_os = "linux")]
mod flood;
mod half_open;
#[cfg(target_os = "linux")]
mod program;
mod reconnects;
mod rig;
mod strange_frames;
#[cfg(target_os = "linux")]
mod wake;
