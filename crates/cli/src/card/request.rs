use control::{
    Approval, DeviceChange, DeviceRequest, NodeRequest, Outcome, PastRequest, Pending,
    SenderRequest, Severity, Subject, Verdict, marked, sentence,
};

use super::{Card, Extent};
use crate::shown::{ago, beginning, ends, foreign, foreigns, moment, scopes};

/// Shows a request that waits.
pub(crate) fn request(request: &Pending, extent: Extent, now_ms: u64) -> String {
    let since = request.asked_at_ms.map(|at| format!(", {}", ago(at, now_ms)));
    let until = request.expires_at_ms.map(|at| format!(", {}", ends(at, now_ms)));
    let heading = [marked(&request.key), since.unwrap_or_default(), until.unwrap_or_default()];
    let mut card = Card::new(&heading.concat());
    card.line_of("Severity", severity(request.subject.severity()));
    match &request.subject {
        Subject::Approval(it) => approval(&mut card, it, extent),
        Subject::Device(it) => device(&mut card, it),
        Subject::Node(it) => node(&mut card, it),
        Subject::Sender(it) => sender(&mut card, it, now_ms),
    }
    let answers: Vec<_> = request.offers.iter().map(|verdict| command(*verdict)).collect();
    match request.deciding {
        Some(verdict) => {
            let text = format!("{}: waiting for OpenClaw to confirm", command(verdict));
            card.line("Deciding", &text);
        }
        None => card.line("Answers", &answers.join(", ")),
    }
    if extent == Extent::Whole {
        let kind = request.subject.kind();
        for verdict in &request.offers {
            card.line("", &format!("{}: {}", command(*verdict), verdict.consequence(kind)));
        }
    }
    card.text
}

/// Shows a request that ended.
pub(crate) fn past(request: &PastRequest) -> String {
    let outcome = match &request.outcome {
        Outcome::Failed { why } => format!("failed: {}", beginning(why)),
        other @ (Outcome::Allowed { .. }
        | Outcome::Denied { .. }
        | Outcome::Decided
        | Outcome::Expired
        | Outcome::Gone) => other.words(),
    };
    let mut card = Card::new(&format!("{}  {}", moment(request.ended_at_ms), outcome));
    card.line("Key", &marked(&request.key));
    card.line("About", &marked(&request.what));
    card.text
}

fn command(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::AllowOnce | Verdict::Allow => "allow",
        Verdict::AllowAlways => "allow --always",
        Verdict::Deny => "deny",
    }
}

fn severity(severity: Severity) -> Option<String> {
    let text = match severity {
        Severity::Low | Severity::Medium => return None,
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    };
    Some(text.to_owned())
}

fn approval(card: &mut Card, approval: &Approval, extent: Extent) {
    card.words("Asks to", Some(&approval.title), extent);
    card.words("Says", approval.message.as_ref(), extent);
    card.words("Command", approval.command.as_ref(), extent);
    card.words("Folder", approval.folder.as_ref(), extent);
    card.words("Program", approval.binary.as_ref(), extent);
    card.words("Runs on", approval.host.as_ref(), extent);
    card.words("Agent", approval.agent.as_ref(), extent);
    card.words("Session", approval.session.as_ref(), extent);
    for warning in &approval.warnings {
        card.words("Warning", Some(warning), extent);
    }
    for finding in &approval.analysis {
        card.words("Analysis", Some(finding), extent);
    }
    card.line_of("Always", approval.grant.as_deref().map(|it| sentence(&marked(it))));
}

fn device(card: &mut Card, device: &DeviceRequest) {
    let what = match (&device.change, device.is_own) {
        (_, true) => "this program's own device asks to be more: deny it unless you know why",
        (Some(_), false) => "a known device asks for a change",
        (None, false) => "a new device asks to join",
    };
    card.line("Asks to", what);
    card.line("Device", &marked(&device.device));
    card.line_of("Says", device.name.as_ref().map(foreign));
    card.line_of("Platform", device.platform.as_ref().map(foreign));
    card.line_of("Program", device.program.as_ref().map(foreign));
    if let Some(change) = &device.change {
        changes(card, change);
    }
    card.line_of("Roles", foreigns(&device.roles));
    card.lines("Could", &scopes(&device.scopes));
    unlisted(card, device.unlisted, "roles and scopes");
    card.line_of("Address", device.address.as_ref().map(foreign));
    card.line_of("Web page", device.origin.as_ref().map(foreign));
}

fn changes(card: &mut Card, change: &DeviceChange) {
    card.line_of("Known as", change.known_as.as_ref().map(foreign));
    card.line_of("New role", foreigns(&change.new_roles));
    card.lines("New right", &scopes(&change.new_scopes));
    card.line_of("Revoked", foreigns(&change.revoked_roles).map(|it| format!("role {it}, before")));
    if change.is_introduced_anew {
        card.line("", "It names another name, platform or program than before.");
    }
}

fn node(card: &mut Card, node: &NodeRequest) {
    card.line("Asks to", "a device offers commands that agents could run on it");
    card.line("Device", &marked(&node.device));
    card.line_of("Says", node.name.as_ref().map(foreign));
    card.line_of("Platform", node.platform.as_ref().map(foreign));
    card.line_of("Commands", foreigns(&node.commands));
    card.line_of("Abilities", foreigns(&node.capabilities));
    card.line_of("Permitted", foreigns(&node.permissions));
    unlisted(card, node.unlisted, "commands, abilities and permissions");
    card.line_of("Address", node.address.as_ref().map(foreign));
}

