//! The handshake: who may come in, as whom, and what they are greeted with.

use std::time::Instant;

use serde_json::{Value, json};

use super::devices::{Profile, sorted};
use super::house::State;
use super::ids::{now_ms, uuid};
use super::keys::AGENT;
use super::observe::RecordedConnect;
use super::proof::{Challenge, verify};
use super::refusal::Refused;
use super::rpc::method_names;
use super::wire::{Audience, Connection, Credential, MAX_BUFFERED_BYTES, Outbox, Outgoing};
use super::{ConnectRefusal, Generation, PairingReason, schema};

/// Bytes of the largest frame that a client may send.
pub(super) const MAX_PAYLOAD: usize = 26_214_400;

/// The events that the simulated gateway sends; those of the newer generation alone come last.
const EVENTS: [&str; 19] = [
    "connect.challenge",
    "agent",
    "chat",
    "presence",
    "tick",
    "shutdown",
    "health",
    "cron",
    "device.pair.requested",
    "device.pair.resolved",
    "node.pair.requested",
    "node.pair.resolved",
    "exec.approval.requested",
    "exec.approval.resolved",
    "plugin.approval.requested",
    "plugin.approval.resolved",
    "device.pair.changed",
    "device.pair.setup.completed",
    "device.pair.setup.deliveryUncertain",
];
/// How many events only the newer generation sends.
const NEWER_EVENTS: usize = 3;

/// How a connection that is not let in ends.
pub(super) struct Farewell {
    /// A last frame.
    pub(super) frame: Option<String>,
    pub(super) code: u16,
    pub(super) reason: String,
}

impl Farewell {
    fn silent(code: u16, reason: &str) -> Self {
        Self { frame: None, code, reason: reason.to_owned() }
    }

    fn refused(id: &Value, error: &Value, code: u16, reason: &str) -> Self {
        let frame = json!({"type": "res", "id": id, "ok": false, "error": error});
        Self { frame: Some(frame.to_string()), code, reason: reason.to_owned() }
    }

    fn invalid(id: &Value, message: &str) -> Self {
        let error = json!({"code": "INVALID_REQUEST", "message": message});
        Self::refused(id, &error, 1008, message)
    }
}

/// A way in, and what is said first on it.
pub(super) struct Visitor {
    pub(super) outbox: Outbox,
    pub(super) challenge: Challenge,
    /// The upgrade carried an `Origin` header.
    pub(super) from_browser: bool,
}

impl State {
    /// Judges the first frame of a connection; lets it in, and tells its number.
    pub(super) fn receive(&mut self, visitor: Visitor, first: &Value) -> Result<u64, Farewell> {
        let (Some("req"), Some(method), true) =
            (first["type"].as_str(), first["method"].as_str(), first["id"].is_string())
        else {
            self.record.violate("the first frame is no request".to_owned());
            return Err(Farewell::silent(1008, "invalid request frame"));
        };
        let id = &first["id"];
        if method != "connect" {
            self.record.violate(format!("{method} came before connect"));
            let message = "invalid handshake: first request must be connect";
            return Err(Farewell::invalid(id, message));
        }
        let params = first.get("params").unwrap_or(&Value::Null);
        if let Err(problem) = schema::check(schema::CONNECT, params, self.generation) {
            let message = format!("invalid connect params: {problem}");
            self.record.violate(message.clone());
            self.note_connect(params, None);
            return Err(Farewell::invalid(id, &message));
        }
        if params["role"].as_str().unwrap_or("operator") != "operator" {
            return Err(Farewell::invalid(id, "invalid role"));
        }
        let judged = self.judge(params, &visitor);
        self.note_connect(params, Some(judged));
        match judged {
            Ok(credential) => Ok(self.let_in(visitor, id, params, credential)),
            Err(refusal) => {
                if refusal.is_flawed_proof() {
                    let code = refusal.details_code().unwrap_or_default();
                    self.record.violate(format!("a device proof was refused: {code}"));
                }
                let pairing = self.ask_owner(refusal, params);
                let refused = Refused { generation: self.generation, params, pairing };
                let error = refusal.error(&refused);
                let (code, reason) = (refusal.close_code(), refusal.close_reason());
                Err(Farewell::refused(id, &error, code, reason))
            }
        }
    }

