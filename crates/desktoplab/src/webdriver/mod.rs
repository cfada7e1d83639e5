//! Web pages, driven as by a person: the app's own window and a browser.

mod driver;
mod http;
mod session;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::Url;

use self::driver::Driver;
use self::session::{Session, complaint};
use crate::Desktop;
use crate::wait::eventually;

/// How an element is called in what drivers send.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A web page under remote control. Elements are named by CSS selectors; the first that fits is
/// meant. The driver ends with it.
#[derive(Debug)]
pub struct WebDriver {
    session: Session,
    _driver: Driver,
}

/// Whether a browser can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChromiumWindow {
    /// It has a window on the desktop.
    Shown,
    /// It has none.
    Headless,
}

impl WebDriver {
    /// Takes control of a running program's web view, and waits until it has one. The program
    /// must have been started with `TAURI_WEBVIEW_AUTOMATION=true` and with this address as
    /// `WEBKIT_INSPECTOR_SERVER`; it goes on when the control ends.
    ///
    /// # Errors
    /// When the driver is missing, or no web view comes.
    pub async fn attach(desktop: &Desktop, inspector: SocketAddr) -> anyhow::Result<Self> {
        let driver = Driver::webkit(desktop, inspector).await?;
        Self::with(driver, json!({})).await
    }

    /// Starts a Chromium with an empty profile.
    ///
    /// # Errors
    /// When it or its driver is missing, or does not start.
    pub async fn chromium(desktop: &Desktop, window: ChromiumWindow) -> anyhow::Result<Self> {
        let driver = Driver::chromium(desktop).await?;
        Self::with(driver, driver::chromium_capabilities(desktop, window)).await
    }

    async fn with(driver: Driver, capabilities: Value) -> anyhow::Result<Self> {
        let session = Session::start(driver.address(), capabilities).await?;
        Ok(Self { session, _driver: driver })
    }

    /// Opens a page and waits until it is loaded.
    ///
    /// # Errors
    /// When the driver refuses; so for everything here.
    pub async fn go(&self, url: &Url) -> anyhow::Result<()> {
        self.session.post("url", json!({ "url": url.as_str() })).await.map(drop)
    }

