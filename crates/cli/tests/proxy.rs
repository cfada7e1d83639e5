//! The bridge behind a proxy, to a cloud whose certificate the system's store vouches for.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use simulator::cloud::{Cloud, CloudOptions};
use simulator::gateway::{Gateway, GatewayOptions};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// A name that leads to this computer and is no loopback address for a proxy.
const CLOUD: &str = "cloud.localhost";

/// Puts TLS before the cloud; returns its address and the authority that signed it, in PEM.
async fn with_tls(cloud: SocketAddr) -> (SocketAddr, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![CLOUD.to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let mut server = TcpStream::connect(cloud).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (address, authority.pem())
}

/// A proxy that leads every `CONNECT` to the same place and says what was asked for.
async fn proxy(to: SocketAddr) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = client.read_u8().await else { return };
                    head.push(byte);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let _ = seen.send(head.lines().next().unwrap_or_default().to_owned());
                let mut server = TcpStream::connect(to).await.unwrap();
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (address, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn rest_and_websocket_go_through_the_proxy_and_trust_the_systems_store() {
    let cloud = Cloud::start(CloudOptions::default()).await.unwrap();
    let gateway = Gateway::start(GatewayOptions::default()).await.unwrap();
    let (_, token) = cloud.mint_installation("Behind a proxy");
    let plain = cloud.base_url().trim_start_matches("http://").parse().unwrap();
    let (tls, authority) = with_tls(plain).await;
    let (proxy, mut asked) = proxy(tls).await;
    let home = tempfile::tempdir().unwrap();
    let store = home.path().join("authority.pem");
    std::fs::write(&store, authority).unwrap();

    let mut bridge = Command::new(env!("CARGO_BIN_EXE_sophon-bridge"))
        .args(["--json", "--data-dir"])
        .arg(home.path().join("data"))
        .args(["--sophon-base", &format!("https://{CLOUD}")])
        .args(["--openclaw-url", &gateway.url()])
        .env("SOPHON_BOT_TOKEN", &token)
        .env("OPENCLAW_TOKEN", gateway.token())
        .env("HTTPS_PROXY", format!("http://{proxy}"))
        .env("SSL_CERT_FILE", &store)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(bridge.stdout.take().unwrap()).lines();
    let mut heard = Vec::new();
    let ready = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            let is_ready = line.contains("\"ready\"");
            heard.push(line);
            if is_ready {
                return;
            }
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), ready).await.is_ok();
    assert!(in_time, "never ready behind the proxy: {heard:#?}");

    cloud.say("ses_proxy", "say: through the proxy");
    let text = cloud
        .wait_for("the answer", Duration::from_secs(30), |view| {
            view.bubbles("ses_proxy").first()?.end.as_ref()?.text.clone()
        })
        .await;
    assert_eq!(text, "through the proxy");
    let mut tunnels = Vec::new();
    while let Ok(line) = asked.try_recv() {
        tunnels.push(line);
    }
    assert!(tunnels.len() >= 2, "one tunnel for the socket, one for REST: {tunnels:?}");
    assert!(tunnels.iter().all(|line| line.starts_with(&format!("CONNECT {CLOUD}:443"))));
}
