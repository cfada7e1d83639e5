use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use tokio::process::Command;
use url::Url;
use zbus::Connection;

use crate::daemon::Daemon;
use crate::environment::Environment;
use crate::folders::Folders;
use crate::screen::{RIGHT, Screen};
use crate::tray::{self, TrayHost};
use crate::wait::eventually;
use crate::warden::Warden;
use crate::{
    DesktopOptions, Keyring, Notifications, Secrets, TrayIcon, bus, keyring, notifications, screen,
};

/// A desktop of its own: screen, session bus, home, and what stands on it. When it is dropped,
/// everything that was started on it ends and its home is removed; so it is when this process is
/// killed.
#[derive(Debug)]
pub struct Desktop {
    // Dropped first: it ends what the others then need not wait for.
    _warden: Warden,
    tray_host: Option<TrayHost>,
    notifications: Notifications,
    secrets: Secrets,
    bus: Connection,
    screen: Arc<Screen>,
    _daemons: Vec<Daemon>,
    environment: Environment,
    folders: Folders,
    options: DesktopOptions,
}

impl Desktop {
    /// Starts a desktop and waits until everything on it is ready.
    ///
    /// # Errors
    /// When a program is missing (with the Debian package that has it), does not start, or is not
    /// ready in time.
    pub async fn start(options: DesktopOptions) -> anyhow::Result<Self> {
        let folders = Folders::create()?;
        let warden = Warden::start(&Environment::marker(&folders), folders.root())?;
        let mut environment = Environment::new(&folders, &options);

        let (server, display) = screen::start(&environment, &folders, &options).await?;
        environment.set("DISPLAY", &display);
        let screen = Arc::new(Screen::connect(&display, &options)?);
        let (bus_daemon, address) = bus::start(&environment, &folders).await?;
        environment.set("DBUS_SESSION_BUS_ADDRESS", &address);
        let bus = bus::connect(&address).await?;
        let mut daemons = vec![server, bus_daemon];

        let mut window_manager = environment.command("openbox");
        daemons.push(Daemon::start(&mut window_manager, folders.log("window-manager"))?);
        screen.wait_for_window_manager().await?;

        let secrets = Secrets::new(&bus);
        if options.keyring != Keyring::Absent {
            daemons.push(keyring::start(&environment, &folders, &bus).await?);
        }
        if options.keyring == Keyring::Locked {
            secrets.lock().await?;
        }
        let notifications =
            Notifications::listen(options.notifications, &address, &bus, &screen, &folders).await?;
        daemons.extend(notifications::start(&environment, &folders, &bus, &options).await?);

        let mut desktop = Self {
            _warden: warden,
            tray_host: None,
            notifications,
            secrets,
            bus,
            screen,
            _daemons: daemons,
            environment,
            folders,
            options,
        };
        if options.tray_host {
            desktop.start_tray_host().await?;
        }
        Ok(desktop)
    }

