//! One HTTP request and its whole answer.

use std::time::{Duration, SystemTime};

use dial::DialError;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName};
use reqwest::RequestBuilder;
use tokio::time::timeout;

use crate::one_line::one_line;
use crate::retry_after::retry_after;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest answer that is read, in bytes; the rest of a longer one is left unread.
const LONGEST_BODY: usize = 4 << 20;
const REQUEST_ID_LENGTH: usize = 128;

/// What the other side answered to one request, as it came over the wire.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

/// Sends a request and reads the answer, both within the deadline.
pub(crate) async fn exchange(
    request: RequestBuilder,
    deadline: Duration,
) -> Result<Answer, DialError> {
    let whole = async {
        let mut response = request.send().await?;
        let mut body = Vec::new();
        while body.len() <= LONGEST_BODY
            && let Some(chunk) = response.chunk().await?
        {
            body.extend_from_slice(&chunk);
        }
        let status = response.status().as_u16();
        Ok(Answer { status, headers: std::mem::take(response.headers_mut()), body })
    };
    timeout(deadline, whole).await.map_err(|_| DialError::TimedOut)?
}

impl Answer {
    /// Shows the id by which the cloud's operators find this request.
    pub(crate) fn request_id(&self) -> Option<String> {
        self.header(&REQUEST_ID).map(|id| one_line(id, REQUEST_ID_LENGTH))
    }

    /// Reads the `Retry-After` header.
    pub(crate) fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        retry_after(self.header(&RETRY_AFTER)?, now)
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
