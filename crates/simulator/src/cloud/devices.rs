//! The devices that read encrypted sessions, and the keys that they hand each other through the
//! cloud, which cannot open them.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::answer::{Outcome, Problem, Success};
use super::calls::Caller;
use super::envelope::check_grant;
use super::ids;
use super::person::PersonError;
use super::secrecy::Secrecy;
use super::state::{NewUpdate, State};

/// Platform under which a bridge is known to others.
const BRIDGE: &str = "bridge";

/// A phone, or a bridge.
pub(super) struct Device {
    pub(super) id: String,
    /// 64 hexadecimal digits in lower case.
    pub(super) pubkey: String,
    label: Option<String>,
    platform: String,
    /// Installation that a bridge speaks for; none of a phone.
    installation_id: Option<String>,
    /// Once it is revoked: the update that told each installation so.
    revoked: Option<BTreeMap<String, Value>>,
}

/// A session's key, sealed for a phone.
pub(super) struct Granted {
    pub(super) session_id: String,
    pub(super) device_id: String,
    pub(super) wrapped_session_key: String,
}

/// A phone that asks to be known.
pub(super) struct Joining<'a> {
    pub(super) pubkey: &'a str,
    pub(super) label: &'a str,
    pub(super) platform: &'a str,
}

impl State {
    /// Returns the device of an installation's bridge: the one that registered last.
    pub(super) fn bridge_device(&self, installation_id: &str) -> Option<&Device> {
        let of_bridge = |device: &&Device| {
            device.installation_id.as_deref() == Some(installation_id) && device.revoked.is_none()
        };
        self.devices.iter().rev().find(of_bridge)
    }

    /// Makes a phone known and tells every bridge of it; returns its id.
    pub(super) fn join(&mut self, joining: &Joining<'_>, now: Instant) -> String {
        let pubkey = joining.pubkey.to_ascii_lowercase();
        let is_it = |device: &&Device| {
            device.pubkey == pubkey && device.installation_id.is_none() && device.revoked.is_none()
        };
        if let Some(known) = self.devices.iter().find(is_it) {
            return known.id.clone();
        }
        let device = Device {
            id: ids::mint("dev"),
            pubkey,
            label: Some(joining.label.to_owned()),
            platform: joining.platform.to_owned(),
            installation_id: None,
            revoked: None,
        };
        let (id, payload) = (device.id.clone(), added(&device));
        self.devices.push(device);
        self.tell_bridges("device_added", &payload, None, now);
        id
    }

    /// Tells a bridge that was just paired of the phones that are there.
    pub(super) fn introduce_phones(&mut self, installation_id: &str, now: Instant) {
        let phones = self.devices.iter().filter(|device| device.revoked.is_none());
        let phones = phones.filter(|device| device.installation_id.is_none());
        for payload in phones.map(added).collect::<Vec<Value>>() {
            self.publish(installation_id, about_devices("device_added", payload), now);
        }
    }

    /// Takes a device's keys away, as the person does in the settings.
    pub(super) fn revoke_device(&mut self, id: &str, now: Instant) -> Result<(), PersonError> {
        let at = self.devices.iter().position(|device| device.id == id);
        let at = at.ok_or(PersonError::UnknownDevice)?;
        let told = self.tell_bridges("device_revoked", &json!({"device_id": id}), None, now);
        self.devices[at].revoked.get_or_insert(told);
        Ok(())
    }

    /// Says whether a device is known and not revoked.
    pub(super) fn has_device(&self, id: &str) -> bool {
        self.devices.iter().any(|device| device.id == id && device.revoked.is_none())
    }

    /// Notes that a session is encrypted, unless it is known not to be.
    pub(super) fn encrypt_session(&mut self, session_id: &str) -> Result<(), PersonError> {
        let session = self.session(session_id).ok_or(PersonError::UnknownSession)?;
        match session.secrecy {
            Secrecy::Plain => return Err(PersonError::PlainSession),
            Secrecy::Untold | Secrecy::Encrypted => session.secrecy = Secrecy::Encrypted,
        }
        Ok(())
    }

    /// Hands a session's key from a phone to another device; a bridge hears of it by the update
    /// whose id comes back.
    pub(super) fn grant_key(
        &mut self,
        granted: Granted,
        now: Instant,
    ) -> Result<Option<Value>, PersonError> {
        check_grant(&granted.wrapped_session_key).map_err(|_| PersonError::MalformedGrant)?;
        let is_it = |device: &&Device| device.id == granted.device_id && device.revoked.is_none();
        let device = self.devices.iter().find(is_it).ok_or(PersonError::UnknownDevice)?;
        let installation_id = device.installation_id.clone();
        self.encrypt_session(&granted.session_id)?;
        let Some(installation_id) = installation_id else {
            self.grants.push(granted);
            return Ok(None);
        };
        let payload = json!({"session_id": granted.session_id, "device_id": granted.device_id,
                             "wrapped_session_key": granted.wrapped_session_key});
        let update = about_devices("session_key_granted", payload);
        Ok(Some(self.publish(&installation_id, update, now)))
    }

