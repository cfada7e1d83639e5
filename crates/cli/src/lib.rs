//! The bridge without a screen: `sophon-bridge`, and what every start of the bridge shares with it.

mod args;
mod card;
mod carry;
mod claim;
mod clock;
mod config;
mod devices;
mod event;
mod exit;
mod front;
mod gateway;
mod keys;
mod migration;
mod other_bridge;
mod output;
mod outside;
mod pair;
mod paths;
mod program;
mod requests;
mod run;
mod running;
mod shown;
mod signals;
mod storage;
mod stored;
mod terminal;
mod wishes;

use std::env;
use std::io;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use dial::Dialer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

pub use crate::args::{Arguments, Command, Options};
pub use crate::claim::{Claim, Hold, claim, discard};
pub use crate::config::{Config, FIRST, is_stored_for};
pub use crate::exit::{Exit, Failure, sentence};
pub use crate::gateway::{Gateway, look, settings};
pub use crate::keys::InstallationKeys;
pub use crate::migration::{NpmPairing, TakenOver, find_npm_pairing, note_ended, take_over};
pub use crate::other_bridge::{OtherBridge, OtherBridgeWatch};
pub use crate::output::timestamp;
pub use crate::outside::{open_outside, secret_variables};
pub use crate::paths::{expand_home, usual_data_dir};
pub use crate::signals::Signals;
pub use crate::storage::UNWRITABLE_REMEDY;
pub use crate::terminal::has_display;
pub use crate::wishes::{
    Answered, Changed, ChangedToken, DevicesCommand, RequestsCommand, SendersCommand,
};

use crate::event::Event;
use crate::output::Output;
use crate::program::{Ending, Program};

/// Reads the command line, and does what it says.
pub fn main() -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) => run(&arguments),
        Err(error) => refuse(&error).into(),
    }
}

/// Does what was asked for in a terminal.
pub fn run(arguments: &Arguments) -> ExitCode {
    if let Some(Command::Completions { shell }) = arguments.command {
        let mut command = Arguments::command();
        clap_complete::generate(shell, &mut command, "sophon-bridge", &mut io::stdout());
        return Exit::Success.into();
    }
    if arguments.options.verbose {
        write_log();
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let hint = "Close other programs, then try again.";
            let failure = Failure::fatal(format!("The program cannot start: {error}."), hint);
            Output::new(arguments.options.json).tell_failure(&failure);
            return Exit::Failure.into();
        }
    };
    let exit = runtime.block_on(start(arguments));
    // What still blocks, such as a keychain's question, is not waited for.
    runtime.shutdown_background();
    exit.into()
}

async fn start(arguments: &Arguments) -> Exit {
    let mut output = Output::new(arguments.options.json);
    let config = match Config::read(&arguments.options) {
        Ok(config) => config,
        Err(failure) => {
            output.tell_failure(&failure);
            return failure.exit;
        }
    };
    let signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            let message = format!("The program cannot listen for signals: {error}.");
            output.tell_failure(&Failure::fatal(message, "Try again."));
            return Exit::Failure;
        }
    };
    let dialer = Dialer::new(concat!("sophon-bridge/", env!("CARGO_PKG_VERSION")));
    let mut program = Program { config, output, signals, dialer };
    let ended = match &arguments.command {
        Some(Command::Status) => stored::status(&mut program).await,
        Some(Command::Requests { command }) => {
            let command = command.as_ref().unwrap_or(&RequestsCommand::List);
            requests::requests(&mut program, command).await
        }
        Some(Command::Devices { command }) => {
            let command = command.as_ref().unwrap_or(&DevicesCommand::List);
            devices::devices(&mut program, command).await
        }
        Some(Command::Senders { command }) => {
            let command = command.as_ref().unwrap_or(&SendersCommand::List);
            requests::senders(&mut program, command).await
        }
        Some(Command::Run | Command::Completions { .. }) | None => {
            if arguments.options.logout {
                stored::log_out(&mut program).await
            } else if arguments.options.pair_only {
                run::pair_only(&mut program).await
            } else {
                run::run(&mut program).await
            }
        }
    };
    let Program { mut output, signals, .. } = program;
    match ended {
        Ok(()) => Exit::Success,
        Err(Ending::Stopped) => {
            output.tell(&Event::Shutdown { reason: "signal", signal: signals.name() });
            Exit::Success
        }
        Err(Ending::Refused(refusal)) => {
            output.tell_refusal(refusal);
            output.tell(&Event::Shutdown { reason: "error", signal: None });
            Exit::Failure
        }
        Err(Ending::Failed(failure)) => {
            output.tell_failure(&failure);
            output.tell(&Event::Shutdown { reason: "error", signal: None });
            failure.exit
        }
    }
}

/// Answers a command line that cannot be understood, or one that asks for help.
pub fn refuse(error: &clap::Error) -> Exit {
    // Nothing can be done where there is nobody to read it.
    let _ = error.print();
    if !error.use_stderr() {
        return Exit::Success;
    }
    if wants_json() {
        // The whole text may repeat what was mistyped, perhaps a token.
        let failure = Failure::usage(error.kind().to_string());
        Output::new(true).tell(&failure.event(false));
    }
    Exit::Usage
}

fn wants_json() -> bool {
    let variable = paths::variable("SOPHON_JSON");
    let is_false = |text: &str| matches!(text, "0" | "n" | "no" | "f" | "false" | "off");
    let by_variable =
        variable.is_some_and(|value| !is_false(&value.to_string_lossy().to_lowercase()));
    by_variable || env::args_os().any(|argument| argument == "--json")
}

fn write_log() {
    let own = ["bridge", "cli", "control", "dial", "openclaw", "sap", "sophon_bridge", "vault"];
    let targets = Targets::new().with_targets(own.map(|name| (name, LevelFilter::DEBUG)));
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
}
