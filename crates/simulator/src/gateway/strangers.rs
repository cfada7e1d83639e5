//! Who wants to use the gateway, as a test or a demo lets them come: devices, nodes and senders,
//! with whatever they say about themselves.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::control::owner;
use super::devices::{OPERATOR, Profile};
use super::house::State;
use super::ids::{millis, now_ms, uuid};
use super::nodes::Offer;
use super::wire::Audience;
use super::{Gateway, Generation};

/// A device that asks to join, or for more than it has.
#[derive(Clone, Debug, PartialEq)]
pub struct AskingDevice {
    /// Its id, in the form of a key's fingerprint.
    pub id: String,
    /// Name that it gives itself.
    pub name: String,
    /// Platform that it says it runs on.
    pub platform: String,
    /// Program that it says it is.
    pub client: String,
    /// Role that it asks for: `operator` or `node`.
    pub role: String,
    /// Scopes that it asks for.
    pub scopes: Vec<String>,
    /// Address that it comes from, where it is not this computer.
    pub remote_ip: Option<String>,
    /// How long ago it asked; it is forgotten after 300 s.
    pub waited: Duration,
}

/// A node that has joined, and offers commands.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferingNode {
    /// Its id, in the form of a key's fingerprint.
    pub id: String,
    /// Name that it gives itself.
    pub name: String,
    /// Commands that it offers; `system.run` takes an administrator's leave.
    pub commands: Vec<String>,
    /// Abilities that it names.
    pub capabilities: Vec<String>,
    /// Permissions that it says it has on its own system.
    pub permissions: Vec<String>,
    /// How long ago it offered; the older generation forgets it after 300 s.
    pub waited: Duration,
}

/// Somebody who writes to the agent over a messenger. Requests of the same sender to the same
/// account are one; of an account's senders, a fourth is not noticed.
#[derive(Clone, Debug, PartialEq)]
pub struct AskingSender {
    /// Messenger.
    pub channel: String,
    /// Account that is written to.
    pub account: String,
    /// Who writes, as the messenger numbers people.
    pub sender: String,
    /// What the messenger tells of them, by name.
    pub details: Vec<(String, String)>,
    /// How long ago they first wrote; they are forgotten after an hour.
    pub waited: Duration,
}

impl AskingDevice {
    /// A new device of this name that asks for what a bridge has.
    pub fn new(name: &str) -> Self {
        let scopes = ["operator.read", "operator.write", "operator.approvals"];
        Self {
            id: fingerprint(),
            name: name.to_owned(),
            platform: "linux".to_owned(),
            client: "gateway-client".to_owned(),
            role: OPERATOR.to_owned(),
            scopes: scopes.map(str::to_owned).to_vec(),
            remote_ip: None,
            waited: Duration::ZERO,
        }
    }

    /// The same with other scopes.
    #[must_use]
    pub fn asking_for(mut self, scopes: &[&str]) -> Self {
        self.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self
    }
}

impl OfferingNode {
    /// A new node of this name with these commands.
    pub fn new(name: &str, commands: &[&str]) -> Self {
        Self {
            id: fingerprint(),
            name: name.to_owned(),
            commands: commands.iter().map(|command| (*command).to_owned()).collect(),
            capabilities: vec!["camera".to_owned()],
            permissions: vec!["camera.capture".to_owned()],
            waited: Duration::ZERO,
        }
    }
}

impl AskingSender {
    /// Somebody with this number and name who writes over Telegram.
    pub fn new(sender: &str, username: &str) -> Self {
        Self {
            channel: "telegram".to_owned(),
            account: "default".to_owned(),
            sender: sender.to_owned(),
            details: vec![("username".to_owned(), username.to_owned())],
            waited: Duration::ZERO,
        }
    }
}

impl Gateway {
    /// Lets a device ask; tells the request's id, which is an old one when it asked that before.
    pub fn device_asks(&self, device: &AskingDevice) -> String {
        let profile = Profile {
            id: device.id.clone(),
            public_key: device.id.clone(),
            display_name: Some(device.name.clone()),
            platform: device.platform.clone(),
            client_id: device.client.clone(),
            client_mode: if device.role == OPERATOR { "ui" } else { "node" }.to_owned(),
            role: device.role.clone(),
            scopes: device.scopes.clone(),
            remote_ip: device.remote_ip.clone(),
        };
        self.house.with(|state| state.device_asks(profile, ago(device.waited)))
    }

