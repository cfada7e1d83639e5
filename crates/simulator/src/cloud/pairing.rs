//! Pairing: a code that the person confirms, and a token that is handed out once.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use super::answer::{FieldError, Outcome, Problem, Success};
use super::person::PersonError;
use super::state::State;
use super::{Dialect, ids};

/// The only runtime that the cloud pairs.
const CONNECTOR: &str = "openclaw";
/// The longest name of a computer, in characters.
const MAX_LABEL: usize = 100;

/// A pairing that a computer asked for and that waits for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingPairing {
    /// Code that the person confirms.
    pub code: String,
    /// How the computer calls itself.
    pub host_label: String,
}

/// One attempt of a computer to pair.
pub(super) struct Pairing {
    pub(super) code: String,
    pub(super) host_label: String,
    poll_token: String,
    expires_at: Instant,
    progress: Progress,
}

enum Progress {
    Waiting,
    Approved { installation_id: String, token: SecretString },
    Denied,
    Delivered,
}

/// What the person sees of a pairing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Waiting,
    Approved,
    Denied,
    Expired,
}

impl Pairing {
    /// Says how far the pairing is.
    pub(super) fn stage(&self, now: Instant) -> Stage {
        match self.progress {
            Progress::Approved { .. } | Progress::Delivered => Stage::Approved,
            Progress::Denied => Stage::Denied,
            Progress::Waiting if now >= self.expires_at => Stage::Expired,
            Progress::Waiting => Stage::Waiting,
        }
    }
}

impl State {
    /// Starts a pairing: `POST /v1/pairing/start`.
    pub(super) fn start_pairing(&mut self, body: &Map<String, Value>, now: Instant) -> Outcome {
        let ttl = self.options.pairing_ttl;
        let dialect = self.options.dialect;
        let host_label = check_start(body, dialect).map_err(Problem::invalid)?;
        let pairing = Pairing {
            code: ids::pairing_code(),
            host_label,
            poll_token: ids::secret(32),
            expires_at: now + ttl,
            progress: Progress::Waiting,
        };
        let code = pairing.code.clone();
        let expires_at = (SystemTime::now() + ttl).duration_since(UNIX_EPOCH).unwrap_or_default();
        let result = match dialect {
            Dialect::Documented => json!({
                "code": code,
                "expires_at": expires_at.as_secs(),
                "poll_token": pairing.poll_token,
            }),
            Dialect::Npm => json!({
                "code": code,
                "expires_at": u64::try_from(expires_at.as_millis()).unwrap_or(u64::MAX),
                "browser_url": format!("{}/v1/pairing/redeem?code={code}", self.base_url),
                "install_command": format!("npx @sophonai/bridge --pair {code}"),
                "install_steps_md": "Run the command on the computer that runs OpenClaw.",
                "connector": {"id": CONNECTOR, "display_name": "OpenClaw"},
            }),
        };
        self.pairings.push(pairing);
        if self.options.auto_approve_pairing {
            let approved = self.approve_pairing(&code, now);
            debug_assert!(approved.is_ok(), "a new pairing waits");
        }
        Ok(Success::fresh(result))
    }

    /// Says how a pairing stands, to the holder of its poll token: `POST /v1/pairing/poll`.
    pub(super) fn poll_by_token(&mut self, body: &Map<String, Value>, now: Instant) -> Outcome {
        let token = body.get("poll_token").and_then(Value::as_str).ok_or_else(|| {
            Problem::invalid_field("poll_token", "required", "is missing or no text")
        })?;
        let found = match self.options.dialect {
            Dialect::Documented => self.pairings.iter().position(|it| it.poll_token == token),
            Dialect::Npm => None,
        };
        self.poll(found, now)
    }

    /// Says how a pairing stands, to whoever knows its code: `GET /v1/pairing/poll?code=…`.
    pub(super) fn poll_by_code(&mut self, code: &str, now: Instant) -> Outcome {
        let found = match self.options.dialect {
            Dialect::Documented => None,
            Dialect::Npm => self.pairings.iter().position(|pairing| pairing.code == code),
        };
        self.poll(found, now)
    }

