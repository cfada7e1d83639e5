//! What the window and the program behind it tell each other: one JSON object a line.

use serde::{Deserialize, Serialize};

use crate::request::{Page, Request};
use crate::view::{LogLine, Pulse, View};

/// From the program to its window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum ToWindow {
    /// Something that is shown changed.
    View {
        /// All of it.
        view: Box<View>,
    },
    /// Signs of life, every second.
    Pulse {
        /// When the sides of each installation at work were heard.
        pulses: Vec<Pulse>,
    },
    /// Lines of the log, oldest first; those before come first when the window opens.
    Log {
        /// The lines.
        lines: Vec<LogLine>,
    },
    /// Come to the front and show something.
    Show {
        /// Page to show; none: stay where you are.
        page: Option<Page>,
        /// Key of the request to scroll to.
        key: Option<String>,
    },
}

/// From the window to the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum FromWindow {
    /// The window is on the screen.
    Shown,
    /// A page came to the front.
    At {
        /// Which one.
        page: Page,
    },
    /// A person's wish.
    Wish {
        /// What they want.
        request: Request,
    },
}
