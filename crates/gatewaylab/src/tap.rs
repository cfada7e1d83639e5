use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use crate::frame_tap::FrameTap;
use crate::gateway::loopback_url;

/// How many bytes go over at once.
const CHUNK: usize = 64 * 1024;

/// A wire to a gateway that listens in on what clients send, and that can be cut or blocked.
///
/// Bytes pass unchanged in both directions, handshake and close frames included. Where the
/// gateway does not answer, a client's connection ends before the handshake.
#[derive(Debug)]
pub struct TappedGateway {
    url: Url,
    wire: Arc<Wire>,
    _listener: DropGuard,
}

#[derive(Debug)]
struct Wire {
    gateway: SocketAddr,
    frames: Mutex<Vec<Value>>,
    connections: AtomicUsize,
    paused: watch::Sender<bool>,
    cuts: watch::Sender<usize>,
}

impl TappedGateway {
    /// Starts a wire to the gateway at `gateway`, a URL with an IP address and a port.
    ///
    /// # Errors
    /// When the URL has no such address, or the loopback no free port.
    pub async fn start(gateway: &Url) -> io::Result<Self> {
        let gateway = *gateway
            .socket_addrs(|| None)?
            .first()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = loopback_url("ws", listener.local_addr()?.port());
        let wire = Arc::new(Wire {
            gateway,
            frames: Mutex::default(),
            connections: AtomicUsize::new(0),
            paused: watch::Sender::new(false),
            cuts: watch::Sender::new(0),
        });
        let end = CancellationToken::new();
        tokio::spawn(end.clone().run_until_cancelled_owned(accept(
            listener,
            Arc::clone(&wire),
            end.clone(),
        )));
        Ok(Self { url, wire, _listener: end.drop_guard() })
    }

    /// The WebSocket address for clients.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Every text frame that clients sent so far, in order, over all connections. A frame is here
    /// before the gateway gets it; one that is no JSON comes as a JSON string.
    pub fn frames(&self) -> Vec<Value> {
        self.wire.frames.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many connections clients have opened so far.
    pub fn connections(&self) -> usize {
        self.wire.connections.load(Ordering::Relaxed)
    }

    /// Cuts every open connection, without close frames; new ones work.
    pub fn drop_connections(&self) {
        self.wire.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Lets nothing pass from now on, in no direction, while connections stay open and new ones
    /// are taken: what a sleeping laptop or a dead router looks like.
    pub fn pause(&self) {
        self.wire.paused.send_replace(true);
    }

    /// Ends [`TappedGateway::pause`]: what was held back goes on.
    pub fn resume(&self) {
        self.wire.paused.send_replace(false);
    }
}

async fn accept(listener: TcpListener, wire: Arc<Wire>, end: CancellationToken) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        wire.connections.fetch_add(1, Ordering::Relaxed);
        // Subscribed here, so that a cut that follows the connection is not missed.
        let cuts = wire.cuts.subscribe();
        tokio::spawn(end.clone().run_until_cancelled_owned(carry(client, Arc::clone(&wire), cuts)));
    }
}

async fn carry(client: TcpStream, wire: Arc<Wire>, mut cuts: watch::Receiver<usize>) {
    tokio::select! {
        _ = cuts.changed() => {}
        _ = connect(client, &wire) => {}
    }
}

async fn connect(client: TcpStream, wire: &Wire) -> io::Result<()> {
    let gateway = TcpStream::connect(wire.gateway).await?;
    client.set_nodelay(true)?;
    gateway.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_gateway, to_gateway) = gateway.into_split();
    let mut tap = FrameTap::new();
    let listen_in = |bytes: &[u8]| {
        let texts = tap.take(bytes);
        wire.frames.lock().unwrap_or_else(PoisonError::into_inner).extend(texts);
    };
    tokio::try_join!(
        pass(from_client, to_gateway, &wire.paused, listen_in),
        pass(from_gateway, to_client, &wire.paused, |_| {}),
    )?;
    Ok(())
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    paused: &watch::Sender<bool>,
    mut listen_in: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut paused = paused.subscribe();
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = from.read(&mut chunk).await?;
        // The sender lives as long as the wire.
        let _ = paused.wait_for(|paused| !paused).await;
        if length == 0 {
            return to.shutdown().await;
        }
        listen_in(&chunk[..length]);
        to.write_all(&chunk[..length]).await?;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::{SinkExt as _, StreamExt as _};
    use serde_json::json;
    use tokio::time::timeout;
    use tokio_tungstenite::tungstenite::{Error, Message};
    use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, accept_async, connect_async};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

    /// A tap in front of a server that sends everything back.
    async fn tapped_echo() -> TappedGateway {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = loopback_url("ws", listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (sink, messages) = accept_async(stream).await.unwrap().split();
                    let _ = messages.forward(sink).await;
                });
            }
        });
        TappedGateway::start(&url).await.unwrap()
    }

    async fn connect(tap: &TappedGateway) -> Client {
        connect_async(tap.url().as_str()).await.unwrap().0
    }

    async fn say(client: &mut Client, text: &str) {
        client.send(Message::text(text)).await.unwrap();
    }

    async fn hear(client: &mut Client) -> Option<Result<Message, Error>> {
        timeout(PATIENCE, client.next()).await.unwrap()
    }

    #[tokio::test]
    async fn frames_pass_unchanged_and_are_kept_in_order() {
        let tap = tapped_echo().await;
        let (mut first, mut second) = (connect(&tap).await, connect(&tap).await);
        for (client, text) in [(&mut first, "{\"a\":1}"), (&mut second, "{\"b\":2}")] {
            say(client, text).await;
            assert_eq!(hear(client).await.unwrap().unwrap(), Message::text(text));
        }
        assert_eq!(tap.frames(), [json!({"a": 1}), json!({"b": 2})]);
        assert_eq!(tap.connections(), 2);

        first.close(None).await.unwrap();
        assert!(hear(&mut first).await.unwrap().unwrap().is_close());
    }

    #[tokio::test]
    async fn dropped_connections_end_without_a_close_frame_and_new_ones_work() {
        let tap = tapped_echo().await;
        let mut cut = connect(&tap).await;
        tap.drop_connections();
        assert!(matches!(hear(&mut cut).await, Some(Err(_))));

        let mut next = connect(&tap).await;
        say(&mut next, "{}").await;
        assert_eq!(hear(&mut next).await.unwrap().unwrap(), Message::text("{}"));
    }

    #[tokio::test]
    async fn a_paused_wire_holds_everything_back_until_it_is_resumed() {
        let tap = tapped_echo().await;
        let mut client = connect(&tap).await;
        tap.pause();
        say(&mut client, "{}").await;
        assert!(timeout(Duration::from_millis(200), client.next()).await.is_err());
        assert!(tap.frames().is_empty());

        tap.resume();
        assert_eq!(hear(&mut client).await.unwrap().unwrap(), Message::text("{}"));
        assert_eq!(tap.frames(), [json!({})]);
    }

    #[tokio::test]
    async fn a_paused_wire_can_be_cut() {
        let tap = tapped_echo().await;
        let mut client = connect(&tap).await;
        tap.pause();
        say(&mut client, "{}").await;
        tap.drop_connections();
        assert!(matches!(hear(&mut client).await, Some(Err(_))));
    }

    #[tokio::test]
    async fn a_client_is_turned_away_where_no_gateway_answers() {
        let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = loopback_url("ws", nobody.local_addr().unwrap().port());
        drop(nobody);
        let tap = TappedGateway::start(&url).await.unwrap();
        assert!(timeout(PATIENCE, connect_async(tap.url().as_str())).await.unwrap().is_err());
    }
}