    fn judge(&mut self, params: &Value, visitor: &Visitor) -> Result<Credential, ConnectRefusal> {
        if let Some(planned) = self.refusals.pop_front() {
            return Err(planned);
        }
        let protocol = self.generation.protocol();
        let bound = |field: &str| params[field].as_u64().unwrap_or_default();
        if !(bound("minProtocol")..=bound("maxProtocol")).contains(&protocol) {
            return Err(ConnectRefusal::ProtocolMismatch);
        }
        let has_device = params["device"].is_object();
        if has_device {
            verify(params, &visitor.challenge)?;
        }
        let credential = self.credential(params)?;
        if has_device {
            self.admit_device(&Profile::of(params), credential, visitor.from_browser)?;
        }
        Ok(credential)
    }

    fn credential(&self, params: &Value) -> Result<Credential, ConnectRefusal> {
        let auth = &params["auth"];
        let slot = |name: &str| auth[name].as_str().filter(|text| !text.is_empty());
        let (token, device_token) = (slot("token"), slot("deviceToken"));
        let password = slot("password").filter(|_| self.generation.is_newer());
        let shared = Some(self.options.token.as_str());
        if token == shared || password == shared {
            return Ok(Credential::Shared);
        }
        let device_id = params["device"]["id"].as_str();
        let device = device_id.and_then(|id| self.devices.paired(id));
        let held = device.and_then(|device| device.token.as_deref());
        let held = held.filter(|_| self.options.device_tokens);
        if held.is_some() && (device_token == held || token == held) {
            return Ok(Credential::Device);
        }
        Err(match (token, device_token, slot("bootstrapToken"), device_id) {
            (_, _, Some(_), _) => ConnectRefusal::BootstrapTokenInvalid,
            (Some(_), _, None, _) => ConnectRefusal::TokenMismatch,
            (None, Some(_), None, _) => ConnectRefusal::DeviceTokenMismatch,
            (None, None, None, Some(_)) => ConnectRefusal::TokenMissing,
            (None, None, None, None) => ConnectRefusal::DeviceIdentityRequired,
        })
    }

    fn admit_device(
        &mut self,
        profile: &Profile,
        credential: Credential,
        from_browser: bool,
    ) -> Result<(), ConnectRefusal> {
        let may_pair = self.options.auto_pairing && !from_browser;
        let Some(device) = self.devices.paired_mut(&profile.id) else {
            if !may_pair {
                return Err(ConnectRefusal::PairingRequired(PairingReason::NotPaired));
            }
            self.pair_silently(profile.clone());
            return Ok(());
        };
        let Some(objection) = device.objection(profile) else {
            device.profile.display_name = profile.display_name.clone();
            return Ok(());
        };
        let upgrade = match objection {
            PairingReason::NotPaired => false,
            PairingReason::RoleUpgrade => may_pair && credential == Credential::Shared,
            PairingReason::MetadataUpgrade => may_pair && is_native_app(profile, self.generation),
            PairingReason::ScopeUpgrade => match (self.generation, credential) {
                (Generation::Older, Credential::Device) => {
                    return Err(ConnectRefusal::DeviceTokenMismatch);
                }
                (Generation::Newer, Credential::Device) => {
                    return Err(ConnectRefusal::ScopeMismatch);
                }
                (Generation::Older, Credential::Shared) => false,
                (Generation::Newer, Credential::Shared) => may_pair,
            },
        };
        if !upgrade {
            return Err(ConnectRefusal::PairingRequired(objection));
        }
        self.pair_silently(profile.clone());
        Ok(())
    }

    fn pair_silently(&mut self, profile: Profile) {
        if self.generation.is_newer() {
            let connected = self.wire.connected_devices();
            self.devices.supersede(&profile, &connected);
        }
        let device_id = profile.id.clone();
        self.devices.pair(profile, true);
        self.tell_of_pairing(&uuid(), &device_id, "approved");
    }

    /// Leaves a question for the owner when a device must be approved first.
    fn ask_owner(
        &mut self,
        refusal: ConnectRefusal,
        params: &Value,
    ) -> Option<(String, Option<Vec<String>>)> {
        if !matches!(refusal, ConnectRefusal::PairingRequired(_)) {
            return None;
        }
        let profile = Profile::of(params);
        let approved = self.devices.paired(&profile.id).map(|device| device.profile.scopes.clone());
        let request_id = self.device_asks(profile, now_ms());
        Some((request_id, approved))
    }

