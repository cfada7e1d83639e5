//! The window's end: a web view that shows what it is told, and passes on what a person wants.

use std::io::{self, BufRead as _, Write as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tauri::ipc::Channel;
use tauri::webview::{Color, PageLoadEvent};
use tauri::{AppHandle, Manager as _, State, Theme, WebviewUrl, WebviewWindowBuilder};

use super::is_driven;
use crate::messages::{FromWindow, ToWindow};

const NAME: &str = "main";
const TITLE: &str = "Sophon";
/// Size at first, in logical pixels.
const SIZE: (f64, f64) = (420.0, 600.0);
/// Smallest size, in logical pixels.
const MIN_SIZE: (f64, f64) = (360.0, 420.0);
/// The page's own backgrounds.
const LIGHT: Color = Color(0xf5, 0xf5, 0xf7, 0xff);
const DARK: Color = Color(0x15, 0x15, 0x18, 0xff);
/// How many messages wait for a page that is loading.
const WAITING: usize = 64;

/// Shows the window until it is closed or the program that started it ends.
pub fn run() -> ExitCode {
    let built = tauri::Builder::default()
        .manage(Inbox::default())
        .invoke_handler(tauri::generate_handler![follow, tell])
        .setup(|app| {
            open(app.handle())?;
            let handle = app.handle().clone();
            std::thread::Builder::new().name("inbox".into()).spawn(move || listen(&handle))?;
            Ok(())
        })
        .build(super::context());
    match built {
        Ok(app) => {
            app.run(|_, _| {});
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "the window cannot be opened");
            ExitCode::FAILURE
        }
    }
}

fn open(app: &AppHandle) -> tauri::Result<()> {
    let icon = tauri::include_image!("icons/app-128.png");
    let builder = WebviewWindowBuilder::new(app, NAME, WebviewUrl::App("index.html".into()))
        .title(TITLE)
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(MIN_SIZE.0, MIN_SIZE.1)
        .center()
        // Nothing of what is shown goes to the disk; a web view like that cannot be driven.
        .incognito(!is_driven())
        // A view that is shown while its process starts may wait half a second for its first paint.
        .visible(false)
        .on_page_load(|window, load| {
            if load.event() == PageLoadEvent::Finished {
                window.state::<Inbox>().is_loaded.store(true, Ordering::Release);
                come_to_the_front(window.app_handle());
            }
        })
        .icon(icon)?;
    let window = builder.build()?;
    // What stands there until the page does, so that a dark desktop sees no white flash.
    let background = match window.theme()? {
        Theme::Dark => DARK,
        Theme::Light | _ => LIGHT,
    };
    window.set_background_color(Some(background))
}

/// Takes what the program says, until it says no more.
fn listen(app: &AppHandle) {
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        match serde_json::from_str(&line) {
            Ok(message) => {
                let inbox = app.state::<Inbox>();
                let is_loaded = inbox.is_loaded.load(Ordering::Acquire);
                if is_loaded && matches!(message, ToWindow::Show { .. }) {
                    come_to_the_front(app);
                }
                inbox.take(message);
            }
            Err(error) => tracing::error!(%error, "the program said something unknown"),
        }
    }
    app.exit(0);
}

fn come_to_the_front(app: &AppHandle) {
    let Some(window) = app.get_webview_window(NAME) else { return };
    let shown = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window cannot be brought to the front");
    }
}

/// What the page is told; kept until it listens.
#[derive(Default)]
struct Inbox {
    /// Whether the page is there; the window is shown from then on.
    is_loaded: AtomicBool,
    state: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    page: Option<Channel<ToWindow>>,
    /// What is shown, for a page that is loaded again.
    view: Option<ToWindow>,
    others: Vec<ToWindow>,
}

impl Inbox {
    fn take(&self, message: ToWindow) {
        let mut waiting = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(message, ToWindow::View { .. }) {
            waiting.view = Some(message.clone());
        } else if waiting.page.is_none() {
            if waiting.others.len() < WAITING {
                waiting.others.push(message);
            }
            return;
        }
        if let Some(page) = &waiting.page
            && page.send(message).is_err()
        {
            waiting.page = None;
        }
    }
}

/// The page listens from now on.
#[tauri::command]
#[expect(clippy::needless_pass_by_value, reason = "a command's arguments are values")]
fn follow(channel: Channel<ToWindow>, inbox: State<'_, Inbox>) -> tauri::Result<()> {
    let mut waiting = inbox.state.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(view) = &waiting.view {
        channel.send(view.clone())?;
    }
    for message in waiting.others.drain(..) {
        channel.send(message)?;
    }
    waiting.page = Some(channel);
    Ok(())
}

/// The page passes on what a person wants.
#[tauri::command]
#[expect(clippy::needless_pass_by_value, reason = "a command's arguments are values")]
fn tell(message: FromWindow) -> Result<(), String> {
    let write = || -> io::Result<()> {
        let mut line = serde_json::to_vec(&message)?;
        line.push(b'\n');
        let mut stdout = io::stdout().lock();
        stdout.write_all(&line)?;
        stdout.flush()
    };
    write().map_err(|error| format!("the program behind this window has ended: {error}"))
}
