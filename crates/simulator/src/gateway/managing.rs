//! Managing devices. Over the shared token a client sees everybody's; over a device token only its
//! own.

use serde_json::{Map, Value, json};

use super::RpcError;
use super::devices::{Device, OPERATOR, Profile, sorted};
use super::house::State;
use super::ids::now_ms;
use super::observe::AccessDecision;
use super::rpc::Caller;
use super::wire::{Audience, Credential};

type Params = Map<String, Value>;

impl State {
    /// Records that a device asks since this time, and tells the managers; tells the question's id.
    pub(super) fn device_asks(&mut self, profile: Profile, at_ms: u64) -> String {
        let device_id = profile.id.clone();
        let asked = self.devices.ask(profile, at_ms, self.generation);
        if self.generation.is_newer() {
            for before in &asked.superseded {
                self.tell_of_pairing(before, &device_id, "rejected");
            }
        }
        let mut pending = self.devices.pending().iter();
        let asks = pending.find(|asks| asks.request_id == asked.request_id);
        if let Some(asks) = asks.filter(|_| asked.is_new) {
            self.wire.event("device.pair.requested", &asks.describe(), Audience::Managers);
        }
        asked.request_id
    }

    /// Answers `device.pair.list`, newest question first.
    pub(super) fn list_devices(&mut self, by: &Caller, _: &Params) -> Result<Value, RpcError> {
        let only = own_device(by);
        let connected = self.wire.connected_devices();
        let paired = self.devices.describe_paired(self.generation, only, &connected);
        let pending = self.devices.pending().iter().rev();
        let pending = pending.filter(|asks| only.is_none_or(|id| id == asks.profile.id));
        let pending: Vec<Value> = pending.map(|asks| asks.describe()).collect();
        Ok(json!({"pending": pending, "paired": paired}))
    }

    /// Answers `device.pair.approve`.
    pub(super) fn approve_device(
        &mut self,
        by: &Caller,
        params: &Params,
    ) -> Result<Value, RpcError> {
        let request_id = text(params, "requestId").to_owned();
        let denied = "device pairing approval denied";
        let strict = self.generation.is_newer() && !by.is_admin;
        let Some(asks) = self.devices.pending().iter().find(|a| a.request_id == request_id) else {
            // The newer generation tells nobody but an administrator what it does not know.
            return Err(RpcError::invalid(if strict { denied } else { "unknown requestId" }));
        };
        let profile = asks.profile.clone();
        let is_foreign = own_device(by).is_some_and(|own| own != profile.id);
        if is_foreign || strict && profile.role != OPERATOR {
            return Err(RpcError::invalid(denied));
        }
        if let Some(missing) = self.missing_scope(by, &profile.scopes) {
            return Err(RpcError::invalid(&format!("missing scope: {missing}")));
        }
        let device_id = profile.id.clone();
        self.devices.pair(profile, false);
        self.decided(by, &request_id, true);
        self.tell_of_pairing(&request_id, &device_id, "approved");
        let connected = self.wire.connected_devices();
        let device = self.devices.paired(&device_id);
        let device = device.map(|device| device.describe(self.generation, &connected));
        Ok(json!({"requestId": request_id, "device": device}))
    }

    /// Answers `device.pair.reject`.
    pub(super) fn reject_device(
        &mut self,
        by: &Caller,
        params: &Params,
    ) -> Result<Value, RpcError> {
        let request_id = text(params, "requestId");
        let visible = self.devices.pending().iter().any(|asks| {
            asks.request_id == request_id && own_device(by).is_none_or(|own| own == asks.profile.id)
        });
        let asks = visible.then(|| self.devices.take_pending(request_id)).flatten();
        let Some(asks) = asks else { return Err(RpcError::invalid("unknown requestId")) };
        self.decided(by, request_id, false);
        self.tell_of_pairing(request_id, &asks.profile.id, "rejected");
        Ok(json!({"requestId": request_id, "deviceId": asks.profile.id}))
    }

    /// Answers `device.pair.remove`.
    pub(super) fn remove_device(
        &mut self,
        by: &Caller,
        params: &Params,
    ) -> Result<Value, RpcError> {
        let id = self.managed(by, params, "device pairing removal denied")?;
        if !self.devices.remove(&id) {
            return Err(RpcError::invalid("unknown deviceId"));
        }
        if self.generation.is_newer() {
            self.nodes.remove(&id);
        }
        self.close_after_answer(&id);
        Ok(json!({"deviceId": id}))
    }

