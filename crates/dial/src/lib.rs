//! Opens HTTP requests and WebSockets the way this computer is set up: its proxies
//! (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), its certificate store, one TLS stack for both.

mod disruption;
mod error;
mod websocket;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use url::{Host, Url};

pub use disruption::{Disruption, Network, disruption, slept};
pub use error::DialError;
pub use websocket::{Socket, SocketLimits};

/// How long a TCP and TLS connection may take before it counts as failed.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens connections through the system's proxies, trusting the system's certificate store.
///
/// Plain connections to this computer use neither: no proxy can reach the loopback of this computer, and
/// reading the certificate store would cost more than the rest of a start.
#[derive(Clone, Debug)]
pub struct Dialer {
    clients: Arc<Clients>,
}

#[derive(Debug)]
struct Clients {
    user_agent: String,
    remote: Mutex<Option<reqwest::Client>>,
    loopback: Mutex<Option<reqwest::Client>>,
    /// Changes whenever open connections are given up.
    given_up: watch::Sender<()>,
}

impl Dialer {
    /// Makes a dialer that names itself with `user_agent`; proxies and certificates are read at
    /// the first connection that leaves this computer.
    pub fn new(user_agent: impl Into<String>) -> Self {
        // A second installation of the same provider is refused, and is what we want anyway.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clients = Clients {
            user_agent: user_agent.into(),
            remote: Mutex::default(),
            loopback: Mutex::default(),
            given_up: watch::Sender::new(()),
        };
        Self { clients: Arc::new(clients) }
    }

    /// Shares the HTTP client that fits this URL.
    ///
    /// # Errors
    /// [`DialError::Setup`] when the certificate store cannot be read or a proxy URL is malformed.
    pub fn http(&self, url: &Url) -> Result<reqwest::Client, DialError> {
        let plain = matches!(url.scheme(), "http" | "ws");
        let (slot, builder) = if plain && is_loopback(url) {
            (&self.clients.loopback, self.builder().no_proxy().tls_certs_only([]))
        } else {
            (&self.clients.remote, self.builder())
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*slot {
            return Ok(client.clone());
        }
        let client = builder.build().map_err(DialError::setup)?;
        Ok(slot.insert(client).clone())
    }

    /// Gives up connections that wait to be used again, and tells whoever waits for an answer on
    /// one. To be called when this computer slept or changed its network: what was open then leads
    /// nowhere, often without a sign. Proxies and certificates are read again afterwards.
    pub fn give_up_connections(&self) {
        let Clients { remote, loopback, given_up, .. } = &*self.clients;
        for slot in [remote, loopback] {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        given_up.send_replace(());
    }

    /// Waits until open connections are given up, from the moment of this call on.
    pub fn given_up(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut given_up = self.clients.given_up.subscribe();
        async move {
            if given_up.changed().await.is_err() {
                // Without a dialer, nobody is left who could give up.
                std::future::pending().await
            }
        }
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .user_agent(&self.clients.user_agent)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
    }
}

/// Says whether a URL points at this computer, the only place where plain text is allowed.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            name.eq_ignore_ascii_case("localhost") || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Shows a URL without userinfo, query and fragment, so that it can stand in a log or a window.
pub fn without_secrets(url: &Url) -> String {
    let mut shown = url.clone();
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    shown.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers every request; gives its address, and how many connections it took so far.
    async fn server() -> (Url, watch::Receiver<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = url(&format!("http://{}", listener.local_addr().unwrap()));
        let (taken, connections) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                taken.send_modify(|taken| *taken += 1);
                tokio::spawn(async move {
                    while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                        stream.write_all(answer).await.unwrap();
                    }
                });
            }
        });
        (address, connections)
    }

    #[tokio::test]
    async fn a_connection_is_used_again_until_it_is_given_up() {
        let (url, connections) = server().await;
        let dialer = Dialer::new("test");
        let get = || async { dialer.http(&url).unwrap().get(url.clone()).send().await.unwrap() };
        for _ in 0..3 {
            get().await;
        }
        assert_eq!(*connections.borrow(), 1);
        let given_up = dialer.given_up();
        dialer.give_up_connections();
        given_up.await;
        get().await;
        assert_eq!(*connections.borrow(), 2);
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn loopback_names_and_addresses_are_recognised_and_others_are_not() {
        for local in ["http://localhost:1", "ws://127.0.0.1", "ws://[::1]:9", "http://a.localhost"]
        {
            assert!(is_loopback(&url(local)), "{local}");
        }
        for remote in ["http://example.com", "ws://10.0.0.1", "http://localhost.example.com"] {
            assert!(!is_loopback(&url(remote)), "{remote}");
        }
    }

    #[test]
    fn a_shown_url_has_no_userinfo_query_or_fragment() {
        let shown = without_secrets(&url("wss://user:pass@host:8443/path?token=x#y"));
        assert_eq!(shown, "wss://host:8443/path");
    }
}
