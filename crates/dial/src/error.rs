use std::error::Error as _;
use std::io;

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The certificate store or a proxy setting cannot be used.
    #[error("the network settings of this computer cannot be used: {0}")]
    Setup(String),
    /// Nothing listens at the address.
    #[error("nothing answers at this address: connection refused")]
    Refused,
    /// The host name has no address.
    #[error("the host name cannot be found (DNS)")]
    UnknownHost,
    /// The other side's certificate is not trusted, or TLS failed.
    #[error("the secure connection failed: {0}")]
    Tls(String),
    /// No connection within the time allowed.
    #[error("no connection in time")]
    TimedOut,
    /// The server answered the WebSocket request with another HTTP status than 101.
    #[error("the server refused the WebSocket with HTTP {status}")]
    Rejected {
        /// HTTP status of the answer.
        status: u16,
        /// Beginning of the answer's body, at most 4 KiB.
        body: String,
        /// Seconds or date of a `Retry-After` header, as sent.
        retry_after: Option<String>,
    },
    /// The server accepted, but does not speak WebSocket.
    #[error("the server does not speak WebSocket")]
    NotWebSocket,
    /// Anything else that the network said.
    #[error("the network failed: {0}")]
    Network(String),
}

impl DialError {
    pub(crate) fn setup(error: reqwest::Error) -> Self {
        Self::Setup(deepest(&error))
    }
}

impl From<reqwest::Error> for DialError {
    fn from(error: reqwest::Error) -> Self {
        // The URL may carry a query; it never belongs into a message.
        let error = error.without_url();
        if error.is_timeout() {
            return Self::TimedOut;
        }
        if let Some(io) = find_io(&error) {
            if io.kind() == io::ErrorKind::ConnectionRefused {
                return Self::Refused;
            }
            if io.kind() == io::ErrorKind::TimedOut {
                return Self::TimedOut;
            }
        }
        let text = chain(&error);
        if text.contains("dns error") || text.contains("failed to lookup address") {
            return Self::UnknownHost;
        }
        if ["certificate", "tls", "handshake"].iter().any(|word| text.contains(word)) {
            return Self::Tls(deepest(&error));
        }
        Self::Network(deepest(&error))
    }
}

fn find_io<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a io::Error> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io);
        }
        current = error.source();
    }
    None
}

fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string().to_lowercase();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string().to_lowercase());
        source = inner.source();
    }
    text
}

fn deepest(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    text
}