    /// Answers `device.pair.rename`.
    pub(super) fn rename_device(
        &mut self,
        by: &Caller,
        params: &Params,
    ) -> Result<Value, RpcError> {
        let id = self.managed(by, params, "device pairing rename denied")?;
        let label = text(params, "label").trim();
        if label.is_empty() {
            return Err(RpcError::invalid("label required"));
        }
        let device = self.devices.paired_mut(&id);
        let device = device.ok_or_else(|| RpcError::invalid("unknown deviceId"))?;
        device.label = Some(label.to_owned());
        self.wire.event("device.pair.changed", &json!({}), Audience::Managers);
        Ok(json!({"deviceId": id, "label": label}))
    }

    /// Answers `device.token.rotate`; only a device that rotates its own token is told it.
    pub(super) fn rotate_token(&mut self, by: &Caller, params: &Params) -> Result<Value, RpcError> {
        let denied = "device token rotation denied";
        let id = self.managed_token(by, params, denied)?;
        let device = self.devices.paired_mut(&id).ok_or_else(|| RpcError::invalid(denied))?;
        let token = device.rotate().to_owned();
        let mut answer = json!({
            "deviceId": id, "role": device.profile.role, "scopes": sorted(&device.profile.scopes),
            "rotatedAtMs": now_ms(),
        });
        let own = own_device(by) == Some(id.as_str());
        if own {
            answer["token"] = token.into();
        }
        if self.generation.is_newer() {
            let how = if own { "in-band" } else { "withheld-cross-device" };
            answer["tokenDelivery"] = how.into();
        }
        self.close_after_answer(&id);
        Ok(answer)
    }

    /// Answers `device.token.revoke`.
    pub(super) fn revoke_token(&mut self, by: &Caller, params: &Params) -> Result<Value, RpcError> {
        let denied = "device token revocation denied";
        let id = self.managed_token(by, params, denied)?;
        let device = self.devices.paired_mut(&id).ok_or_else(|| RpcError::invalid(denied))?;
        let revoked_at_ms = device.revoke();
        self.close_after_answer(&id);
        Ok(json!({"deviceId": id, "role": text(params, "role"), "revokedAtMs": revoked_at_ms}))
    }

    /// Tells the managers what became of a pairing.
    pub(super) fn tell_of_pairing(&mut self, request_id: &str, device_id: &str, decision: &str) {
        let payload = json!({
            "requestId": request_id, "deviceId": device_id, "decision": decision, "ts": now_ms(),
        });
        self.wire.event("device.pair.resolved", &payload, Audience::Managers);
    }

    fn managed(&self, by: &Caller, params: &Params, denied: &str) -> Result<String, RpcError> {
        let id = text(params, "deviceId");
        match own_device(by) {
            Some(own) if own != id => Err(RpcError::invalid(denied)),
            Some(_) | None => Ok(id.to_owned()),
        }
    }

    /// Finds the device whose token somebody may change: one with the same scopes, and for another
    /// role than an operator's an administrator of the newer generation.
    fn managed_token(
        &self,
        by: &Caller,
        params: &Params,
        denied: &str,
    ) -> Result<String, RpcError> {
        let id = self.managed(by, params, denied)?;
        let role = text(params, "role");
        let is_strange = role != OPERATOR && self.generation.is_newer() && !by.is_admin;
        let device = self.devices.paired(&id).filter(|known| known.profile.role == role);
        let may = |device: &&Device| {
            let scopes = &device.profile.scopes;
            device.token.is_some() && !is_strange && self.missing_scope(by, scopes).is_none()
        };
        device.filter(may).map(|_| id).ok_or_else(|| RpcError::invalid(denied))
    }

    /// Finds a scope that a caller cannot give away, because it does not have it.
    pub(super) fn missing_scope<'a>(
        &self,
        by: &Caller,
        wanted: &'a [String],
    ) -> Option<&'a String> {
        let caller = self.wire.connections.get(&by.connection);
        let may = |scope: &str| by.is_admin || caller.is_some_and(|caller| caller.may(scope));
        wanted.iter().find(|scope| {
            let implied = *scope == "operator.read" && may("operator.write");
            !may(scope) && !implied
        })
    }

    /// Notes who decided a request.
    pub(super) fn decided(&mut self, by: &Caller, request_id: &str, allowed: bool) {
        self.record.access_decisions.push(AccessDecision {
            request_id: request_id.to_owned(),
            allowed,
            connection: (by.connection > 0).then_some(by.connection),
        });
    }

    pub(super) fn close_after_answer(&mut self, device: &str) {
        let device = device.to_owned();
        self.afterthoughts.push(Box::new(move |state| state.wire.close_device(&device)));
    }
}

/// The device that a caller is confined to.
pub(super) fn own_device(by: &Caller) -> Option<&str> {
    match by.credential {
        Credential::Device if !by.is_admin => by.device.as_deref(),
        Credential::Device | Credential::Shared => None,
    }
}

pub(super) fn text<'a>(params: &'a Params, field: &str) -> &'a str {
    params.get(field).and_then(Value::as_str).unwrap_or_default()
}
