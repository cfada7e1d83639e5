//! The journal on a real disk.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod child;
mod damage;
mod keeping;
mod kill;
mod model;
mod owner;
mod rows;
mod writer;
