//! What is stored on this computer: to be shown, or to be removed.

use sap::BridgeToken;
use secrecy::ExposeSecret as _;
use vault::Backend;

use crate::claim::discard;
use crate::event::{Event, Status};
use crate::exit::{Exit, Failure};
use crate::gateway;
use crate::migration::note_ended;
use crate::program::{Ending, Program};
use crate::run::known_token;

/// Says what is stored; nothing is connected.
///
/// # Errors
/// [`Ending::Stopped`], or why the secrets cannot be opened.
pub(crate) async fn status(program: &mut Program) -> Result<(), Ending> {
    let vault = program.open_vault().await?;
    let token = known_token(program, &vault);
    let config = &program.config;
    let found = gateway::look(config);
    let problem = found.token.err().map(|failure| failure.message);
    let status = Status {
        paired: token.is_some(),
        installation_id: token.map(|token| token.installation_id().to_string()),
        sophon_base: config.cloud.to_string(),
        data_dir: config.secrets.data_dir.display().to_string(),
        secrets_in: match vault.backend() {
            Backend::Keychain => "keychain",
            Backend::File => "file",
            Backend::Memory => "memory",
        },
        openclaw_url: found.url.map(|url| url.to_string()),
        openclaw_problem: problem,
    };
    program.output.tell(&Event::Status(status));
    Ok(())
}

/// Removes everything that is stored for this cloud, the journals of its installations included.
///
/// # Errors
/// [`Ending::Stopped`], or why it cannot be removed; nothing is while another program carries one of
/// them.
pub(crate) async fn log_out(program: &mut Program) -> Result<(), Ending> {
    let vault = program.open_vault().await?;
    let stored = vault.credential(&program.config.token_name());
    let was_paired = stored.is_some();
    let stored = stored.and_then(|token| BridgeToken::parse(token.expose_secret()).ok());
    for token in program.config.token.iter().chain(&stored) {
        discard(&program.config.data_dir, &token.installation_id()).map_err(not_removed)?;
    }
    vault.wipe(&program.config.stored_prefix()).await?;
    let message = if was_paired {
        "Logged out: the token and the keys of this computer are removed. Remove it on the phone as well."
    } else {
        "This computer was not paired with this cloud; nothing of it is stored."
    };
    program.output.tell(&Event::Notice { message: message.to_owned() });
    for token in program.config.token.iter().chain(&stored) {
        if let Some(message) = note_ended(&program.config, &token.installation_id()) {
            program.output.tell(&Event::Notice { message });
        }
    }
    program.output.tell(&Event::Shutdown { reason: "logout", signal: None });
    Ok(())
}

fn not_removed(failure: Failure) -> Failure {
    if failure.exit != Exit::InUse {
        return failure;
    }
    Failure { hint: Some("Quit it, then log out again.".to_owned()), ..failure }
}