    fn let_in(&mut self, visitor: Visitor, id: &Value, params: &Value, by: Credential) -> u64 {
        let scopes = if params["device"].is_object() || keeps_scopes(params, self.generation) {
            texts(&params["scopes"])
        } else {
            Vec::new()
        };
        let device_id = params["device"]["id"].as_str().map(str::to_owned);
        let client = &params["client"];
        let name = client["displayName"].as_str().or(client["id"].as_str()).unwrap_or_default();
        let connection = Connection {
            outbox: visitor.outbox,
            device_id,
            display_name: name.to_owned(),
            scopes,
            caps: texts(&params["caps"]),
            credential: by,
            seq: 0,
        };
        let hello = self.hello(&connection);
        let answer = json!({"type": "res", "id": id, "ok": true, "payload": hello});
        connection.outbox.send(Outgoing::Text(answer.to_string()));
        let number = self.next_connection();
        self.wire.connections.insert(number, connection);
        let now = now_ms();
        match self.generation {
            Generation::Older => {
                let health = json!({"ok": true, "ts": now, "durationMs": 1});
                self.wire.event("health", &health, Audience::Everyone);
            }
            Generation::Newer => {
                let presence = json!({"presence": [{"mode": "gateway", "ts": now}]});
                self.wire.event("presence", &presence, Audience::Everyone);
            }
        }
        number
    }

    fn hello(&self, connection: &Connection) -> Value {
        let newer = self.generation.is_newer();
        let device = connection.device_id.as_ref().and_then(|id| self.devices.paired(id));
        let mut auth = json!({"role": "operator", "scopes": connection.scopes});
        if let Some(device) = device {
            if !newer {
                auth["scopes"] = json!(sorted(&device.profile.scopes));
            }
            if let Some(token) = device.token.as_ref().filter(|_| self.options.device_tokens) {
                auth["deviceToken"] = token.as_str().into();
                auth["issuedAtMs"] = device.issued_at_ms.into();
            }
        }
        let events = if newer { &EVENTS[..] } else { &EVENTS[..EVENTS.len() - NEWER_EVENTS] };
        let mut hello = json!({
            "type": "hello-ok",
            "protocol": self.generation.protocol(),
            "server": {"version": self.generation.version(), "connId": uuid()},
            "features": {"methods": method_names(self.generation), "events": events},
            "snapshot": {
                "presence": [],
                "health": {"ok": true, "ts": now_ms()},
                "stateVersion": {"presence": 1, "health": 1},
                "uptimeMs": now_ms().saturating_sub(self.booted_at_ms),
                "sessionDefaults": {
                    "defaultAgentId": AGENT, "mainKey": "main",
                    "mainSessionKey": format!("agent:{AGENT}:main"), "scope": "per-sender",
                },
            },
            "policy": {
                "maxPayload": MAX_PAYLOAD,
                "maxBufferedBytes": MAX_BUFFERED_BYTES,
                "tickIntervalMs": super::ids::millis(self.options.tick_every),
            },
        });
        if newer {
            hello["server"]["bootId"] = self.boot_id.as_str().into();
            hello["features"]["capabilities"] = json!([]);
            auth["method"] = match connection.credential {
                Credential::Shared => "token",
                Credential::Device => "device-token",
            }
            .into();
            hello["policy"]["attachments"] =
                json!({"maxBytes": 19_464_192, "maxImageBytes": 6_291_456});
        }
        hello["auth"] = auth;
        hello
    }

    fn note_connect(
        &mut self,
        params: &Value,
        outcome: Option<Result<Credential, ConnectRefusal>>,
    ) {
        self.record.connects.push(RecordedConnect {
            client: params["client"].clone(),
            scopes: texts(&params["scopes"]),
            caps: texts(&params["caps"]),
            device_id: params["device"]["id"].as_str().map(str::to_owned),
            outcome,
            at: Instant::now(),
        });
    }
}

/// Clients that keep their scopes without a device.
fn keeps_scopes(params: &Value, generation: Generation) -> bool {
    let client = &params["client"];
    let is = |id: &str, mode: &str| client["id"] == id && client["mode"] == mode;
    is("gateway-client", "backend") || generation.is_newer() && is("cli", "cli")
}

/// Clients whose change of platform is taken as an update of their system.
fn is_native_app(profile: &Profile, generation: Generation) -> bool {
    let native = ["openclaw-macos", "openclaw-ios", "openclaw-android"];
    let id = profile.client_id.as_str();
    let known = native.contains(&id) || generation.is_newer() && id == "openclaw-linux";
    known && profile.client_mode == "ui"
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
