//! Who may use real OpenClaw gateways of both generations, as an installation shows and decides it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod real;
mod side;
