//! What the tests of this crate share: a server on this computer, and a token.

use axum::Router;
use dial::Dialer;
use tokio::net::TcpListener;

use crate::{BridgeToken, CloudUrl};

pub(crate) const TOKEN: &str = "inst_Ab3dEf6hIj9kLm2n:s_test_0123456789abcdefghijABCDEFGHIJ42";

pub(crate) fn token() -> BridgeToken {
    BridgeToken::parse(TOKEN).unwrap()
}

pub(crate) fn dialer() -> Dialer {
    Dialer::new("sap-tests/0")
}

/// Serves until the test's runtime ends.
pub(crate) async fn serve(router: Router) -> CloudUrl {
    let (listener, cloud) = listen().await;
    tokio::spawn(async move { axum::serve(listener, router).await });
    cloud
}

pub(crate) async fn listen() -> (TcpListener, CloudUrl) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, CloudUrl::parse(&format!("http://{address}")).unwrap())
}
