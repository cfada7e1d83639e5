//! The system's browser.

/// Opens a page in the browser; says whether there is one to open it in.
pub(super) fn open_page(url: &str) -> bool {
    has_screen() && open::that_detached(url).is_ok()
}

/// Says whether there is a desktop; elsewhere than on Linux and its relatives there always is.
pub(super) fn has_screen() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(windows, target_os = "macos")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}
