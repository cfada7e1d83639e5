//! What can be asked of the program that runs, on the command line.

use clap::{Args, Subcommand};

#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
#[expect(missing_docs, reason = "a comment here would become a text of the help")]
pub enum RequestsCommand {
    /// List what waits for a decision (the default)
    List,
    /// Show a request whole: every character of a command
    Show {
        /// Key of the request, or the beginning of its id: at least 8 characters
        key: String,
    },
    /// Allow what is asked
    Allow {
        #[command(flatten)]
        answer: Answered,
        /// Do not ask again (approvals, where it is offered)
        #[arg(long)]
        always: bool,
        /// Tell the person (senders)
        #[arg(long)]
        notify: bool,
    },
    /// Deny what is asked
    Deny {
        /// Key of the request, or the beginning of its id: at least 8 characters
        key: String,
    },
    /// List what was decided, newest first
    History,
}

#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
#[expect(missing_docs, reason = "a comment here would become a text of the help")]
pub enum DevicesCommand {
    /// List the devices of the gateway, and those that ask to join (the default)
    List,
    /// Give a device a name that goes before its own
    Rename {
        #[command(flatten)]
        device: Named,
        /// The name, 1 to 64 characters
        name: String,
    },
    /// Remove a device with all its tokens
    Remove {
        #[command(flatten)]
        device: Changed,
        /// Only take back what agents may run on it
        #[arg(long)]
        commands_only: bool,
    },
    /// Make a device's token another one
    Rotate {
        #[command(flatten)]
        token: ChangedToken,
    },
    /// Make a device's token void
    Revoke {
        #[command(flatten)]
        token: ChangedToken,
    },
    /// Let a device join, be more, or offer its commands to agents
    Approve {
        #[command(flatten)]
        answer: Answered,
    },
    /// Turn a device's request down
    Reject {
        /// Key of the request, or the beginning of its id: at least 8 characters
        key: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
#[expect(missing_docs, reason = "a comment here would become a text of the help")]
pub enum SendersCommand {
    /// List the people who ask to talk to the agent (the default)
    List,
    /// Let a person talk to the agent in private
    Approve {
        #[command(flatten)]
        answer: Answered,
        /// Tell the person
        #[arg(long)]
        notify: bool,
    },
    /// Drop a person's request; they are not told
    Dismiss {
        /// Key of the request, or the beginning of its id: at least 8 characters
        key: String,
    },
}

#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "a comment here would become a text of the help")]
pub struct Answered {
    /// Key of the request, or the beginning of its id: at least 8 characters
    pub key: String,
    /// Do not ask: the request was read whole
    #[arg(long, short)]
    pub yes: bool,
}

#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Id of the device, or its beginning: at least 8 characters
    pub device: String,
    /// Number of the installation whose gateway is meant, or its id: where several know the device
    #[arg(long, value_name = "NUMBER")]
    pub installation: Option<String>,
}

#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "a comment here would become a text of the help")]
pub struct Changed {
    #[command(flatten)]
    pub named: Named,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "a comment here would become a text of the help")]
pub struct ChangedToken {
    #[command(flatten)]
    pub device: Changed,
    /// Role of the token [default: the only one]
    #[arg(long)]
    pub role: Option<String>,
}
