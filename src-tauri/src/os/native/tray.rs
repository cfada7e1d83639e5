//! The tray on macOS and Windows, in the event loop's thread.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tauri::image::Image;
use tauri::menu::{CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Wry};
use tokio::sync::mpsc::UnboundedSender;

use crate::request::Request;
use crate::tray::icons::picture;
use crate::tray::{Item, Tray, do_the_same};

/// Side of the icon in pixels: the size of the menu bar, or of the task bar, on a dense screen.
const SIDE: u32 = if cfg!(target_os = "macos") { 44 } else { 32 };

/// The icon in the tray.
#[derive(Debug)]
pub struct NativeTray {
    app: AppHandle,
    shown: Arc<Mutex<Shown>>,
    wishes: UnboundedSender<Request>,
}

/// What stands in the tray.
#[derive(Default)]
struct Shown {
    tray: Option<Tray>,
    icon: Option<TrayIcon>,
    lines: Vec<Line>,
    /// What a click on the line with this id does. Ids are never used twice, so that a click never
    /// meets what took the place of the line that was seen.
    meanings: HashMap<String, Request>,
    last_id: u64,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").field("tray", &self.tray).finish_non_exhaustive()
    }
}

/// A line of the menu, as the system has it.
enum Line {
    Plain(MenuItem<Wry>),
    Check(CheckMenuItem<Wry>),
    Submenu(Submenu<Wry>, Vec<Line>),
    Separator(PredefinedMenuItem<Wry>),
}

impl NativeTray {
    /// Prepares; the icon appears with the first [`NativeTray::set`]. Clicks become `wishes`. These
    /// systems always have a place for it, which `host` hears at once.
    pub fn start(
        app: &AppHandle,
        wishes: UnboundedSender<Request>,
        host: impl Fn(bool) + Send + 'static,
    ) -> Self {
        let shown = Arc::<Mutex<Shown>>::default();
        let (meant, sender) = (Arc::clone(&shown), wishes.clone());
        app.on_menu_event(move |_, event| {
            let meant = meant.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(request) = meant.meanings.get(event.id().as_ref()) {
                // Nobody listens while the program ends.
                let _ = sender.send(request.clone());
            }
        });
        host(true);
        Self { app: app.clone(), shown, wishes }
    }

    /// Shows this; what is shown already is not touched.
    pub fn set(&self, tray: &Tray) {
        let (app, shown, wishes) = (self.app.clone(), Arc::clone(&self.shown), self.wishes.clone());
        let tray = tray.clone();
        let asked = self.app.run_on_main_thread(move || {
            let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = shown.become_this(&app, tray, &wishes) {
                tracing::warn!(%error, "the tray cannot be changed");
            }
        });
        if let Err(error) = asked {
            tracing::warn!(%error, "the tray is out of reach");
        }
    }

    /// Takes the icon away.
    #[expect(clippy::unused_async, reason = "on other systems this waits for the bus")]
    pub async fn shutdown(self) {
        let shown = self.shown;
        // The event loop may have ended: then the icon has gone with it.
        let _ = self.app.run_on_main_thread(move || {
            shown.lock().unwrap_or_else(PoisonError::into_inner).icon = None;
        });
    }
}

impl Shown {
    fn become_this(
        &mut self,
        app: &AppHandle,
        tray: Tray,
        wishes: &UnboundedSender<Request>,
    ) -> tauri::Result<()> {
        let icon = match &self.icon {
            Some(icon) => icon.clone(),
            None => self.icon.insert(build(app, wishes.clone())?).clone(),
        };
        let before = self.tray.take();
        let looks = |tray: &Tray| (tray.icon, tray.marked);
        if before.as_ref().map(looks) != Some(looks(&tray))
            && let Some(picture) = picture(tray.icon, tray.marked, SIDE)
        {
            let (rgba, side) = (picture.rgba.clone(), picture.side);
            icon.set_icon(Some(Image::new_owned(rgba, side, side)))?;
        }
        icon.set_tooltip(Some(&tray.tooltip))?;
        match before {
            Some(before) if do_the_same(&before.menu, &tray.menu) => {
                reword(&self.lines, &tray.menu)?;
            }
            Some(_) | None => {
                self.meanings.clear();
                let menu = Menu::new(app)?;
                self.lines = self.lines(app, &tray.menu)?;
                for line in &self.lines {
                    menu.append(line.as_item())?;
                }
                icon.set_menu(Some(menu))?;
            }
        }
        self.tray = Some(tray);
        Ok(())
    }

