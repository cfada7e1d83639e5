//! Everything the cloud knows.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, StatusCode, Uri, header};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::oneshot;

use super::answer::Problem;
use super::devices::{Device, Granted};
use super::faults::Faults;
use super::link::Link;
use super::pairing::Pairing;
use super::rates::Meters;
use super::received::Received;
use super::record::{Attachment, RecordedCall};
use super::session::Session;
use super::updates::UpdateQueue;
use super::{CloudOptions, Dialect, ids};

/// Everything the cloud knows.
pub(super) struct State {
    pub(super) options: CloudOptions,
    pub(super) base_url: String,
    pub(super) installations: Vec<Installation>,
    pub(super) sessions: Vec<Session>,
    /// Where a bubble is: index of its session, index within it.
    pub(super) bubbles: HashMap<String, (usize, usize)>,
    pub(super) pairings: Vec<Pairing>,
    /// Phones and bridges, in the order in which they came.
    pub(super) devices: Vec<Device>,
    /// Keys of sessions for phones.
    pub(super) grants: Vec<Granted>,
    /// Answers by installation and idempotency key.
    pub(super) memory: HashMap<(String, String), Remembered>,
    pub(super) calls: Vec<RecordedCall>,
    pub(super) received: Received,
    pub(super) violations: Vec<String>,
    pub(super) faults: Faults,
    pub(super) questions: HashMap<String, Question>,
    pub(super) files: HashMap<String, Attachment>,
    /// Buckets of everybody without a valid token.
    pub(super) anonymous: Meters,
    pub(super) links_opened: u64,
}

/// One paired computer.
pub(super) struct Installation {
    pub(super) id: String,
    pub(super) name: String,
    token_hash: [u8; 32],
    pub(super) revoked: bool,
    pub(super) updates: UpdateQueue,
    /// Open sockets, the newest last.
    pub(super) links: Vec<Link>,
    pub(super) meters: Meters,
}

/// The answer to an earlier call.
pub(super) struct Remembered {
    pub(super) path: String,
    pub(super) body: Map<String, Value>,
    pub(super) result: Value,
    pub(super) at: Instant,
}

/// A question that a bridge has not answered yet.
pub(super) struct Question {
    pub(super) kind: String,
    pub(super) answer: oneshot::Sender<Value>,
}

/// An update on its way into the queue of an installation.
pub(super) struct NewUpdate<'a> {
    pub(super) kind: &'a str,
    pub(super) session_id: Option<&'a str>,
    pub(super) interaction_id: Option<&'a str>,
    pub(super) payload: Value,
}

impl State {
    pub(super) fn new(options: CloudOptions, base_url: String) -> Self {
        Self {
            options,
            base_url,
            installations: Vec::new(),
            sessions: Vec::new(),
            bubbles: HashMap::new(),
            pairings: Vec::new(),
            devices: Vec::new(),
            grants: Vec::new(),
            memory: HashMap::new(),
            calls: Vec::new(),
            received: Received::default(),
            violations: Vec::new(),
            faults: Faults::default(),
            questions: HashMap::new(),
            files: HashMap::new(),
            anonymous: Meters::default(),
            links_opened: 0,
        }
    }

    /// Pairs a computer and returns its installation id and its token.
    pub(super) fn mint_installation(&mut self, name: &str, now: Instant) -> (String, String) {
        let id = ids::mint("inst");
        let token = ids::bridge_token(&id);
        self.installations.push(Installation {
            id: id.clone(),
            name: name.to_owned(),
            token_hash: hash(&token),
            revoked: false,
            updates: UpdateQueue::new(self.options.dialect),
            links: Vec::new(),
            meters: Meters::default(),
        });
        self.publish(
            &id,
            NewUpdate {
                kind: "installation.created",
                session_id: None,
                interaction_id: None,
                payload: json!({"installation": {"id": id}}),
            },
            now,
        );
        self.introduce_phones(&id, now);
        (id, token)
    }

    pub(super) fn violation(&mut self, text: impl Into<String>) {
        let text = text.into();
        tracing::debug!(violation = text, "the bridge broke a rule of the wire");
        self.violations.push(text);
    }

    pub(super) fn record(&mut self, call: RecordedCall) {
        self.calls.push(call);
    }

    /// Returns the newest installation that is not revoked.
    pub(super) fn newest_installation(&self) -> Option<&Installation> {
        self.installations.iter().rev().find(|installation| !installation.revoked)
    }

    pub(super) fn installation(&mut self, id: &str) -> Option<&mut Installation> {
        self.installations.iter_mut().find(|installation| installation.id == id)
    }

