//! The pages of the cloud: the pairing page, the phone, and what they load.

use std::sync::Arc;
use std::time::Instant;

use axum::Form;
use axum::extract::{Path, Query, State as Extract};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use serde::Deserialize;

use super::guard::is_same_origin;
use super::pairing::Stage;
use super::server::Shared;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// Cookie of the person who signed in.
const SIGN_IN: &str = "sophon_person";

/// Query of the pairing page.
#[derive(Deserialize)]
pub(super) struct Redeem {
    #[serde(default)]
    code: String,
}

/// Form of the pairing page.
#[derive(Deserialize)]
pub(super) struct Decision {
    #[serde(default)]
    code: String,
    proof: String,
    step: Step,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Step {
    SignIn,
    Approve,
    Deny,
}

/// Shows a pairing: who asks, for what, and where it stands.
pub(super) async fn redeem(
    Extract(shared): Extract<Arc<Shared>>,
    Query(Redeem { code }): Query<Redeem>,
    headers: HeaderMap,
) -> Response {
    let found = shared.look(|state| {
        let pairing = state.pairing(&code)?;
        Some((pairing.stage(Instant::now()), pairing.code.clone(), pairing.host_label.clone()))
    });
    let Some((stage, code, name)) = found else {
        let body = include_str!("../../pages/redeem-unknown.html");
        return page(StatusCode::NOT_FOUND, &framed("Unknown code", body, &[]));
    };
    let values =
        [("code", code.as_str()), ("name", name.as_str()), ("proof", &shared.anti_forgery)];
    let (title, body) = match stage {
        Stage::Waiting if !is_signed_in(&shared, &headers) => {
            ("Sign in to Sophon", include_str!("../../pages/redeem-sign-in.html"))
        }
        Stage::Waiting => {
            ("Connect this computer?", include_str!("../../pages/redeem-confirm.html"))
        }
        Stage::Approved => ("Connected", include_str!("../../pages/redeem-approved.html")),
        Stage::Denied => ("Not connected", include_str!("../../pages/redeem-denied.html")),
        Stage::Expired => ("Code expired", include_str!("../../pages/redeem-expired.html")),
    };
    page(StatusCode::OK, &framed(title, body, &values))
}

/// Takes a step on the pairing page, then shows where the pairing stands.
pub(super) async fn decide(
    Extract(shared): Extract<Arc<Shared>>,
    headers: HeaderMap,
    Form(Decision { code, proof, step }): Form<Decision>,
) -> Response {
    if proof != shared.anti_forgery || !is_same_origin(&headers) {
        let body = include_str!("../../pages/redeem-forged.html");
        return page(StatusCode::FORBIDDEN, &framed("Not from this page", body, &[]));
    }
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut response =
        (StatusCode::SEE_OTHER, [(LOCATION, format!("/v1/pairing/redeem?code={code}"))])
            .into_response();
    let now = Instant::now();
    match step {
        Step::SignIn => {
            let cookie = format!(
                "{SIGN_IN}={}; Path=/v1/pairing; HttpOnly; SameSite=Strict",
                shared.sign_in
            );
            if let Ok(cookie) = cookie.parse() {
                response.headers_mut().insert(SET_COOKIE, cookie);
            }
        }
        // A code that is over by now is shown as such by the page that follows.
        Step::Approve if is_signed_in(&shared, &headers) => {
            let _ = shared.change(|state| state.approve_pairing(&code, now));
        }
        Step::Deny if is_signed_in(&shared, &headers) => {
            let _ = shared.change(|state| state.deny_pairing(&code, now));
        }
        Step::Approve | Step::Deny => {}
    }
    response
}

/// Shows the phone.
pub(super) async fn phone(Extract(shared): Extract<Arc<Shared>>) -> Response {
    let template = include_str!("../../pages/phone.html");
    page(StatusCode::OK, &fill(template, &[("proof", &shared.anti_forgery)]))
}

/// Serves what the pages load.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let (kind, content) = match name.as_str() {
        "sophon.css" => ("text/css; charset=utf-8", include_str!("../../pages/sophon.css")),
        "phone.css" => ("text/css; charset=utf-8", include_str!("../../pages/phone.css")),
        "phone.js" => ("text/javascript; charset=utf-8", include_str!("../../pages/phone.js")),
        "sealed.js" => ("text/javascript; charset=utf-8", include_str!("../../pages/sealed.js")),
        "sophon.svg" => ("image/svg+xml", include_str!("../../pages/sophon.svg")),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(CONTENT_TYPE, kind)], content).into_response()
}

fn is_signed_in(shared: &Shared, headers: &HeaderMap) -> bool {
    let expected = format!("{SIGN_IN}={}", shared.sign_in);
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .any(|cookie| cookie.trim() == expected)
}

fn page(status: StatusCode, html: &str) -> Response {
    let headers = [(CONTENT_SECURITY_POLICY, POLICY)];
    (status, headers, Html(html.to_owned())).into_response()
}

fn framed(title: &str, body: &str, values: &[(&str, &str)]) -> String {
    let frame = include_str!("../../pages/redeem.html");
    let (before, after) = frame.split_once("{{body}}").unwrap_or((frame, ""));
    let title = [("title", title)];
    fill(before, &title) + &fill(body, values) + &fill(after, &title)
}

/// Puts values in the places `{{name}}`; a value is text, never markup and never a template.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut parts = template.split("{{");
    let mut html = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or(("", part));
        let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        html.push_str(&escape(value));
        html.push_str(rest);
    }
    html
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_neither_markup_nor_template() {
        let values = [("name", "<b>\"{{proof}}\"'</b>"), ("proof", "secret")];
        assert_eq!(
            fill("<i>{{name}}</i>", &values),
            "<i>&lt;b&gt;&quot;{{proof}}&quot;&#39;&lt;/b&gt;</i>"
        );
    }

    #[test]
    fn a_place_without_a_value_is_empty() {
        assert_eq!(fill("a{{b}}c", &[]), "ac");
        let whole = framed("T", "{{name}}", &[("name", "x")]);
        assert!(whole.contains("<title>T") && !whole.contains("{{"), "{whole}");
    }
}
