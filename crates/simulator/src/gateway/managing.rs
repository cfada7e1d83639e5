//! Managing devices. Over the shared token a client sees everybody's; over a device token only its
//! own.

use serde_json::{Map, Value, json};

use super::RpcError;
use super::devices::sorted;
use super::house::State;
use super::ids::now_ms;
use super::rpc::Caller;
use super::wire::{Audience, Credential};

type Params = Map<String, Value>;

impl State {
    /// Answers `device.pair.list`.
    pub(super) fn list_devices(&mut self, by: &Caller, _: &Params) -> Result<Value, RpcError> {
        let only = own_device(by);
        let connected = self.wire.connected_devices();
        let paired = self.devices.describe_paired(self.generation, only, &connected);
        let pending = self.devices.pending().iter();
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
        let Some(asks) = self.devices.pending().iter().find(|a| a.request_id == request_id) else {
            return Err(RpcError::invalid("unknown requestId"));
        };
        if own_device(by).is_some_and(|own| own != asks.profile.id) {
            return Err(RpcError::invalid("device pairing approval denied"));
        }
        let may_grant = |scope: &String| {
            let caller = self.wire.connections.get(&by.connection);
            caller.is_some_and(|caller| caller.may(scope))
        };
        if let Some(beyond) = asks.profile.scopes.iter().find(|scope| !may_grant(scope)) {
            let scope = if beyond == "operator.admin" { beyond } else { "operator.admin" };
            return Err(RpcError::missing_scope(self.generation, scope));
        }
        let profile = asks.profile.clone();
        let device_id = profile.id.clone();
        self.devices.pair(profile, false);
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
        let label = text(params, "label");
        let device = self.devices.paired_mut(&id);
        let device = device.ok_or_else(|| RpcError::invalid("unknown deviceId"))?;
        device.label = Some(label.to_owned());
        self.wire.event("device.pair.changed", &json!({}), Audience::Managers);
        Ok(json!({"deviceId": id, "label": label}))
    }

    /// Answers `device.token.rotate`; only a device that rotates its own token is told it.
    pub(super) fn rotate_token(&mut self, by: &Caller, params: &Params) -> Result<Value, RpcError> {
        let denied = "device token rotation denied";
        let id = self.managed(by, params, denied)?;
        let device = self.devices.paired_mut(&id).ok_or_else(|| RpcError::invalid(denied))?;
        let token = device.rotate().to_owned();
        let mut answer = json!({
            "deviceId": id, "role": "operator", "scopes": sorted(&device.profile.scopes),
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
        let id = self.managed(by, params, denied)?;
        let device = self.devices.paired_mut(&id).ok_or_else(|| RpcError::invalid(denied))?;
        device.token = None;
        self.close_after_answer(&id);
        Ok(json!({"deviceId": id, "role": "operator", "revokedAtMs": now_ms()}))
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

    fn close_after_answer(&mut self, device: &str) {
        let device = device.to_owned();
        self.afterthoughts.push(Box::new(move |state| state.wire.close_device(&device)));
    }
}

/// The device that a caller is confined to.
fn own_device(by: &Caller) -> Option<&str> {
    match by.credential {
        Credential::Device if !by.is_admin => by.device.as_deref(),
        Credential::Device | Credential::Shared => None,
    }
}

fn text<'a>(params: &'a Params, field: &str) -> &'a str {
    params.get(field).and_then(Value::as_str).unwrap_or_default()
}
