use secrecy::SecretString;
use serde_json::Value;

use super::foreign::{ForeignList, ForeignText, Introduction, id, items};
use crate::{DeviceId, DeviceRole, Generation, RequestId};

/// How long a device's request waits at least, in milliseconds; no gateway says when one expires.
const LIFETIME_MS: u64 = 5 * 60 * 1000;

/// The devices that a gateway knows, and those that want to join or to be more than they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Devices {
    /// Requests that wait, newest first.
    pub pending: Vec<DeviceRequest>,
    /// Devices that have joined.
    pub paired: Vec<PairedDevice>,
    /// How many entries were left out because they cannot be understood.
    pub unreadable: usize,
}

/// A device that wants to join, or to be allowed more.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceRequest {
    /// Its id; when the device asks for more, another one takes its place.
    pub id: RequestId,
    /// Device that asks: the fingerprint of its key, which is proven.
    pub device: DeviceId,
    /// What it says about itself.
    pub introduction: Introduction,
    /// Roles that it asks for, those of its earlier requests that wait included.
    pub roles: ForeignList,
    /// Scopes that it asks for, those of its earlier requests that wait included.
    pub scopes: ForeignList,
    /// Address that it came from, where it is not this computer.
    pub remote_ip: Option<ForeignText>,
    /// Web page that it came from, where the gateway says so (newer generation).
    pub origin: Option<ForeignText>,
    /// The device was known when it asked: it asks for a change.
    pub is_repair: bool,
    /// Unix time in milliseconds when it asked first.
    pub asked_at_ms: u64,
}

/// A device that has joined.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedDevice {
    /// Fingerprint of its key.
    pub id: DeviceId,
    /// Name that an operator gave it (newer generation); it goes before the device's own.
    pub label: Option<ForeignText>,
    /// What it says about itself.
    pub introduction: Introduction,
    /// Roles that it was granted.
    pub roles: ForeignList,
    /// Scopes that it was granted.
    pub scopes: ForeignList,
    /// Address that it came from, where it is not this computer.
    pub remote_ip: Option<ForeignText>,
    /// Web page that it came from, where the gateway says so (newer generation).
    pub origin: Option<ForeignText>,
    /// How it was approved (newer generation): `silent`, `owner`, `bootstrap`, …
    pub approved_via: Option<ForeignText>,
    /// Unix time in milliseconds of its latest approval.
    pub approved_at_ms: Option<u64>,
    /// Unix time in milliseconds when it was last seen; on the older generation only when it last
    /// signed in with a token of its own.
    pub last_seen_at_ms: Option<u64>,
    /// It is connected now, where the gateway says so (newer generation).
    pub is_connected: Option<bool>,
    /// Its tokens, one for each role, revoked ones too.
    pub tokens: Vec<DeviceToken>,
}

/// What a gateway tells of a token: never the token.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceToken {
    /// Role that it signs in for.
    pub role: DeviceRole,
    /// Scopes that it carries.
    pub scopes: ForeignList,
    /// Unix time in milliseconds when the first token of this role was issued.
    pub created_at_ms: Option<u64>,
    /// Unix time in milliseconds when it last became another one.
    pub rotated_at_ms: Option<u64>,
    /// Unix time in milliseconds when it was revoked, if it was.
    pub revoked_at_ms: Option<u64>,
    /// Unix time in milliseconds when somebody last signed in with it.
    pub last_used_at_ms: Option<u64>,
}

/// A token that became another one. Its device is disconnected.
#[derive(Clone, Debug)]
pub struct RotatedToken {
    /// Scopes that it carries.
    pub scopes: ForeignList,
    /// Unix time in milliseconds when that happened.
    pub rotated_at_ms: Option<u64>,
    /// The new token; a gateway tells it to nobody but the device itself.
    pub token: Option<SecretString>,
}

impl Devices {
    /// Reads the answer to `device.pair.list`; none when it is no list.
    pub fn parse(answer: &Value) -> Option<Self> {
        let (pending, strange_requests) = items(answer, "pending", DeviceRequest::parse)?;
        let (paired, strange_devices) = items(answer, "paired", PairedDevice::parse)?;
        Some(Self { pending, paired, unreadable: strange_requests + strange_devices })
    }

    /// Finds the device that a request would change; none where it is new.
    pub fn known(&self, request: &DeviceRequest) -> Option<&PairedDevice> {
        self.paired.iter().find(|device| device.id == request.device)
    }
}

impl DeviceRequest {
    /// Reads one item of `pending`, or the payload of `device.pair.requested`; none when it lacks
    /// its ids or its time.
    pub fn parse(request: &Value) -> Option<Self> {
        Some(Self {
            id: id(request, "requestId", RequestId::new)?,
            device: id(request, "deviceId", DeviceId::new)?,
            introduction: Introduction::read(request),
            roles: ForeignList::read_one_and_many(request, "role", "roles"),
            scopes: ForeignList::read(request, "scopes"),
            remote_ip: ForeignText::read(request, "remoteIp"),
            origin: ForeignText::read(request, "browserOrigin"),
            is_repair: request.get("isRepair") == Some(&Value::Bool(true)),
            asked_at_ms: request.get("ts").and_then(Value::as_u64)?,
        })
    }

