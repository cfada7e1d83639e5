//! How the program ends: exit codes that never change, and what is said with them.

use std::process::ExitCode;

/// An exit code; the numbers are those of the published npm bridge.
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

/// Makes a sentence of a fragment.
pub fn sentence(fragment: &str) -> String {
    let mut letters = fragment.trim_end_matches('.').chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_becomes_a_sentence_once() {
        assert_eq!(sentence("the keychain is locked"), "The keychain is locked.");
        assert_eq!(sentence("Done."), "Done.");
    }
}
