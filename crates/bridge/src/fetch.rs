//! Fetches the files that came with a message.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dial::Dialer;
use openclaw::OutgoingAttachment;
use sap::Attachment;
use url::Url;

/// How long one file may take.
const FETCH_WITHIN: Duration = Duration::from_secs(60);

/// Fetches the files one after another; a file that does not come is named with the reason.
pub(crate) async fn fetch_all(
    dialer: &Dialer,
    attachments: Vec<Attachment>,
    max_bytes: u64,
) -> Vec<Result<OutgoingAttachment, String>> {
    let mut files = Vec::with_capacity(attachments.len());
    for (index, attachment) in attachments.into_iter().enumerate() {
        let name = attachment.name.clone().unwrap_or_else(|| format!("file {}", index + 1));
        let fetched = tokio::time::timeout(FETCH_WITHIN, fetch(dialer, &attachment, max_bytes));
        files.push(match fetched.await {
            Ok(Ok((mime, bytes))) => {
                Ok(OutgoingAttachment { mime, name, content: STANDARD.encode(bytes) })
            }
            Ok(Err(why)) => Err(format!("{name}: {why}")),
            Err(_) => Err(format!("{name}: it did not come in time")),
        });
    }
    files
}

/// No credential of ours goes along: the cloud signs these URLs.
async fn fetch(
    dialer: &Dialer,
    attachment: &Attachment,
    max_bytes: u64,
) -> Result<(String, Vec<u8>), String> {
    let text = attachment.url.as_deref().ok_or("it has no address")?;
    let url = Url::parse(text).map_err(|_| "its address cannot be read")?;
    if url.scheme() != "https" && !(url.scheme() == "http" && dial::is_loopback(&url)) {
        return Err("its address is not secure".into());
    }
    let http = dialer.http(&url).map_err(|error| error.to_string())?;
    let mut response =
        http.get(url).send().await.map_err(|error| dial::DialError::from(error).to_string())?;
    if !response.status().is_success() {
        return Err(format!("the server answered HTTP {}", response.status().as_u16()));
    }
    let told = response
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_owned());
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if (bytes.len() + chunk.len()) as u64 > max_bytes => {
                return Err(format!("it is larger than {} MB", max_bytes / 1_000_000));
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Err(dial::DialError::from(error).to_string()),
        }
    }
    let mime = attachment.mime.clone().or(told).unwrap_or_else(|| DEFAULT_MIME.to_owned());
    Ok((mime, bytes))
}

const DEFAULT_MIME: &str = "application/octet-stream";
