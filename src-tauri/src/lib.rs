//! The desktop app around the bridge: tray, window, notifications. It knows no wire.

pub mod app;
pub mod arguments;
pub mod asker;
pub mod clock;
pub mod controller;
pub mod desktop;
#[cfg(test)]
mod generated_types;
pub mod health;
pub mod instance;
pub mod log;
pub mod messages;
pub mod notification;
pub mod os;
pub mod request;
pub mod shell;
pub mod start;
pub mod stored;
pub mod text;
pub mod tray;
pub mod view;
pub mod window;

pub use start::main;
