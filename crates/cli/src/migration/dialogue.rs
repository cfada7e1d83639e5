//! Offers the npm bridge's pairing to whoever starts the program in a terminal.

use sap::BridgeToken;
use vault::Vault;

use super::ended::has_ended;
use super::failures::{STILL_RUNS, ended, nothing_found};
use super::{NpmPairing, TakenOver, find, find_npm_pairing, take_over};
use crate::event::Event;
use crate::exit::Failure;
use crate::program::{Ending, Program};
use crate::terminal;

/// Takes the npm bridge's pairing over where that was asked for or a person agrees; returns the token
/// that there is then. A `known` token means that this computer is paired.
///
/// # Errors
/// [`Ending::Stopped`], or why a pairing that is wanted is not taken over.
pub(crate) async fn instead_of_pairing(
    program: &mut Program,
    vault: &Vault,
    known: Option<BridgeToken>,
) -> Result<Option<BridgeToken>, Ending> {
    let (is_wanted, delete) = (program.config.take_over, program.config.delete_old_files);
    if known.is_some() && !(is_wanted && delete) {
        if is_wanted {
            say_what_stays(program, known.as_ref());
        }
        return Ok(known);
    }
    let found = match find(&program.config) {
        Ok(found) => found,
        Err(failure) if is_wanted => return Err(failure.into()),
        Err(failure) => {
            notice(program, failure);
            None
        }
    };
    let Some(found) = found else {
        let is_missed = is_wanted && known.is_none();
        return if is_missed { Err(nothing_found().into()) } else { Ok(known) };
    };
    if has_ended(&program.config.data_dir, &found.installation) {
        return offer_ended(program, vault, &found, known).await;
    }
    if is_wanted {
        return complete(program, vault, &found, delete).await.map(Some);
    }
    offer(program, vault, &found).await
}

/// Says why the flag changes nothing on a computer that is paired, unless it is as the flag wants it.
fn say_what_stays(program: &mut Program, known: Option<&BridgeToken>) {
    let is_known = |id| known.is_some_and(|token| token.installation_id() == id);
    match find_npm_pairing(&program.config) {
        Ok(Some(found)) if !is_known(found.installation.clone()) => {
            let message = format!(
                "This computer stays paired as it is: {} is not taken over. To use that one instead, \
                 log out first.",
                named(&found)
            );
            program.output.tell(&Event::Notice { message });
        }
        Ok(Some(_) | None) => {}
        Err(failure) => notice(program, failure),
    }
}

/// Goes on with a pairing that ended on this computer only if a person wants that.
async fn offer_ended(
    program: &mut Program,
    vault: &Vault,
    found: &NpmPairing,
    known: Option<BridgeToken>,
) -> Result<Option<BridgeToken>, Ending> {
    let NpmPairing { installation, folder, .. } = found;
    if known.is_some() || !program.output.is_dialogue() || !program.config.take_over {
        notice(program, ended(folder, installation));
        return Ok(known);
    }
    let question = format!(
        "You logged out here, or this computer was removed on the phone. Take over {} all the same? [y/N]",
        named(found)
    );
    if !agrees(program, &question, false).await? {
        return Ok(None);
    }
    let delete = program.config.delete_old_files;
    complete(program, vault, found, delete).await.map(Some)
}

fn notice(program: &mut Program, Failure { message, hint, .. }: Failure) {
    let message = format!("{message} {}", hint.unwrap_or_default());
    program.output.tell(&Event::Notice { message });
}

fn named(NpmPairing { installation, cloud, folder }: &NpmPairing) -> String {
    let folder = folder.display();
    format!("the pairing of the npm bridge ({installation} at {cloud}, in {folder})")
}

async fn offer(
    program: &mut Program,
    vault: &Vault,
    found: &NpmPairing,
) -> Result<Option<BridgeToken>, Ending> {
    let what = named(found);
    if !program.output.is_dialogue() {
        let message = format!(
            "This computer has {what}. To go on with it instead of pairing anew, stop the npm bridge \
             and start this program with --take-over."
        );
        program.output.tell(&Event::Notice { message });
        return Ok(None);
    }
    if !agrees(program, &format!("Take over {what}? [Y/n]"), true).await? {
        return Ok(None);
    }
    let question = "Delete its files afterwards? They hold the same secrets unencrypted. [y/N]";
    let delete = agrees(program, question, false).await?;
    complete(program, vault, found, delete).await.map(Some)
}

/// Takes it over, as soon as the npm bridge was stopped where a person can do that now.
async fn complete(
    program: &mut Program,
    vault: &Vault,
    found: &NpmPairing,
    delete: bool,
) -> Result<BridgeToken, Ending> {
    let taken = loop {
        let taken = take_over(&program.config, vault, found, delete);
        match program.unless_stopped(taken).await? {
            Ok(taken) => break taken,
            Err(failure) if failure.code == STILL_RUNS && program.output.is_dialogue() => {
                program.output.tell(&failure.event(false));
                program.output.say("Press Enter when it is stopped.");
                if !program.unless_stopped(terminal::enter_pressed()).await? {
                    return Err(failure.into());
                }
            }
            Err(failure) => return Err(failure.into()),
        }
    };
    let TakenOver { token, session_keys, deleted, remarks } = taken;
    program.output.tell(&Event::PairingTakenOver {
        installation_id: token.installation_id().to_string(),
        sophon_base: found.cloud.to_string(),
        session_keys,
        old_files_deleted: deleted,
    });
    for message in remarks {
        program.output.tell(&Event::Notice { message });
    }
    Ok(token)
}

/// Asks until the answer is yes or no; an empty one is the `usual` one, and none at all is no.
async fn agrees(program: &mut Program, question: &str, usual: bool) -> Result<bool, Ending> {
    loop {
        program.output.say(question);
        let Some(answer) = program.unless_stopped(terminal::answer()).await? else {
            return Ok(false);
        };
        match answer.trim().to_lowercase().as_str() {
            "" => return Ok(usual),
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => program.output.say("Please answer with y or n."),
        }
    }
}
