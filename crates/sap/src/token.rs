//! The secret that a paired installation signs in with.

use std::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::InstallationId;

/// Longest text that is taken for a token, in characters.
const MAX_LENGTH: usize = 1024;
const PREFIX: &str = "inst_";

/// Signs in to `/v1/bridge/*` as one installation (`inst_<id>:s_<env>_<secret>`).
#[derive(Clone)]
pub struct BridgeToken(SecretString);

/// Why a text is no bridge token; it never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// There is nothing.
    #[error("the bridge token is empty: paste the whole `inst_…:s_…` text")]
    Empty,
    /// It is longer than any token.
    #[error("the text is too long for a bridge token: paste only the `inst_…:s_…` text")]
    TooLong,
    /// It has spaces, line breaks or characters outside ASCII.
    #[error("the bridge token has a space, line break or special character in it: copy it again")]
    NotVisibleAscii,
    /// It is the secret of the local gateway.
    #[error(
        "this looks like the token of the OpenClaw gateway: a bridge token comes from Sophon \
         and begins with `inst_`"
    )]
    GatewayToken,
    /// It begins with something else than `inst_`.
    #[error("a bridge token begins with `inst_`: copy it again from Sophon, or pair again")]
    NoPrefix,
    /// The installation id or the secret is missing.
    #[error("the bridge token is incomplete: it has the form `inst_…:s_…`, copy all of it")]
    Incomplete,
}

impl BridgeToken {
    /// Reads a token; white space around it is ignored.
    ///
    /// # Errors
    /// [`InvalidToken`] says what is wrong with the text, without repeating it.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidToken::Empty);
        }
        if text.len() > MAX_LENGTH {
            return Err(InvalidToken::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidToken::NotVisibleAscii);
        }
        let Some(rest) = text.strip_prefix(PREFIX) else {
            return Err(if looks_like_gateway_token(text) {
                InvalidToken::GatewayToken
            } else {
                InvalidToken::NoPrefix
            });
        };
        match rest.split_once(':') {
            Some((id, secret)) if !id.is_empty() && !secret.is_empty() => {
                Ok(Self(SecretString::from(text)))
            }
            Some(_) | None => Err(InvalidToken::Incomplete),
        }
    }

    /// Names the installation that the token belongs to.
    pub fn installation_id(&self) -> InstallationId {
        let id = self.expose().split(':').next().unwrap_or_default();
        InstallationId::new(id)
    }

    /// Shows the whole token, to store it or to send it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Writes the `Authorization` header, marked so that no log shows it.
    pub(crate) fn authorization(&self) -> HeaderValue {
        // Visible ASCII, as `parse` demands, is always a header value.
        let mut header = HeaderValue::from_str(&format!("Bearer {}", self.expose()))
            .unwrap_or_else(|_| HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }
}

impl fmt::Debug for BridgeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BridgeToken({})", self.installation_id())
    }
}

/// The gateway makes its tokens of hexadecimal digits.
fn looks_like_gateway_token(text: &str) -> bool {
    text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "inst_Ab3dEf6hIj9kLm2n:s_live_0123456789abcdefghijABCDEFGHIJ42";
    const SECRET: &str = "0123456789abcdefghijABCDEFGHIJ42";

    #[test]
    fn a_token_is_read_with_white_space_around_it_and_names_its_installation() {
        let token = BridgeToken::parse(&format!("  {TOKEN}\r\n")).unwrap();
        assert_eq!(token.expose(), TOKEN);
        assert_eq!(token.installation_id().as_str(), "inst_Ab3dEf6hIj9kLm2n");
    }

    #[test]
    fn the_length_of_a_token_does_not_matter() {
        assert!(BridgeToken::parse("inst_a:s").is_ok());
    }

    #[test]
    fn the_secret_shows_neither_in_debug_nor_in_the_header() {
        let token = BridgeToken::parse(TOKEN).unwrap();
        assert_eq!(format!("{token:?}"), "BridgeToken(inst_Ab3dEf6hIj9kLm2n)");
        let header = token.authorization();
        assert_eq!(header.to_str().unwrap(), format!("Bearer {TOKEN}"));
        assert!(!format!("{header:?}").contains(SECRET));
    }

    #[test]
    fn every_wrong_text_is_refused_with_its_own_reason_and_never_repeated() {
        let hex = "0123456789abcdef".repeat(3);
        for (text, reason) in [
            (" \n".to_owned(), InvalidToken::Empty),
            (format!("{TOKEN}{}", "x".repeat(MAX_LENGTH)), InvalidToken::TooLong),
            (format!("inst_ab:s_live_{SECRET} {SECRET}"), InvalidToken::NotVisibleAscii),
            (format!("inst_ab:s_live_é{SECRET}"), InvalidToken::NotVisibleAscii),
            (hex.clone(), InvalidToken::GatewayToken),
            (format!("Inst_ab:s_live_{SECRET}"), InvalidToken::NoPrefix),
            (format!("inst_{SECRET}"), InvalidToken::Incomplete),
            (format!("inst_:{SECRET}"), InvalidToken::Incomplete),
            ("inst_Ab3dEf6hIj9kLm2n:".to_owned(), InvalidToken::Incomplete),
        ] {
            let error = BridgeToken::parse(&text).unwrap_err();
            assert_eq!(error, reason);
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(SECRET) && !shown.contains(&hex), "{shown}");
        }
    }
}
