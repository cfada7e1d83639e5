//! What installations know, for tests.

use std::sync::Arc;
use std::time::SystemTime;

use bridge::engine::Load;
use bridge::{AccessSnapshot, AccessStanding, Link, PendingApproval, SendersSnapshot, Snapshot};
use openclaw::pairing::{Devices, Nodes, Senders};
use openclaw::{Decision, DeviceId};
use sap::SessionId;
use serde_json::{Value, json};

pub(crate) fn approval(id: &str, asked_at: u64) -> PendingApproval {
    PendingApproval {
        id: id.to_owned(),
        title: "Run a command".to_owned(),
        message: None,
        command: Some("rm -rf build".to_owned()),
        binary: Some("/usr/bin/rm".to_owned()),
        cwd: Some("/work".to_owned()),
        host: Some("gateway".to_owned()),
        agent: Some("main".to_owned()),
        session: SessionId::new("ses_1"),
        session_key: Some("agent:main:ses_1".to_owned()),
        warnings: vec!["it deletes".to_owned()],
        analysis: Vec::new(),
        grant: None,
        severity: sap::Severity::High,
        offers: vec![Decision::AllowOnce, Decision::Deny],
        created_at_ms: asked_at,
        expires_at_ms: asked_at + 1_800_000,
        deciding: None,
    }
}

pub(crate) fn snapshot(approvals: Vec<PendingApproval>) -> Snapshot {
    Snapshot {
        cloud: Link::Stopped,
        gateway: Link::Stopped,
        load: Load::default(),
        approvals: approvals.into(),
        history: Arc::default(),
        storage: None,
    }
}

/// A gateway with these devices, nodes and senders, as its lists tell them.
pub(crate) fn access(devices: &Value, nodes: &Value, senders: &Value) -> AccessSnapshot {
    AccessSnapshot {
        standing: AccessStanding::Up { since: SystemTime::UNIX_EPOCH },
        devices: Some(Arc::new(Devices::parse(devices).unwrap())),
        nodes: Some(Arc::new(Nodes::parse(nodes).unwrap())),
        senders: SendersSnapshot::Listed(Arc::new(Senders::parse(senders).unwrap())),
        doing: Arc::default(),
        own_device: Some(DeviceId::new("own")),
        can_rename: true,
        can_set_up: false,
    }
}

/// A gateway with one of everything.
pub(crate) fn busy() -> AccessSnapshot {
    let devices = json!({
        "pending": [{"requestId": "d1", "deviceId": "phone", "ts": 20, "displayName": "Phone",
            "clientId": "openclaw-ios", "clientMode": "ui", "roles": ["operator"],
            "scopes": ["operator.read", "operator.write"], "isRepair": true}],
        "paired": [
            {"deviceId": "own", "roles": ["operator"], "approvedAtMs": 1,
                "tokens": [{"role": "operator", "scopes": ["operator.read"]}]},
            {"deviceId": "phone", "operatorLabel": "My phone", "displayName": "Old", "roles":
                ["operator"], "scopes": ["operator.read"], "connected": true, "approvedAtMs": 2,
                "tokens": [{"role": "operator", "revokedAtMs": 3}]},
            {"deviceId": "new", "approvedAtMs": 9},
        ],
    });
    let nodes = json!({
        "pending": [{"requestId": "n1", "nodeId": "phone", "ts": 30, "commands": ["system.run"]}],
        "paired": [{"nodeId": "phone", "commands": ["camera.snap"]}, {"nodeId": "gone", "caps": ["x"]}],
    });
    let account = json!({"channel": "telegram", "accountId": "default", "notifySupported": true});
    let mut sender = account.clone();
    sender["requestId"] = json!("s1");
    sender["senderId"] = json!("7001");
    sender["metadata"] = json!({"username": "eve"});
    access(&devices, &nodes, &json!({"requests": [sender], "accounts": [account]}))
}
