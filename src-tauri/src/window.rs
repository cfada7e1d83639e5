//! The window: a process of its own, so that nothing of a web view remains when it is closed.
//!
//! Both processes speak over the pipes between them, which nobody else can open; when either one
//! ends, the other one notices.

mod page;
mod process;

pub use page::run as run_page;
pub use process::Windows;

/// What Tauri embeds: configuration, page and icon.
pub(crate) fn context() -> tauri::Context {
    tauri::generate_context!()
}

/// Lets tests drive the window by WebDriver; without it, whoever controls the environment of this
/// program could only start another one, not use this one's window.
const AUTOMATION: &str = "SOPHON_DESKTOP_AUTOMATION";
/// Variables of the environment through which a web view can be driven from outside.
const DRIVING: [&str; 4] = [
    "TAURI_WEBVIEW_AUTOMATION",
    "TAURI_AUTOMATION",
    "WEBKIT_INSPECTOR_SERVER",
    "WEBKIT_INSPECTOR_HTTP_SERVER",
];