fn sender(card: &mut Card, sender: &SenderRequest, now_ms: u64) {
    card.line("Asks to", "an unknown person wants to talk to your agent");
    let channel = sender.channel_name.as_ref().map_or_else(|| marked(&sender.channel), foreign);
    let account = sender.account_name.as_ref().map_or_else(|| marked(&sender.account), foreign);
    card.line("By", &format!("{channel}, account {account}"));
    card.line("Person", &foreign(&sender.sender));
    for (name, value) in &sender.details {
        card.line("", &format!("{}: {}", foreign(name), foreign(value)));
    }
    unlisted(card, sender.unlisted, "details");
    card.line_of("Wrote", sender.last_seen_at_ms.map(|at| format!("last {}", ago(at, now_ms))));
    if !sender.can_notify {
        card.line("", "This messenger cannot tell the person that they were approved.");
    }
}

fn unlisted(card: &mut Card, count: u32, what: &str) {
    if count > 0 {
        card.line("", &format!("AND {count} MORE {what} that are not listed"));
    }
}

#[cfg(test)]
mod tests {
    use control::{Foreign, RequestKind, Slot};

    use super::*;

    fn asked(command: &str) -> Pending {
        Pending {
            key: "approval:a1".to_owned(),
            slot: Slot(1),
            asked_at_ms: Some(0),
            expires_at_ms: Some(1_800_000),
            offers: vec![Verdict::AllowOnce, Verdict::Deny],
            deciding: None,
            seen: "s1".to_owned(),
            subject: Subject::Approval(Approval {
                id: "a1".to_owned(),
                title: "Run a command".to_owned(),
                message: None,
                command: Some(command.to_owned()),
                binary: Some("/usr/bin/rm".to_owned()),
                folder: Some("/work".to_owned()),
                host: Some("gateway".to_owned()),
                agent: Some("main".to_owned()),
                session: Some("agent:main:a".to_owned()),
                warnings: vec!["it deletes files".to_owned()],
                analysis: Vec::new(),
                severity: Severity::High,
                grant: None,
            }),
        }
    }

    #[test]
    fn a_command_is_shown_with_everything_that_is_known_of_it() {
        assert_eq!(
            request(&asked("rm -rf build"), Extent::Short, 120_000),
            "approval:a1, 2 min ago, expires in 28 min
  Severity  HIGH
  Asks to   Run a command
  Command   rm -rf build
  Folder    /work
  Program   /usr/bin/rm
  Runs on   gateway
  Agent     main
  Session   agent:main:a
  Warning   it deletes files
  Answers   allow, deny"
        );
    }

    #[test]
    fn a_long_command_is_shortened_in_a_list_and_whole_when_it_is_shown() {
        let command = format!("echo {}\nrm\u{202e} -rf ~", "x".repeat(100_000));
        let short = request(&asked(&command), Extent::Short, 0);
        assert!(short.contains("… (99855 more characters)") && short.len() < 1_000, "{short}");
        let whole = request(&asked(&command), Extent::Whole, 0);
        assert!(whole.contains("x⏎\n  │ rm‹U+202E› -rf ~\n"), "its end is missing");
        assert!(whole.contains(&"x".repeat(100_000)));
        assert!(whole.contains("deny: It does not happen"));
    }

    #[test]
    fn an_answer_that_is_on_its_way_is_not_asked_for_again() {
        let mut pending = asked("ls");
        pending.deciding = Some(Verdict::Deny);
        let shown = request(&pending, Extent::Short, 0);
        assert!(shown.contains("Deciding  deny: waiting") && !shown.contains("Answers"), "{shown}");
    }

    #[test]
    fn what_allowing_always_leaves_behind_hides_nothing() {
        let mut pending = asked("ls");
        if let Subject::Approval(approval) = &mut pending.subject {
            approval.grant = Some("only in /tmp\u{1b}[2K\n/\u{202e}x.".to_owned());
        }
        let shown = request(&pending, Extent::Short, 0);
        assert!(shown.contains("\n  Always    Only in /tmp␛[2K⏎/‹U+202E›x."), "{shown}");
    }

    #[test]
    fn a_node_is_shown_with_commands_abilities_and_permissions() {
        let texts = |text: &str| vec![Foreign { text: text.to_owned(), missing: 0 }];
        let node = NodeRequest {
            device: "9b1c".to_owned(),
            name: None,
            platform: None,
            capabilities: texts("camera"),
            commands: texts("camera.snap"),
            permissions: texts("screen\u{200b}"),
            unlisted: 2,
            address: None,
            severity: Severity::High,
        };
        let pending = Pending { subject: Subject::Node(node), ..asked("") };
        let shown = request(&pending, Extent::Short, 0);
        assert!(
            shown.contains(
                "
  Commands  camera.snap
  Abilities camera
  Permitted screen‹U+200B›
            AND 2 MORE commands, abilities and permissions that are not listed"
            ),
            "{shown}"
        );
    }

    #[test]
    fn what_was_decided_says_by_whom() {
        let ended = PastRequest {
            key: "device:d1".to_owned(),
            slot: Slot(1),
            kind: RequestKind::Device,
            what: "Phone\u{1b}[2J".to_owned(),
            ended_at_ms: 0,
            outcome: Outcome::Denied { by: control::By::Elsewhere },
        };
        assert_eq!(
            past(&ended),
            "1970-01-01T00:00:00.000Z  was denied elsewhere\n  Key       device:d1\n  About     Phone␛[2J"
        );
    }
}
