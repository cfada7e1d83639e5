//! The command line: every flag has an environment variable, and the flag wins.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use secrecy::SecretString;

use crate::wishes::{DevicesCommand, RequestsCommand, SendersCommand};

const ABOUT: &str = "Connects the OpenClaw on this computer with the Sophon app on your phone.";

const ADVICE: &str = "\
Other processes of this computer can read the flags of a command. Give tokens by environment \
variable or, better, by file (`--openclaw-token-file`, `--sophon-token-file`).

Exit codes: 0 stopped or done, 1 failed, 2 wrong usage, 10 OpenClaw not installed, 11 not set up, \
12 unreachable, 13 no token for it, 20 Sophon unreachable, 21 pairing timed out, 22 code expired, \
30 another program carries this installation, 40 no program runs that could be asked.";

/// What was asked for.
#[derive(Debug, Parser)]
#[command(name = "sophon-bridge", version, about = ABOUT, after_help = ADVICE)]
#[command(propagate_version = true, max_term_width = 100)]
pub struct Arguments {
    /// What to do; none: what is usually wanted.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to do it.
    #[command(flatten)]
    pub options: Options,
}

#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
#[expect(missing_docs, reason = "a comment here would become a text of the help")]
pub enum Command {
    /// Connect, pair first where needed, and carry messages until stopped (the default)
    Run,
    /// Say what is stored on this computer; nothing is connected
    Status,
    /// Answer what waits for you, through the program that runs
    Requests {
        #[command(subcommand)]
        command: Option<RequestsCommand>,
    },
    /// See and change which devices may use OpenClaw, through the program that runs
    Devices {
        #[command(subcommand)]
        command: Option<DevicesCommand>,
    },
    /// See and answer who wants to talk to the agent, through the program that runs
    Senders {
        #[command(subcommand)]
        command: Option<SendersCommand>,
    },
    /// Write a completion script for a shell to standard output
    Completions {
        /// Shell that the script is for
        shell: Shell,
    },
}

#[derive(Args, Clone, Debug)]
#[expect(missing_docs, reason = "a comment here would become a text of the help")]
pub struct Options {
    /// Address of the gateway [default: as in openclaw.json, else ws://localhost:18789]
    #[arg(long, global = true, value_name = "URL", env = "OPENCLAW_URL")]
    #[arg(hide_env_values = true)]
    pub openclaw_url: Option<String>,

    /// Token of the gateway [default: as in openclaw.json]
    #[arg(long, global = true, value_name = "TOKEN", env = "OPENCLAW_TOKEN")]
    #[arg(hide_env_values = true, value_parser = secret)]
    pub openclaw_token: Option<SecretString>,

    /// File that holds the token of the gateway; wins over the token given otherwise
    #[arg(long, global = true, value_name = "FILE", env = "OPENCLAW_TOKEN_FILE")]
    pub openclaw_token_file: Option<PathBuf>,

    /// Folder of openclaw.json [default: ~/.openclaw]
    #[arg(long, global = true, value_name = "FOLDER", env = "OPENCLAW_STATE_DIR")]
    pub openclaw_state_dir: Option<PathBuf>,

    /// Address of Sophon Cloud [default: https://api.sophon.at]
    #[arg(long, global = true, value_name = "URL", env = "SOPHON_BASE_URL")]
    #[arg(hide_env_values = true)]
    pub sophon_base: Option<String>,

    /// Bridge token of an installation, used instead of pairing and not stored
    #[arg(long, global = true, value_name = "TOKEN", env = "SOPHON_BOT_TOKEN")]
    #[arg(hide_env_values = true, value_parser = secret)]
    pub sophon_token: Option<SecretString>,

    /// File that holds the bridge token; wins over the token given otherwise
    #[arg(long, global = true, value_name = "FILE", env = "SOPHON_BOT_TOKEN_FILE")]
    pub sophon_token_file: Option<PathBuf>,

    /// Name of this computer on the phone [default: "<computer> OpenClaw"]
    #[arg(long, global = true, value_name = "NAME", env = "SOPHON_HOST_LABEL")]
    pub host_label: Option<String>,

    /// Pair by a code typed on the phone, without a browser
    #[arg(long, global = true, env = "SOPHON_MANUAL_PAIR")]
    #[arg(value_parser = FalseyValueParser::new())]
    pub manual_pair: bool,

    /// Pair, then exit; nothing is carried
    #[arg(long, global = true, conflicts_with = "logout")]
    pub pair_only: bool,

    /// Go on with the pairing of the npm bridge of this computer, which must be stopped
    #[arg(long, global = true, conflicts_with = "logout")]
    pub take_over: bool,

    /// With --take-over: delete the npm bridge's files once their content is stored and read back
    #[arg(long, global = true, requires = "take_over")]
    pub delete_old_files: bool,

    /// Remove what is stored for this cloud from this computer, then exit
    #[arg(long, global = true)]
    pub logout: bool,

    /// Folder for what is stored [default: the folder for settings of this system]
    #[arg(long, global = true, value_name = "FOLDER", env = "SOPHON_CONFIG_DIR")]
    pub data_dir: Option<PathBuf>,

    /// Write one JSON object a line to standard output, for programs
    #[arg(long, global = true, env = "SOPHON_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,

    /// Write a log of what happens to standard error
    #[arg(long, short, global = true)]
    pub verbose: bool,

    /// Exit with a code instead of trying again
    #[arg(long, global = true)]
    pub no_retry: bool,
}

/// Takes any text: a parser that refuses one would show it.
fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, error::ErrorKind};

    use super::*;

    fn parse(flags: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from([&["sophon-bridge"], flags].concat())
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn flags_are_understood_before_and_after_the_command() {
        for flags in [["--json", "status"], ["status", "--json"]] {
            let arguments = parse(&flags).unwrap();
            assert_eq!(arguments.command, Some(Command::Status));
            assert!(arguments.options.json);
        }
        assert_eq!(parse(&[]).unwrap().command, None);
        assert_eq!(parse(&["run"]).unwrap().command, Some(Command::Run));
    }

    #[test]
    fn pairing_and_logging_out_exclude_each_other() {
        let error = parse(&["--pair-only", "--logout"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
    }

    #[test]
    fn old_files_are_deleted_only_by_whoever_takes_them_over() {
        let error = parse(&["--delete-old-files"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MissingRequiredArgument);
        let error = parse(&["--take-over", "--logout"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
        let options = parse(&["--take-over", "--delete-old-files"]).unwrap().options;
        assert!(options.take_over && options.delete_old_files);
    }

    #[test]
    fn tokens_are_never_shown() {
        let arguments = parse(&["--sophon-token", "inst_a:s_hush", "--openclaw-token", "hush"]);
        assert!(!format!("{:?}", arguments.unwrap()).contains("hush"));
    }
}
