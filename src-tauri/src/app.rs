//! The program from its start to its end.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use cli::{Config, Failure, Signals};
use control::{Answer, Ask, Refusal};
use dial::Dialer;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::arguments::DesktopArguments;
use crate::clock::now_ms;
use crate::controller::{Controller, Event, Parts};
use crate::desktop::Desktop;
use crate::instance::{self, Instance, Start};
use crate::log::Log;
use crate::os::current::{Autostart, Notifications, Tray};
use crate::request::{Page, Request};
use crate::view::TrayHost;
use crate::window::Windows;

/// What a start came to.
pub(crate) enum Begun {
    /// This is the one program of the data folder.
    First(Instance),
    /// Another one is running and did what was asked of it.
    Done(String),
}

/// Becomes the one program of the data folder, or hands the wish to the one that runs.
///
/// # Errors
/// A wrong flag, a data folder that cannot be used, or a running program that does not answer.
pub(crate) async fn begin(arguments: &DesktopArguments, ask: Ask) -> Result<Begun, Failure> {
    let data_dir = Config::read(&arguments.bridge.options)?.secrets.data_dir;
    match instance::start(&data_dir, ask).await {
        Ok(Start::First(instance)) => Ok(Begun::First(instance)),
        Ok(Start::Later { answer }) => told(answer).map(Begun::Done),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Failure::fatal(
            "Sophon Desktop is running already, but it does not answer.",
            "End it and start it again.",
        )),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(Failure::fatal(
            format!("Sophon Desktop is running already, and cannot be asked: {error}."),
            "End it and start it again.",
        )),
        Err(error) => Err(Failure::fatal(
            format!("The data folder {} cannot be used: {error}.", data_dir.display()),
            "Check that it is yours and that the disk has room, or name another with --data-dir.",
        )),
    }
}

/// What the running program said to a start.
fn told(answer: Answer) -> Result<String, Failure> {
    match answer {
        Answer::Text { text } => Ok(text),
        Answer::Refused(Refusal { what, remedy, .. }) => {
            let remedy = remedy.unwrap_or_else(|| "End it and start it again.".to_owned());
            Err(Failure::fatal(what, remedy))
        }
        Answer::Pending { .. }
        | Answer::History { .. }
        | Answer::Access { .. }
        | Answer::Done { .. }
        | Answer::Installations { .. } => Err(Failure::fatal(
            "The program that runs did not understand this one.",
            "End it and start it again.",
        )),
    }
}

/// Runs the program on this desktop until it is to end. `tray` makes the tray icon's home.
///
/// # Errors
/// A wrong flag or variable of the environment.
pub(crate) async fn run(
    arguments: &DesktopArguments,
    mut instance: Instance,
    tray: impl FnOnce(UnboundedSender<Request>, UnboundedSender<bool>) -> Tray,
) -> Result<(), Failure> {
    let log = Log::at(&instance.data_dir().join("logs"));
    log.install(arguments.bridge.options.verbose);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "Sophon Desktop starts");
    let (wishes, wished) = unbounded_channel();
    let (host, hosted) = unbounded_channel();
    let (pages, paged) = unbounded_channel();
    let tray = (!arguments.no_tray).then(|| tray(wishes.clone(), host));
    let has_tray = if tray.is_some() { TrayHost::Missing } else { TrayHost::Off };
    let autostart = Autostart::with(login_arguments(arguments));
    let parts = Parts {
        start_at_login: autostart.is_on(),
        shell: Desktop::new(
            tray,
            Notifications::start(wishes.clone()),
            Windows::new(log.clone(), wishes.clone(), pages),
            autostart,
        ),
        options: arguments.bridge.options.clone(),
        dialer: Dialer::new(concat!("sophon-desktop/", env!("CARGO_PKG_VERSION"))),
        tray: has_tray,
        log_folder: log.folder().display().to_string(),
    };
    let controller = Controller::new(parts)?;
    let events = controller.events();
    tokio::spawn(pass_on(wished, hosted, paged, events.clone()));
    tokio::spawn(async move {
        loop {
            let asked = instance.next().await;
            if events.send(Event::Asked(asked)).is_err() {
                return;
            }
        }
    });
    if !arguments.hidden {
        // Whoever starts a program by hand wants to see it.
        let _ = wishes.send(Request::Open { page: None });
    }
    let desktop = controller.run(stop_signal()?).await;
    desktop.leave().await;
    tracing::info!("Sophon Desktop ends");
    Ok(())
}

/// Prints the menu as it would stand in the tray of a program that starts now.
///
/// # Errors
/// A wrong flag, or secrets that cannot be read.
pub(crate) async fn menu_of_a_start(arguments: &DesktopArguments) -> Result<String, Failure> {
    let view = crate::controller::view_at_start(&arguments.bridge.options).await?;
    Ok(crate::tray::print(&crate::tray::tray(&view, now_ms())))
}

/// Says what ended the program's start, for people.
pub(crate) fn refuse(failure: &Failure) -> ExitCode {
    use std::io::Write as _;
    let hint = failure.hint.as_deref().unwrap_or_default();
    // Without anybody to read it, there is nothing to do about it.
    let _ = writeln!(io::stderr(), "{failure} {hint}");
    failure.exit.into()
}

async fn pass_on(
    mut wished: UnboundedReceiver<Request>,
    mut hosted: UnboundedReceiver<bool>,
    mut paged: UnboundedReceiver<Option<Page>>,
    events: UnboundedSender<Event>,
) {
    loop {
        let event = tokio::select! {
            Some(request) = wished.recv() => Event::Wish(request),
            Some(is_there) = hosted.recv() => Event::TrayHost(is_there),
            Some(page) = paged.recv() => Event::At(page),
            else => return,
        };
        if events.send(event).is_err() {
            return;
        }
    }
}

fn stop_signal() -> Result<CancellationToken, Failure> {
    let signals = Signals::listen().map_err(|error| {
        Failure::fatal(format!("The program cannot listen for signals: {error}."), "Try again.")
    })?;
    Ok(signals.token().clone())
}

/// What the program is started with at login: without a window, and with the same data folder.
fn login_arguments(arguments: &DesktopArguments) -> Vec<String> {
    let mut words = vec!["--hidden".to_owned()];
    if let Some(folder) = arguments.data_dir() {
        let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
        words.extend(["--data-dir".to_owned(), path_text(&absolute)]);
    }
    if arguments.no_tray {
        words.push("--no-tray".to_owned());
    }
    words
}

fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
