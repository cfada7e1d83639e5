//! Who may talk to the cloud from a browser: our own pages at a loopback name, nobody else.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State as Extract};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::answer::Problem;
use super::server::Shared;

/// Header with which our pages prove themselves.
const ANTI_FORGERY: &str = "x-anti-forgery";
/// What an answer that is no page may load or run: nothing.
const INERT: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// Refuses a host name that is not loopback, and sets the headers that every answer has.
///
/// A foreign name means that a foreign page had it resolved to this computer.
pub(super) async fn every_answer(
    Extract(shared): Extract<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = if is_loopback(request.headers()) {
        next.run(request).await
    } else {
        let message = "this server answers to loopback names only";
        refuse(&shared, StatusCode::MISDIRECTED_REQUEST, "misdirected_request", message)
    };
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Not `no-referrer`: with it, browsers send forms with the origin "null".
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(INERT);
    response
}

/// Lets a change pass only with the proof that our pages have.
pub(super) async fn only_from_our_pages(
    Extract(shared): Extract<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let is_json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.split(';').next().unwrap_or_default() == "application/json");
    let proven = headers
        .get(ANTI_FORGERY)
        .is_some_and(|proof| proof.as_bytes() == shared.anti_forgery.as_bytes());
    let reads = request.method() == Method::GET || request.method() == Method::HEAD;
    if reads || (is_json && proven && is_same_origin(headers)) {
        next.run(request).await
    } else {
        let message = "this needs JSON, the same origin, and the page's X-Anti-Forgery";
        refuse(&shared, StatusCode::FORBIDDEN, "forged_request", message)
    }
}

/// Says whether a request comes from a page of this server, or from no page at all.
pub(super) fn is_same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    origin.as_bytes() == format!("http://{host}").as_bytes()
}

fn is_loopback(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    // Names below `localhost` lead to this computer too (RFC 6761, §6.3).
    let name = name.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn refuse(shared: &Shared, status: StatusCode, code: &str, message: &str) -> Response {
    shared.answer_anyone(Err(Problem::new(status, code, message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse().unwrap(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn only_loopback_names_are_answered_to() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:9", "127.1.2.3", "[::1]:80", "[::1]"] {
            assert!(is_loopback(&headers(&[("host", host)])), "{host}");
        }
        for host in ["example.com", "localhost.example.com:80", "10.0.0.1", "", "[::2]", "::1"] {
            assert!(!is_loopback(&headers(&[("host", host)])), "{host}");
        }
        assert!(!is_loopback(&HeaderMap::new()));
    }

    #[test]
    fn another_port_or_scheme_is_another_origin() {
        let from =
            |origin| is_same_origin(&headers(&[("host", "127.0.0.1:80"), ("origin", origin)]));
        assert!(from("http://127.0.0.1:80"));
        for origin in ["http://127.0.0.1:81", "https://127.0.0.1:80", "null", "http://evil.example"]
        {
            assert!(!from(origin), "{origin}");
        }
    }
}
