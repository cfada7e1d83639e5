//! The notification server of Xfce, whose buttons are found on the screen by colors of a theme.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::Context as _;

use super::Notification;
use crate::DesktopOptions;
use crate::bus::program_of;
use crate::environment::Environment;
use crate::folders::Folders;
use crate::screen::{Area, Screen};
use crate::wait::eventually;

const WINDOW_CLASS: &str = "xfce4-notifyd";
const SETTINGS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-notifyd" version="1.0">
  <property name="theme" type="string" value="desktoplab"/>
  <property name="initial-opacity" type="double" value="1.0"/>
  <property name="do-fadeout" type="bool" value="false"/>
  <property name="do-slideout" type="bool" value="false"/>
  <property name="expire-timeout-enabled" type="bool" value="false"/>
  <property name="notify-location" type="uint" value="3"/>
</channel>
"#;
/// How many buttons a notification may have.
const BUTTONS: u8 = 8;

pub(crate) fn command(
    environment: &Environment,
    folders: &Folders,
    options: &DesktopOptions,
) -> anyhow::Result<Command> {
    folders.configure("xfce4/xfconf/xfce-perchannel-xml/xfce4-notifyd.xml", SETTINGS)?;
    folders.add_data("themes/desktoplab/xfce-notify-4.0/gtk.css", &theme(options.dark))?;
    let program = program_of("org.xfce.xfce4-notifyd.Notifications", "xfce4-notifyd")?;
    Ok(environment.command(program))
}

/// A theme in which every button has a color of its own, hardly to be told apart by eye.
fn theme(dark: bool) -> String {
    let text = if dark { "#eeeeee" } else { "#2e3436" };
    let mut css = String::from("#XfceNotifyWindow { padding: 8px; }\n");
    for index in 0..BUTTONS {
        let [red, green, blue] = color(index, dark);
        // Writing to a text does not fail.
        let _ = writeln!(
            css,
            "#XfceNotifyWindow buttonbox button:nth-child({}) {{ background: rgb({red}, {green}, \
             {blue}); color: {text}; }}",
            index + 1
        );
    }
    css
}

/// The color of the button at this place.
fn color(index: u8, dark: bool) -> [u8; 3] {
    if dark { [53, 57, 61 + index] } else { [231, 227, 219 + index] }
}

/// Presses the button with this key on one of the notifications that are on the screen.
pub(crate) async fn press(
    screen: &Screen,
    on_screen: impl Fn() -> Vec<Notification>,
    id: u32,
    key: &str,
) -> anyhow::Result<()> {
    let button = eventually(format!("a button for {key:?} on the screen"), async || {
        // What is known and what is seen may differ while a notification comes or goes.
        let (shown, windows) = (on_screen(), screen.windows_of(WINDOW_CLASS)?);
        let place = shown.iter().position(|shown| shown.id == id);
        let place = place.filter(|_| windows.len() == shown.len());
        place.map_or(Ok(None), |place| find_button(screen, windows[place], &shown[place], key))
    });
    screen.click_middle(button.await?)
}

/// Finds the button with this key in the window of a notification. There is a window for each, and
/// they were made in the order in which the notifications came.
fn find_button(
    screen: &Screen,
    window: Area,
    shown: &Notification,
    key: &str,
) -> anyhow::Result<Option<Area>> {
    let index = shown.actions.iter().position(|(found, _)| found == key);
    let index = u8::try_from(index.context("there is no such button")?)?;
    for dark in [false, true] {
        if let Some(button) = screen.find_color(window, color(index, dark))? {
            return Ok(Some(button));
        }
    }
    Ok(None)
}
