//! What this computer says about its gateway before anything is connected, and what a missing
//! connection to it means for the exit code.

use std::path::Path;

use bridge::GatewaySettings;
use openclaw::{DiscoveryError, GatewayUrl};

use crate::config::Config;
use crate::exit::{Exit, Failure, sentence};
use crate::paths::variable;

/// What was found out without a connection.
#[derive(Debug)]
pub struct Gateway {
    /// Where the gateway is, as far as that is known.
    pub url: Option<GatewayUrl>,
    /// Where its token comes from, or why there is none.
    pub token: Result<&'static str, Failure>,
}

/// Looks at what was given, else at OpenClaw's configuration.
pub fn look(config: &Config) -> Gateway {
    let given = config.gateway_token.as_ref().map(|token| token.source);
    let found = openclaw::discover(&config.state_dir);
    let url = match &found {
        Ok(found) => Some(&found.url),
        Err(DiscoveryError::TokenElsewhere { url, .. } | DiscoveryError::OtherMode { url, .. }) => {
            Some(url)
        }
        Err(
            DiscoveryError::NotInitialised { .. }
            | DiscoveryError::Unreadable { .. }
            | DiscoveryError::Malformed { .. },
        ) => None,
    };
    let url = config.gateway_url.as_ref().or(url).cloned();
    let token = match (given, found) {
        (Some(source), _) => Ok(source),
        (None, Ok(found)) if found.token.is_some() => {
            if url.as_ref().is_none_or(|url| dial::is_loopback(url.as_url())) {
                Ok("config")
            } else {
                Err(foreign(&found.source))
            }
        }
        (None, Ok(found)) => Err(Failure {
            exit: Exit::NoGatewayToken,
            code: "openclaw_no_token",
            message: format!("{} has no token for the gateway.", found.source.display()),
            hint: Some("Start OpenClaw once, which makes one, or give the token.".to_owned()),
        }),
        (None, Err(error)) => Err(undiscovered(&error)),
    };
    Gateway { url, token }
}

/// What the engine needs to know. What was not given it reads from OpenClaw's configuration, again
/// at every connection.
pub fn settings(config: &Config, gateway: &Gateway) -> GatewaySettings {
    let token = config.gateway_token.as_ref().map(|token| token.secret.clone());
    let nothing_to_read = token.is_some() && gateway.url.is_none();
    GatewaySettings {
        url: config.gateway_url.clone().or_else(|| nothing_to_read.then(GatewayUrl::default)),
        token,
        state_dir: config.state_dir.clone(),
        display_name: config.host_label.as_str().to_owned(),
    }
}

/// Says what it means for the program that the engine has no connection to the gateway.
pub(crate) fn away(cause: &str, remedy: Option<String>, code: &str) -> Failure {
    let (exit, code) = match code {
        "openclaw_not_initialized" => return not_initialised(cause, remedy),
        "openclaw_config_unreadable" => (Exit::NotInitialised, "openclaw_not_initialized"),
        "openclaw_no_token" | "gateway_token_missing" => {
            (Exit::NoGatewayToken, "openclaw_no_token")
        }
        "keys_unavailable" => (Exit::Failure, "fatal"),
        _ => (Exit::GatewayUnreachable, "openclaw_unreachable"),
    };
    Failure { exit, code, message: sentence(cause), hint: remedy }
}

/// The token that was found is not for the gateway that was given.
fn foreign(source: &Path) -> Failure {
    let message = format!("The token in {} belongs to another gateway.", source.display());
    let hint = Some("Give the token of this one with --openclaw-token-file.".to_owned());
    Failure { exit: Exit::NoGatewayToken, code: "openclaw_no_token", message, hint }
}

fn undiscovered(error: &DiscoveryError) -> Failure {
    let code = match error {
        DiscoveryError::NotInitialised { .. } => "openclaw_not_initialized",
        DiscoveryError::TokenElsewhere { .. } | DiscoveryError::OtherMode { .. } => {
            "openclaw_no_token"
        }
        DiscoveryError::Unreadable { .. } | DiscoveryError::Malformed { .. } => {
            "openclaw_config_unreadable"
        }
    };
    away(&error.to_string(), Some(error.remedy().to_owned()), code)
}

fn not_initialised(cause: &str, remedy: Option<String>) -> Failure {
    if openclaw::is_installed(variable("PATH").as_deref()) {
        let (exit, code) = (Exit::NotInitialised, "openclaw_not_initialized");
        return Failure { exit, code, message: sentence(cause), hint: remedy };
    }
    Failure {
        exit: Exit::NotInstalled,
        code: "openclaw_not_installed",
        message: "OpenClaw is not installed on this computer.".to_owned(),
        hint: Some(
            "Install it with `npm install -g openclaw` and set it up with `openclaw onboard`."
                .to_owned(),
        ),
    }
}
