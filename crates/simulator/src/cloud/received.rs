//! Every byte that came from a bridge, so that a test can look for what must not be among them.

use axum::http::{HeaderMap, Method, Uri, header};

/// What came, in the order of arrival: heads and bodies of requests, and frames.
#[derive(Debug, Default)]
pub(super) struct Received(Vec<Vec<u8>>);

impl Received {
    /// Takes the head of a request, without the token that is there for the cloud to read.
    pub(super) fn head(&mut self, method: &Method, uri: &Uri, headers: &HeaderMap) {
        let mut head = format!("{method} {uri}\n").into_bytes();
        for (name, value) in headers.iter().filter(|(name, _)| *name != header::AUTHORIZATION) {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.push(b'\n');
        }
        self.0.push(head);
    }

    /// Takes a body or a frame.
    pub(super) fn content(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.0.push(bytes.to_vec());
        }
    }

    pub(super) fn all(&self) -> &[Vec<u8>] {
        &self.0
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Says whether something came that has these bytes in it.
    pub(super) fn contains(&self, wanted: &[u8]) -> bool {
        let Some((first, rest)) = wanted.split_first() else { return true };
        let in_one = |bytes: &Vec<u8>| {
            let mut ends = bytes.iter().enumerate().filter(|(_, byte)| *byte == first);
            ends.any(|(at, _)| bytes[at + 1..].starts_with(rest))
        };
        self.0.iter().any(in_one)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn whatever_came_is_found_and_the_token_did_not_count() {
        let mut received = Received::default();
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("a bridge"));
        received.head(&Method::POST, &Uri::from_static("/v1/bridge/devices"), &headers);
        received.content(b"aab\xff");
        for there in [&b"POST /v1/bridge/dev"[..], b"a bridge", b"ab\xff", b"aab", b""] {
            assert!(received.contains(there), "{there:?}");
        }
        for absent in [&b"secret"[..], b"ab\xff\xff", b"bridgeaab"] {
            assert!(!received.contains(absent), "{absent:?}");
        }
        received.clear();
        assert!(!received.contains(b"a") && received.all().is_empty());
    }
}
