//! The tray for a terminal.

use super::{Icon, Item, Tray};

/// Renders the tray as indented text: `>` can be clicked, `[x]` is on, `+` has lines behind it.
pub fn print(tray: &Tray) -> String {
    let mark = if tray.marked { ", marked" } else { "" };
    let mut text = format!("icon: {}{mark}\ntooltip: {}\n", tray.icon.name(), tray.tooltip);
    items(&tray.menu, 0, &mut text);
    text
}

impl Icon {
    /// Every shape.
    pub const ALL: [Self; 6] = [
        Self::NotPaired,
        Self::Connecting,
        Self::Connected,
        Self::Degraded,
        Self::NeedsYou,
        Self::Paused,
    ];

    /// Names the shape.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotPaired => "not paired",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Degraded => "degraded",
            Self::NeedsYou => "needs you",
            Self::Paused => "paused",
        }
    }
}

fn items(list: &[Item], depth: usize, text: &mut String) {
    for item in list {
        text.push_str(&"    ".repeat(depth));
        match item {
            Item::Text(words) => line(text, "  ", words),
            Item::Action { label, .. } => line(text, "> ", label),
            Item::Check { label, checked: true, .. } => line(text, "> [x] ", label),
            Item::Check { label, checked: false, .. } => line(text, "> [ ] ", label),
            Item::Submenu { label, items: behind } => {
                line(text, "+ ", label);
                items(behind, depth + 1, text);
            }
            Item::Separator => line(text, "----", ""),
        }
    }
}

fn line(text: &mut String, sign: &str, words: &str) {
    text.push_str(sign);
    text.push_str(words);
    text.push('\n');
}
