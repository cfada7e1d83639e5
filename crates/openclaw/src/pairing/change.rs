use super::foreign::ForeignText;
use super::{DeviceRequest, PairedDevice};
use crate::DeviceRole;

/// What a known device asks to be different.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// Roles that it does not have.
    pub new_roles: Vec<ForeignText>,
    /// Scopes that it does not have.
    pub new_scopes: Vec<ForeignText>,
    /// Roles that it had, and whose token was revoked.
    pub revoked_roles: Vec<DeviceRole>,
    /// It names another name, platform, kind or program than before.
    pub is_introduced_anew: bool,
}

impl DeviceRequest {
    /// Compares a request with what the gateway knows of its device.
    pub fn change_of(&self, known: &PairedDevice) -> Change {
        let revoked = known.tokens.iter().filter(|token| {
            token.revoked_at_ms.is_some() && self.roles.contains(token.role.as_str())
        });
        Change {
            new_roles: self.roles.beyond(&known.roles),
            new_scopes: self.scopes.beyond(&known.scopes),
            revoked_roles: revoked.map(|token| token.role.clone()).collect(),
            is_introduced_anew: self.introduction != known.introduction,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn known(fields: Value) -> PairedDevice {
        let mut device = json!({"deviceId": "d", "displayName": "Desk", "platform": "linux",
            "roles": ["operator"], "scopes": ["operator.read"]});
        device.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        PairedDevice::parse(&device).unwrap()
    }

    fn asks(name: &str, roles: Value, scopes: Value) -> DeviceRequest {
        DeviceRequest::parse(&json!({"requestId": "r", "deviceId": "d", "ts": 1,
            "displayName": name, "platform": "linux", "roles": roles, "scopes": scopes}))
        .unwrap()
    }

    #[test]
    fn only_what_is_asked_for_beyond_what_was_granted_is_new() {
        let (roles, scopes) =
            (json!(["operator", "node"]), json!(["operator.read", "operator.admin"]));
        let change = asks("Desk", roles, scopes).change_of(&known(json!({})));
        assert_eq!(change.new_roles, [ForeignText::new("node")]);
        assert_eq!(change.new_scopes, [ForeignText::new("operator.admin")]);
        assert!(change.revoked_roles.is_empty() && !change.is_introduced_anew);
    }

    #[test]
    fn a_device_whose_token_was_revoked_asks_to_come_back() {
        let request = asks("Desk", json!(["operator"]), json!(["operator.read"]));
        let token = json!({"role": "operator", "revokedAtMs": 5});
        let change = request.change_of(&known(json!({"tokens": [token]})));
        assert_eq!(change.revoked_roles, [DeviceRole::new("operator")]);
        assert!(change.new_roles.is_empty() && change.new_scopes.is_empty());
    }

    #[test]
    fn a_device_under_another_name_is_introduced_anew() {
        let request = asks("Owner's phone", json!(["operator"]), json!([]));
        assert!(request.change_of(&known(json!({}))).is_introduced_anew);
    }
}
