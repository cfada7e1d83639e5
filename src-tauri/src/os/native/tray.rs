//! The tray on macOS and Windows. Only the main thread touches it, and nobody waits for that thread
//! but who takes the icon away.

mod menu;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tauri::AppHandle;
use tauri::image::Image;
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio::time::timeout;

use self::menu::{Clicks, StandingMenu};
use crate::request::Request;
use crate::tray::icons::picture;
use crate::tray::{Tray, do_the_same};

/// Id of the icon.
const ID: &str = "at.sophon.desktop";
/// Side of the icon's picture in pixels: macOS shows 18 points, on most screens twice as many pixels.
const SIDE: u32 = if cfg!(target_os = "macos") { 36 } else { 32 };
/// How long taking the icon away may take.
const ENDING: Duration = Duration::from_secs(1);

/// The icon in the tray.
pub struct NativeTray {
    app: AppHandle,
    place: Arc<Mutex<Place>>,
}

/// Where the icon stands, with what it needs to stand there.
struct Place {
    wishes: UnboundedSender<Request>,
    host: Box<dyn Fn(bool) + Send>,
    clicks: Arc<Mutex<Clicks>>,
    standing: Option<Standing>,
}

struct Standing {
    icon: TrayIcon,
    menu: StandingMenu,
    shown: Tray,
}

impl NativeTray {
    /// Prepares the icon; it appears with the first [`NativeTray::set`]. Clicks become `wishes`, and
    /// `host` hears whether the icon is there, each time when that is tried.
    pub fn start(
        app: &AppHandle,
        wishes: UnboundedSender<Request>,
        host: impl Fn(bool) + Send + 'static,
    ) -> Self {
        let clicks = Arc::default();
        let place = Place { wishes, host: Box::new(host), clicks, standing: None };
        Self { app: app.clone(), place: Arc::new(Mutex::new(place)) }
    }

    /// Shows this, as soon as the main thread has time.
    pub fn set(&self, tray: &Tray) {
        let (app, tray) = (self.app.clone(), tray.clone());
        self.at_the_place(move |place| {
            if let Err(error) = place.show(&app, tray) {
                tracing::debug!(%error, "the tray icon cannot be shown as it should be");
            }
        });
    }

    /// Takes the icon away, within a second.
    pub async fn shutdown(self) {
        let (done, is_done) = oneshot::channel();
        let app = self.app.clone();
        self.at_the_place(move |place| {
            place.standing = None;
            drop(app.remove_tray_by_id(ID));
            // It is waited for a limited time only.
            let _ = done.send(());
        });
        // Without a main thread there is no icon either, and the system takes it away with the
        // process in any case.
        let _ = timeout(ENDING, is_done).await;
    }

    fn at_the_place(&self, act: impl FnOnce(&mut Place) + Send + 'static) {
        let place = Arc::clone(&self.place);
        let told = self.app.run_on_main_thread(move || {
            act(&mut place.lock().unwrap_or_else(PoisonError::into_inner));
        });
        if let Err(error) = told {
            tracing::debug!(%error, "the main thread has ended");
        }
    }
}

impl Place {
    fn show(&mut self, app: &AppHandle, tray: Tray) -> tauri::Result<()> {
        match &mut self.standing {
            Some(standing) => standing.show(app, &self.clicks, tray),
            None => {
                let built = Standing::build(app, &self.clicks, &self.wishes, tray);
                (self.host)(built.is_ok());
                self.standing = Some(built?);
                Ok(())
            }
        }
    }
}

impl Standing {
    fn build(
        app: &AppHandle,
        clicks: &Arc<Mutex<Clicks>>,
        wishes: &UnboundedSender<Request>,
        tray: Tray,
    ) -> tauri::Result<Self> {
        let menu = StandingMenu::build(app, &tray.menu, clicks)?;
        let (for_menu, clicks) = (wishes.clone(), Arc::clone(clicks));
        let for_icon = wishes.clone();
        let mut builder = TrayIconBuilder::with_id(ID)
            .menu(menu.as_menu())
            .tooltip(&tray.tooltip)
            .icon_as_template(true)
            // On macOS a click on an icon opens its menu.
            .show_menu_on_left_click(cfg!(target_os = "macos"))
            .on_menu_event(move |_, event| {
                let clicks = clicks.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(request) = clicks.request(event.id()) {
                    wish(&for_menu, request);
                }
            })
            .on_tray_icon_event(move |_, event| {
                if is_left_click(&event) && !cfg!(target_os = "macos") {
                    wish(&for_icon, Request::Open { page: None });
                }
            });
        if let Some(image) = image(&tray) {
            builder = builder.icon(image);
        }
        Ok(Self { icon: builder.build(app)?, menu, shown: tray })
    }

    fn show(&mut self, app: &AppHandle, clicks: &Mutex<Clicks>, tray: Tray) -> tauri::Result<()> {
        if (tray.icon, tray.marked) != (self.shown.icon, self.shown.marked) {
            self.icon.set_icon_with_as_template(image(&tray), true)?;
        }
        if tray.tooltip != self.shown.tooltip {
            self.icon.set_tooltip(Some(&tray.tooltip))?;
        }
        if do_the_same(&tray.menu, &self.shown.menu) {
            self.menu.rename(&self.shown.menu, &tray.menu)?;
        } else {
            let menu = StandingMenu::build(app, &tray.menu, clicks)?;
            self.icon.set_menu(Some(menu.as_menu().clone()))?;
            self.menu = menu;
        }
        self.shown = tray;
        Ok(())
    }
}

fn is_left_click(event: &TrayIconEvent) -> bool {
    matches!(
        event,
        TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. }
    )
}

fn wish(wishes: &UnboundedSender<Request>, request: Request) {
    // Nobody listens while the program ends.
    let _ = wishes.send(request);
}

/// The icon's picture; macOS takes only its opacity and chooses the colour itself.
fn image(tray: &Tray) -> Option<Image<'static>> {
    picture(tray.icon, tray.marked, SIDE)
        .map(|picture| Image::new(&picture.rgba, picture.side, picture.side))
}
