//! People who write to the agent over a channel such as Telegram, and wait for its owner's leave
//! (newer generation).

use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::RpcError;
use super::house::State;
use super::ids::device_token;
use super::rpc::Caller;

type Params = Map<String, Value>;

/// How many senders may wait.
const MOST_WAITING: usize = 3;
/// How long a sender waits.
const WAITS: Duration = Duration::hours(1);

/// The senders that wait.
#[derive(Default)]
pub(super) struct Senders {
    waiting: Vec<Value>,
    owner_configured: bool,
}

impl Senders {
    /// Lets a stranger write; when too many wait he is not even noticed.
    pub(super) fn knock(&mut self, sender_id: &str, username: &str) -> Option<String> {
        if self.waiting.len() >= MOST_WAITING {
            return None;
        }
        let request_id = device_token()[..32].to_owned();
        let now = OffsetDateTime::now_utc();
        let text = |at: OffsetDateTime| at.format(&Rfc3339).unwrap_or_default();
        self.waiting.push(json!({
            "requestId": request_id, "channel": "telegram", "channelLabel": "Telegram",
            "accountId": "default", "senderId": sender_id, "senderLabel": "telegramUserId",
            "metadata": {"username": username}, "createdAt": text(now), "lastSeenAt": text(now),
            "expiresAt": text(now + WAITS), "notifySupported": true,
        }));
        Some(request_id)
    }

    fn take(&mut self, params: &Params) -> Result<Value, RpcError> {
        let same = |sender: &Value, field: &str| params.get(field) == Some(&sender[field]);
        let wanted = |sender: &Value| {
            ["requestId", "channel", "accountId"].iter().all(|field| same(sender, field))
        };
        let index = self.waiting.iter().position(wanted);
        let gone = "pending DM access request no longer exists";
        index.map(|index| self.waiting.remove(index)).ok_or_else(|| RpcError::invalid(gone))
    }
}

impl State {
    /// Answers `channels.pairing.list`.
    pub(super) fn list_senders(&mut self, _: &Caller, _: &Params) -> Result<Value, RpcError> {
        Ok(json!({
            "accounts": [{
                "channel": "telegram", "channelLabel": "Telegram", "accountId": "default",
                "notifySupported": true,
            }],
            "requests": self.senders.waiting,
            "commandOwnerConfigured": self.senders.owner_configured,
            "limits": {"pendingPerAccount": MOST_WAITING, "ttlMs": 3_600_000},
        }))
    }

    /// Answers `channels.pairing.approve`.
    pub(super) fn approve_sender(
        &mut self,
        by: &Caller,
        params: &Params,
    ) -> Result<Value, RpcError> {
        let wants = |field: &str| params.get(field) == Some(&Value::Bool(true));
        if wants("bootstrapCommandOwner") && !by.is_admin {
            return Err(RpcError::missing_scope(self.generation, "operator.admin"));
        }
        let sender = self.senders.take(params)?;
        let owner = match (wants("bootstrapCommandOwner"), self.senders.owner_configured) {
            (false, _) => "not-requested",
            (true, true) => "already-configured",
            (true, false) => "configured",
        };
        self.senders.owner_configured |= wants("bootstrapCommandOwner");
        Ok(json!({
            "requestId": sender["requestId"], "senderId": sender["senderId"],
            "notification": if wants("notify") { "sent" } else { "not-requested" },
            "commandOwnerBootstrap": owner,
        }))
    }

    /// Answers `channels.pairing.dismiss`.
    pub(super) fn dismiss_sender(
        &mut self,
        _: &Caller,
        params: &Params,
    ) -> Result<Value, RpcError> {
        let sender = self.senders.take(params)?;
        Ok(json!({"requestId": sender["requestId"], "senderId": sender["senderId"]}))
    }
}
