//! The menu as it stands, and which request stands behind each of its lines.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tauri::menu::{
    CheckMenuItem, Menu, MenuId, MenuItem, MenuItemKind, PredefinedMenuItem, Submenu,
};
use tauri::{AppHandle, Wry};

use crate::request::Request;
use crate::tray::Item;

/// What the lines of the last menu do. Numbers of lines never come again, so that a click on a menu
/// that was replaced in that moment does nothing.
#[derive(Default)]
pub(super) struct Clicks {
    last: u64,
    lines: HashMap<MenuId, (Request, Option<CheckMenuItem<Wry>>)>,
}

impl Clicks {
    /// Says what a click wants, if its line still stands.
    pub(super) fn request(&self, id: &MenuId) -> Option<Request> {
        let (request, check) = self.lines.get(id)?;
        if let Some(check) = check {
            // The system turned the tick over already, but it is to say what is, not what was wished.
            let turned = check.is_checked().and_then(|checked| check.set_checked(!checked));
            if let Err(error) = turned {
                tracing::debug!(%error, "a tick in the menu cannot be turned back");
            }
        }
        Some(request.clone())
    }

    fn next(&mut self) -> MenuId {
        self.last += 1;
        MenuId::new(self.last.to_string())
    }
}

/// A menu, with its lines at hand.
pub(super) struct StandingMenu {
    menu: Menu<Wry>,
    lines: Vec<Line>,
}

struct Line {
    item: MenuItemKind<Wry>,
    behind: Vec<Line>,
}

impl StandingMenu {
    /// Builds a menu in place of the one before.
    ///
    /// # Errors
    /// What the system says against it.
    pub(super) fn build(
        app: &AppHandle,
        items: &[Item],
        clicks: &Mutex<Clicks>,
    ) -> tauri::Result<Self> {
        let mut clicks = clicks.lock().unwrap_or_else(PoisonError::into_inner);
        clicks.lines.clear();
        let menu = Menu::new(app)?;
        let lines = build_lines(app, items, &mut clicks)?;
        for line in &lines {
            menu.append(&line.item)?;
        }
        Ok(Self { menu, lines })
    }

    /// The menu for the system.
    pub(super) fn as_menu(&self) -> &Menu<Wry> {
        &self.menu
    }

    /// Changes the words of a menu that does the same with them.
    ///
    /// # Errors
    /// What the system says against it.
    pub(super) fn rename(&self, old: &[Item], new: &[Item]) -> tauri::Result<()> {
        rename_lines(&self.lines, old, new)
    }
}

fn build_lines(app: &AppHandle, items: &[Item], clicks: &mut Clicks) -> tauri::Result<Vec<Line>> {
    items.iter().map(|item| build_line(app, item, clicks)).collect()
}

fn build_line(app: &AppHandle, item: &Item, clicks: &mut Clicks) -> tauri::Result<Line> {
    let no_shortcut = None::<&str>;
    let item = match item {
        Item::Text(words) => {
            MenuItemKind::MenuItem(MenuItem::new(app, plain(words), false, no_shortcut)?)
        }
        Item::Action { label, request } => {
            let id = clicks.next();
            clicks.lines.insert(id.clone(), (request.clone(), None));
            let action = MenuItem::with_id(app, id, plain(label), true, no_shortcut)?;
            MenuItemKind::MenuItem(action)
        }
        Item::Check { label, checked, request } => {
            let id = clicks.next();
            let label = plain(label);
            let check =
                CheckMenuItem::with_id(app, id.clone(), label, true, *checked, no_shortcut)?;
            clicks.lines.insert(id, (request.clone(), Some(check.clone())));
            MenuItemKind::Check(check)
        }
        Item::Submenu { label, items } => {
            let submenu = Submenu::new(app, plain(label), true)?;
            let behind = build_lines(app, items, clicks)?;
            for line in &behind {
                submenu.append(&line.item)?;
            }
            return Ok(Line { item: MenuItemKind::Submenu(submenu), behind });
        }
        Item::Separator => MenuItemKind::Predefined(PredefinedMenuItem::separator(app)?),
    };
    Ok(Line { item, behind: Vec::new() })
}

fn rename_lines(lines: &[Line], old: &[Item], new: &[Item]) -> tauri::Result<()> {
    for ((line, old), new) in lines.iter().zip(old).zip(new) {
        if old != new {
            rename_line(line, old, new)?;
        }
    }
    Ok(())
}

fn rename_line(line: &Line, old: &Item, new: &Item) -> tauri::Result<()> {
    match (&line.item, new) {
        (MenuItemKind::MenuItem(item), Item::Text(label) | Item::Action { label, .. }) => {
            item.set_text(plain(label))
        }
        (MenuItemKind::Check(item), Item::Check { label, checked, .. }) => {
            item.set_text(plain(label))?;
            item.set_checked(*checked)
        }
        (MenuItemKind::Submenu(submenu), Item::Submenu { label, items }) => {
            submenu.set_text(plain(label))?;
            match old {
                Item::Submenu { items: before, .. } => rename_lines(&line.behind, before, items),
                Item::Text(_) | Item::Action { .. } | Item::Check { .. } | Item::Separator => {
                    Ok(())
                }
            }
        }
        // A line never becomes one of another kind: then the menu would be built anew.
        _ => Ok(()),
    }
}

/// Keeps ampersands from marking access keys.
fn plain(label: &str) -> String {
    label.replace('&', "&&")
}
