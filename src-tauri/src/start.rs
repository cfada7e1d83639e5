//! From the command line to what it asks for.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use cli::Failure;
use control::Ask;

use crate::app::{self, Begun};
use crate::arguments::DesktopArguments;
use crate::os::current as system;
use crate::window;

/// Reads the command line, and does what it says.
pub fn main() -> ExitCode {
    let arguments = match DesktopArguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return cli::refuse(&error).into(),
    };
    if arguments.window {
        return window::run_page();
    }
    if arguments.is_for_terminal() {
        return cli::run(&arguments.bridge);
    }
    if arguments.print_menu {
        return in_runtime(print_menu(&arguments));
    }
    if !system::has_display() {
        say("There is no display here: running as the bridge without a screen.");
        return cli::run(&arguments.bridge);
    }
    system::run(arguments)
}

/// Runs something on a runtime of its own, and says what went wrong.
pub(crate) fn in_runtime(work: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let message = format!("The program cannot start: {error}.");
            return app::refuse(&Failure::fatal(message, "Close other programs, then try again."));
        }
    };
    let done = runtime.block_on(work);
    // What still blocks, such as a keychain's question, is not waited for.
    runtime.shutdown_background();
    done.map_or_else(|failure| app::refuse(&failure), |()| ExitCode::SUCCESS)
}

async fn print_menu(arguments: &DesktopArguments) -> Result<(), Failure> {
    let menu = match app::begin(arguments, Ask::Menu).await? {
        Begun::Done(menu) => menu,
        Begun::First(_) => app::menu_of_a_start(arguments).await?,
    };
    // Whoever asked may have closed the pipe.
    let _ = io::stdout().write_all(menu.as_bytes());
    Ok(())
}

fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
