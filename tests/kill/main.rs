//! The real program between a simulated cloud and a simulated gateway, killed at any moment and
//! started again: nothing may be lost, nothing doubled.
//!
//! `SOPHON_KILLS` says how often it is killed in all; `SOPHON_KILL_SEED` repeats the choices of a run
//! that failed, as nearly as threads allow.
#![cfg(all(test, unix))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod bridge;
mod diary;
mod disk;
mod gate;
mod middle;
mod moments;
mod person;
mod promise;
mod random;
mod real;
mod schedule;
mod sealed;
mod world;
