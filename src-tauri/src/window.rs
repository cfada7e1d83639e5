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

/// Lets the window of a release build be driven by WebDriver, as tests do.
const AUTOMATION: &str = "SOPHON_DESKTOP_AUTOMATION";
/// Variables of the environment through which a web view can be driven from outside: the first one
/// says that it is, the others where from.
const DRIVING: [&str; 4] = [
    "TAURI_WEBVIEW_AUTOMATION",
    "TAURI_AUTOMATION",
    "WEBKIT_INSPECTOR_SERVER",
    "WEBKIT_INSPECTOR_HTTP_SERVER",
];

/// Says whether a driver may be let in: a variable that somebody forgot must not open that door in
/// a program that people use.
fn may_be_driven() -> bool {
    cfg!(debug_assertions) || std::env::var_os(AUTOMATION).is_some()
}

/// Says whether this window is driven.
fn is_driven() -> bool {
    may_be_driven() && std::env::var_os(DRIVING[0]).is_some()
}
