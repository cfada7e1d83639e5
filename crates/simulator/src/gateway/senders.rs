//! People who write to the agent over a channel such as Telegram, and wait for its owner's leave
//! (newer generation).

use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::house::State;
use super::ids::device_token;
use super::rpc::Caller;
use super::{AskingSender, RpcError};

type Params = Map<String, Value>;

/// How many senders may wait for one account.
const MOST_WAITING: usize = 3;
/// How long a sender waits.
const WAITS: Duration = Duration::hours(1);

/// The senders that wait, and the accounts that anybody wrote to. They outlive a restart.
pub(super) struct Senders {
    waiting: Vec<Waiting>,
    /// Accounts, by channel and id.
    accounts: Vec<(String, String)>,
    owner_configured: bool,
}

struct Waiting {
    request_id: String,
    sender: AskingSender,
    at: OffsetDateTime,
    last_seen: OffsetDateTime,
}

impl Default for Senders {
    fn default() -> Self {
        let accounts = vec![("telegram".to_owned(), "default".to_owned())];
        Self { waiting: Vec::new(), accounts, owner_configured: false }
    }
}

impl Senders {
    /// Lets a stranger write; when too many wait he is not even noticed.
    pub(super) fn knock(&mut self, sender: &AskingSender) -> Option<String> {
        self.expire();
        let now = OffsetDateTime::now_utc();
        let account = (sender.channel.clone(), sender.account.clone());
        if !self.accounts.contains(&account) {
            self.accounts.push(account);
        }
        let here = |it: &&mut Waiting| {
            (&it.sender.channel, &it.sender.account) == (&sender.channel, &sender.account)
        };
        let mut waiting = self.waiting.iter_mut().filter(here);
        if let Some(known) = waiting.find(|it| it.sender.sender == sender.sender) {
            known.last_seen = now;
            return Some(known.request_id.clone());
        }
        if self.waiting.iter_mut().filter(here).count() >= MOST_WAITING {
            return None;
        }
        let request_id = device_token()[..32].to_owned();
        self.waiting.push(Waiting {
            request_id: request_id.clone(),
            sender: sender.clone(),
            at: now - sender.waited,
            last_seen: now,
        });
        Some(request_id)
    }

    /// Takes a request away; tells whether it was there.
    pub(super) fn forget(&mut self, request_id: &str) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.request_id != request_id);
        self.waiting.len() < before
    }

    /// Lists the ids of the requests that wait.
    pub(super) fn waiting(&mut self) -> Vec<String> {
        self.expire();
        self.waiting.iter().map(|waiting| waiting.request_id.clone()).collect()
    }

    fn take(&mut self, params: &Params) -> Result<Waiting, RpcError> {
        self.expire();
        let is = |field: &str, text: &str| params.get(field).is_some_and(|value| value == text);
        let wanted = |it: &Waiting| {
            is("requestId", &it.request_id)
                && is("channel", &it.sender.channel)
                && is("accountId", &it.sender.account)
        };
        let index = self.waiting.iter().position(wanted);
        let gone = "pending DM access request no longer exists";
        index.map(|index| self.waiting.remove(index)).ok_or_else(|| RpcError::invalid(gone))
    }

    fn expire(&mut self) {
        let now = OffsetDateTime::now_utc();
        self.waiting.retain(|waiting| now - waiting.at < WAITS);
    }
}

impl Waiting {
    fn describe(&self) -> Value {
        let text = |at: OffsetDateTime| at.format(&Rfc3339).unwrap_or_default();
        let mut description = describe_account(&self.sender.channel, &self.sender.account);
        let details = self.sender.details.iter();
        let details = details.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        description["requestId"] = self.request_id.as_str().into();
        description["senderId"] = self.sender.sender.as_str().into();
        description["senderLabel"] = "telegramUserId".into();
        description["metadata"] = details.collect::<Map<_, _>>().into();
        description["createdAt"] = text(self.at).into();
        description["lastSeenAt"] = text(self.last_seen).into();
        description["expiresAt"] = text(self.at + WAITS).into();
        description
    }
}

fn describe_account(channel: &str, account: &str) -> Value {
    let label = if channel == "telegram" { "Telegram" } else { channel };
    json!({
        "channel": channel, "channelLabel": label, "accountId": account,
        "notifySupported": true,
    })
}

impl State {
    /// Answers `channels.pairing.list`.
    pub(super) fn list_senders(&mut self, _: &Caller, _: &Params) -> Result<Value, RpcError> {
        self.senders.expire();
        let accounts = self.senders.accounts.iter();
        let accounts: Vec<Value> = accounts.map(|(c, a)| describe_account(c, a)).collect();
        let requests: Vec<Value> = self.senders.waiting.iter().map(Waiting::describe).collect();
        Ok(json!({
            "accounts": accounts,
            "requests": requests,
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
        let waiting = self.senders.take(params)?;
        self.decided(by, &waiting.request_id, true);
        let owner = match (wants("bootstrapCommandOwner"), self.senders.owner_configured) {
            (false, _) => "not-requested",
            (true, true) => "already-configured",
            (true, false) => "configured",
        };
        self.senders.owner_configured |= wants("bootstrapCommandOwner");
        Ok(json!({
            "requestId": waiting.request_id, "senderId": waiting.sender.sender,
            "notification": if wants("notify") { "sent" } else { "not-requested" },
            "commandOwnerBootstrap": owner,
        }))
    }

    /// Answers `channels.pairing.dismiss`.
    pub(super) fn dismiss_sender(
        &mut self,
        by: &Caller,
        params: &Params,
    ) -> Result<Value, RpcError> {
        let waiting = self.senders.take(params)?;
        self.decided(by, &waiting.request_id, false);
        Ok(json!({"requestId": waiting.request_id, "senderId": waiting.sender.sender}))
    }
}
