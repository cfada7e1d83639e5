//! Goes on with the pairing of the published npm bridge: its token and its keys move into the vault,
//! and its files, which hold them unencrypted, may go.

mod dialogue;
mod ended;
mod failures;
mod files;
mod kept;
mod storing;
#[cfg(test)]
mod tests;
mod unusable;

use std::path::{Path, PathBuf};

use sap::{BridgeToken, CloudUrl, InstallationId};
use vault::Vault;

pub(crate) use self::dialogue::instead_of_pairing;
pub use self::ended::note_ended;

use self::failures::{gone, still_runs};
use self::kept::{Credentials, SessionKeys};
use self::storing::store;
use self::unusable::Unusable;
use crate::claim::claim;
use crate::config::Config;
use crate::exit::{Exit, Failure, sentence};
use crate::other_bridge::{OtherBridge, look_in};

/// A pairing that the npm bridge keeps on this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpmPairing {
    /// The installation.
    pub installation: InstallationId,
    /// The cloud that it is paired with.
    pub cloud: CloudUrl,
    /// Where the npm bridge keeps it.
    pub folder: PathBuf,
}

/// What came of taking it over.
#[derive(Debug)]
pub struct TakenOver {
    /// The token, which is stored now.
    pub token: BridgeToken,
    /// How many session keys came along.
    pub session_keys: usize,
    /// Whether the npm bridge's files are deleted.
    pub deleted: bool,
    /// What a person should know about it, as sentences.
    pub remarks: Vec<String>,
}

/// Looks for a pairing of the npm bridge with the cloud that is used. Blocks, as files are read.
///
/// # Errors
/// There is one that cannot be taken over, is with another cloud, or has ended on this computer; what to
/// do is said.
pub fn find_npm_pairing(config: &Config) -> Result<Option<NpmPairing>, Failure> {
    match find(config)? {
        Some(found) if ended::has_ended(&config.data_dir, &found.installation) => {
            Err(failures::ended(&found.folder, &found.installation))
        }
        found => Ok(found),
    }
}

/// The same, also where it has ended.
fn find(config: &Config) -> Result<Option<NpmPairing>, Failure> {
    let Some(folder) = &config.npm_folder else { return Ok(None) };
    let Some(kept) = Kept::read(folder)? else { return Ok(None) };
    let found = kept.pairing(folder);
    if found.cloud.origin_key() == config.cloud.origin_key() {
        return Ok(Some(found));
    }
    Err(Failure {
        exit: Exit::Failure,
        code: "npm_pairing_of_another_cloud",
        message: format!(
            "The npm bridge of this computer is paired with {}, and not with {}.",
            found.cloud, config.cloud
        ),
        hint: Some(
            "To take its pairing over, choose its cloud: by --sophon-base, or in the settings."
                .to_owned(),
        ),
    })
}

/// Moves the pairing into the vault and reads it back; only then, and only if wanted, deletes the npm
/// bridge's files. Nothing is deleted if anything is wrong.
///
/// # Errors
/// The npm bridge still runs, with the exit code [`Exit::InUse`]; its files cannot be used or name
/// another pairing than this one; this computer is paired otherwise; or the secrets cannot be stored.
pub async fn take_over(
    config: &Config,
    vault: &Vault,
    wanted: &NpmPairing,
    delete_files: bool,
) -> Result<TakenOver, Failure> {
    let (data_dir, folder) = (config.data_dir.clone(), wanted.folder.clone());
    let wanted = wanted.clone();
    let (kept, other, claimed) = offload(move || {
        let other = look_in(&wanted.folder, &wanted.installation);
        if let Some(running @ OtherBridge::Running { pid }) = &other {
            return Err(still_runs(running, *pid));
        }
        // It ran until now, perhaps: what it wrote last counts.
        let kept = Kept::read(&wanted.folder)?;
        let kept = kept.filter(|kept| kept.pairing(&wanted.folder) == wanted).ok_or_else(gone)?;
        let claimed = claim(&data_dir, &wanted.installation)?;
        Ok((kept, other, claimed))
    })
    .await?;
    let mut remarks = Vec::from_iter(claimed.remark.clone());
    if let Some(other) = other {
        remarks.push(format!("{} {}", other.what(), other.remedy()));
    }

    let is_whole = store(config, vault, &kept, &mut remarks).await?;
    let Kept { credentials, session_keys, .. } = &kept;
    let (token, session_keys) = (credentials.token.clone(), session_keys.len());
    let (data_dir, installation) = (config.data_dir.clone(), token.installation_id());
    let deleted = offload(move || {
        ended::goes_on(&data_dir, &installation);
        let deleted = delete_files && is_whole && delete(&kept, &folder, &mut remarks);
        if !deleted {
            remarks.push(about_files_that_stay(&kept));
        }
        drop(claimed);
        Ok((deleted, remarks))
    });
    let (deleted, remarks) = deleted.await?;
    Ok(TakenOver { token, session_keys, deleted, remarks })
}

/// The files of the npm bridge, read and understood.
struct Kept {
    credentials: Credentials,
    session_keys: SessionKeys,
    files: Vec<files::Read>,
}

impl Kept {
    fn read(folder: &Path) -> Result<Option<Self>, Unusable> {
        let Some(file) = files::credentials(folder)? else { return Ok(None) };
        let credentials = kept::credentials(&file.content).map_err(|why| file.unusable(why))?;
        let (mut session_keys, mut files) = (Vec::new(), Vec::new());
        if let Some(file) = files::session_keys(folder)? {
            session_keys = kept::session_keys(&file.content).map_err(|why| file.unusable(why))?;
            files.push(file);
        }
        // Deleted last: without it, what is left of the others would not be found again.
        files.push(file);
        Ok(Some(Self { credentials, session_keys, files }))
    }

    fn pairing(&self, folder: &Path) -> NpmPairing {
        NpmPairing {
            installation: self.credentials.token.installation_id(),
            cloud: self.credentials.cloud.clone(),
            folder: folder.to_owned(),
        }
    }
}

fn delete(kept: &Kept, folder: &Path, remarks: &mut Vec<String>) -> bool {
    let installation = kept.credentials.token.installation_id();
    if let Some(other @ OtherBridge::Running { .. }) = look_in(folder, &installation) {
        remarks.push(format!("The npm bridge's files were not deleted. {}", other.what()));
        return false;
    }
    let mut files = kept.files.iter();
    if let Err(unusable) = files.try_for_each(files::Read::check_unchanged) {
        let why = sentence(&unusable.to_string());
        remarks.push(format!("The npm bridge's files were not deleted. {why}"));
        return false;
    }
    for file in &kept.files {
        if let Err(unusable) = file.delete() {
            let why = sentence(&unusable.to_string());
            remarks.push(format!("Not all of the npm bridge's files were deleted. {why}"));
            return false;
        }
    }
    remarks.push(
        "The npm bridge's files are deleted. Backups and snapshots of this computer may still hold \
         them."
            .to_owned(),
    );
    true
}

fn about_files_that_stay(kept: &Kept) -> String {
    let left = kept.files.iter().map(|file| &file.path).filter(|path| path.exists());
    let left: Vec<String> = left.map(|path| path.display().to_string()).collect();
    format!(
        "The npm bridge's files stay, with its secrets unencrypted: {}. Delete them when you need \
         them no more.",
        left.join(" and ")
    )
}

/// Does blocking work.
async fn offload<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Failure::fatal("Taking over ended early.", "Try again.")))
}
