//! `/v1/me/…`: what the phone page asks the cloud to do.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::{Problem, Success};
use super::cipher::PublicKey;
use super::devices::{Granted, Joining};
use super::ids;
use super::person::PersonError;
use super::record::Message;
use super::rest::read;
use super::server::Shared;
use super::state::State;

type Cloud = Extract<Arc<Shared>>;

/// Lists the routes of the person.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/me/sessions", post(open))
        .route("/v1/me/sessions/{id}/send", post(send))
        .route("/v1/me/sessions/{id}/cancel", post(cancel))
        .route("/v1/me/sessions/{id}/model", post(model))
        .route("/v1/me/sessions/{id}/end", post(end))
        .route("/v1/me/sessions/{id}/grants", post(grant))
        .route("/v1/me/devices", post(join))
        .route("/v1/me/devices/{id}/revoke", post(revoke_device))
        .route("/v1/me/approvals/{id}", post(decide))
        .route("/v1/me/pairing/claim", post(claim))
        .route("/v1/me/installations/{id}/revoke", post(revoke))
}

/// Serves an attachment to whoever was told its key.
pub(super) async fn file(Extract(shared): Cloud, Path(key): Path<String>) -> Response {
    match shared.look(|state| state.files.get(&key).cloned()) {
        Some(file) => ([(CONTENT_TYPE, file.mime)], file.bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Cancel {
    interaction_id: Option<String>,
}

#[derive(Deserialize)]
struct Model {
    model: Option<String>,
}

#[derive(Deserialize)]
struct Decide {
    decision: String,
}

#[derive(Deserialize)]
struct GrantKey {
    device_id: String,
    wrapped_session_key: String,
}

#[derive(Deserialize)]
struct Join {
    pubkey: String,
    #[serde(default)]
    label: String,
}

#[derive(Deserialize)]
struct Claim {
    code: String,
}

async fn open(Extract(shared): Cloud, body: Body) -> Response {
    act(&shared, body, |state, _: Nothing, now| {
        let id = ids::mint("ses");
        state.start_session(&id, now)?;
        Ok(json!({"session_id": id}))
    })
    .await
}

async fn send(Extract(shared): Cloud, Path(id): Path<String>, body: Body) -> Response {
    act(&shared, body, |state, message: Message, now| Ok(json!(state.say(&id, message, now)?)))
        .await
}

async fn cancel(Extract(shared): Cloud, Path(id): Path<String>, body: Body) -> Response {
    act(&shared, body, |state, cancel: Cancel, now| {
        updated(state.cancel(&id, cancel.interaction_id.as_deref(), now))
    })
    .await
}

async fn model(Extract(shared): Cloud, Path(id): Path<String>, body: Body) -> Response {
    act(&shared, body, |state, choice: Model, now| {
        updated(state.choose_model(&id, choice.model.as_deref(), now))
    })
    .await
}

async fn end(Extract(shared): Cloud, Path(id): Path<String>, body: Body) -> Response {
    act(&shared, body, |state, _: Nothing, now| updated(state.end_session(&id, now))).await
}

async fn grant(Extract(shared): Cloud, Path(id): Path<String>, body: Body) -> Response {
    act(&shared, body, |state, GrantKey { device_id, wrapped_session_key }, now| {
        let granted = Granted { session_id: id, device_id, wrapped_session_key };
        state.grant_key(granted, now)?;
        Ok(json!({}))
    })
    .await
}

async fn join(Extract(shared): Cloud, body: Body) -> Response {
    act(&shared, body, |state, Join { pubkey, label }: Join, now| {
        PublicKey::parse(&pubkey).ok_or(PersonError::MalformedKey)?;
        let joining = Joining { pubkey: &pubkey, label: &label, platform: "web" };
        Ok(json!({"device_id": state.join(&joining, now)}))
    })
    .await
}

async fn revoke_device(Extract(shared): Cloud, Path(id): Path<String>, body: Body) -> Response {
    act(&shared, body, |state, _: Nothing, now| {
        state.revoke_device(&id, now)?;
        Ok(json!({}))
    })
    .await
}

async fn decide(Extract(shared): Cloud, Path(id): Path<String>, body: Body) -> Response {
    act(&shared, body, |state, choice: Decide, now| {
        updated(state.decide(&id, &choice.decision, now))
    })
    .await
}

async fn claim(Extract(shared): Cloud, body: Body) -> Response {
    act(&shared, body, |state, claim: Claim, now| {
        let installation_id = state.approve_pairing(&claim.code, now)?;
        Ok(json!({"installation_id": installation_id}))
    })
    .await
}

async fn revoke(Extract(shared): Cloud, Path(id): Path<String>, body: Body) -> Response {
    act(&shared, body, |state, _: Nothing, now| {
        state.revoke(&id, now)?;
        Ok(json!({}))
    })
    .await
}

fn updated(update_id: Result<Value, PersonError>) -> Result<Value, PersonError> {
    Ok(json!({"update_id": update_id?}))
}

/// Reads a JSON body, acts on it, and answers in the envelope of the cloud.
pub(super) async fn act<T: DeserializeOwned>(
    shared: &Shared,
    body: Body,
    act: impl FnOnce(&mut State, T, Instant) -> Result<Value, PersonError>,
) -> Response {
    let body = read(body).await.unwrap_or_default();
    let now = Instant::now();
    let outcome = match serde_json::from_slice(&body) {
        Ok(body) => shared
            .change(|state| act(state, body, now))
            .map(Success::fresh)
            .map_err(|error| Problem::new(status(error), code(error), error.to_string())),
        Err(error) => {
            Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_request", error.to_string()))
        }
    };
    shared.answer_anyone(outcome)
}

fn status(error: PersonError) -> StatusCode {
    match error {
        PersonError::EmptyMessage
        | PersonError::UnknownDecision
        | PersonError::MalformedKey
        | PersonError::MalformedGrant => StatusCode::BAD_REQUEST,
        PersonError::UnknownSession
        | PersonError::UnknownApproval
        | PersonError::UnknownPairing
        | PersonError::UnknownDevice
        | PersonError::UnknownInstallation => StatusCode::NOT_FOUND,
        PersonError::NoInstallation
        | PersonError::AlreadyDecided
        | PersonError::EncryptedSession
        | PersonError::PlainSession => StatusCode::CONFLICT,
        PersonError::SessionEnded | PersonError::PairingOver => StatusCode::GONE,
        PersonError::AttachmentTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
    }
}

fn code(error: PersonError) -> &'static str {
    match error {
        PersonError::NoInstallation => "no_installation",
        PersonError::UnknownSession => "session_not_found",
        PersonError::SessionEnded => "session_deleted",
        PersonError::EmptyMessage => "empty_message",
        PersonError::AttachmentTooLarge => "attachment_too_large",
        PersonError::EncryptedSession => "session_encrypted",
        PersonError::PlainSession => "session_not_encrypted",
        PersonError::UnknownDevice => "device_not_found",
        PersonError::MalformedKey => "malformed_key",
        PersonError::MalformedGrant => "malformed_grant",
        PersonError::UnknownApproval => "approval_not_found",
        PersonError::AlreadyDecided => "already_decided",
        PersonError::UnknownDecision => "unknown_decision",
        PersonError::UnknownPairing => "pairing_not_found",
        PersonError::PairingOver => "pairing_over",
        PersonError::UnknownInstallation => "installation_not_found",
    }
}
