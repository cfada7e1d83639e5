//! Dunst, whose actions are chosen in the menu of another program: here a script that chooses
//! what a file tells it to.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;
use zbus::Connection;

use super::{PATH, SERVICE};
use crate::DesktopOptions;
use crate::bus::Object;
use crate::environment::Environment;
use crate::folders::Folders;
use crate::wait::eventually;

const CONTROL: &str = "org.dunstproject.cmd0";
const MENU_PROGRAM: &str = "choose-action";

pub(crate) fn command(
    environment: &Environment,
    folders: &Folders,
    options: &DesktopOptions,
) -> anyhow::Result<Command> {
    let (wanted, offered) = (wanted(folders), offered(folders));
    // The offer is complete when it has its name.
    let script = format!(
        "cat > '{offered}.part'\nmv '{offered}.part' '{offered}'\n\
         grep -m1 -F -f '{wanted}' '{offered}'",
        offered = offered.display(),
        wanted = wanted.display()
    );
    folders.add_program(MENU_PROGRAM, &script)?;
    folders.configure("dunst/dunstrc", &settings(folders, options))?;
    let mut command = environment.command("dunst");
    command.arg("-conf").arg(folders.config().join("dunst/dunstrc"));
    Ok(command)
}

fn settings(folders: &Folders, options: &DesktopOptions) -> String {
    let (background, foreground) =
        if options.dark { ("#2d2d2d", "#eeeeee") } else { ("#fafafa", "#2e3436") };
    format!(
        "[global]\nmonitor=0\nfollow=none\nwidth=340\norigin=bottom-right\noffset=16x16\n\
         scale={}\nidle_threshold=0\nfont=Sans 10\nshow_indicators=yes\nframe_width=1\nframe_color=\"#8a8a8a\"\n\
         dmenu={}\n[urgency_low]\n{colors}[urgency_normal]\n{colors}[urgency_critical]\n{colors}",
        options.scale,
        folders.program(MENU_PROGRAM).display(),
        colors =
            format_args!("background=\"{background}\"\nforeground=\"{foreground}\"\ntimeout=0\n"),
    )
}

fn wanted(folders: &Folders) -> PathBuf {
    folders.scratch().join("wanted-action")
}

fn offered(folders: &Folders) -> PathBuf {
    folders.scratch().join("offered-actions")
}

/// Opens the menu and chooses an action in it.
pub(crate) async fn choose(
    bus: &Connection,
    folders: &Folders,
    id: u32,
    key: &str,
) -> anyhow::Result<()> {
    let (wanted, offered) = (wanted(folders), offered(folders));
    // A line ends with the number of the notification and the key.
    let line = format!("[{id},{key}]");
    fs::write(&wanted, &line)?;
    if offered.exists() {
        fs::remove_file(&offered)?;
    }
    let dunst = Object { bus, service: SERVICE, path: PATH };
    let _: () = dunst.call(CONTROL, "ContextMenuCall", &()).await?;
    let lines = eventually("dunst's menu", async || Ok(fs::read_to_string(&offered).ok())).await?;
    if !lines.contains(&line) {
        bail!("dunst offers only:\n{lines}");
    }
    Ok(())
}
