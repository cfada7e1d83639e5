use std::io;
use std::path::PathBuf;

/// Why the vault cannot do what was asked; nothing stored is lost by any of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// This computer offers no keychain, or none that can keep anything.
    #[error("no keychain can be used here: {reason}")]
    NoKeychain {
        /// What the system said.
        reason: String,
    },
    /// Secrets were put into a keychain that cannot be reached now.
    #[error(
        "the secrets of this installation are in the keychain, and it is out of reach: {reason}"
    )]
    KeychainAway {
        /// What the system said.
        reason: String,
    },
    /// The keychain is locked, and nobody unlocked it.
    #[error("the keychain is locked")]
    Locked,
    /// The keychain, or the person it asked, refused.
    #[error("access to the keychain was refused")]
    Denied,
    /// The keychain did not answer, or nobody answered its question.
    #[error("the keychain did not answer in time")]
    TimedOut,
    /// The keychain failed in another way.
    #[error("the keychain failed: {reason}")]
    Keychain {
        /// What the system said.
        reason: String,
    },
    /// What was written could not be read back.
    #[error("the keychain did not keep what was stored")]
    NotKept,
    /// A stored value is damaged and cannot be opened.
    #[error("the stored value {name} is damaged")]
    Damaged {
        /// Name of the value.
        name: String,
    },
    /// A newer version of this program wrote the secrets.
    #[error("{place} was written by a newer version of this program (format {version})")]
    FutureVersion {
        /// File or keychain item.
        place: String,
        /// Its format's version.
        version: u64,
    },
    /// A file or folder cannot be read or written.
    #[error("{} cannot be used: {source}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process holds the vault's lock.
    #[error("another process is changing the secrets in {}", path.display())]
    Busy {
        /// The lock file.
        path: PathBuf,
    },
}

impl VaultError {
    /// Says what a person can do about it, as one sentence.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NoKeychain { .. } => {
                "Start a keychain service (GNOME Keyring, KWallet), or let the secrets be kept in a file."
            }
            Self::KeychainAway { .. } => {
                "Start this from your desktop session, or give this start a data folder of its own."
            }
            Self::Locked => "Unlock the keychain and try again.",
            Self::Denied => "Try again and allow the access when the keychain asks.",
            Self::TimedOut => "Answer the keychain's question, then try again.",
            Self::Keychain { .. } => "Sign out of the desktop and in again, then try again.",
            Self::NotKept => "Check the keychain's own application, then try again.",
            Self::Damaged { .. } => "Log out and pair again to make new keys.",
            Self::FutureVersion { .. } => "Update this program.",
            Self::Io { .. } => {
                "Check that the folder exists, that it is yours, and that the disk has room."
            }
            Self::Busy { .. } => "Answer any keychain question that is open, then try again.",
        }
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
