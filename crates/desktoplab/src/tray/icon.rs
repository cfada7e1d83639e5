use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use zbus::Connection;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Structure, Value};

use super::host::{WATCHER, WATCHER_PATH};
use super::menu::{Layout, Menu, MenuLine};
use crate::bus::{Object, has_owner};
use crate::wait::eventually;

const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";
/// Where an icon is whose program says nothing about it.
const USUAL_PATH: &str = "/StatusNotifierItem";
/// The whole menu, whatever it is about.
const ALL_PROPERTIES: Vec<&str> = Vec::new();

/// Answer of a bus for a program that has ended.
const NO_REPLY: &str = "org.freedesktop.DBus.Error.NoReply";
/// Answer of a menu that has changed meanwhile.
const NO_SUCH_LINE: &str = "org.freedesktop.DBus.Error.InvalidArgs";

/// An icon in the tray.
#[derive(Clone, Debug)]
pub struct TrayIcon {
    bus: Connection,
    service: String,
    path: String,
}

/// A picture of an icon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixmap {
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    /// Alpha, red, green and blue of each pixel, row by row.
    pub argb: Vec<u8>,
}

/// Looks for the icon with this id or title.
pub(crate) async fn find(bus: &Connection, id_or_title: &str) -> anyhow::Result<Option<TrayIcon>> {
    for (service, path) in registered(bus).await? {
        let icon = TrayIcon { bus: bus.clone(), service, path };
        // A program may go while it is asked.
        let (Ok(id), Ok(title)) = (icon.id().await, icon.title().await) else { continue };
        if id == id_or_title || title == id_or_title {
            return Ok(Some(icon));
        }
    }
    Ok(None)
}

/// Services and paths of all icons; none where there is no tray.
async fn registered(bus: &Connection) -> anyhow::Result<Vec<(String, String)>> {
    if !has_owner(bus, WATCHER).await? {
        return Ok(Vec::new());
    }
    let watcher = Object { bus, service: WATCHER, path: WATCHER_PATH };
    let names: Vec<String> = watcher.property(WATCHER, "RegisteredStatusNotifierItems").await?;
    Ok(names
        .iter()
        .map(|name| match name.find('/') {
            Some(slash) => (name[..slash].to_owned(), name[slash..].to_owned()),
            None => (name.clone(), USUAL_PATH.to_owned()),
        })
        .collect())
}

impl TrayIcon {
    /// Gives the name that the program knows it by.
    ///
    /// # Errors
    /// When the icon is gone, as for everything here.
    pub async fn id(&self) -> anyhow::Result<String> {
        Ok(self.object().property(ITEM, "Id").await?)
    }

    /// Gives the name for people.
    ///
    /// # Errors
    /// When the icon is gone.
    pub async fn title(&self) -> anyhow::Result<String> {
        Ok(self.object().property(ITEM, "Title").await?)
    }

    /// Gives its status: `Active`, `Passive` or `NeedsAttention`.
    ///
    /// # Errors
    /// When the icon is gone.
    pub async fn status(&self) -> anyhow::Result<String> {
        Ok(self.object().property(ITEM, "Status").await?)
    }

    /// Gives what pointing at it says: a title, and a text on the next line if there is one.
    ///
    /// # Errors
    /// When the icon is gone, or has no tooltip.
    pub async fn tooltip(&self) -> anyhow::Result<String> {
        let value: OwnedValue = self.object().property(ITEM, "ToolTip").await?;
        let structure = Structure::try_from(Value::from(value))?;
        let (_, _, title, text): (String, Vec<OwnedValue>, String, String) =
            structure.try_into().context("the tooltip is odd")?;
        Ok(if text.is_empty() { title } else { format!("{title}\n{text}") })
    }

    /// Gives its picture in all sizes.
    ///
    /// # Errors
    /// When the icon is gone, or has no pictures.
    pub async fn icon_pixmap(&self) -> anyhow::Result<Vec<Pixmap>> {
        let values: Vec<OwnedValue> = self.object().property(ITEM, "IconPixmap").await?;
        values
            .into_iter()
            .map(|value| {
                let structure = Structure::try_from(Value::from(value))?;
                let (width, height, argb): (i32, i32, Vec<u8>) = structure.try_into()?;
                Ok(Pixmap { width, height, argb })
            })
            .collect()
    }

