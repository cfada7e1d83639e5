use std::error::Error;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why a journal cannot be opened, or not be discarded; what it holds is untouched by any of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process carries this installation.
    #[error(
        "another Sophon program on this computer{} already carries this installation",
        pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The process that does, where the system lets it be known.
        pid: Option<u32>,
    },
    /// A newer version of this program wrote the file.
    #[error(
        "{} was written by a newer version of this program (format {version})",
        path.display()
    )]
    Future {
        /// The journal's file.
        path: PathBuf,
        /// Its format's version.
        version: u32,
    },
    /// A file or folder cannot be read or written.
    #[error("{} cannot be used: {source}", path.display())]
    Unusable {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl OpenError {
    /// Says what a person can do about it, as one sentence.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "Quit the other program, or go on with it.",
            Self::Future { .. } => "Update this program.",
            Self::Unusable { .. } => {
                "Check that the folder exists, that it is yours, and that the disk has room."
            }
        }
    }

    /// Names the cause in one word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "journal_in_use",
            Self::Future { .. } => "journal_future",
            Self::Unusable { .. } => "journal_unusable",
        }
    }

    pub(crate) fn unusable<E>(path: &Path) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        move |error| Self::Unusable { path: path.into(), source: error.into() }
    }
}

/// Why a journal cannot be read or written; what was committed before is kept, and of the
/// changes that failed none is, unless they are only [`CommitError::Unflushed`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// The disk has no room.
    #[error("the disk has no room for the journal")]
    Full {
        /// What the database said.
        source: rusqlite::Error,
    },
    /// The file is damaged; opening it again moves it aside and begins a fresh one.
    #[error("the journal is damaged")]
    Damaged {
        /// What the database said.
        source: rusqlite::Error,
    },
    /// The journal cannot be reached now; the same may succeed later.
    #[error("the journal cannot be reached: {source}")]
    Failed {
        /// What the database said.
        source: rusqlite::Error,
    },
    /// What was committed survives the end of the process, but perhaps no power cut; the same may
    /// succeed later.
    #[error("the journal does not reach the disk: {source}")]
    Unflushed {
        /// What the system or the database said.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl CommitError {
    /// Says what a person can do about it, as one sentence.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Full { .. } => "Free some space on the disk.",
            Self::Damaged { .. } => "Start this program again.",
            Self::Failed { .. } | Self::Unflushed { .. } => {
                "Check that the disk is there and can be written to."
            }
        }
    }

    /// Names the cause in one word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Full { .. } => "journal_full",
            Self::Damaged { .. } => "journal_damaged",
            Self::Failed { .. } => "journal_failed",
            Self::Unflushed { .. } => "journal_unflushed",
        }
    }
}

impl From<rusqlite::Error> for CommitError {
    fn from(source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { source },
            _ if is_damage(&source) => Self::Damaged { source },
            _ => Self::Failed { source },
        }
    }
}

/// Tells a file whose content is wrong from one that merely cannot be read.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
    ) || matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}
