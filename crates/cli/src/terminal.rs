//! The person at the keyboard, and the browser in front of them.

use std::{io, thread};

use tokio::sync::oneshot;

use crate::paths::variable;

/// Waits until the person presses Enter; false when the input ends instead.
pub(crate) async fn enter_pressed() -> bool {
    answer().await.is_some()
}

/// Waits for a line of the person; none when the input ends instead.
pub(crate) async fn answer() -> Option<String> {
    let (sender, receiver) = oneshot::channel();
    // Reading blocks until there is a line: the program must be able to end meanwhile.
    thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        // Nobody may wait any more.
        let _ = sender.send(matches!(read, Ok(bytes) if bytes > 0).then_some(line));
    });
    receiver.await.ok().flatten()
}

/// Says whether a browser can open in front of the person.
pub fn has_display() -> bool {
    if cfg!(any(target_os = "macos", windows)) {
        return variable("SSH_CONNECTION").is_none();
    }
    variable("DISPLAY").is_some() || variable("WAYLAND_DISPLAY").is_some()
}