    /// Opens the menu and reads it.
    ///
    /// # Errors
    /// When the icon is gone, or has no menu.
    pub async fn menu(&self) -> anyhow::Result<Menu> {
        let path = self.menu_path().await?;
        let menu = self.at(path.as_str());
        let _: zbus::Result<bool> = menu.call(MENU, "AboutToShow", &(0,)).await;
        let (_, layout): (u32, Layout) =
            menu.call(MENU, "GetLayout", &(0, -1, ALL_PROPERTIES)).await?;
        Menu::read(layout)
    }

    /// Clicks on the only line with this label.
    ///
    /// # Errors
    /// When there is no such line, more than one, or it cannot be chosen.
    pub async fn click(&self, label: &str) -> anyhow::Result<()> {
        self.choose(|menu| menu.line(label).cloned()).await
    }

    /// Clicks on the line to which these labels lead.
    ///
    /// # Errors
    /// When there is no such line, or it cannot be chosen.
    pub async fn click_path(&self, path: &[&str]) -> anyhow::Result<()> {
        self.choose(|menu| menu.line_at(path).cloned()).await
    }

    /// Clicks on a line. A menu that changed since it was read is read again, as a panel does.
    async fn choose(&self, find: impl Fn(&Menu) -> anyhow::Result<MenuLine>) -> anyhow::Result<()> {
        let path = self.menu_path().await?;
        eventually("a menu that stays as it is", async || {
            let line = find(&self.menu().await?)?;
            ensure!(line.enabled && !line.separator, "{:?} cannot be chosen", line.label);
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
            let event = (line.id, "clicked", Value::from(0), u32::try_from(now).unwrap_or(0));
            let answer: zbus::Result<()> = self.at(path.as_str()).call(MENU, "Event", &event).await;
            match answer {
                // A program that ends when it is told to may not answer any more.
                Err(zbus::Error::MethodError(name, _, _)) if name == NO_REPLY => Ok(Some(())),
                Err(zbus::Error::MethodError(name, _, _)) if name == NO_SUCH_LINE => Ok(None),
                answer => Ok(Some(answer?)),
            }
        })
        .await
    }

    /// Clicks on the icon itself.
    ///
    /// # Errors
    /// When the icon is gone, or takes no clicks.
    pub async fn activate(&self) -> anyhow::Result<()> {
        Ok(self.object().call(ITEM, "Activate", &(0, 0)).await?)
    }

    /// Waits until the menu has a line whose label is as wanted.
    ///
    /// # Errors
    /// When none comes, with the last menu, and when the icon goes.
    pub async fn wait_for_line(&self, wanted: impl Fn(&str) -> bool) -> anyhow::Result<MenuLine> {
        let mut last = String::new();
        let found = eventually("a line of the menu", async || {
            let menu = self.menu().await?;
            last = menu.to_string();
            Ok(menu.all_lines().into_iter().find(|line| wanted(&line.label)).cloned())
        })
        .await;
        found.with_context(|| format!("the menu was:\n{last}"))
    }

    /// Waits until the icon is no longer in the tray.
    ///
    /// # Errors
    /// When it stays.
    pub async fn wait_until_gone(&self) -> anyhow::Result<()> {
        eventually(format!("the tray icon of {} to go", self.service), async || {
            let there = registered(&self.bus)
                .await?
                .iter()
                .any(|(service, path)| *service == self.service && *path == self.path);
            Ok((!there).then_some(()))
        })
        .await
    }

    async fn menu_path(&self) -> anyhow::Result<OwnedObjectPath> {
        self.object().property(ITEM, "Menu").await.context("the tray icon has no menu")
    }

    fn object(&self) -> Object<'_> {
        self.at(&self.path)
    }

    fn at<'a>(&'a self, path: &'a str) -> Object<'a> {
        Object { bus: &self.bus, service: &self.service, path }
    }
}