    fn tell_bridges(
        &mut self,
        kind: &str,
        payload: &Value,
        but: Option<&str>,
        now: Instant,
    ) -> BTreeMap<String, Value> {
        let others = self.installations.iter().filter(|it| !it.revoked);
        let ids: Vec<String> = others.map(|it| it.id.clone()).collect();
        let told = ids.into_iter().filter(|id| Some(id.as_str()) != but);
        told.map(|id| {
            let update = self.publish(&id, about_devices(kind, payload.clone()), now);
            (id, update)
        })
        .collect()
    }

    /// Says whether an installation acknowledged that a device was revoked.
    fn knows_revoked(&self, installation_id: &str, device: &Device) -> bool {
        let told = device.revoked.as_ref().and_then(|told| told.get(installation_id));
        let installation = self.installations.iter().find(|it| it.id == installation_id);
        told.zip(installation).is_some_and(|(id, installation)| installation.updates.is_acked(id))
    }
}

/// `POST /v1/bridge/devices`.
pub(super) fn register(
    state: &mut State,
    caller: &Caller<'_>,
    body: &Map<String, Value>,
) -> Success {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    let pubkey = text("pubkey").unwrap_or_default().to_ascii_lowercase();
    let before = state.bridge_device(caller.installation_id);
    if let Some(same) = before.filter(|device| device.pubkey == pubkey) {
        return Success::fresh(json!({"device_id": same.id, "pubkey_changed": false}));
    }
    let changed = before.is_some();
    let device = Device {
        id: ids::mint("dev"),
        pubkey,
        label: text("label"),
        platform: BRIDGE.to_owned(),
        installation_id: Some(caller.installation_id.to_owned()),
        revoked: None,
    };
    let (id, payload) = (device.id.clone(), added(&device));
    state.devices.push(device);
    state.tell_bridges("device_added", &payload, Some(caller.installation_id), caller.now);
    Success::fresh(json!({"device_id": id, "pubkey_changed": changed}))
}

/// `POST /v1/bridge/sessions/<id>/recipients`, about the session at this index.
pub(super) fn receive_grants(
    state: &mut State,
    caller: &Caller<'_>,
    session_at: usize,
    body: &Map<String, Value>,
) -> Outcome {
    if state.sessions[session_at].secrecy == Secrecy::Plain {
        let message = "get a key of a session that is not encrypted";
        return Err(Problem::invalid_field("recipients", "plain_session", message));
    }
    let wrapped_by = body.get("wrapped_by_device_id").and_then(Value::as_str);
    let own = state.bridge_device(caller.installation_id).map(|device| device.id.as_str());
    if wrapped_by.is_some() && wrapped_by != own {
        let message = "is not the device that this bridge registered last";
        return Err(Problem::invalid_field("wrapped_by_device_id", "unknown", message));
    }
    let recipients =
        body.get("recipients").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let session_id = state.sessions[session_at].id.clone();
    let (mut granted, mut too_late) = (Vec::new(), Vec::new());
    for recipient in recipients {
        let (device, wrapped) = recipient_of(state, recipient)?;
        if state.knows_revoked(caller.installation_id, device) {
            too_late.push(format!("recipients: {} was revoked before", device.id));
        }
        if device.revoked.is_none() {
            let (session_id, device_id) = (session_id.clone(), device.id.clone());
            granted.push(Granted { session_id, device_id, wrapped_session_key: wrapped });
        }
    }
    too_late.into_iter().for_each(|text| state.violation(text));
    state.sessions[session_at].secrecy = Secrecy::Encrypted;
    state.grants.extend(granted);
    Ok(Success::fresh(json!({})))
}

fn recipient_of<'a>(state: &'a State, recipient: &Value) -> Result<(&'a Device, String), Problem> {
    let invalid = |code, message: &str| Problem::invalid_field("recipients", code, message);
    let text = |name: &str| recipient.get(name).and_then(Value::as_str);
    let (Some(id), Some(wrapped)) = (text("device_id"), text("wrapped_session_key")) else {
        return Err(invalid("invalid", "lacks a device_id or a wrapped_session_key"));
    };
    if recipient.as_object().is_none_or(|fields| fields.len() != 2) {
        return Err(invalid("unknown_field", "has a field that the wire does not know"));
    }
    check_grant(wrapped).map_err(|why| invalid("invalid", &format!("has a key that {why}")))?;
    let device = state.devices.iter().find(|device| device.id == id);
    let device = device.ok_or_else(|| invalid("unknown", "names a device that nobody has"))?;
    Ok((device, wrapped.to_owned()))
}

fn added(device: &Device) -> Value {
    let mut payload = json!({"device_id": device.id, "pubkey": device.pubkey,
                             "platform": device.platform});
    if let Some(label) = &device.label {
        payload["label"] = json!(label);
    }
    payload
}

fn about_devices(kind: &str, payload: Value) -> NewUpdate<'_> {
    NewUpdate { kind, session_id: None, interaction_id: None, payload }
}