    /// Says when the gateway forgets the request, without a word, as Unix time in milliseconds;
    /// none by the newer generation, which begins anew whenever the device asks again, and does
    /// not tell.
    pub fn expires_at_ms(&self, generation: Generation) -> Option<u64> {
        match generation {
            Generation::Older => Some(self.may_expire_at_ms()),
            Generation::Newer => None,
        }
    }

    /// Says when a gateway forgets the request if the device never asks again, as Unix time in
    /// milliseconds.
    pub fn may_expire_at_ms(&self) -> u64 {
        self.asked_at_ms.saturating_add(LIFETIME_MS)
    }
}

impl PairedDevice {
    /// Reads one item of `paired`, or the `device` of an approval; none when it has no id.
    pub fn parse(device: &Value) -> Option<Self> {
        let time = |name| device.get(name).and_then(Value::as_u64);
        let tokens = device.get("tokens").and_then(Value::as_array);
        let tokens: Vec<_> = tokens.into_iter().flatten().filter_map(DeviceToken::parse).collect();
        let last_used = tokens.iter().filter_map(|token| token.last_used_at_ms).max();
        Some(Self {
            id: id(device, "deviceId", DeviceId::new)?,
            label: ForeignText::read(device, "operatorLabel"),
            introduction: Introduction::read(device),
            roles: ForeignList::read_one_and_many(device, "role", "roles"),
            scopes: ForeignList::read(device, "scopes"),
            remote_ip: ForeignText::read(device, "remoteIp"),
            origin: ForeignText::read(device, "browserOrigin"),
            approved_via: ForeignText::read(device, "approvedVia"),
            approved_at_ms: time("approvedAtMs"),
            last_seen_at_ms: time("lastSeenAtMs").max(last_used),
            is_connected: device.get("connected").and_then(Value::as_bool),
            tokens,
        })
    }

    /// Finds the token of a role.
    pub fn token(&self, role: &str) -> Option<&DeviceToken> {
        self.tokens.iter().find(|token| token.role.as_str() == role)
    }
}

impl DeviceToken {
    fn parse(token: &Value) -> Option<Self> {
        let time = |name| token.get(name).and_then(Value::as_u64);
        Some(Self {
            role: id(token, "role", DeviceRole::new)?,
            scopes: ForeignList::read(token, "scopes"),
            created_at_ms: time("createdAtMs"),
            rotated_at_ms: time("rotatedAtMs"),
            revoked_at_ms: time("revokedAtMs"),
            last_used_at_ms: time("lastUsedAtMs"),
        })
    }
}

impl RotatedToken {
    pub(super) fn parse(answer: &Value) -> Self {
        let token = answer.get("token").and_then(Value::as_str);
        Self {
            scopes: ForeignList::read(answer, "scopes"),
            rotated_at_ms: answer.get("rotatedAtMs").and_then(Value::as_u64),
            token: token.map(SecretString::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_that_cannot_be_understood_are_counted() {
        let devices = Devices::parse(&json!({
            "pending": [{"requestId": "r", "deviceId": "d", "ts": 1}, {"requestId": "r"}, 7],
            "paired": [{"deviceId": "d"}, {"deviceId": ""}],
        }))
        .unwrap();
        assert_eq!((devices.pending.len(), devices.paired.len(), devices.unreadable), (1, 1, 3));
        assert_eq!(Devices::parse(&json!({"pending": []})), None);
    }

    #[test]
    fn when_a_request_expires_is_known_of_the_older_generation_alone() {
        let request = json!({"requestId": "r", "deviceId": "d", "ts": 1});
        let request = DeviceRequest::parse(&request).unwrap();
        assert_eq!(request.expires_at_ms(Generation::Older), Some(300_001));
        assert_eq!(request.expires_at_ms(Generation::Newer), None);
        assert_eq!(request.may_expire_at_ms(), 300_001);
    }

    #[test]
    fn a_device_was_last_seen_when_it_connected_or_its_token_was_used() {
        let seen = |fields: Value| PairedDevice::parse(&fields).unwrap().last_seen_at_ms;
        let tokens = json!([{"role": "operator", "lastUsedAtMs": 7}, {"role": "node"}]);
        assert_eq!(seen(json!({"deviceId": "d", "lastSeenAtMs": 9, "tokens": tokens})), Some(9));
        assert_eq!(seen(json!({"deviceId": "d", "tokens": tokens})), Some(7));
        assert_eq!(seen(json!({"deviceId": "d"})), None);
    }

    #[test]
    fn a_token_that_came_is_not_printed() {
        let rotated =
            RotatedToken::parse(&json!({"token": "hush", "scopes": [], "rotatedAtMs": 1}));
        assert!(rotated.token.is_some() && !format!("{rotated:?}").contains("hush"));
    }
}
