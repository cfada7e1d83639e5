use control::{Device, Token, marked};

use super::Card;
use crate::shown::{ago, foreign, foreigns, scopes};

/// Shows a device of the gateway.
pub(crate) fn device(device: &Device, now_ms: u64) -> String {
    let name = device.label.as_ref().or(device.name.as_ref()).map(foreign);
    let mut card = Card::new(&name.unwrap_or_else(|| "A device without a name".to_owned()));
    if device.is_own {
        card.line("Own", "this is the bridge itself: it cannot be removed here");
    }
    if device.is_changing {
        card.line("Changing", "waiting for OpenClaw to confirm");
    }
    card.line("Id", &marked(&device.id));
    if device.label.is_some() {
        card.line_of("Says", device.name.as_ref().map(foreign));
    }
    card.line_of("Platform", device.platform.as_ref().map(foreign));
    card.line_of("Program", device.program.as_ref().map(foreign));
    card.line_of("Roles", foreigns(&device.roles));
    card.lines("Can", &scopes(&device.scopes));
    if device.unlisted > 0 {
        let text = format!("AND {} MORE that are not listed", device.unlisted);
        card.line("", &text);
    }
    if let Some(node) = &device.node {
        card.line_of("Runs", foreigns(&node.commands));
        card.line_of("Abilities", foreigns(&node.capabilities));
    }
    for it in &device.tokens {
        card.line("Token", &token(it, now_ms));
    }
    card.line_of("Address", device.address.as_ref().map(foreign));
    card.line_of("Web page", device.origin.as_ref().map(foreign));
    let how = device.approved_via.as_ref().map(|it| format!(", {}", foreign(it)));
    let approved = device.approved_at_ms.map(|at| ago(at, now_ms) + &how.unwrap_or_default());
    card.line_of("Approved", approved);
    let seen = device.last_seen_at_ms.map(|at| ago(at, now_ms));
    let is_connected = device.is_connected == Some(true);
    card.line_of("Seen", if is_connected { Some("connected now".to_owned()) } else { seen });
    card.text
}

fn token(token: &Token, now_ms: u64) -> String {
    let times = [
        ("issued", token.created_at_ms),
        ("changed", token.rotated_at_ms),
        ("used", token.last_used_at_ms),
        ("REVOKED", token.revoked_at_ms),
    ];
    let said =
        times.into_iter().filter_map(|(word, at)| Some(format!(", {word} {}", ago(at?, now_ms))));
    format!("for {}{}", marked(&token.role), said.collect::<String>())
}

#[cfg(test)]
mod tests {
    use control::{Foreign, Scope};

    use super::*;

    #[test]
    fn a_device_is_shown_with_its_rights_in_words_and_its_tokens_ages() {
        let text = |text: &str| Foreign { text: text.to_owned(), missing: 0 };
        let meaning = Some("read all chats".to_owned());
        let phone = Device {
            id: "f00d".to_owned(),
            label: Some(text("My phone")),
            name: Some(text("Phone\u{200b}")),
            platform: None,
            program: Some(text("openclaw-ios ui")),
            roles: vec![text("operator")],
            scopes: vec![
                Scope { name: text("operator.read"), meaning },
                Scope { name: text("operator.new"), meaning: None },
            ],
            unlisted: 3,
            address: None,
            origin: None,
            approved_via: Some(text("owner")),
            approved_at_ms: Some(0),
            last_seen_at_ms: Some(0),
            is_connected: Some(true),
            tokens: vec![Token {
                role: "operator".to_owned(),
                scopes: Vec::new(),
                created_at_ms: Some(0),
                rotated_at_ms: None,
                revoked_at_ms: Some(60_000),
                last_used_at_ms: None,
            }],
            node: None,
            is_own: true,
            is_changing: false,
        };
        assert_eq!(
            device(&phone, 120_000),
            "My phone
  Own       this is the bridge itself: it cannot be removed here
  Id        f00d
  Says      Phone‹U+200B›
  Program   openclaw-ios ui
  Roles     operator
  Can       operator.read: read all chats
            operator.new: not known to this program
            AND 3 MORE that are not listed
  Token     for operator, issued 2 min ago, REVOKED 1 min ago
  Approved  2 min ago, owner
  Seen      connected now"
        );
    }
}
