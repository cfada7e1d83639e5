use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use hyper::Method;
use serde_json::{Value, json};

use super::ChromiumWindow;
use super::http::send;
use crate::Desktop;
use crate::daemon::Daemon;
use crate::wait::eventually;

/// A program that drives web pages.
#[derive(Debug)]
pub(crate) struct Driver {
    address: SocketAddr,
    _daemon: Daemon,
}

impl Driver {
    pub(crate) async fn webkit(desktop: &Desktop, inspector: SocketAddr) -> anyhow::Result<Self> {
        Self::start(desktop, "WebKitWebDriver", Some(format!("--target={inspector}"))).await
    }

    pub(crate) async fn chromium(desktop: &Desktop) -> anyhow::Result<Self> {
        Self::start(desktop, "chromedriver", None).await
    }

    async fn start(
        desktop: &Desktop,
        program: &str,
        argument: Option<String>,
    ) -> anyhow::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let arguments: Vec<String> =
            argument.into_iter().chain([format!("--port={port}")]).collect();
        let mut daemon = desktop.daemon(program, &arguments)?;
        eventually(format!("{program} to listen"), async || {
            daemon.ensure_running()?;
            Ok(send(address, Method::GET, "/status", None).await.ok())
        })
        .await?;
        Ok(Self { address, _daemon: daemon })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// How to start Chromium on this desktop.
pub(crate) fn chromium_capabilities(desktop: &Desktop, window: ChromiumWindow) -> Value {
    let options = desktop.options();
    let mut arguments = vec![
        "--no-sandbox".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-gpu".to_owned(),
        // Else it would put a secret of its own into the keyring.
        "--password-store=basic".to_owned(),
        format!("--force-device-scale-factor={}", options.scale),
        format!("--user-data-dir={}", desktop.folders().scratch().join("chromium").display()),
    ];
    if options.dark {
        arguments.push("--force-dark-mode".to_owned());
    }
    if window == ChromiumWindow::Headless {
        arguments.push("--headless=new".to_owned());
    }
    json!({ "browserName": "chrome", "goog:chromeOptions": { "args": arguments } })
}
