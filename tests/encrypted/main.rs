//! Whole flows in encrypted sessions: what the phone reads, what nobody else does, and what happens
//! to keys that come late, change, or are meant for others.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod chat;
#[cfg(unix)]
mod disguise;
mod keys;
#[cfg(unix)]
mod leak;
mod phones;
#[cfg(unix)]
mod program;
mod setup;
mod tools;
mod unreadable;
mod weather;
