use std::io;
use std::path::PathBuf;

use sap::{InvalidCloudUrl, InvalidToken};

use crate::exit::{Exit, Failure, sentence};

/// Why nothing is taken from a file of the npm bridge; it never repeats what is in the file.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be used: {why}", path.display())]
pub(super) struct Unusable {
    pub(super) path: PathBuf,
    pub(super) why: Why,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Why {
    #[error("it is a link to another file")]
    Link,
    #[error("it is no ordinary file")]
    NoFile,
    #[cfg(unix)]
    #[error("it belongs to another user of this computer")]
    Foreign,
    #[cfg(unix)]
    #[error("every user of this computer may write to it")]
    Open,
    #[error("it is too large")]
    TooLarge,
    #[error("it has changed since it was read")]
    Changed,
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    #[error("it is damaged, at line {line}, column {column}")]
    Damaged { line: usize, column: usize },
    #[error("{0}")]
    Token(#[from] InvalidToken),
    #[error("its token is of another installation than the one that it names")]
    OtherInstallation,
    #[error("{0}")]
    Cloud(#[from] InvalidCloudUrl),
    #[error("its device key is not one: a key has 64 hexadecimal digits")]
    DeviceKey,
    #[error("the two halves of its device key do not belong together")]
    KeyPair,
    #[error("one of its session keys is not one: a key has 64 hexadecimal digits")]
    SessionKey,
    #[error("one of its session keys is for no session")]
    Session,
}

impl From<Unusable> for Failure {
    fn from(unusable: Unusable) -> Self {
        let what = sentence(&unusable.to_string());
        Self {
            exit: Exit::Failure,
            code: "npm_pairing_unusable",
            message: format!(
                "The pairing of the npm bridge cannot be taken over. {what} Nothing was changed."
            ),
            hint: Some("Pair this computer anew, or put the file right and try again.".to_owned()),
        }
    }
}
