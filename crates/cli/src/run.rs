//! `sophon-bridge run`: pairs where needed, then carries until it is told to stop.

use sap::{BridgeToken, InstallationId};
use secrecy::ExposeSecret as _;
use vault::Vault;

use crate::carry::carry;
use crate::event::Event;
use crate::exit::Failure;
use crate::gateway;
use crate::migration::{instead_of_pairing, note_ended};
use crate::pair::{ask_for_another, pair};
use crate::program::{Ending, Program};

/// Runs until the program is to stop.
///
/// # Errors
/// [`Ending::Stopped`], or what is not tried again.
pub(crate) async fn run(program: &mut Program) -> Result<(), Ending> {
    tell_start(program);
    let keep_trying = !program.config.no_retry;
    let found = gateway::look(&program.config);
    let vault = program.open_vault().await?;
    let known = known_token(program, &vault);
    let mut token = instead_of_pairing(program, &vault, known).await?;
    match found.token {
        Ok(source) => program.output.tell(&Event::OpenclawTokenResolved { source }),
        // Once connected, a device token may do; before pairing, it is better known early.
        Err(failure) if token.is_none() && !keep_trying => return Err(Ending::Failed(failure)),
        Err(failure) if token.is_none() => program.output.tell(&failure.event(true)),
        Err(_) => {}
    }
    loop {
        let current = match token.take() {
            Some(token) => token,
            None => pair(program, &vault, keep_trying).await?,
        };
        let installation = current.installation_id();
        let Err(ending) = carry(program, current, &vault).await;
        match ending {
            Ending::Failed(failure) if failure.code == "installation_revoked" => {
                forget(program, &vault, &installation, failure).await?;
            }
            Ending::Stopped | Ending::Failed(_) | Ending::Refused(_) => return Err(ending),
        }
    }
}

/// Pairs and does nothing more.
///
/// # Errors
/// [`Ending::Stopped`], or why this computer is not paired.
pub(crate) async fn pair_only(program: &mut Program) -> Result<(), Ending> {
    tell_start(program);
    let vault = program.open_vault().await?;
    let known = known_token(program, &vault);
    let already_paired = known.is_some();
    let token = match instead_of_pairing(program, &vault, known).await? {
        Some(token) => token,
        None => pair(program, &vault, false).await?,
    };
    let installation_id = token.installation_id().to_string();
    program.output.tell(&Event::PairedOnly { installation_id, already_paired });
    Ok(())
}

/// The token that was given, else the one that is stored for this cloud.
pub(crate) fn known_token(program: &mut Program, vault: &Vault) -> Option<BridgeToken> {
    if program.config.token.is_some() {
        return program.config.token.clone();
    }
    let stored = vault.credential(&program.config.token_name())?;
    match BridgeToken::parse(stored.expose_secret()) {
        Ok(token) => Some(token),
        Err(error) => {
            let message = format!("What is stored is no bridge token ({error}).");
            program.output.tell(&Event::Notice { message });
            None
        }
    }
}

/// Removes a token that is good no more; a person may pair again at once.
async fn forget(
    program: &mut Program,
    vault: &Vault,
    installation: &InstallationId,
    failure: Failure,
) -> Result<(), Ending> {
    if let Some(message) = note_ended(&program.config, installation) {
        program.output.tell(&Event::Notice { message });
    }
    if program.config.token.is_some() {
        let hint = Some("Remove the token that is given, and pair again.".to_owned());
        return Err(Ending::Failed(Failure { hint, ..failure }));
    }
    if let Err(error) = vault.remove_credential(&program.config.token_name()).await {
        program.output.tell(&failure.event(false));
        return Err(error.into());
    }
    if program.config.no_retry {
        return Err(Ending::Failed(failure));
    }
    if program.output.is_dialogue() {
        program.output.tell(&failure.event(false));
    }
    ask_for_another(program, failure, "Press Enter to pair again.").await
}

fn tell_start(program: &mut Program) {
    let config = &program.config;
    program.output.tell(&Event::Starting {
        connector: "openclaw",
        sophon_base: config.cloud.to_string(),
        host_label: config.host_label.to_string(),
    });
}
