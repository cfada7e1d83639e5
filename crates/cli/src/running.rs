//! The programs that run on this computer: the app, and the bridge without a screen.

use std::io;
use std::path::{Path, PathBuf};

use control::channel::{self, Program};
use control::{Access, Answer, Ask, InstallationSummary, Pending, Slot};

use crate::exit::{Exit, Failure};
use crate::program::Ending;

/// An answer, and where it came from.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) address: PathBuf,
    pub(crate) answer: Answer,
}

/// What the programs know: each item with where to ask about it.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) requests: Vec<(PathBuf, Pending)>,
    pub(crate) gateways: Vec<(PathBuf, Access)>,
    pub(crate) installations: Vec<(PathBuf, InstallationSummary)>,
}

impl Known {
    /// Says through which installation something came, where there are several.
    pub(crate) fn via(&self, address: &Path, slot: Slot) -> Option<String> {
        let is_one_of_several = self.gateways.len() > 1;
        is_one_of_several.then(|| self.through(address, slot)).flatten()
    }

    /// Says through which installation something came, and to which gateway.
    pub(crate) fn through(&self, address: &Path, slot: Slot) -> Option<String> {
        let it = self.installation(address, slot)?;
        let id = it.id.as_ref().map(|id| format!(", {id}")).unwrap_or_default();
        let gateway = it.gateway.as_ref().map(|url| format!(", gateway {url}"));
        let gateway = gateway.unwrap_or_default();
        Some(format!("{} (installation {}{id}{gateway})", it.name, it.slot.0))
    }

    /// The installation of a number in a program.
    pub(crate) fn installation(&self, address: &Path, slot: Slot) -> Option<&InstallationSummary> {
        let is_it = |it: &&(PathBuf, InstallationSummary)| it.0 == address && it.1.slot == slot;
        self.installations.iter().find(is_it).map(|(_, it)| it)
    }

    /// Takes over what is known newly.
    pub(crate) fn renew(&mut self, newer: Self) {
        let is_same = |one: &(PathBuf, Pending), other: &(PathBuf, Pending)| {
            (&one.0, one.1.slot, &one.1.key) == (&other.0, other.1.slot, &other.1.key)
        };
        self.requests.retain(|it| !newer.requests.iter().any(|newer| is_same(it, newer)));
        self.requests.extend(newer.requests);
        self.gateways = newer.gateways;
        self.installations = newer.installations;
    }
}

/// Asks every program that runs with this data folder, the app first.
///
/// # Errors
/// [`Exit::NotRunning`] when none does, or why one cannot be asked.
pub(crate) async fn ask_all(data_dir: &Path, ask: &Ask) -> Result<Vec<Answered>, Failure> {
    let mut answers = Vec::new();
    for program in [Program::Desktop, Program::Bridge] {
        let address = channel::address(data_dir, program);
        match channel::ask(&address, ask).await {
            Ok(answer) => answers.push(Answered { address, answer }),
            Err(error) if channel::is_nobody(&error) => {}
            Err(error) => return Err(unusable(&error)),
        }
    }
    if answers.is_empty() { Err(not_running(data_dir)) } else { Ok(answers) }
}

/// Asks one program.
///
/// # Errors
/// [`Exit::NotRunning`] when it runs no more, or why it cannot be asked.
pub(crate) async fn ask_one(data_dir: &Path, address: &Path, ask: &Ask) -> Result<Answer, Failure> {
    channel::ask(address, ask).await.map_err(|error| {
        if channel::is_nobody(&error) { not_running(data_dir) } else { unusable(&error) }
    })
}

/// Asks every program for what waits, and what is known of the gateways.
///
/// # Errors
/// As [`ask_all`]; or a program refuses, and no other one answers.
pub(crate) async fn known(data_dir: &Path, ask: &Ask) -> Result<Known, Ending> {
    let mut known = Known::default();
    let (mut is_answered, mut refused) = (false, None);
    for Answered { address, answer } in ask_all(data_dir, ask).await? {
        let (requests, gateways) = match answer {
            Answer::Pending { requests, gateways } | Answer::Access { gateways, requests } => {
                (requests, gateways)
            }
            other @ (Answer::Text { .. }
            | Answer::History { .. }
            | Answer::Done { .. }
            | Answer::Refused(_)
            | Answer::Installations { .. }) => {
                refused.get_or_insert(unexpected(other));
                continue;
            }
        };
        is_answered = true;
        known.requests.extend(requests.into_iter().map(|it| (address.clone(), it)));
        known.gateways.extend(gateways.into_iter().map(|it| (address.clone(), it)));
    }
    known.installations = installations(data_dir).await?;
    known.requests.sort_by_key(|(_, request)| request.asked_at_ms.unwrap_or(u64::MAX));
    match refused {
        Some(refused) if !is_answered => Err(refused),
        Some(_) | None => Ok(known),
    }
}

/// Asks every program for its installations.
async fn installations(data_dir: &Path) -> Result<Vec<(PathBuf, InstallationSummary)>, Failure> {
    let mut all = Vec::new();
    for Answered { address, answer } in ask_all(data_dir, &Ask::Installations).await? {
        let Answer::Installations { installations } = answer else { continue };
        all.extend(installations.into_iter().map(|it| (address.clone(), it)));
    }
    Ok(all)
}

/// An answer that ends what was wanted.
pub(crate) fn unexpected(answer: Answer) -> Ending {
    match answer {
        Answer::Refused(refusal) => Ending::Refused(refusal),
        Answer::Text { .. }
        | Answer::Pending { .. }
        | Answer::History { .. }
        | Answer::Access { .. }
        | Answer::Done { .. }
        | Answer::Installations { .. } => Failure::fatal(
            "The program that runs answered something else.",
            "Quit it, then start it again: it is of another version.",
        )
        .into(),
    }
}

fn not_running(data_dir: &Path) -> Failure {
    Failure {
        exit: Exit::NotRunning,
        code: "not_running",
        message: format!(
            "No Sophon program runs on this computer with the data folder {}.",
            data_dir.display()
        ),
        hint: Some("Start Sophon Desktop, or run `sophon-bridge`, then try again.".to_owned()),
    }
}

fn unusable(error: &io::Error) -> Failure {
    let message = format!("The program that runs cannot be asked: {error}.");
    Failure { code: "not_answering", ..Failure::fatal(message, "Quit it, then start it again.") }
}
