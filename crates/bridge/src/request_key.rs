//! How requests are named on a computer: by their kind and their id.

use openclaw::RequestId;
use openclaw::pairing::SenderRequest;

const APPROVAL: &str = "approval:";

/// Names an approval by its id at the gateway.
pub fn approval_key(id: &str) -> String {
    format!("{APPROVAL}{id}")
}

/// Says whether a request is an approval.
pub fn is_approval_key(key: &str) -> bool {
    key.starts_with(APPROVAL)
}

/// Names a device's request.
pub fn device_key(request: &RequestId) -> String {
    format!("device:{request}")
}

/// Names a node's request.
pub fn node_key(request: &RequestId) -> String {
    format!("node:{request}")
}

/// Names a sender's request.
pub fn sender_key(request: &SenderRequest) -> String {
    format!("sender:{}:{}:{}", request.account.channel, request.account.account, request.id)
}
