//! What the three kinds of request have in common.

use openclaw::Generation;
use openclaw::pairing::{DeviceRequest, ForeignList, ForeignText, NodeRequest, SenderRequest};

use crate::RequestKind;
use crate::request_key::{device_key, node_key, sender_key};

/// How long a description may be, in characters: much longer than what is shown of it, so that no
/// secret is cut through before it is hidden.
const LONGEST: usize = 4_000;

/// A request of somebody who wants to use the gateway.
pub(super) trait Asks: Clone + PartialEq {
    const KIND: RequestKind;
    /// Names it on this computer.
    fn key(&self) -> String;
    /// Names who asks: of one who asks for something else, only the latest request counts.
    fn asker(&self) -> &str;
    /// When it was asked, as Unix time in milliseconds.
    fn asked_at_ms(&self) -> Option<u64>;
    /// When the gateway surely forgets it, as Unix time in milliseconds by the gateway's clock; none
    /// where that cannot be known.
    fn expires_at_ms(&self, generation: Generation) -> Option<u64>;
    /// From when on the gateway may have forgotten it, likewise.
    fn may_expire_at_ms(&self, generation: Generation) -> Option<u64> {
        self.expires_at_ms(generation)
    }
    /// Describes it with the words of strangers as they came.
    fn what(&self) -> String;
}

impl Asks for DeviceRequest {
    const KIND: RequestKind = RequestKind::Device;

    fn key(&self) -> String {
        device_key(&self.id)
    }

    fn asker(&self) -> &str {
        self.device.as_str()
    }

    fn asked_at_ms(&self) -> Option<u64> {
        Some(self.asked_at_ms)
    }

    fn expires_at_ms(&self, generation: Generation) -> Option<u64> {
        self.expires_at_ms(generation)
    }

    fn may_expire_at_ms(&self, _: Generation) -> Option<u64> {
        Some(self.may_expire_at_ms())
    }

    fn what(&self) -> String {
        let said = &self.introduction;
        let who = who(said.name.as_ref(), said.client.as_ref(), self.asker());
        cut(format!("{who}, {}: {}", listed(&self.roles), listed(&self.scopes)))
    }
}

impl Asks for NodeRequest {
    const KIND: RequestKind = RequestKind::Node;

    fn key(&self) -> String {
        node_key(&self.id)
    }

    fn asker(&self) -> &str {
        self.node.as_str()
    }

    fn asked_at_ms(&self) -> Option<u64> {
        Some(self.asked_at_ms)
    }

    fn expires_at_ms(&self, generation: Generation) -> Option<u64> {
        self.expires_at_ms(generation)
    }

    fn what(&self) -> String {
        let said = &self.introduction;
        let who = who(said.name.as_ref(), said.client.as_ref(), self.asker());
        cut(format!("{who}, commands: {}", listed(&self.commands)))
    }
}

impl Asks for SenderRequest {
    const KIND: RequestKind = RequestKind::Sender;

    fn key(&self) -> String {
        sender_key(self)
    }

    fn asker(&self) -> &str {
        self.id.as_str()
    }

    fn asked_at_ms(&self) -> Option<u64> {
        self.asked_at_ms
    }

    fn expires_at_ms(&self, _: Generation) -> Option<u64> {
        self.expires_at_ms
    }

    fn what(&self) -> String {
        let channel = match &self.account.channel_name {
            Some(name) => shown(name),
            None => self.account.channel.clone(),
        };
        let told = self.details.iter().map(|(name, value)| {
            let (name, value) = (shown(name), shown(value));
            format!(", {name}: {value}")
        });
        cut(format!("{channel}: {}{}", shown(&self.sender), told.collect::<String>()))
    }
}

fn who(name: Option<&ForeignText>, program: Option<&ForeignText>, id: &str) -> String {
    let name = match name {
        Some(name) => format!("“{}”", shown(name)),
        None => id.chars().take(16).collect(),
    };
    program.map_or(name.clone(), |program| format!("{name} ({})", shown(program)))
}

fn listed(list: &ForeignList) -> String {
    if list.is_empty() {
        return "nothing".into();
    }
    let mut texts: Vec<_> = list.kept().iter().map(shown).collect();
    if list.missing() > 0 {
        texts.push(format!("and {} more", list.missing()));
    }
    texts.join(", ")
}

fn shown(text: &ForeignText) -> String {
    match text.missing() {
        0 => text.as_str().to_owned(),
        missing => format!("{}… ({missing} more characters)", text.as_str()),
    }
}

fn cut(text: String) -> String {
    let length = text.chars().count();
    if length <= LONGEST {
        return text;
    }
    let kept: String = text.chars().take(LONGEST).collect();
    format!("{kept}… ({} more characters)", length - LONGEST)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn device(fields: Value) -> DeviceRequest {
        let mut request = json!({"requestId": "r", "deviceId": "d", "ts": 1});
        request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        DeviceRequest::parse(&request).unwrap()
    }

    #[test]
    fn a_request_is_described_by_who_asks_and_for_what() {
        let phone = device(json!({"displayName": "Phone", "clientId": "openclaw-ios",
            "role": "operator", "scopes": ["operator.read", "operator.write"]}));
        let told = "“Phone” (openclaw-ios), operator: operator.read, operator.write";
        assert_eq!(phone.what(), told);
        let node = json!({"requestId": "r", "nodeId": "n", "ts": 1, "commands": ["system.run"]});
        assert_eq!(NodeRequest::parse(&node).unwrap().what(), "n, commands: system.run");
        let sender = json!({"requestId": "r", "channel": "telegram", "channelLabel": "Telegram",
            "accountId": "default", "senderId": "7001", "metadata": {"username": "ali"}});
        let sender = SenderRequest::parse(&sender).unwrap();
        assert_eq!(sender.what(), "Telegram: 7001, username: ali");
        assert_eq!(sender.key(), "sender:telegram:default:r");
    }

    #[test]
    fn a_description_is_bounded_and_says_how_much_is_missing() {
        let scopes: Vec<_> = (0..90).map(|n| format!("{n}{}", "\u{202e}".repeat(5_000))).collect();
        let request = device(json!({"displayName": "\u{202e}".repeat(5_000), "scopes": scopes}));
        let what = request.what();
        assert!(what.chars().count() <= LONGEST + 40, "{what}");
        assert!(what.starts_with("“\u{202e}") && what.ends_with("more characters)"), "{what}");
    }

    #[test]
    fn what_is_cut_for_the_screen_is_whole_here() {
        let secret = format!("ghp_{}", "a".repeat(36));
        let scopes = ["x".repeat(220), "y".repeat(40), secret.clone()];
        let request = device(json!({"displayName": "Phone", "scopes": scopes}));
        assert!(request.what().ends_with(&secret));
    }
}
