//! The person's devices: the computer among them, and those that it hands keys to.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use sap::sealed::{DeviceKey, GrantSessionKey, RegisterDevice};
use sap::{DeviceId, Refusal, UpdateKind};
use serde_json::{Value, json};

use crate::clock::Millis;
use crate::secrets::{Secrets, bytes};

/// Id of the computer among the devices.
pub(crate) const BRIDGE: &str = "dev_bridge";

/// The person's devices.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    /// This cloud knows of no devices.
    pub(crate) unknown: bool,
    /// When the computer was registered last.
    pub(crate) registered: Option<Millis>,
    /// All but the computer, by their ids.
    pub(crate) others: BTreeMap<String, Device>,
}

/// A device that is handed keys.
#[derive(Debug)]
pub(crate) struct Device {
    key: DeviceKey,
    /// It is another computer with a bridge.
    pub(crate) is_bridge: bool,
    /// The place of the update by which it was revoked.
    pub(crate) revoked: Option<usize>,
    /// The keys that it was handed, by session and number.
    pub(crate) has: BTreeSet<(String, usize)>,
    /// The keys that it is to be handed; none before the bridge was told of it.
    pub(crate) is_to_have: Option<BTreeSet<(String, usize)>>,
}

impl Devices {
    /// The person has another device.
    pub(crate) fn add(&mut self, id: &str, is_bridge: bool, rng: &mut Rng) -> UpdateKind {
        let key = DeviceKey::from_bytes(&bytes(rng));
        let pubkey = key.public();
        let (has, is_to_have) = (BTreeSet::new(), None);
        let device = Device { key, is_bridge, revoked: None, has, is_to_have };
        self.others.insert(id.to_owned(), device);
        UpdateKind::DeviceAdded {
            device_id: DeviceId::new(id),
            pubkey,
            label: None,
            platform: if is_bridge { Some("bridge".into()) } else { Some("ios".into()) },
        }
    }

    /// The computer says with which key others seal for it.
    pub(super) fn register(
        &mut self,
        call: &RegisterDevice,
        secrets: &Secrets,
        violations: &mut Vec<String>,
    ) -> Result<Value, Refusal> {
        if call.pubkey != secrets.bridge.public() {
            violations.push(format!("the computer is registered with {}", call.pubkey));
        }
        if self.unknown {
            return Err(Refusal::Invalid { code: "not_found".into(), fields: Vec::new() });
        }
        Ok(json!({"device_id": BRIDGE}))
    }

    /// The computer hands the key of a session to devices.
    pub(super) fn hand_over(
        &mut self,
        session: &str,
        grant: &GrantSessionKey,
        secrets: &Secrets,
        violations: &mut Vec<String>,
    ) -> Result<Value, Refusal> {
        for recipient in &grant.recipients {
            let id = recipient.device_id.as_str();
            let opened = |device: &mut Device| {
                let key = device.key.open_grant(recipient.wrapped_session_key.as_str()).ok()?;
                let number = secrets.number_of(session, &key)?;
                device.has.insert((session.to_owned(), number));
                Some(())
            };
            match self.others.get_mut(id) {
                None => violations.push(format!("a key for a device that never was: {id}")),
                Some(device) if device.is_bridge => {
                    violations.push(format!("a key for another bridge: {id}"));
                }
                Some(device) => {
                    if opened(device).is_none() {
                        violations.push(format!("{id} was handed no key of {session}"));
                    }
                }
            }
        }
        Ok(json!({}))
    }
}
