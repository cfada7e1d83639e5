//! A Sophon cloud with a phone page, and an OpenClaw gateway, both on loopback: they serve the
//! demo and the tests, and enforce what the real ones enforce.

pub mod cloud;
pub mod gateway;
