use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::foreign::{ForeignText, id, items};
use crate::RequestId;
use crate::parse::borrowed;

/// How many details of a sender are kept.
const MOST_DETAILS: usize = 16;

/// Unknown people who wrote to the agent, and the accounts where that needs approval.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Senders {
    /// Accounts that let unknown people ask; only their requests are listed.
    pub accounts: Vec<SenderAccount>,
    /// Requests that wait.
    pub pending: Vec<SenderRequest>,
    /// Somebody is set up to give the agent an owner's commands.
    pub is_owner_configured: bool,
    /// How many requests an account keeps; further people are ignored without a word.
    pub most_pending: Option<u64>,
    /// How many entries were left out because they cannot be understood.
    pub unreadable: usize,
}

/// An account of the agent with a messenger.
#[derive(Clone, Debug, PartialEq)]
pub struct SenderAccount {
    /// Messenger, such as `telegram`.
    pub channel: String,
    /// Messenger's name.
    pub channel_name: Option<ForeignText>,
    /// Account's id, such as `default`.
    pub account: String,
    /// Account's name.
    pub account_name: Option<ForeignText>,
    /// Approved people can be told.
    pub can_notify: bool,
}

/// Somebody who wrote to the agent and may not yet talk to it.
///
/// The code that the person was sent is not told over this wire; the request's id stands for it.
#[derive(Clone, Debug, PartialEq)]
pub struct SenderRequest {
    /// Its id.
    pub id: RequestId,
    /// Account that was written to.
    pub account: SenderAccount,
    /// Who wrote, as the messenger numbers people.
    pub sender: ForeignText,
    /// What kind of number that is, such as `telegramUserId`.
    pub sender_kind: Option<ForeignText>,
    /// What the messenger tells of the person, such as `username` and `firstName`; at most 16.
    pub details: Vec<(ForeignText, ForeignText)>,
    /// How many details were left out.
    pub missing_details: usize,
    /// Unix time in milliseconds of the first message.
    pub asked_at_ms: Option<u64>,
    /// Unix time in milliseconds of the latest message.
    pub last_seen_at_ms: Option<u64>,
    /// Unix time in milliseconds when it is forgotten, without a word.
    pub expires_at_ms: Option<u64>,
}

/// What became of telling a person that they were approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notification {
    /// Nobody asked for it.
    NotRequested,
    /// The person was told.
    Sent,
    /// The messenger cannot do that.
    Unsupported,
    /// It went wrong; the person is approved all the same.
    Failed,
    /// The gateway says something else.
    Unknown,
}

impl Senders {
    /// Reads the answer to `channels.pairing.list`; none when it is no list.
    pub fn parse(answer: &Value) -> Option<Self> {
        let (accounts, strange_accounts) = items(answer, "accounts", SenderAccount::parse)?;
        let (pending, strange_requests) = items(answer, "requests", SenderRequest::parse)?;
        Some(Self {
            accounts,
            pending,
            is_owner_configured: answer.get("commandOwnerConfigured") == Some(&Value::Bool(true)),
            most_pending: answer.pointer("/limits/pendingPerAccount").and_then(Value::as_u64),
            unreadable: strange_accounts + strange_requests,
        })
    }
}

impl SenderAccount {
    fn parse(account: &Value) -> Option<Self> {
        Some(Self {
            channel: id(account, "channel", |channel| channel)?,
            channel_name: ForeignText::read(account, "channelLabel"),
            account: id(account, "accountId", |account| account)?,
            account_name: ForeignText::read(account, "accountLabel"),
            can_notify: account.get("notifySupported") == Some(&Value::Bool(true)),
        })
    }
}

impl SenderRequest {
    /// Reads one item of `requests`; none when it lacks its ids.
    pub fn parse(request: &Value) -> Option<Self> {
        let told = request.get("metadata").and_then(Value::as_object);
        let details: Vec<_> = told
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name, value.as_str()?)))
            .map(|(name, value)| (ForeignText::new(name), ForeignText::new(value)))
            .take(MOST_DETAILS)
            .collect();
        Some(Self {
            id: id(request, "requestId", RequestId::new)?,
            account: SenderAccount::parse(request)?,
            sender: ForeignText::read(request, "senderId")?,
            sender_kind: ForeignText::read(request, "senderLabel"),
            missing_details: told.map_or(0, |told| told.len() - details.len()),
            details,
            asked_at_ms: time(request, "createdAt"),
            last_seen_at_ms: time(request, "lastSeenAt"),
            expires_at_ms: time(request, "expiresAt"),
        })
    }
}

impl Notification {
    pub(super) fn parse(answer: &Value) -> Self {
        match borrowed(answer, "notification") {
            Some("not-requested") => Self::NotRequested,
            Some("sent") => Self::Sent,
            Some("unsupported") => Self::Unsupported,
            Some("failed") => Self::Failed,
            Some(_) | None => Self::Unknown,
        }
    }
}

/// Reads a time of RFC 3339 as Unix time in milliseconds.
fn time(object: &Value, name: &str) -> Option<u64> {
    let time = OffsetDateTime::parse(borrowed(object, name)?, &Rfc3339).ok()?;
    u64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(fields: Value) -> Option<SenderRequest> {
        let mut request = json!({"requestId": "r", "channel": "telegram", "accountId": "default",
            "senderId": "7001"});
        request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        SenderRequest::parse(&request)
    }

    #[test]
    fn times_are_read_and_strange_ones_are_none() {
        let at = |text: &str| request(json!({"createdAt": text})).unwrap().asked_at_ms;
        assert_eq!(at("1970-01-01T00:00:01.500Z"), Some(1_500));
        for strange in ["", "yesterday", "1969-12-31T23:59:58Z", "+999999-01-01T00:00:00Z"] {
            assert_eq!(at(strange), None, "{strange}");
        }
    }

    #[test]
    fn details_are_bounded_and_the_rest_is_counted() {
        let many: serde_json::Map<_, _> =
            (0..100).map(|n| (format!("k{n}"), json!("v".repeat(1_000)))).collect();
        let request = request(json!({"metadata": many})).unwrap();
        assert_eq!((request.details.len(), request.missing_details), (16, 84));
        assert_eq!(request.details[0].1.missing(), 744);
    }

    #[test]
    fn a_request_without_its_account_cannot_be_decided() {
        assert_eq!(request(json!({"accountId": null})), None);
        assert_eq!(request(json!({"requestId": ""})), None);
    }

    #[test]
    fn what_became_of_a_message_is_told_apart() {
        let read = |word: Value| Notification::parse(&json!({"notification": word}));
        assert_eq!(read(json!("sent")), Notification::Sent);
        assert_eq!(read(json!("unsupported")), Notification::Unsupported);
        assert_eq!(read(json!("whispered")), Notification::Unknown);
        assert_eq!(read(json!(null)), Notification::Unknown);
    }
}