    /// Says whether an element is there.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn find(&self, css: &str) -> anyhow::Result<bool> {
        Ok(!self.elements(css).await?.is_empty())
    }

    /// Waits until an element is there.
    ///
    /// # Errors
    /// When it does not come, with what the page says.
    pub async fn wait_for(&self, css: &str) -> anyhow::Result<()> {
        self.with_element(css, async |_| Ok(())).await
    }

    /// Waits until an element is no longer there.
    ///
    /// # Errors
    /// When it stays.
    pub async fn wait_until_gone(&self, css: &str) -> anyhow::Result<()> {
        eventually(format!("{css} to leave the page"), async || {
            Ok(self.elements(css).await?.is_empty().then_some(()))
        })
        .await
    }

    /// Waits until an element is there whose text contains this.
    ///
    /// # Errors
    /// When it does not come, with what the page says.
    pub async fn wait_for_text(&self, css: &str, text: &str) -> anyhow::Result<()> {
        let found = eventually(format!("{text:?} in {css}"), async || {
            for element in self.elements(css).await? {
                let read = self.session.get(&format!("element/{element}/text")).await;
                let read = unless_redrawn(read)?.unwrap_or_default();
                if read.as_str().is_some_and(|read| read.contains(text)) {
                    return Ok(Some(()));
                }
            }
            Ok(None)
        });
        self.or_page_text(found.await).await
    }

    /// Waits for an element and clicks on it.
    ///
    /// # Errors
    /// When it does not come, or something is in front of it.
    pub async fn click(&self, css: &str) -> anyhow::Result<()> {
        match self.act_on(css, "click", &json!({})).await {
            // The click may have closed the window.
            Err(error) if complaint(&error) == Some("no such window") => Ok(()),
            clicked => clicked,
        }
    }

    /// Waits for an element and types a text into it, behind what is there.
    ///
    /// # Errors
    /// When it does not come, or takes no text.
    pub async fn type_into(&self, css: &str, text: &str) -> anyhow::Result<()> {
        self.act_on(css, "value", &json!({ "text": text })).await
    }

    /// Waits for an element and empties it.
    ///
    /// # Errors
    /// When it does not come, or takes no text.
    pub async fn clear(&self, css: &str) -> anyhow::Result<()> {
        self.act_on(css, "clear", &json!({})).await
    }

    /// Waits for an element and gives what is read in it.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn text(&self, css: &str) -> anyhow::Result<String> {
        let text = self.ask(css, "text").await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Waits for an element and gives one of its attributes, if it has it.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn attribute(&self, css: &str, name: &str) -> anyhow::Result<Option<String>> {
        let value = self.ask(css, &format!("attribute/{name}")).await?;
        Ok(value.as_str().map(str::to_owned))
    }

    /// Runs a function body of JavaScript in the page and gives what it returns.
    ///
    /// # Errors
    /// When it throws.
    pub async fn execute(&self, script: &str) -> anyhow::Result<Value> {
        self.session.post("execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Writes what is seen of the page as a PNG file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn screenshot(&self, path: &Path) -> anyhow::Result<()> {
        let image = self.session.get("screenshot").await?;
        let image = image.as_str().context("the screenshot is no text")?;
        std::fs::write(path, STANDARD.decode(image)?)?;
        Ok(())
    }

    /// Ends the control: a program goes on, a browser started for it ends.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn close(self) -> anyhow::Result<()> {
        self.session.end().await
    }

    async fn act_on(&self, css: &str, action: &str, arguments: &Value) -> anyhow::Result<()> {
        let act = async |element: &str| {
            let what = format!("element/{element}/{action}");
            self.session.post(&what, arguments.clone()).await.map(drop)
        };
        self.with_element(css, act).await
    }

    async fn ask(&self, css: &str, what: &str) -> anyhow::Result<Value> {
        let ask =
            async |element: &str| self.session.get(&format!("element/{element}/{what}")).await;
        self.with_element(css, ask).await
    }

    /// Waits for an element and does something with it.
    async fn with_element<T>(
        &self,
        css: &str,
        act: impl AsyncFn(&str) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let done = eventually(format!("{css} on the page"), async || {
            match self.elements(css).await?.first() {
                Some(element) => unless_redrawn(act(element).await),
                None => Ok(None),
            }
        });
        self.or_page_text(done.await).await
    }

    async fn elements(&self, css: &str) -> anyhow::Result<Vec<String>> {
        let wanted = json!({ "using": "css selector", "value": css });
        let found = eventually("a page that stays as it is", async || {
            unless_redrawn(self.session.post("elements", wanted.clone()).await)
        });
        let found = found.await?;
        let found = found.as_array().context("the driver gives no list of elements")?;
        let ids: Vec<String> =
            found.iter().filter_map(|found| Some(found[ELEMENT].as_str()?.to_owned())).collect();
        ensure!(ids.len() == found.len(), "the driver gives elements without ids");
        Ok(ids)
    }

    /// Adds to an error what the page says.
    async fn or_page_text<T>(&self, result: anyhow::Result<T>) -> anyhow::Result<T> {
        match result {
            Err(error) if complaint(&error).is_none() => {
                let text = self.execute("return document.body.innerText").await;
                Err(error.context(format!("the page says: {}", text.unwrap_or_default())))
            }
            result => result,
        }
    }
}

/// Nothing, if the element was taken away between finding it and what was done with it: pages draw
/// themselves anew.
fn unless_redrawn<T>(result: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
    match result {
        Err(error) if complaint(&error) == Some("stale element reference") => Ok(None),
        result => result.map(Some),
    }
}
