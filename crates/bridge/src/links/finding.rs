//! Where the gateway is, and why there is no connection to it.

use std::time::Duration;

use openclaw::{ConnectError, DiscoveryError, GatewayUrl};
use secrecy::SecretString;

use crate::{GatewaySettings, KeyStoreError};

/// How often OpenClaw's configuration is read again while it says nothing usable.
const LOOK_AGAIN: Duration = Duration::from_secs(3);
/// How often a connection is tried that only a person can make possible.
const PERSON_PATIENCE: Duration = Duration::from_secs(15);

/// Finds the URL and shared token as given, else as OpenClaw's configuration has them now.
pub(crate) fn find_gateway(
    settings: &GatewaySettings,
) -> Result<(GatewayUrl, Option<SecretString>), Trouble> {
    let GatewaySettings { url, token, state_dir, .. } = settings;
    if let (Some(url), Some(token)) = (url, token) {
        return Ok((url.clone(), Some(token.clone())));
    }
    match openclaw::discover(state_dir) {
        Ok(found) => {
            let url = url.clone().unwrap_or(found.url);
            Ok((url, token.clone().or(found.token)))
        }
        // With a URL given, a device token that was kept may be all that is needed.
        Err(error) => match url {
            Some(url) => Ok((url.clone(), token.clone())),
            None => Err(Trouble::Config(error)),
        },
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum Trouble {
    Config(DiscoveryError),
    NoToken,
    Keys(KeyStoreError),
    Connect(ConnectError),
}

impl Trouble {
    /// How long to wait where the cause, not the number of failures, tells.
    pub(crate) fn patience(&self) -> Option<Duration> {
        match self {
            Self::Config(_) | Self::NoToken => Some(LOOK_AGAIN),
            Self::Keys(_) => Some(PERSON_PATIENCE),
            Self::Connect(error) if error.needs_person() => Some(PERSON_PATIENCE),
            Self::Connect(error) => error.retry_after(),
        }
    }

    /// Tells the cause, what a person can do about it, and the cause as a stable word.
    pub(crate) fn explain(&self) -> (String, String, &'static str) {
        match self {
            Self::Config(error) => (error.to_string(), error.remedy().into(), config_code(error)),
            Self::NoToken => (
                "no token for the OpenClaw gateway is known".into(),
                "Start OpenClaw once with `openclaw gateway run`, or give the token.".into(),
                "openclaw_no_token",
            ),
            Self::Keys(error) => {
                let remedy = error.remedy.clone().unwrap_or_else(|| "Unlock the keychain.".into());
                (error.what.clone(), remedy, "keys_unavailable")
            }
            Self::Connect(error) => (error.to_string(), error.remedy(), error.code()),
        }
    }
}

fn config_code(error: &DiscoveryError) -> &'static str {
    match error {
        DiscoveryError::NotInitialised { .. } => "openclaw_not_initialized",
        DiscoveryError::TokenElsewhere { .. } => "openclaw_no_token",
        DiscoveryError::Unreadable { .. }
        | DiscoveryError::Malformed { .. }
        | DiscoveryError::OtherMode { .. } => "openclaw_config_unreadable",
    }
}
