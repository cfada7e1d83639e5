//! Nodes: devices that offer commands to the agent, and wait for their owner's leave.

use serde_json::{Map, Value, json};

use super::Generation;
use super::RpcError;
use super::house::State;
use super::ids::{device_token, now_ms, uuid};
use super::managing::{own_device, text};
use super::rpc::Caller;
use super::wire::Audience;

type Params = Map<String, Value>;

/// How long the older generation keeps an offer, in milliseconds; the newer keeps it until it is
/// decided.
const PENDING_TTL_MS: u64 = 300_000;
/// Commands that take an administrator's leave.
const DANGEROUS: [&str; 3] = ["system.run", "system.run.prepare", "system.which"];

/// What a node offers.
#[derive(Clone)]
pub(super) struct Offer {
    pub(super) node_id: String,
    pub(super) name: String,
    pub(super) capabilities: Vec<String>,
    pub(super) commands: Vec<String>,
    pub(super) permissions: Vec<String>,
    pub(super) at_ms: u64,
}

/// The nodes that the gateway knows, and those that wait for its owner. They outlive a restart.
#[derive(Default)]
pub(super) struct Nodes {
    pending: Vec<(String, Offer)>,
    paired: Vec<(u64, Offer)>,
}

impl Nodes {
    /// Takes an offer away; tells it unless it is gone.
    pub(super) fn take(&mut self, request_id: &str, generation: Generation) -> Option<Offer> {
        self.expire(generation);
        let index = self.pending.iter().position(|(id, _)| id == request_id)?;
        Some(self.pending.remove(index).1)
    }

    pub(super) fn pending(&mut self, generation: Generation) -> &[(String, Offer)] {
        self.expire(generation);
        &self.pending
    }

    /// Forgets a node; tells whether it was known.
    pub(super) fn remove(&mut self, node_id: &str) -> bool {
        self.pending.retain(|(_, offer)| offer.node_id != node_id);
        let before = self.paired.len();
        self.paired.retain(|(_, node)| node.node_id != node_id);
        self.paired.len() < before
    }

    fn expire(&mut self, generation: Generation) {
        let now = now_ms();
        let waits = |offer: &Offer| now.saturating_sub(offer.at_ms) < PENDING_TTL_MS;
        self.pending.retain(|(_, offer)| generation.is_newer() || waits(offer));
    }
}

impl Offer {
    /// Scopes that it takes to accept it.
    fn scopes_to_approve(&self) -> Vec<String> {
        let is_dangerous = |command: &String| DANGEROUS.contains(&command.as_str());
        let also = match self.commands.iter().any(is_dangerous) {
            true => Some("operator.admin"),
            false if !self.commands.is_empty() => Some("operator.write"),
            false => None,
        };
        ["operator.pairing"].into_iter().chain(also).map(str::to_owned).collect()
    }

    fn describe(&self, generation: Generation) -> Value {
        let mut description = json!({
            "nodeId": self.node_id, "displayName": self.name, "platform": "linux",
            "version": "0.1.0", "caps": self.capabilities, "commands": self.commands,
        });
        if generation.is_newer() {
            let granted = self.permissions.iter().map(|name| (name.clone(), Value::Bool(true)));
            description["clientId"] = "node-host".into();
            description["clientMode"] = "node".into();
            description["deviceFamily"] = "Linux".into();
            description["permissions"] = granted.collect::<Map<_, _>>().into();
        }
        description
    }

    fn describe_pending(&self, request_id: &str, generation: Generation) -> Value {
        let mut description = self.describe(generation);
        description["requestId"] = request_id.into();
        description["silent"] = generation.is_newer().into();
        description["ts"] = self.at_ms.into();
        description["requiredApproveScopes"] = json!(self.scopes_to_approve());
        description
    }
}

impl State {
    /// Records an offer and tells the managers; tells its id. The older generation puts it in the
    /// place of an earlier one of the node, under the same id, and tells nobody.
    pub(super) fn node_offers(&mut self, offer: Offer) -> String {
        self.nodes.expire(self.generation);
        let mut pending = self.nodes.pending.iter_mut();
        let before = pending.find(|(_, before)| before.node_id == offer.node_id);
        if let (Generation::Older, Some((request_id, before))) = (self.generation, before) {
            *before = offer;
            return request_id.clone();
        }
        let request_id = uuid();
        let mut told = offer.describe_pending(&request_id, self.generation);
        if let (Generation::Older, Some(told)) = (self.generation, told.as_object_mut()) {
            told.remove("requiredApproveScopes");
        }
        self.nodes.pending.retain(|(_, before)| before.node_id != offer.node_id);
        self.nodes.pending.push((request_id.clone(), offer));
        self.wire.event("node.pair.requested", &told, Audience::Managers);
        request_id
    }