    pub(super) fn session(&mut self, id: &str) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.id == id)
    }

    /// Returns the time that REST answers are held back.
    pub(super) fn answer_delay(&self) -> Duration {
        self.options.round_trip + self.faults.delay
    }

    /// Queues an update for an installation and returns its id; null for an unknown one.
    pub(super) fn publish(
        &mut self,
        installation_id: &str,
        update: NewUpdate<'_>,
        now: Instant,
    ) -> Value {
        let dialect = self.options.dialect;
        let Some(at) = self.installations.iter().position(|it| it.id == installation_id) else {
            return Value::Null;
        };
        let twice = self.faults.duplicates > 0;
        self.faults.duplicates = self.faults.duplicates.saturating_sub(1);
        self.installations[at]
            .updates
            .push(now, twice, |id| update_frame(dialect, id, installation_id, update))
    }

    /// Finds the installation that a request speaks for.
    pub(super) fn authorize(&mut self, uri: &Uri, headers: &HeaderMap) -> Result<usize, Problem> {
        if has_token(uri) {
            self.violation(format!("{}: a token in the URL", uri.path()));
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid_token_location",
                "a token belongs into the authorization header and nowhere else",
            ));
        }
        let unknown =
            || Problem::new(StatusCode::UNAUTHORIZED, "invalid_token", "no such bridge token");
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(unknown)?;
        let token_hash = hash(token);
        let at = self
            .installations
            .iter()
            .position(|installation| installation.token_hash == token_hash)
            .ok_or_else(unknown)?;
        if self.installations[at].revoked {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "installation_revoked",
                "the person revoked this installation",
            ));
        }
        Ok(at)
    }
}

impl Installation {
    /// Says whether a bridge is connected and has introduced itself.
    pub(super) fn is_connected(&self) -> bool {
        self.links.iter().any(Link::said_hello)
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// A colon may stand in a query as it is or percent-encoded.
fn has_token(uri: &Uri) -> bool {
    let target = uri.to_string().to_ascii_lowercase();
    target.contains("inst_") && (target.contains(":s_") || target.contains("%3as_"))
        || uri.query().is_some_and(|query| {
            query.split('&').any(|pair| {
                matches!(pair.split('=').next(), Some("token" | "access_token" | "bot_token"))
            })
        })
}

fn update_frame(
    dialect: Dialect,
    id: &Value,
    installation_id: &str,
    update: NewUpdate<'_>,
) -> Value {
    let NewUpdate { kind, session_id, interaction_id, mut payload } = update;
    let created_at = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
    let inside = payload.as_object_mut();
    if let (Some(session_id), Some(inside)) = (session_id, inside) {
        inside.entry("session").or_insert_with(|| json!({"id": session_id}));
    }
    let mut body = json!({
        "update_id": id,
        "type": kind,
        "installation_id": installation_id,
        "created_at": created_at,
    });
    match dialect {
        Dialect::Documented => {
            if let Some(session_id) = session_id {
                body["session_id"] = json!(session_id);
            }
            if let Some(interaction_id) = interaction_id {
                body["interaction_id"] = json!(interaction_id);
            }
        }
        Dialect::Npm => {
            if let (Some(interaction_id), Some(inside)) = (interaction_id, payload.as_object_mut())
            {
                inside.insert("interaction_id".to_owned(), json!(interaction_id));
            }
        }
    }
    body["payload"] = payload;
    json!({"type": "update", "update": body})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_wherever_in_a_url_it_hides() {
        for uri in [
            "/v1/bridge/ws?token=x",
            "/v1/bridge/ws?a=1&access_token=x",
            "/v1/bridge/ws?auth=inst_a:s_live_b",
            "/v1/bridge/ws?auth=inst_a%3As_live_b",
            "/v1/bridge/inst_a:s_test_b/sendMessage",
        ] {
            assert!(has_token(&uri.parse().unwrap()), "{uri}");
        }
        for uri in ["/v1/bridge/ws", "/v1/bridge/sessions/ses_1/recipients?x=inst_1"] {
            assert!(!has_token(&uri.parse().unwrap()), "{uri}");
        }
    }

    #[test]
    fn ids_sit_beside_the_payload_or_inside_it_as_the_dialect_has_it() {
        let update = || NewUpdate {
            kind: "session.cancelled",
            session_id: Some("ses_1"),
            interaction_id: Some("int_1"),
            payload: json!({"reason": "user"}),
        };
        let frame = update_frame(Dialect::Documented, &json!("upd_1"), "inst_1", update());
        assert_eq!(frame["update"]["session_id"], "ses_1");
        assert_eq!(frame["update"]["interaction_id"], "int_1");
        let frame = update_frame(Dialect::Npm, &json!(1), "inst_1", update());
        assert_eq!(frame["update"].get("session_id"), None);
        assert_eq!(frame["update"]["payload"]["session"]["id"], "ses_1");
        assert_eq!(frame["update"]["payload"]["interaction_id"], "int_1");
    }
}
