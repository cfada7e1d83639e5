use serde_json::Value;

use super::foreign::id;
use super::{DeviceRequest, NodeRequest, SetupOutcome};
use crate::parse::{Malformed, borrowed};
use crate::{DeviceId, Event, RequestId};

/// Something that happened to a device or a node. No gateway tells of a new sender, of a token
/// that was rotated or revoked, of a device that was removed, or of a request that expired.
#[derive(Clone, Debug, PartialEq)]
pub enum PairingEvent {
    /// A device wants to join, or to be allowed more.
    DeviceRequested(DeviceRequest),
    /// A node offers commands.
    NodeRequested(NodeRequest),
    /// A request came to its end. A device that is approved without having to wait is told of by
    /// this alone.
    Resolved {
        /// What asked.
        subject: Subject,
        /// Request that ended; none where a node was removed.
        request: Option<RequestId>,
        /// Device or node.
        device: DeviceId,
        /// How it ended.
        verdict: Verdict,
    },
    /// A device was given another name (newer generation).
    Changed,
    /// A setup code was used (newer generation).
    SetupUsed(SetupOutcome),
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A device that joins.
    Device,
    /// A node's commands.
    Node,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Somebody approved it, or the gateway did by itself.
    Approved,
    /// Somebody rejected it, or another request of the same device took its place (newer
    /// generation; the older says nothing then).
    Rejected,
    /// What was approved before was taken back (nodes only).
    Removed,
    /// The gateway says something else.
    Unknown,
}

/// Reads an event by its name.
pub(crate) fn read(name: &str, payload: &Value) -> Result<Event, Malformed> {
    let event = match name {
        "device.pair.requested" => DeviceRequest::parse(payload).map(PairingEvent::DeviceRequested),
        "node.pair.requested" => NodeRequest::parse(payload).map(PairingEvent::NodeRequested),
        "device.pair.resolved" => resolved(Subject::Device, "deviceId", payload),
        "node.pair.resolved" => resolved(Subject::Node, "nodeId", payload),
        "device.pair.changed" => Some(PairingEvent::Changed),
        "device.pair.setup.completed" => setup_used(payload, true),
        "device.pair.setup.deliveryUncertain" => setup_used(payload, false),
        _ => return Ok(Event::Other),
    };
    event.map(Box::new).map(Event::Pairing).ok_or(Malformed)
}

fn setup_used(payload: &Value, is_certain: bool) -> Option<PairingEvent> {
    SetupOutcome::parse(payload, is_certain).map(PairingEvent::SetupUsed)
}

fn resolved(subject: Subject, device: &str, payload: &Value) -> Option<PairingEvent> {
    let verdict = match borrowed(payload, "decision") {
        Some("approved") => Verdict::Approved,
        Some("rejected") => Verdict::Rejected,
        Some("removed") => Verdict::Removed,
        Some(_) | None => Verdict::Unknown,
    };
    let request = id(payload, "requestId", RequestId::new);
    Some(PairingEvent::Resolved {
        subject,
        request,
        device: id(payload, device, DeviceId::new)?,
        verdict,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_that_is_removed_is_told_of_without_a_request() {
        let payload = json!({"requestId": "", "nodeId": "n", "decision": "removed", "ts": 1});
        let (request, device) = (None, DeviceId::new("n"));
        let (subject, verdict) = (Subject::Node, Verdict::Removed);
        let resolved = PairingEvent::Resolved { subject, request, device, verdict };
        assert_eq!(read("node.pair.resolved", &payload), Ok(Event::Pairing(Box::new(resolved))));
    }

    #[test]
    fn a_code_whose_delivery_is_uncertain_is_told_apart_from_one_that_was_used() {
        let payload = json!({"setupId": "s", "deviceId": "d", "access": "full", "ts": 1});
        for (name, is_certain) in
            [("device.pair.setup.completed", true), ("device.pair.setup.deliveryUncertain", false)]
        {
            let Ok(Event::Pairing(event)) = read(name, &payload) else {
                panic!("{name} was not understood")
            };
            assert!(matches!(*event, PairingEvent::SetupUsed(it) if it.is_certain == is_certain));
        }
    }
}