    /// Says until when a long poll for this code may learn nothing, if it learns nothing now.
    pub(super) fn waits_until(&self, code: &str, now: Instant) -> Option<Instant> {
        let waiting = self.pairing(code).filter(|pairing| pairing.stage(now) == Stage::Waiting);
        waiting.map(|pairing| pairing.expires_at)
    }

    /// Finds a pairing by its code, in capitals or not.
    pub(super) fn pairing(&self, code: &str) -> Option<&Pairing> {
        self.pairings.iter().rev().find(|pairing| pairing.code.eq_ignore_ascii_case(code.trim()))
    }

    /// Lists the pairings that wait for the person.
    pub(super) fn pending_pairings(&self, now: Instant) -> Vec<PendingPairing> {
        let waiting = self.pairings.iter().filter(|pairing| pairing.stage(now) == Stage::Waiting);
        waiting
            .map(|it| PendingPairing { code: it.code.clone(), host_label: it.host_label.clone() })
            .collect()
    }

    /// Approves a pairing and returns the new installation's id.
    pub(super) fn approve_pairing(
        &mut self,
        code: &str,
        now: Instant,
    ) -> Result<String, PersonError> {
        let at = self.waiting_pairing(code, now)?;
        let name = self.pairings[at].host_label.clone();
        let (installation_id, token) = self.mint_installation(&name, now);
        self.pairings[at].progress = Progress::Approved {
            installation_id: installation_id.clone(),
            token: SecretString::from(token),
        };
        Ok(installation_id)
    }

    /// Denies a pairing.
    pub(super) fn deny_pairing(&mut self, code: &str, now: Instant) -> Result<(), PersonError> {
        let at = self.waiting_pairing(code, now)?;
        self.pairings[at].progress = Progress::Denied;
        Ok(())
    }

    fn waiting_pairing(&self, code: &str, now: Instant) -> Result<usize, PersonError> {
        let pairing = self.pairing(code).ok_or(PersonError::UnknownPairing)?;
        if pairing.stage(now) != Stage::Waiting {
            return Err(PersonError::PairingOver);
        }
        let code = &pairing.code;
        self.pairings.iter().position(|it| it.code == *code).ok_or(PersonError::UnknownPairing)
    }

    fn poll(&mut self, found: Option<usize>, now: Instant) -> Outcome {
        let Some(at) = found else {
            let message = "no pairing answers to that";
            return Err(Problem::new(StatusCode::NOT_FOUND, "pairing_not_found", message));
        };
        let base_url = &self.base_url;
        let pairing = &mut self.pairings[at];
        let result = match pairing.stage(now) {
            Stage::Waiting => json!({"status": "pending"}),
            Stage::Denied => json!({"status": "denied"}),
            Stage::Expired => json!({"status": "expired"}),
            // The token goes out once; whoever comes again finds the pairing over.
            Stage::Approved => {
                match std::mem::replace(&mut pairing.progress, Progress::Delivered) {
                    Progress::Approved { installation_id, token } => {
                        delivery(self.options.dialect, base_url, &installation_id, &token)
                    }
                    Progress::Waiting | Progress::Denied | Progress::Delivered => {
                        json!({"status": "expired"})
                    }
                }
            }
        };
        Ok(Success::fresh(result))
    }
}

/// How long a long poll may be held, as the caller asks for it in seconds.
pub(super) fn hold_for(timeout: Option<&str>) -> Duration {
    let seconds = timeout.and_then(|text| text.parse().ok()).unwrap_or(25);
    Duration::from_secs(seconds).min(Duration::from_secs(25))
}

fn delivery(
    dialect: Dialect,
    base_url: &str,
    installation_id: &str,
    token: &SecretString,
) -> Value {
    match dialect {
        Dialect::Documented => json!({
            "status": "paired",
            "token": token.expose_secret(),
            "installation_id": installation_id,
        }),
        Dialect::Npm => json!({
            "status": "claimed",
            "bot_token": token.expose_secret(),
            "installation_id": installation_id,
            "sophon_ws_url": format!("{}/v1/bridge/ws", base_url.replacen("http", "ws", 1)),
        }),
    }
}

