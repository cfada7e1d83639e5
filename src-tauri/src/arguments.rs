//! The command line: everything that the bridge without a screen takes, and what a desktop adds.

use std::path::PathBuf;

use clap::Parser;

const ABOUT: &str = "Connects the OpenClaw on this computer with the Sophon app on your phone.";

/// What was asked for.
#[derive(Debug, Parser)]
#[command(name = "sophon-desktop", version, about = ABOUT, propagate_version = true)]
#[command(max_term_width = 100)]
pub struct DesktopArguments {
    /// What the bridge without a screen takes.
    #[command(flatten)]
    pub bridge: cli::Arguments,

    /// Start without a window, as at login
    #[arg(long)]
    pub hidden: bool,

    /// Show no tray icon; the window is the way in
    #[arg(long)]
    pub no_tray: bool,

    /// Print the tray's menu, of the running program if there is one, and exit
    #[arg(long)]
    pub print_menu: bool,

    /// Be the window of the program that started this
    #[arg(long, hide = true)]
    pub window: bool,
}

impl DesktopArguments {
    /// Says whether the wish is one for a terminal, which no tray is needed for.
    pub fn is_for_terminal(&self) -> bool {
        let options = &self.bridge.options;
        let wants_terminal = options.json
            || options.pair_only
            || options.logout
            || options.take_over
            || options.manual_pair
            || options.no_retry;
        self.bridge.command.is_some() || wants_terminal
    }

    /// The data folder that was named, if one was.
    pub fn data_dir(&self) -> Option<&PathBuf> {
        self.bridge.options.data_dir.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(flags: &[&str]) -> DesktopArguments {
        DesktopArguments::try_parse_from([&["sophon-desktop"], flags].concat()).unwrap()
    }

    #[test]
    fn the_command_line_is_consistent() {
        DesktopArguments::command().debug_assert();
    }

    #[test]
    fn everything_that_the_terminal_bridge_takes_is_taken() {
        let arguments = parse(&["--hidden", "--data-dir", "/x", "--sophon-base", "https://s.at"]);
        assert!(arguments.hidden && !arguments.is_for_terminal());
        assert_eq!(arguments.data_dir(), Some(&PathBuf::from("/x")));
        for flags in
            [["--json"], ["--pair-only"], ["--logout"], ["--take-over"], ["--no-retry"], ["status"]]
        {
            assert!(parse(&flags).is_for_terminal(), "{flags:?}");
        }
    }
}
