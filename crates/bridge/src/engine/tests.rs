//! The engine, driven by hand: what the cloud and the gateway do goes in, what the phone and the
//! gateway would see comes out.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one thing among many")]

mod after_a_crash;
mod approval_schedules;
mod approvals;
mod coming_back;
mod devices;
mod encrypted;
mod harness;
mod messages;
mod past;
mod recordings;
mod restarts;
mod schedules;
mod settling;
mod shown;
mod taken_elsewhere;