    /// Prepares a program with the desktop's environment, in a process group of its own, without
    /// input. It is killed when its handle is dropped, and ends with the desktop.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.environment.command(program);
        command.process_group(0).stdin(Stdio::null()).current_dir(self.folders.home());
        let mut command = Command::from(command);
        command.kill_on_drop(true);
        command
    }

    /// The home folder.
    pub fn home(&self) -> PathBuf {
        self.folders.home()
    }

    /// The folder for what ends with the session.
    pub fn runtime_dir(&self) -> PathBuf {
        self.folders.runtime()
    }

    /// The folder for programs' data.
    pub fn data_home(&self) -> PathBuf {
        self.folders.data()
    }

    /// The folder for programs' settings.
    pub fn config_home(&self) -> PathBuf {
        self.folders.config()
    }

    /// A connection to the session bus.
    pub fn bus(&self) -> &Connection {
        &self.bus
    }

    /// The notifications.
    pub fn notifications(&self) -> &Notifications {
        &self.notifications
    }

    /// The keyring; without one, everything about it fails.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Starts the tray, again or late, and waits until it is there; does nothing if it is.
    ///
    /// # Errors
    /// When the panel is missing, ends, or is not ready in time.
    pub async fn start_tray_host(&mut self) -> anyhow::Result<()> {
        if self.tray_host.is_none() {
            let host =
                TrayHost::start(&self.environment, &self.folders, &self.bus, &self.options).await?;
            self.tray_host = Some(host);
        }
        Ok(())
    }

    /// Ends the tray, if there is one, and waits until it is gone.
    ///
    /// # Errors
    /// When it stays.
    pub async fn stop_tray_host(&mut self) -> anyhow::Result<()> {
        match self.tray_host.take() {
            Some(host) => host.stop(&self.bus).await,
            None => Ok(()),
        }
    }

    /// Gives the icon with this id or title, if it is in the tray now.
    ///
    /// # Errors
    /// When the bus refuses.
    pub async fn tray_icon(&self, id_or_title: &str) -> anyhow::Result<Option<TrayIcon>> {
        tray::find(&self.bus, id_or_title).await
    }

    /// Waits for the icon with this id or title.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn wait_for_tray_icon(&self, id_or_title: &str) -> anyhow::Result<TrayIcon> {
        eventually(format!("a tray icon called {id_or_title:?}"), async || {
            self.tray_icon(id_or_title).await
        })
        .await
    }

    /// Gives the addresses of all pages that the system browser was to open, the oldest first.
    ///
    /// # Errors
    /// When one of them is no address.
    pub fn opened_pages(&self) -> anyhow::Result<Vec<Url>> {
        let opened = std::fs::read_to_string(self.folders.opened()).unwrap_or_default();
        // A line that is being written has no end yet.
        let lines = opened.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        Ok(lines.map(Url::parse).collect::<Result<_, _>>()?)
    }

    /// Waits until the system browser was to open a page, and gives the latest.
    ///
    /// # Errors
    /// When none comes, or it is no address.
    pub async fn wait_for_opened_page(&self) -> anyhow::Result<Url> {
        eventually("a page in the browser", async || Ok(self.opened_pages()?.pop())).await
    }

    /// Waits until the system browser was to open so many pages since the start, and gives all.
    ///
    /// # Errors
    /// When they do not come, or one of them is no address.
    pub async fn wait_for_opened_pages(&self, count: usize) -> anyhow::Result<Vec<Url>> {
        eventually(format!("{count} pages in the browser"), async || {
            Ok(Some(self.opened_pages()?).filter(|pages| pages.len() >= count))
        })
        .await
    }

    /// Writes what is on the screen as a PNG file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn screenshot(&self, path: &Path) -> anyhow::Result<()> {
        self.screen.save(path)
    }

    /// Waits until nothing has changed on the screen for a moment.
    ///
    /// # Errors
    /// When it never stays as it is.
    pub async fn wait_until_still(&self) -> anyhow::Result<()> {
        self.screen.wait_until_still().await
    }

    /// How many windows are on the screen; a menu that is open is one.
    ///
    /// # Errors
    /// When the screen does not say.
    pub fn windows(&self) -> anyhow::Result<usize> {
        self.screen.windows()
    }

    /// Clicks somewhere on the screen with the right button, in pixels from its upper left corner.
    ///
    /// # Errors
    /// When the screen does not take it.
    pub fn right_click(&self, x: i16, y: i16) -> anyhow::Result<()> {
        self.screen.click(x, y, RIGHT)
    }

    /// Waits for a window with this title and closes it, as a person does.
    ///
    /// # Errors
    /// When none comes.
    pub async fn close_window(&self, title: &str) -> anyhow::Result<()> {
        eventually(format!("a window called {title}"), async || {
            Ok(self.screen.close_window(title)?.then_some(()))
        })
        .await
    }

    pub(crate) fn options(&self) -> &DesktopOptions {
        &self.options
    }

    pub(crate) fn folders(&self) -> &Folders {
        &self.folders
    }

    /// Starts a program that belongs to the test rather than to the desktop.
    pub(crate) fn daemon(&self, program: &str, arguments: &[String]) -> anyhow::Result<Daemon> {
        let mut command = self.environment.command(program);
        command.args(arguments).stdin(Stdio::null());
        Daemon::start(&mut command, self.folders.log(program))
    }
}
