//! The cryptography of encrypted sessions: against another implementation in both directions, and
//! against every change of what it sealed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod node;
mod secrecy;
mod tampering;
mod vectors;
