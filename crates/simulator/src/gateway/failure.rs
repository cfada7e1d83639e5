//! How a run fails whose model fails.

use serde_json::{Value, json};

use super::Generation;
use super::ids::now_ms;
use super::run::{Run, dispatch};
use super::script::ModelFailure;
use super::sessions::RowBody;
use super::wire::Wire;

/// A failure of the model in the words of everybody who tells of it.
pub(super) struct Failure {
    /// It may pass: the model is asked again.
    pub(super) passing: bool,
    /// The provider's words.
    raw: String,
    /// What the older generation tells.
    older: String,
    /// What the newer generation tells.
    newer: String,
    /// What the newer generation tells once more, when the run is over.
    newer_again: String,
    kind: Option<&'static str>,
    reason: &'static str,
    runtime_kind: &'static str,
}

impl Failure {
    pub(super) fn of(failure: ModelFailure, (provider, model): (&str, &str)) -> Self {
        let before_reply = |told: &str| {
            format!(
                "⚠️ Agent failed before reply: {told}\n\
                 To view logs, run `openclaw logs --follow` in a terminal."
            )
        };
        match failure {
            ModelFailure::Status(401) => {
                let told = "Authentication failed (provider returned HTTP 401). Your provider \
                            token may have expired — try the request again in a moment. If the \
                            failure persists, re-authenticate this provider.";
                Self {
                    passing: false,
                    raw: "401 Incorrect API key provided.".to_owned(),
                    older: "401 Incorrect API key provided.".to_owned(),
                    newer: told.to_owned(),
                    newer_again: before_reply(told),
                    kind: None,
                    reason: "auth",
                    runtime_kind: "auth_invalid_token",
                }
            }
            ModelFailure::Status(402) => Self {
                passing: false,
                raw: "402 Insufficient credits.".to_owned(),
                older: "402 Insufficient credits.".to_owned(),
                newer: format!(
                    "⚠️ {provider} ({model}) returned a billing error — your API key has run out \
                     of credits or has an insufficient balance. Check your {provider} billing \
                     dashboard and top up or switch to a different API key."
                ),
                newer_again: "⚠️ API provider returned a billing error — your API key has run out \
                              of credits or has an insufficient balance. Check your provider's \
                              billing dashboard and top up or switch to a different API key."
                    .to_owned(),
                kind: None,
                reason: "billing",
                runtime_kind: "unclassified",
            },
            ModelFailure::Status(429) => Self {
                passing: true,
                raw: "429 Rate limit reached for requests.".to_owned(),
                older: "⚠️ API rate limit reached. Please try again later.".to_owned(),
                newer: "⚠️ Rate limit reached for requests.; Retry-After: 1 seconds".to_owned(),
                newer_again: "⚠️ The model request was rate-limited. Please try again in a few \
                              minutes."
                    .to_owned(),
                kind: Some("rate_limit"),
                reason: "rate_limit",
                runtime_kind: "rate_limit",
            },
            ModelFailure::Status(status) => {
                let raw = format!("HTTP {status}: The server had an error.");
                let told = format!(
                    "⚠️ {provider}/{model} request failed (provider internal error, HTTP \
                     {status}). This is usually temporary — try again shortly."
                );
                Self {
                    passing: status >= 500,
                    older: raw.clone(),
                    raw,
                    newer_again: before_reply(&told),
                    newer: told,
                    kind: None,
                    reason: "server_error",
                    runtime_kind: "timeout",
                }
            }
            ModelFailure::Drop => {
                let told = "LLM request timed out.".to_owned();
                Self {
                    passing: true,
                    raw: told.clone(),
                    older: told.clone(),
                    newer_again: before_reply(&told),
                    newer: told,
                    kind: Some("timeout"),
                    reason: "timeout",
                    runtime_kind: "timeout",
                }
            }
        }
    }

    pub(super) fn row(&self) -> RowBody {
        RowBody::Failure { raw: self.raw.clone(), told: self.newer.clone() }
    }

    fn observation(&self, (provider, model): (&str, &str)) -> Value {
        json!({
            "provider": provider, "model": model, "failoverReason": self.reason,
            "providerRuntimeFailureKind": self.runtime_kind,
        })
    }
}

impl Run {
    /// Tells that one attempt failed.
    pub(super) fn attempt_failed(
        &mut self,
        wire: &mut Wire,
        failure: &Failure,
        model: (&str, &str),
    ) {
        match wire.generation {
            Generation::Older => self.lifecycle(
                wire,
                json!({
                    "phase": "error", "error": failure.older, "livenessState": "blocked",
                    "endedAt": now_ms(),
                }),
            ),
            Generation::Newer => self.lifecycle(
                wire,
                json!({
                    "phase": "finishing", "error": failure.newer,
                    "errorObservation": failure.observation(model), "aborted": false,
                    "livenessState": "blocked", "endedAt": now_ms(),
                }),
            ),
        }
    }

    /// Tells that the model is asked again; the older generation only begins its text anew.
    pub(super) fn retrying(
        &mut self,
        wire: &mut Wire,
        failure: &Failure,
        (attempt, attempts): (u32, u32),
        pause_ms: u64,
    ) {
        if wire.generation == Generation::Older {
            self.forget_text();
            return;
        }
        self.seq += 1;
        let retry = json!({"attempt": attempt, "maxAttempts": attempts, "reason": failure.reason});
        self.chat(wire, "status", &json!({"phase": "starting_model", "retry": retry}));
        self.agent(
            wire,
            "run_status",
            json!({
                "phase": "retrying", "message": format!("Retrying… {attempt}/{attempts}"),
                "retryAttempt": attempt - 1, "maxRetries": attempts - 1, "delayMs": pause_ms,
                "attempt": attempt, "maxAttempts": attempts, "reason": failure.reason,
            }),
        );
        self.take_back(wire);
    }

    /// Closes the run; the newer generation does so twice.
    pub(super) fn fail(&mut self, wire: &mut Wire, failure: &Failure, model: (&str, &str)) {
        let mut fields = json!({"errorMessage": failure.older});
        if wire.generation.is_newer() {
            let observation = failure.observation(model);
            self.detach_model(wire);
            self.lifecycle(
                wire,
                json!({
                    "phase": "fallback_step", "fallbackStepType": "fallback_step",
                    "fallbackStepFromModel": format!("{}/{}", model.0, model.1),
                    "fallbackStepFromFailureReason": failure.reason,
                    "fallbackStepFromFailureDetail": failure.raw,
                    "fallbackStepChainPosition": 1, "fallbackStepFinalOutcome": "chain_exhausted",
                }),
            );
            self.lifecycle(
                wire,
                json!({
                    "phase": "error", "error": failure.newer, "errorObservation": observation,
                    "aborted": false, "livenessState": "blocked", "startedAt": self.started_at_ms,
                    "endedAt": now_ms(), "executionSettled": true,
                }),
            );
            fields = json!({"errorMessage": failure.newer, "errorDetail": observation});
        }
        let kind_is_told = wire.generation.is_newer() || failure.kind == Some("rate_limit");
        if let Some(kind) = failure.kind.filter(|_| kind_is_told) {
            fields["errorKind"] = kind.into();
        }
        self.chat(wire, "error", &fields);
        if wire.generation.is_newer() {
            let again = json!({"errorMessage": failure.newer_again});
            dispatch(wire, &self.id, &self.session_key, "error", &again);
        }
    }
}