fn check_start(body: &Map<String, Value>, dialect: Dialect) -> Result<String, Vec<FieldError>> {
    let connector_field = match dialect {
        Dialect::Documented => "connector_type",
        Dialect::Npm => "connector_type_id",
    };
    let error = |path: &str, code, message: &str| {
        vec![FieldError { path: path.to_owned(), code, message: message.to_owned() }]
    };
    match body.get(connector_field).and_then(Value::as_str) {
        Some(CONNECTOR) => {}
        Some(_) => return Err(error(connector_field, "unknown", "names no known runtime")),
        None => return Err(error(connector_field, "required", "is missing or no text")),
    }
    let label = body.get("host_label").and_then(Value::as_str).map(str::trim).unwrap_or_default();
    if !(1..=MAX_LABEL).contains(&label.chars().count()) {
        return Err(error("host_label", "invalid", "is not a name of 1 to 100 characters"));
    }
    Ok(label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::CloudOptions;
    use super::*;

    fn state(dialect: Dialect) -> State {
        let options = CloudOptions { dialect, ..CloudOptions::default() };
        State::new(options, "http://127.0.0.1:1".to_owned())
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn start(state: &mut State, now: Instant) -> Value {
        let body = json!({"connector_type": "openclaw", "connector_type_id": "openclaw",
                          "host_label": "Work Mac OpenClaw"});
        state.start_pairing(&object(body), now).unwrap().result
    }

    #[test]
    fn a_documented_pairing_hands_its_token_out_once() {
        let (mut state, now) = (state(Dialect::Documented), Instant::now());
        let ticket = start(&mut state, now);
        let poll = object(json!({"poll_token": ticket["poll_token"]}));
        assert_eq!(state.poll_by_token(&poll, now).unwrap().result, json!({"status": "pending"}));
        let id = state.approve_pairing(ticket["code"].as_str().unwrap(), now).unwrap();
        let paired = state.poll_by_token(&poll, now).unwrap().result;
        assert_eq!((&paired["status"], &paired["installation_id"]), (&json!("paired"), &json!(id)));
        assert!(paired["token"].as_str().unwrap().starts_with(&format!("{id}:s_test_")));
        assert_eq!(state.poll_by_token(&poll, now).unwrap().result, json!({"status": "expired"}));
    }

    #[test]
    fn a_code_that_nobody_confirmed_in_time_is_over_for_both_sides() {
        let (mut state, now) = (state(Dialect::Npm), Instant::now());
        let ticket = start(&mut state, now);
        let code = ticket["code"].as_str().unwrap();
        let late = now + Duration::from_secs(120);
        assert_eq!(state.poll_by_code(code, late).unwrap().result, json!({"status": "expired"}));
        assert_eq!(state.approve_pairing(code, late), Err(PersonError::PairingOver));
        assert_eq!(state.pending_pairings(late), []);
    }

    #[test]
    fn knowing_the_code_is_not_enough_where_there_is_a_poll_token() {
        let (mut state, now) = (state(Dialect::Documented), Instant::now());
        let ticket = start(&mut state, now);
        let code = ticket["code"].as_str().unwrap();
        state.approve_pairing(&code.to_lowercase(), now).unwrap();
        assert_eq!(state.poll_by_code(code, now).unwrap_err().code, "pairing_not_found");
    }

    #[test]
    fn each_dialect_wants_its_own_name_for_the_runtime() {
        let body = object(json!({"connector_type": "openclaw", "host_label": "a"}));
        let now = Instant::now();
        assert!(state(Dialect::Documented).start_pairing(&body, now).is_ok());
        let problem = state(Dialect::Npm).start_pairing(&body, now).unwrap_err();
        assert_eq!(problem.errors[0].path, "connector_type_id");
    }
}
