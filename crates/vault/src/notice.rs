use std::fmt;
use std::path::PathBuf;

/// Something about the vault that a person should hear.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VaultNotice {
    /// There is no keychain: secrets are kept in a file.
    FileInstead {
        /// The file.
        path: PathBuf,
        /// Why the keychain cannot be used.
        reason: String,
    },
    /// An earlier start found no keychain; what it stored in a file stays in use.
    FileKept {
        /// The file.
        path: PathBuf,
    },
    /// Others could read a file of secrets; now they cannot.
    AccessNarrowed {
        /// The file.
        path: PathBuf,
    },
    /// Damaged content was put aside; what could still be read was kept.
    SetAside {
        /// File or keychain item that was damaged.
        place: String,
        /// Where its content is now.
        aside: String,
    },
    /// Stored keys could not be opened any more, because their wrapping key is gone.
    KeysLost {
        /// Where the sealed file is now.
        aside: PathBuf,
    },
}

impl fmt::Display for VaultNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileInstead { path, reason } => write!(
                f,
                "No keychain can be used here ({reason}). Secrets are kept in {}, which only you can read.",
                path.display()
            ),
            Self::FileKept { path } => write!(
                f,
                "Secrets stay in {}, where an earlier start without a keychain put them.",
                path.display()
            ),
            Self::AccessNarrowed { path } => {
                write!(f, "Others could read {}; now only you can.", path.display())
            }
            Self::SetAside { place, aside } => {
                write!(f, "{place} was damaged. Its content was moved to {aside}.")
            }
            Self::KeysLost { aside } => write!(
                f,
                "Stored keys cannot be opened any more, because the keychain lost their wrapping key. They were moved to {}.",
                aside.display()
            ),
        }
    }
}
