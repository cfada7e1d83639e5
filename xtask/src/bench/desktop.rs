//! The tray app, on a real desktop without a screen.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use desktoplab::{Desktop, DesktopOptions, PATIENCE, TrayIcon, eventually, memory};
use futures_util::StreamExt as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{sleep, timeout};

use super::findings::{Findings, Unit};
use super::{NEAR, rig};
use crate::measure::process;
use crate::measure::rig::Rig;
use crate::measure::samples::Samples;

/// What keeps the list of tray icons, and where.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";
/// What the icon says it is.
const ICON: &str = "at.sophon.desktop";
/// The window's title.
const WINDOW: &str = "Sophon";
/// What the app says once the window's page has been painted.
const SHOWN: &str = "the window is shown";
/// How long the app is left alone before its memory and its idleness are measured.
const SETTLING: Duration = Duration::from_secs(5);
const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// A desktop with the app under test, between a cloud and a gateway.
struct Place<'a> {
    rig: &'a Rig,
    desktop: Desktop,
    program: &'a Path,
}

/// The running app. Dropping it kills it.
struct App {
    child: Child,
    id: u32,
    /// When its window was shown, each time.
    shown: UnboundedReceiver<Instant>,
}

/// Measures starts, what the app costs while nothing happens, and its window.
///
/// # Errors
/// When a program of the desktop is missing, or the app does not do what is measured.
pub(super) fn measure(program: &Path, quick: bool, findings: &mut Findings) -> anyhow::Result<()> {
    let (starts, idle, windows) = if quick { (3, 5, 2) } else { (10, 30, 5) };
    let rig = rig(program, NEAR)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let desktop = Desktop::start(DesktopOptions::default()).await?;
        let place = Place { rig: &rig, desktop, program };
        place.measure_starts(starts, findings).await?;
        place.measure_idleness(Duration::from_secs(idle), findings).await?;
        place.measure_windows(windows, findings).await
    })?;
    let size = std::fs::metadata(program)?.len();
    findings.add("desktop: size of the program", Unit::Megabytes, size as f64 / 1e6).at_most(15.0);
    Ok(())
}

impl Place<'_> {
    async fn measure_starts(&self, count: usize, findings: &mut Findings) -> anyhow::Result<()> {
        // The first start makes the keys, which all others find.
        self.time_to_icon().await?;
        let mut samples = Samples::default();
        for _ in 0..count {
            samples.push(self.time_to_icon().await?);
        }
        let name = format!("desktop: start to tray icon, median of {count}");
        findings.add(name, Unit::Milliseconds, samples.median()).at_most(300.0);
        Ok(())
    }

    /// Starts the app and ends it again; returns the time until its icon was in the tray's list.
    async fn time_to_icon(&self) -> anyhow::Result<Duration> {
        let watcher = zbus::Proxy::new(self.desktop.bus(), WATCHER, WATCHER_PATH, WATCHER).await?;
        let mut registered = watcher.receive_signal("StatusNotifierItemRegistered").await?;
        let started = Instant::now();
        let app = self.start(&[])?;
        let seen = timeout(PATIENCE, registered.next()).await;
        seen.ok().flatten().context("the app has no icon in the tray")?;
        let took = started.elapsed();
        app.end().await?;
        Ok(took)
    }

    async fn measure_idleness(
        &self,
        time: Duration,
        findings: &mut Findings,
    ) -> anyhow::Result<()> {
        let app = self.start(&[])?;
        self.connected().await?;
        sleep(SETTLING).await;
        let idle = memory(app.id)?;
        findings
            .add(
                "desktop: memory (PSS) while idle, no window yet",
                Unit::Mebibytes,
                mebibytes(&idle),
            )
            .at_most(50.0);
        add_processes("desktop: processes while idle", &idle, findings);
        let before = process::computed(app.id);
        sleep(time).await;
        let used = process::computed(app.id).zip(before).map(|(after, before)| after - before);
        let used = used.context("the app has ended")?.as_secs_f64() * 1000.0;
        let name = format!("desktop: CPU while idle, in {} s", time.as_secs());
        findings.add(name, Unit::Milliseconds, used).at_most(10.0);
        app.end().await
    }

    async fn measure_windows(&self, count: usize, findings: &mut Findings) -> anyhow::Result<()> {
        let mut app = self.start(&["--verbose"])?;
        self.connected().await?;
        let icon = self.desktop.wait_for_tray_icon(ICON).await?;
        let mut samples = Samples::default();
        for _ in 0..count {
            samples.push(app.time_to_window(&icon).await?);
            if samples.len() < count {
                self.close_window(&app).await?;
            }
        }
        let name = format!("desktop: click to window shown, median of {count}");
        findings.add(name, Unit::Milliseconds, samples.median()).at_most(500.0);

        sleep(SETTLING).await;
        let open = memory(app.id)?;
        let name = format!("desktop: memory (PSS) with the window, {}", count_of(&open));
        findings.add(name, Unit::Mebibytes, mebibytes(&open));
        self.close_window(&app).await?;
        sleep(SETTLING).await;
        let closed = memory(app.id)?;
        findings
            .add("desktop: memory (PSS), window closed", Unit::Mebibytes, mebibytes(&closed))
            .at_most(60.0);
        add_processes("desktop: processes, window closed", &closed, findings);
        app.end().await
    }

    /// Starts the app as one that is paired and was started at login.
    fn start(&self, flags: &[&str]) -> anyhow::Result<App> {
        let mut command = self.desktop.command(self.program);
        self.rig.tell(&mut command);
        command.arg("--hidden").args(flags).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().context("the app cannot be started")?;
        let id = child.id().context("the app has ended")?;
        let (tell, shown) = unbounded_channel();
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(listen(stderr, tell));
        }
        Ok(App { child, id, shown })
    }

    async fn connected(&self) -> anyhow::Result<()> {
        let both = async || Ok((self.rig.connections() == (1, 1)).then_some(()));
        eventually("connection to both sides", both).await
    }

    /// Closes the window as a person does, and waits until nothing of it is left.
    async fn close_window(&self, app: &App) -> anyhow::Result<()> {
        self.desktop.close_window(WINDOW).await?;
        let alone = async || Ok((memory(app.id)?.processes.len() == 1).then_some(()));
        eventually("end of the window's processes", alone).await
    }
}

impl App {
    /// Clicks on the icon; returns the time until the window's page was painted.
    async fn time_to_window(&mut self, icon: &TrayIcon) -> anyhow::Result<Duration> {
        let clicked = Instant::now();
        icon.activate().await?;
        let shown = timeout(PATIENCE, self.shown.recv()).await;
        Ok(shown.ok().flatten().context("the window was not shown")? - clicked)
    }

    /// Ends it in order.
    async fn end(mut self) -> anyhow::Result<()> {
        let id = Pid::from_raw(self.id.try_into()?).context("the app has no process")?;
        kill_process(id, Signal::TERM)?;
        timeout(PATIENCE, self.child.wait()).await.context("the app does not end")??;
        Ok(())
    }
}

async fn listen(stderr: impl AsyncRead + Unpin, tell: UnboundedSender<Instant>) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains(SHOWN) && tell.send(Instant::now()).is_err() {
            return;
        }
    }
}

fn add_processes(name: &str, memory: &desktoplab::Memory, findings: &mut Findings) {
    findings.add(name, Unit::Processes, memory.processes.len() as f64).at_most(1.0);
}

fn count_of(memory: &desktoplab::Memory) -> String {
    format!("{} processes", memory.processes.len())
}

fn mebibytes(memory: &desktoplab::Memory) -> f64 {
    memory.pss as f64 / MEBIBYTE
}
