//! Where the gateway is, and why there is no connection to it.

use std::path::PathBuf;
use std::time::Duration;

use openclaw::{ConnectError, DiscoveryError, GatewayUrl};
use secrecy::SecretString;

use crate::{GatewaySettings, KeyStoreError};

/// How often OpenClaw's configuration is read again while it says nothing usable.
const LOOK_AGAIN: Duration = Duration::from_secs(3);
/// How often a connection is tried that only a person can make possible.
const PERSON_PATIENCE: Duration = Duration::from_secs(15);

/// Finds the URL and shared token as given, else as OpenClaw's configuration has them now. Why there is
/// no token need not matter: a device token that was kept may be all that is needed.
///
/// The configuration's token is this computer's gateway's: no other computer is shown it.
pub(crate) fn find_gateway(
    settings: &GatewaySettings,
) -> Result<(GatewayUrl, Result<SecretString, Trouble>), Trouble> {
    let GatewaySettings { url, token, state_dir, .. } = settings;
    if let (Some(url), Some(token)) = (url, token) {
        return Ok((url.clone(), Ok(token.clone())));
    }
    let found = match (openclaw::discover(state_dir), url) {
        (Ok(found), _) => found,
        (Err(_), Some(url)) => return Ok((url.clone(), Err(Trouble::NoToken))),
        (Err(error), None) => return Err(Trouble::Config(error)),
    };
    let url = url.clone().unwrap_or(found.url);
    let token = match (token, found.token) {
        (Some(given), _) => Ok(given.clone()),
        (None, Some(found)) if dial::is_loopback(url.as_url()) => Ok(found),
        (None, Some(_)) => Err(Trouble::ForeignToken(found.source)),
        (None, None) => Err(Trouble::NoToken),
    };
    Ok((url, token))
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum Trouble {
    Config(DiscoveryError),
    NoToken,
    /// The only token that is known, in this file, is another gateway's.
    ForeignToken(PathBuf),
    Keys(KeyStoreError),
    Connect(ConnectError),
}

impl Trouble {
    /// How long to wait where the cause, not the number of failures, tells.
    pub(crate) fn patience(&self) -> Option<Duration> {
        match self {
            Self::Config(_) | Self::NoToken | Self::ForeignToken(_) => Some(LOOK_AGAIN),
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
            Self::ForeignToken(source) => (
                format!("the token in {} belongs to another gateway", source.display()),
                "Give the token of this one (in a terminal: --openclaw-token-file).".into(),
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

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn found(url: Option<&str>, given: Option<&str>) -> Result<String, Trouble> {
        let folder = tempfile::tempdir().unwrap();
        let configuration = r#"{"gateway":{"port":20123,"auth":{"token":"found"}}}"#;
        std::fs::write(folder.path().join("openclaw.json"), configuration).unwrap();
        let settings = GatewaySettings {
            url: url.map(|url| GatewayUrl::parse(url).unwrap()),
            token: given.map(Into::into),
            state_dir: folder.path().to_owned(),
            display_name: "Den".to_owned(),
        };
        let (_, token) = find_gateway(&settings).unwrap();
        token.map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn the_token_of_this_computers_gateway_is_shown_to_no_other_computer() {
        for here in [None, Some("ws://127.0.0.1:20123"), Some("wss://localhost:1")] {
            assert_eq!(found(here, None).unwrap(), "found");
        }
        let trouble = found(Some("wss://gateway.example.org"), None).unwrap_err();
        assert!(matches!(&trouble, Trouble::ForeignToken(_)), "{trouble:?}");
        let (what, remedy, code) = trouble.explain();
        assert!(what.contains("openclaw.json belongs to another gateway"), "{what}");
        assert!(remedy.contains("--openclaw-token-file") && code == "openclaw_no_token");
        assert_eq!(found(Some("wss://gateway.example.org"), Some("given")).unwrap(), "given");
    }
}