    /// Answers `node.pair.list`, newest offer first.
    pub(super) fn list_nodes(&mut self, by: &Caller, _: &Params) -> Result<Value, RpcError> {
        let generation = self.generation;
        let own = own_device(by).filter(|_| generation.is_newer());
        let sees = |offer: &Offer| own.is_none_or(|own| own == offer.node_id);
        let pending = self.nodes.pending(generation).iter().rev().filter(|(_, it)| sees(it));
        let pending: Vec<Value> =
            pending.map(|(id, offer)| offer.describe_pending(id, generation)).collect();
        let paired = self.nodes.paired.iter().filter(|(_, node)| sees(node));
        let paired: Vec<Value> =
            paired.map(|(at_ms, node)| describe_paired(node, *at_ms, generation)).collect();
        Ok(json!({"pending": pending, "paired": paired}))
    }

    /// Answers `node.pair.approve`.
    pub(super) fn approve_node(&mut self, by: &Caller, params: &Params) -> Result<Value, RpcError> {
        let generation = self.generation;
        let request_id = text(params, "requestId");
        let mut pending = self.nodes.pending(generation).iter();
        let offer = pending.find(|(id, _)| id == request_id).map(|(_, offer)| offer.clone());
        let Some(offer) = offer else { return Err(RpcError::invalid("unknown requestId")) };
        let wanted = offer.scopes_to_approve();
        if let Some(missing) = self.missing_scope(by, &wanted) {
            return Err(RpcError::missing_scope(generation, missing));
        }
        self.nodes.remove(&offer.node_id);
        let now = now_ms();
        let mut node = describe_paired(&offer, now, generation);
        if !generation.is_newer() {
            node["token"] = device_token().into();
        }
        self.decided(by, request_id, true);
        self.tell_of_node(request_id, &offer.node_id, "approved");
        self.nodes.paired.push((now, offer));
        Ok(json!({"requestId": request_id, "node": node}))
    }

    /// Answers `node.pair.reject`.
    pub(super) fn reject_node(&mut self, by: &Caller, params: &Params) -> Result<Value, RpcError> {
        let request_id = text(params, "requestId");
        let offer = self.nodes.take(request_id, self.generation);
        let Some(offer) = offer else { return Err(RpcError::invalid("unknown requestId")) };
        self.decided(by, request_id, false);
        self.tell_of_node(request_id, &offer.node_id, "rejected");
        Ok(json!({"requestId": request_id, "nodeId": offer.node_id}))
    }

    /// Answers `node.pair.remove`; the newer generation forgets the device as well.
    pub(super) fn remove_node(&mut self, _: &Caller, params: &Params) -> Result<Value, RpcError> {
        let node_id = text(params, "nodeId");
        let mut is_known = self.nodes.remove(node_id);
        if self.generation.is_newer() {
            is_known |= self.devices.remove(node_id);
            self.close_after_answer(node_id);
        }
        if !is_known {
            return Err(RpcError::invalid("unknown nodeId"));
        }
        self.tell_of_node("", node_id, "removed");
        Ok(json!({"nodeId": node_id}))
    }

    fn tell_of_node(&mut self, request_id: &str, node_id: &str, decision: &str) {
        let payload = json!({
            "requestId": request_id, "nodeId": node_id, "decision": decision, "ts": now_ms(),
        });
        self.wire.event("node.pair.resolved", &payload, Audience::Managers);
    }
}

fn describe_paired(node: &Offer, at_ms: u64, generation: Generation) -> Value {
    let mut description = node.describe(generation);
    description["createdAtMs"] = at_ms.into();
    description["approvedAtMs"] = at_ms.into();
    if generation.is_newer() {
        description["lastSeenAtMs"] = at_ms.into();
        description["lastSeenReason"] = "connect".into();
    }
    description
}
