//! How the program ends: exit codes that never change, and what is said with them.

use std::process::ExitCode;

use journal::OpenError;

pub use control::sentence;

/// An exit code; the numbers up to 22 are those of the published npm bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or stopped by whoever started it.
    Success = 0,
    /// Something failed that no other code names.
    Failure = 1,
    /// The command line or an environment variable is wrong.
    Usage = 2,
    /// OpenClaw is not installed.
    NotInstalled = 10,
    /// OpenClaw is installed and was never set up.
    NotInitialised = 11,
    /// The gateway cannot be reached.
    GatewayUnreachable = 12,
    /// The gateway wants a token that is not known.
    NoGatewayToken = 13,
    /// Sophon Cloud cannot be reached.
    SophonUnreachable = 20,
    /// Nobody confirmed the pairing in time.
    PairingTimedOut = 21,
    /// The pairing code expired.
    CodeExpired = 22,
    /// Another program of this computer carries the installation.
    InUse = 30,
    /// No program runs that could be asked.
    NotRunning = 40,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why the program ends before it is told to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Exit code.
    pub exit: Exit,
    /// Stable word for programs.
    pub code: &'static str,
    /// What happened and why, as a sentence.
    pub message: String,
    /// What to do now, as a sentence.
    pub hint: Option<String>,
}

impl Failure {
    /// A wrong command line or environment variable.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, code: "usage", message: message.into(), hint: None }
    }

    /// Something that no other code names.
    pub fn fatal(message: impl Into<String>, hint: impl Into<String>) -> Self {
        let (message, hint) = (message.into(), Some(hint.into()));
        Self { exit: Exit::Failure, code: "fatal", message, hint }
    }
}

impl From<vault::VaultError> for Failure {
    fn from(error: vault::VaultError) -> Self {
        Self::fatal(sentence(&error.to_string()), error.remedy())
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let message = sentence(&error.to_string());
        match error {
            OpenError::InUse { .. } => Self {
                exit: Exit::InUse,
                code: "installation_in_use",
                message,
                hint: Some(
                    "Go on with that one, or quit it and start this one again: two at once would \
                     answer every message twice."
                        .to_owned(),
                ),
            },
            other @ (OpenError::Future { .. } | OpenError::Unusable { .. } | _) => Self {
                exit: Exit::Failure,
                code: other.code(),
                message,
                hint: Some(other.remedy().to_owned()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_that_is_carried_already_has_an_exit_code_and_names_the_process() {
        let failure = Failure::from(OpenError::InUse { pid: Some(4711) });
        assert_eq!((failure.exit as u8, failure.code), (30, "installation_in_use"));
        assert!(failure.message.contains("process 4711"), "{failure}");
    }
}
