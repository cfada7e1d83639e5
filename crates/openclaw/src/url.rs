use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use url::Url;

/// Port on which a gateway listens unless it is told otherwise.
pub(crate) const DEFAULT_PORT: u16 = 18_789;

/// Address of a gateway: `ws` on this computer, `wss` anywhere.
///
/// Shown without query, and never holding userinfo, so that it can stand in a log or a window.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct GatewayUrl(Arc<Url>);

/// Why a text is no address of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayUrlError {
    /// The text is no URL, or names no host.
    #[error("this is no address of a gateway; one looks like ws://localhost:18789")]
    Malformed,
    /// The scheme is neither `ws`, `wss` nor one of their twins `http`, `https`.
    #[error("a gateway's address begins with ws:// or wss://")]
    Scheme,
    /// The URL carries a user name or password.
    #[error("a gateway's address must not contain a user name or password")]
    Userinfo,
    /// Plain text to another computer.
    #[error("ws:// is only safe on this computer; use wss:// for a gateway elsewhere")]
    PlainText,
}

impl GatewayUrl {
    /// Reads an address; `http` and `https` count as `ws` and `wss`, a fragment is dropped.
    ///
    /// # Errors
    /// [`GatewayUrlError`] for anything that is not an address of a gateway, or not a safe one.
    pub fn parse(text: &str) -> Result<Self, GatewayUrlError> {
        let text = text.trim();
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(GatewayUrlError::Malformed);
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "ws" | "http" => "ws",
            "wss" | "https" => "wss",
            _ => return Err(GatewayUrlError::Scheme),
        };
        let mut url =
            Url::parse(&format!("{scheme}://{rest}")).map_err(|_| GatewayUrlError::Malformed)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(GatewayUrlError::Userinfo);
        }
        if scheme == "ws" && !dial::is_loopback(&url) {
            return Err(GatewayUrlError::PlainText);
        }
        url.set_fragment(None);
        Ok(Self(Arc::new(url)))
    }

    /// Borrows the whole URL, for dialling and for keeping.
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

impl Default for GatewayUrl {
    /// Points at a gateway on this computer as it is set up out of the box.
    fn default() -> Self {
        on_this_computer("ws", DEFAULT_PORT)
    }
}

impl FromStr for GatewayUrl {
    type Err = GatewayUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for GatewayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&dial::without_secrets(&self.0))
    }
}

impl fmt::Debug for GatewayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GatewayUrl({self})")
    }
}

/// Builds the address of a gateway on this computer; `scheme` is `ws` or `wss`.
pub(crate) fn on_this_computer(scheme: &'static str, port: u16) -> GatewayUrl {
    match Url::parse(&format!("{scheme}://localhost:{port}")) {
        Ok(url) => GatewayUrl(Arc::new(url)),
        Err(_) => unreachable!("a scheme, localhost and a port are always a URL"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_gateway_of_this_computer() {
        assert_eq!(GatewayUrl::default().to_string(), "ws://localhost:18789");
    }

    #[test]
    fn http_and_https_are_twins_of_ws_and_wss() {
        for (text, shown) in [
            ("http://127.0.0.1:1", "ws://127.0.0.1:1"),
            ("HTTPS://gateway.example/path/", "wss://gateway.example/path"),
            (" ws://[::1]:18789/ws ", "ws://[::1]:18789/ws"),
        ] {
            assert_eq!(GatewayUrl::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn plain_text_is_refused_outside_this_computer() {
        assert_eq!(GatewayUrl::parse("ws://10.0.0.8:18789"), Err(GatewayUrlError::PlainText));
        assert_eq!(GatewayUrl::parse("http://example.com"), Err(GatewayUrlError::PlainText));
        assert!(GatewayUrl::parse("wss://example.com").is_ok());
    }

    #[test]
    fn what_is_no_gateway_address_is_refused_with_its_reason() {
        for (text, error) in [
            ("", GatewayUrlError::Malformed),
            ("localhost:18789", GatewayUrlError::Malformed),
            ("ws://", GatewayUrlError::Malformed),
            ("ws://local host", GatewayUrlError::Malformed),
            ("ftp://localhost", GatewayUrlError::Scheme),
            ("ws://me:secret@localhost", GatewayUrlError::Userinfo),
        ] {
            assert_eq!(GatewayUrl::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_token_in_the_query_is_never_shown() {
        let url = GatewayUrl::parse("wss://example.com/ws?token=hush#part").unwrap();
        assert_eq!(url.to_string(), "wss://example.com/ws");
        assert_eq!(format!("{url:?}"), "GatewayUrl(wss://example.com/ws)");
        assert_eq!(url.as_url().as_str(), "wss://example.com/ws?token=hush");
    }
}