    fn lines(&mut self, app: &AppHandle, items: &[Item]) -> tauri::Result<Vec<Line>> {
        items.iter().map(|item| self.line(app, item)).collect()
    }

    fn line(&mut self, app: &AppHandle, item: &Item) -> tauri::Result<Line> {
        let key = None::<&str>;
        Ok(match item {
            Item::Text(words) => Line::Plain(MenuItem::new(app, plain(words), false, key)?),
            Item::Action { label, request } => {
                let id = self.meaning(request);
                Line::Plain(MenuItem::with_id(app, id, plain(label), true, key)?)
            }
            Item::Check { label, checked, request } => {
                let id = self.meaning(request);
                let line = CheckMenuItem::with_id(app, id, plain(label), true, *checked, key)?;
                Line::Check(line)
            }
            Item::Submenu { label, items } => {
                let lines = self.lines(app, items)?;
                let submenu = Submenu::new(app, plain(label), true)?;
                for line in &lines {
                    submenu.append(line.as_item())?;
                }
                Line::Submenu(submenu, lines)
            }
            Item::Separator => Line::Separator(PredefinedMenuItem::separator(app)?),
        })
    }

    fn meaning(&mut self, request: &Request) -> String {
        self.last_id += 1;
        let id = format!("wish-{}", self.last_id);
        self.meanings.insert(id.clone(), request.clone());
        id
    }
}

impl Line {
    fn as_item(&self) -> &dyn IsMenuItem<Wry> {
        match self {
            Self::Plain(line) => line,
            Self::Check(line) => line,
            Self::Submenu(line, _) => line,
            Self::Separator(line) => line,
        }
    }
}

/// Changes the words of a menu that does the same as before.
fn reword(lines: &[Line], items: &[Item]) -> tauri::Result<()> {
    for (line, item) in lines.iter().zip(items) {
        match (line, item) {
            (Line::Plain(line), Item::Text(words) | Item::Action { label: words, .. }) => {
                line.set_text(plain(words))?;
            }
            (Line::Check(line), Item::Check { label, checked, .. }) => {
                line.set_text(plain(label))?;
                line.set_checked(*checked)?;
            }
            (Line::Submenu(line, lines), Item::Submenu { label, items }) => {
                line.set_text(plain(label))?;
                reword(lines, items)?;
            }
            (
                Line::Plain(_) | Line::Check(_) | Line::Submenu(..) | Line::Separator(_),
                Item::Text(_)
                | Item::Action { .. }
                | Item::Check { .. }
                | Item::Submenu { .. }
                | Item::Separator,
            ) => {}
        }
    }
    Ok(())
}

fn build(app: &AppHandle, wishes: UnboundedSender<Request>) -> tauri::Result<TrayIcon> {
    TrayIconBuilder::with_id("at.sophon.desktop")
        // On macOS a click opens the menu, as everywhere in its menu bar.
        .show_menu_on_left_click(cfg!(target_os = "macos"))
        .on_tray_icon_event(move |_, event| {
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                button_state: MouseButtonState::Up,
                ..
            } = event
                && !cfg!(target_os = "macos")
            {
                // Nobody listens while the program ends.
                let _ = wishes.send(Request::Open { page: None });
            }
        })
        .build(app)
}

/// A text in which nothing is taken for the letter of a key.
fn plain(text: &str) -> String {
    text.replace('&', "&&")
}
