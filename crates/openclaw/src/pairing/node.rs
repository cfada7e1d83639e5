use serde_json::Value;

use super::foreign::{ForeignList, ForeignText, Introduction, id, items};
use crate::{DeviceId, Generation, RequestId};

/// How long the older generation keeps a node's request, in milliseconds.
const LIFETIME_MS: u64 = 5 * 60 * 1000;

/// The nodes whose commands agents may use, and those that offer some.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nodes {
    /// Requests that wait, newest first.
    pub pending: Vec<NodeRequest>,
    /// Nodes whose commands were approved.
    pub paired: Vec<PairedNode>,
    /// How many entries were left out because they cannot be understood.
    pub unreadable: usize,
}

/// A device that has joined as a node, and offers what agents could do with it.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeRequest {
    /// Its id. The older generation keeps it when the node offers something else, and tells of that
    /// in its list alone.
    pub id: RequestId,
    /// Node that offers.
    pub node: DeviceId,
    /// What it says about itself.
    pub introduction: Introduction,
    /// Abilities that it names, such as `camera`.
    pub capabilities: ForeignList,
    /// Commands that agents could run on it, such as `system.run`.
    pub commands: ForeignList,
    /// Permissions that it says it has on its own system.
    pub permissions: ForeignList,
    /// Scopes that it takes to approve it; the older generation's event does not say.
    pub scopes_to_approve: ForeignList,
    /// Address that it came from, where it is not this computer.
    pub remote_ip: Option<ForeignText>,
    /// Unix time in milliseconds when it last asked.
    pub asked_at_ms: u64,
}

/// A node whose commands agents may use.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedNode {
    /// Its id.
    pub id: DeviceId,
    /// What it says about itself.
    pub introduction: Introduction,
    /// Abilities that it names.
    pub capabilities: ForeignList,
    /// Commands that agents may run on it.
    pub commands: ForeignList,
    /// Unix time in milliseconds of its latest approval.
    pub approved_at_ms: Option<u64>,
    /// Unix time in milliseconds when it was last seen (newer generation).
    pub last_seen_at_ms: Option<u64>,
}

impl Nodes {
    /// Reads the answer to `node.pair.list`; none when it is no list.
    pub fn parse(answer: &Value) -> Option<Self> {
        let (pending, strange_requests) = items(answer, "pending", NodeRequest::parse)?;
        let (paired, strange_nodes) = items(answer, "paired", PairedNode::parse)?;
        Some(Self { pending, paired, unreadable: strange_requests + strange_nodes })
    }
}

impl NodeRequest {
    /// Reads one item of `pending`, or the payload of `node.pair.requested`; none when it lacks
    /// its ids or its time.
    pub fn parse(request: &Value) -> Option<Self> {
        Some(Self {
            id: id(request, "requestId", RequestId::new)?,
            node: id(request, "nodeId", DeviceId::new)?,
            introduction: Introduction::read(request),
            capabilities: ForeignList::read(request, "caps"),
            commands: ForeignList::read(request, "commands"),
            permissions: ForeignList::read_granted(request, "permissions"),
            scopes_to_approve: ForeignList::read(request, "requiredApproveScopes"),
            remote_ip: ForeignText::read(request, "remoteIp"),
            asked_at_ms: request.get("ts").and_then(Value::as_u64)?,
        })
    }

    /// Says whether the same node offers the same: commands, capabilities and permissions, in
    /// whatever order.
    pub fn offers_the_same_as(&self, other: &Self) -> bool {
        self.node == other.node
            && self.commands.names_the_same_as(&other.commands)
            && self.capabilities.names_the_same_as(&other.capabilities)
            && self.permissions.names_the_same_as(&other.permissions)
    }

    /// Says when the gateway forgets the request, as Unix time in milliseconds; the newer
    /// generation keeps it until it is decided.
    pub fn expires_at_ms(&self, generation: Generation) -> Option<u64> {
        match generation {
            Generation::Older => Some(self.asked_at_ms.saturating_add(LIFETIME_MS)),
            Generation::Newer => None,
        }
    }
}

impl PairedNode {
    /// Reads one item of `paired`, or the `node` of an approval; none when it has no id.
    ///
    /// The older generation also sends the node's own token, which is left behind.
    pub fn parse(node: &Value) -> Option<Self> {
        let time = |name| node.get(name).and_then(Value::as_u64);
        Some(Self {
            id: id(node, "nodeId", DeviceId::new)?,
            introduction: Introduction::read(node),
            capabilities: ForeignList::read(node, "caps"),
            commands: ForeignList::read(node, "commands"),
            approved_at_ms: time("approvedAtMs"),
            last_seen_at_ms: time("lastSeenAtMs").max(time("lastConnectedAtMs")),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_is_read_with_what_it_may_do_and_without_its_token() {
        let nodes =
            Nodes::parse(&json!({"pending": [], "paired": [{"nodeId": "n", "token": "hush",
            "caps": ["device"], "commands": ["device.info"], "approvedAtMs": 3}]}))
            .unwrap();
        assert!(nodes.paired[0].commands.contains("device.info"));
        assert_eq!(nodes.paired[0].approved_at_ms, Some(3));
        assert!(!format!("{nodes:?}").contains("hush"));
    }

    #[test]
    fn an_offer_is_another_one_when_anything_that_agents_could_do_differs() {
        let offer = |fields: Value| {
            let mut request = json!({"requestId": "r", "nodeId": "n", "ts": 1, "caps": ["camera"],
                "commands": ["camera.snap", "device.info"], "permissions": {"camera": true}});
            request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            NodeRequest::parse(&request).unwrap()
        };
        let shown = offer(json!({}));
        for same in [
            json!({"ts": 2, "displayName": "Attic"}),
            json!({"commands": ["device.info", "camera.snap"]}),
            json!({"requiredApproveScopes": ["operator.write"]}),
        ] {
            assert!(offer(same.clone()).offers_the_same_as(&shown), "{same}");
        }
        for other in [
            json!({"nodeId": "m"}),
            json!({"commands": ["camera.snap", "system.run"]}),
            json!({"commands": ["camera.snap"]}),
            json!({"commands": ["camera.snap", "device.info", "system.run"]}),
            json!({"caps": ["screen"]}),
            json!({"permissions": {"camera": true, "screen": true}}),
        ] {
            assert!(!offer(other.clone()).offers_the_same_as(&shown), "{other}");
        }
    }

    #[test]
    fn only_permissions_that_are_granted_are_named() {
        let permissions = json!({"camera.capture": true, "screen": false, "odd": "yes"});
        let request = json!({"requestId": "r", "nodeId": "n", "ts": 1, "permissions": permissions});
        let request = NodeRequest::parse(&request).unwrap();
        assert_eq!(request.permissions.kept(), [ForeignText::new("camera.capture")]);
        assert_eq!(request.expires_at_ms(Generation::Older), Some(300_001));
        assert_eq!(request.expires_at_ms(Generation::Newer), None);
    }
}
