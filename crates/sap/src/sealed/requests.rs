//! What the bridge tells the cloud about devices and their keys.

use serde::{Deserialize, Serialize};

use super::{DevicePublicKey, SealedGrant};
use crate::{DeviceId, SessionId};

/// Body of `devices`: makes this bridge a device that others can seal keys for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterDevice {
    /// Key that others seal for.
    pub pubkey: DevicePublicKey,
    /// Name that the person sees in the list of devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// Answer to [`RegisterDevice`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DeviceRegistered {
    /// Id of this bridge among the devices.
    pub device_id: DeviceId,
    /// Whether the cloud knew this bridge with another key before.
    #[serde(default)]
    pub pubkey_changed: bool,
}

/// Body of `sessions/<id>/recipients`: hands a session's key to devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantSessionKey {
    /// The devices, each with the key sealed for it.
    pub recipients: Vec<Recipient>,
    /// Id of this bridge among the devices, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrapped_by_device_id: Option<DeviceId>,
}

/// One device that is to have a session's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The device.
    pub device_id: DeviceId,
    /// The key, sealed for it.
    pub wrapped_session_key: SealedGrant,
}

impl RegisterDevice {
    /// The route below `/v1/bridge/`.
    pub const ROUTE: &'static str = "devices";
}

impl GrantSessionKey {
    /// Names the route below `/v1/bridge/`; an id that is more than a word stays one segment of it.
    pub fn route(session: &SessionId) -> String {
        let id: String =
            url::form_urlencoded::byte_serialize(session.as_str().as_bytes()).collect();
        format!("sessions/{id}/recipients")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sealed::{ContentKey, DeviceKey};

    #[test]
    fn a_registration_has_the_fields_of_the_wire_and_no_nulls() {
        let pubkey = DeviceKey::from_bytes(&[3; 32]).public();
        let body = RegisterDevice { pubkey, label: Some("Work Mac".into()) };
        let json = serde_json::to_value(&body).unwrap();
        assert_eq!(json, json!({"pubkey": pubkey.to_string(), "label": "Work Mac"}));
        assert_eq!(serde_json::from_value::<RegisterDevice>(json).unwrap(), body);
        let body = RegisterDevice { pubkey, label: None };
        assert_eq!(serde_json::to_value(&body).unwrap(), json!({"pubkey": pubkey.to_string()}));
    }

    #[test]
    fn the_answer_to_a_registration_may_leave_out_what_is_usual() {
        let read = |json| serde_json::from_value::<DeviceRegistered>(json).unwrap();
        let usual = read(json!({"device_id": "dev_1"}));
        assert_eq!(usual.device_id, DeviceId::new("dev_1"));
        assert!(!usual.pubkey_changed);
        assert!(
            read(json!({"device_id": "dev_1", "pubkey_changed": true, "more": 1})).pubkey_changed
        );
    }

    #[test]
    fn a_grant_has_the_fields_of_the_wire_and_no_nulls() {
        let public = DeviceKey::from_bytes(&[3; 32]).public();
        let grant = public.seal(&ContentKey::from_bytes(&[7; 32])).unwrap();
        let recipient =
            Recipient { device_id: DeviceId::new("dev_2"), wrapped_session_key: grant.clone() };
        let mut body = GrantSessionKey { recipients: vec![recipient], wrapped_by_device_id: None };
        let recipients = json!([{"device_id": "dev_2", "wrapped_session_key": grant.as_str()}]);
        assert_eq!(serde_json::to_value(&body).unwrap(), json!({"recipients": recipients}));
        body.wrapped_by_device_id = Some(DeviceId::new("dev_1"));
        let json = serde_json::to_value(&body).unwrap();
        assert_eq!(json, json!({"recipients": recipients, "wrapped_by_device_id": "dev_1"}));
        assert_eq!(serde_json::from_value::<GrantSessionKey>(json).unwrap(), body);
    }

    #[test]
    fn a_strange_session_id_leads_to_no_other_route() {
        let route = |id| GrantSessionKey::route(&SessionId::new(id));
        assert_eq!(route("ses_Ab-1"), "sessions/ses_Ab-1/recipients");
        assert_eq!(route("a/../b?c#d"), "sessions/a%2F..%2Fb%3Fc%23d/recipients");
    }
}