    /// Lets a node join and offer its commands; tells the request's id, which the older generation
    /// keeps while an earlier offer of the node waits.
    pub fn node_offers(&self, node: &OfferingNode) -> String {
        let profile = Profile {
            id: node.id.clone(),
            public_key: node.id.clone(),
            display_name: Some(node.name.clone()),
            platform: "linux".to_owned(),
            client_id: "node-host".to_owned(),
            client_mode: "node".to_owned(),
            role: "node".to_owned(),
            scopes: Vec::new(),
            remote_ip: None,
        };
        let offer = Offer {
            node_id: node.id.clone(),
            name: node.name.clone(),
            capabilities: node.capabilities.clone(),
            commands: node.commands.clone(),
            permissions: node.permissions.clone(),
            at_ms: ago(node.waited),
        };
        self.house.with(|state| {
            if state.devices.paired(&node.id).is_none() {
                state.devices.pair(profile, true);
                state.tell_of_pairing(&uuid(), &node.id, "approved");
            }
            state.node_offers(offer)
        })
    }

    /// Lets somebody write to the agent; tells the id of the request that waits for the owner,
    /// unless too many wait. Only the newer generation can be asked for it.
    pub fn sender_writes(&self, sender: &AskingSender) -> Option<String> {
        self.house.with(|state| match state.generation {
            Generation::Older => None,
            Generation::Newer => state.senders.knock(sender),
        })
    }

    /// Decides a request of a device, a node or a sender on another surface; tells whether it was
    /// there.
    pub fn decide_request_elsewhere(&self, request_id: &str, allow: bool) -> bool {
        self.house.with(|state| state.decide_as_owner(request_id, allow))
    }

    /// Forgets a request of a device, a node or a sender without a word, as when its time is over;
    /// tells whether it was there.
    pub fn forget_request(&self, request_id: &str) -> bool {
        self.house.with(|state| {
            state.devices.take_pending(request_id).is_some()
                || state.nodes.take(request_id, state.generation).is_some()
                || state.senders.forget(request_id)
        })
    }

    /// Lists the ids of the requests of devices, nodes and senders that wait.
    pub fn waiting_requests(&self) -> Vec<String> {
        self.house.with(|state| {
            let devices = state.devices.pending().iter().map(|asks| asks.request_id.clone());
            let mut waiting: Vec<String> = devices.collect();
            waiting.extend(state.nodes.pending(state.generation).iter().map(|(id, _)| id.clone()));
            waiting.extend(state.senders.waiting());
            waiting
        })
    }

    /// Removes a device on another surface; tells whether it was known.
    pub fn remove_device(&self, device_id: &str) -> bool {
        self.house.with(|state| {
            state.wire.close_device(device_id);
            state.devices.remove(device_id)
        })
    }

    /// Lists the codes for a phone that were made and not used.
    pub fn setup_codes(&self) -> Vec<String> {
        self.house.look(|state| state.setup_codes.iter().map(|made| made.code.clone()).collect())
    }

    /// Lets a phone of this name use a code; tells whether the code was good. Whether the phone got
    /// its credentials may be uncertain.
    pub fn use_setup_code(&self, code: &str, phone: &str, is_certain: bool) -> bool {
        self.house.with(|state| {
            let index = state.setup_codes.iter().position(|it| it.code == code && !it.is_over());
            let Some(index) = index else { return false };
            let made = state.setup_codes.remove(index);
            let device = AskingDevice::new(phone);
            state.devices.pair(
                Profile {
                    id: device.id.clone(),
                    public_key: device.id.clone(),
                    display_name: Some(device.name),
                    platform: "ios".to_owned(),
                    client_id: "openclaw-ios".to_owned(),
                    client_mode: "ui".to_owned(),
                    role: OPERATOR.to_owned(),
                    scopes: device.scopes,
                    remote_ip: None,
                },
                false,
            );
            state.tell_of_pairing(&uuid(), &device.id, "approved");
            let payload = json!({
                "setupId": made.id, "deviceId": device.id, "deviceName": phone,
                "access": made.access, "ts": now_ms(),
            });
            let name = match is_certain {
                true => "device.pair.setup.completed",
                false => "device.pair.setup.deliveryUncertain",
            };
            state.wire.event(name, &payload, Audience::Managers);
            true
        })
    }
}

impl State {
    fn decide_as_owner(&mut self, request_id: &str, allow: bool) -> bool {
        let owner = owner();
        let mut params = Map::new();
        params.insert("requestId".to_owned(), Value::from(request_id));
        let params = &params;
        let decided = if allow {
            self.approve_device(&owner, params).or_else(|_| self.approve_node(&owner, params))
        } else {
            self.reject_device(&owner, params).or_else(|_| self.reject_node(&owner, params))
        };
        if decided.is_err() && self.senders.forget(request_id) {
            self.decided(&owner, request_id, allow);
            return true;
        }
        decided.is_ok()
    }
}

/// Unix time in milliseconds when something was that long ago.
fn ago(waited: Duration) -> u64 {
    now_ms().saturating_sub(millis(waited))
}

/// Something that looks like the fingerprint of a key.
fn fingerprint() -> String {
    format!("{}{}", uuid(), uuid()).replace('-', "")
}
