//! A person at the pairing page, without a browser: reads the form, signs in, approves.

use anyhow::{Context as _, bail};
use dial::Dialer;
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use url::{Url, form_urlencoded};

/// Signs in on the page and approves; returns the name of the computer that the page shows.
///
/// # Errors
/// When the page is not what a person would go on with.
pub(super) async fn approve(url: &Url) -> anyhow::Result<String> {
    let mut visitor = Visitor { dialer: Dialer::new("cargo-xtask-demo"), cookie: None };
    let page = visitor.read(url).await?;
    let url = visitor.submit(url, &page, "sign-in").await?;
    let page = visitor.read(&url).await?;
    let computer = shown_after(&page, "Computer").context("the page does not say who asks")?;
    let url = visitor.submit(&url, &page, "approve").await?;
    let page = visitor.read(&url).await?;
    if !page.contains("<title>Connected") {
        bail!("the page does not say that the computer is connected");
    }
    Ok(computer)
}

struct Visitor {
    dialer: Dialer,
    cookie: Option<String>,
}

impl Visitor {
    async fn read(&self, url: &Url) -> anyhow::Result<String> {
        let mut request = self.dialer.http(url)?.get(url.clone());
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let answer = request.send().await.context("the pairing page cannot be reached")?;
        Ok(answer.error_for_status().context("the pairing page is refused")?.text().await?)
    }

    /// Sends a page's form with one of its buttons, and returns where the answer leads.
    async fn submit(&mut self, url: &Url, page: &str, button: &str) -> anyhow::Result<Url> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &hidden(page, "code").context("the form has no code")?)
            .append_pair("proof", &hidden(page, "proof").context("the form has no proof")?)
            .append_pair("step", button)
            .finish();
        let action = url.join("/v1/pairing/redeem")?;
        let mut request = self
            .dialer
            .http(&action)?
            .post(action)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let answer = request.send().await.context("the form cannot be sent")?;
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        if let Some(cookie) = header(SET_COOKIE) {
            let pair = cookie.split(';').next().unwrap_or_default();
            self.cookie = Some(pair.to_owned());
        }
        let next = header(LOCATION).with_context(|| {
            format!("the page answers {} to \"{button}\"", answer.status().as_u16())
        })?;
        Ok(url.join(next)?)
    }
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> Option<String> {
    between(page, &format!("type=\"hidden\" name=\"{name}\" value=\""), "\"")
}

/// The description of a term in a list of them.
fn shown_after(page: &str, term: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("<dt>{term}</dt>"))?;
    between(rest, "<dd>", "</dd>")
}

fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(value, _)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<dl><dt>Computer</dt>
        <dd>Work OpenClaw</dd><dt>Code</dt><dd>X</dd></dl>
        <form><input type="hidden" name="code" value="AB"><input type="hidden" name="proof" value="p">"#;

    #[test]
    fn what_a_person_would_read_is_found_on_the_page() {
        assert_eq!(shown_after(PAGE, "Computer").as_deref(), Some("Work OpenClaw"));
        assert_eq!(hidden(PAGE, "proof").as_deref(), Some("p"));
        assert_eq!(hidden(PAGE, "other"), None);
    }
}
