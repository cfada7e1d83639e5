//! `cargo xtask demo`: the bridge at work between a simulated cloud and a gateway; as a tray app where
//! there is a display, otherwise in the terminal.

mod browser;
mod gateway;
mod hands_on;
mod home;
mod page;
mod scenes;
mod transcript;
mod tray;

use std::io::{ErrorKind, IsTerminal as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use simulator::cloud::{Cloud, CloudOptions, Dialect};

use crate::bridge::Face;
use crate::cargo::{build_bridge, build_desktop};
use crate::install;
use crate::steps::Steps;
use browser::has_screen;
use gateway::DemoGateway;
use home::Home;

/// Port of the simulated cloud where it is free, so that a page can be opened again later.
const FRIENDLY_PORT: u16 = 7766;
/// How long background work may take when everything ends.
const ENDING: Duration = Duration::from_secs(5);
/// Exit code of a program that was interrupted.
const INTERRUPTED: u8 = 130;

/// Options of `cargo xtask demo`.
#[derive(Args, Clone)]
pub(crate) struct Options {
    /// Installs and starts a real OpenClaw gateway of its own, with a scripted model behind it.
    #[arg(long)]
    real: bool,
    /// Plays the person as well, prints what happens, and fails when something is missing.
    #[arg(long)]
    scripted: bool,
    /// Shows the bridge for a terminal although there is a display.
    #[arg(long)]
    terminal: bool,
    /// Prints links instead of opening the browser.
    #[arg(long)]
    no_browser: bool,
    /// Takes this program instead of building `sophon-bridge`.
    #[arg(long, value_name = "PROGRAM")]
    bridge: Option<PathBuf>,
}

/// Shows the bridge until the person has seen enough, or until the script is over.
///
/// # Errors
/// When a part cannot be built, installed or started.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    println!("Sophon: a demonstration on this computer alone. Nothing leaves it.");
    let nobody_sees = !has_screen() && !std::io::stdin().is_terminal();
    if nobody_sees && !options.scripted {
        println!(
            "There is neither a display nor a terminal here, so the person is played as well."
        );
    }
    let scripted = options.scripted || nobody_sees;
    let options = &Options { scripted, ..options.clone() };
    let mut steps = Steps::of(3 + usize::from(options.bridge.is_none()));
    let face = face(options);
    let program = match (&options.bridge, face) {
        (Some(program), _) => std::path::absolute(program)?,
        (None, Face::Desktop) => {
            let step = steps.begin("building sophon-desktop (some minutes the first time)");
            install::libraries()?;
            let program = build_desktop(false)?;
            step.done("built");
            program
        }
        (None, Face::Events) => {
            let step = steps.begin("building sophon-bridge (minutes the first time)");
            let program = build_bridge(false)?;
            step.done("built");
            program
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(async {
        tokio::select! {
            code = show(options, face, program, steps) => code,
            () = interrupted() => {
                println!("\nStopping.");
                Ok(ExitCode::from(INTERRUPTED))
            }
        }
    });
    runtime.shutdown_timeout(ENDING);
    code
}

/// A tray where a person can see it, unless something else is asked for.
fn face(options: &Options) -> Face {
    let is_plain = options.scripted || options.terminal || options.bridge.is_some();
    if has_screen() && !is_plain { Face::Desktop } else { Face::Events }
}

async fn show(
    options: &Options,
    face: Face,
    program: PathBuf,
    mut steps: Steps,
) -> anyhow::Result<ExitCode> {
    let step = steps.begin("starting a simulated Sophon cloud");
    let cloud = start_cloud().await?;
    step.done(&format!("it answers at {}", cloud.base_url()));

    let step = steps.begin("looking for an OpenClaw gateway");
    let gateway = DemoGateway::choose(options).await?;
    step.done(&gateway.describe());

    let step = steps.begin(match face {
        Face::Desktop => "starting sophon-desktop",
        Face::Events => "starting sophon-bridge",
    });
    let home = Home::new(program, cloud.base_url(), face)?;
    let start = || gateway.start_bridge(home.program(), home.folder(), &cloud.base_url(), face);
    let bridge = start()?;
    step.done(&format!("it keeps what it must in {}", home.folder().display()));

    if options.scripted {
        scenes::play(&cloud, bridge, &gateway).await
    } else if face == Face::Desktop {
        tray::watch(&cloud, bridge, !options.no_browser).await
    } else {
        hands_on::watch(&cloud, bridge, start, !options.no_browser).await
    }
}

async fn start_cloud() -> anyhow::Result<Cloud> {
    let friendly = SocketAddr::from((Ipv4Addr::LOCALHOST, FRIENDLY_PORT));
    let options = CloudOptions { dialect: Dialect::Npm, ..CloudOptions::default() };
    match Cloud::start_on(friendly, options.clone()).await {
        Err(error) if error.kind() == ErrorKind::AddrInUse => Cloud::start(options).await,
        started => started,
    }
    .context("the simulated cloud cannot open a port on the loopback")
}

async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminated.recv() => return,
                _ = tokio::signal::ctrl_c() => return,
            }
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
