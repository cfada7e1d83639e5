//! Where the cloud is.

use std::fmt;

use url::Url;

/// The cloud that everybody uses unless told otherwise.
pub const DEFAULT_CLOUD: &str = "https://api.sophon.at";

/// The base URL of a cloud: HTTPS, or plain HTTP on this computer.
#[derive(Clone, PartialEq, Eq)]
pub struct CloudUrl(Url);

/// Why a text is no address of a cloud; it never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCloudUrl {
    /// It is no URL at all.
    #[error("this is no web address: write it like `https://api.sophon.at`")]
    Unreadable,
    /// Its scheme is neither HTTP nor WebSocket.
    #[error("the cloud's address must begin with `https://`")]
    Scheme,
    /// It would send the token in plain text over a network.
    #[error("plain `http://` is allowed on this computer only: use `https://`")]
    PlainText,
    /// It carries a user name or a password.
    #[error("the cloud's address must not contain a user name or password: remove it")]
    Credentials,
    /// It carries a query or a fragment.
    #[error("the cloud's address must not contain `?` or `#`: remove what follows them")]
    Query,
}

impl CloudUrl {
    /// Reads a base URL; `wss` and `ws` are taken as `https` and `http`.
    ///
    /// # Errors
    /// [`InvalidCloudUrl`] says what is wrong with the text, without repeating it.
    pub fn parse(text: &str) -> Result<Self, InvalidCloudUrl> {
        let mut url = Url::parse(text.trim()).map_err(|_| InvalidCloudUrl::Unreadable)?;
        let scheme = match url.scheme() {
            "https" | "wss" => "https",
            "http" | "ws" => "http",
            _ => return Err(InvalidCloudUrl::Scheme),
        };
        if scheme == "http" && !dial::is_loopback(&url) {
            return Err(InvalidCloudUrl::PlainText);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidCloudUrl::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidCloudUrl::Query);
        }
        url.set_scheme(scheme).map_err(|()| InvalidCloudUrl::Scheme)?;
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&base);
        Ok(Self(url))
    }

    /// Appends a path to the base URL.
    pub fn route(&self, path: &str) -> Url {
        let base = self.0.path().trim_end_matches('/');
        let mut url = self.0.clone();
        url.set_path(&format!("{base}/{}", path.trim_start_matches('/')));
        url
    }

    /// Names the bridge's WebSocket, with the scheme `wss`, or `ws` on this computer.
    pub fn socket(&self) -> Url {
        let mut url = self.route("/v1/bridge/ws");
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        // Changing between the web's own schemes never fails.
        let _ = url.set_scheme(scheme);
        url
    }

    /// Gives a stable key to store things under that belong to this cloud.
    pub fn origin_key(&self) -> String {
        dial::without_secrets(&self.0)
    }
}

impl fmt::Display for CloudUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&dial::without_secrets(&self.0))
    }
}

impl fmt::Debug for CloudUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloudUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cloud_has_one_form_however_it_is_written() {
        let cloud = CloudUrl::parse(DEFAULT_CLOUD).unwrap();
        for text in
            ["https://api.sophon.at/", " HTTPS://API.sophon.at:443// ", "wss://api.sophon.at"]
        {
            let same = CloudUrl::parse(text).unwrap();
            assert_eq!(same, cloud, "{text}");
            assert_eq!(same.origin_key(), DEFAULT_CLOUD);
            assert_eq!(same.to_string(), DEFAULT_CLOUD);
        }
    }

    #[test]
    fn routes_lie_below_the_base_path() {
        let cloud = CloudUrl::parse("https://example.org/sophon/").unwrap();
        assert_eq!(cloud.origin_key(), "https://example.org/sophon");
        let route = cloud.route("/v1/pairing/start");
        assert_eq!(route.as_str(), "https://example.org/sophon/v1/pairing/start");
        assert_eq!(cloud.socket().as_str(), "wss://example.org/sophon/v1/bridge/ws");
    }

    #[test]
    fn plain_text_is_allowed_on_this_computer_only() {
        for text in ["http://127.0.0.1:8080", "ws://localhost:8080/", "http://[::1]:8080"] {
            let cloud = CloudUrl::parse(text).unwrap();
            assert_eq!(cloud.socket().scheme(), "ws");
        }
        for text in ["http://api.sophon.at", "ws://10.0.0.1", "http://127.0.0.1.example.org"] {
            assert_eq!(CloudUrl::parse(text), Err(InvalidCloudUrl::PlainText), "{text}");
        }
    }

    #[test]
    fn every_wrong_text_is_refused_with_its_own_reason() {
        for (text, reason) in [
            ("", InvalidCloudUrl::Unreadable),
            ("api.sophon.at", InvalidCloudUrl::Unreadable),
            ("https://", InvalidCloudUrl::Unreadable),
            ("ftp://api.sophon.at", InvalidCloudUrl::Scheme),
            ("file:///etc/passwd", InvalidCloudUrl::Scheme),
            ("https://ada:secret@api.sophon.at", InvalidCloudUrl::Credentials),
            ("https://api.sophon.at?token=secret", InvalidCloudUrl::Query),
            ("https://api.sophon.at/#secret", InvalidCloudUrl::Query),
        ] {
            let error = CloudUrl::parse(text).unwrap_err();
            assert_eq!(error, reason, "{text}");
            assert!(!error.to_string().contains("secret"));
        }
    }
}
