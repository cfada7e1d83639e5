//! What the gateway found out about what is asked, and under which policy it asks, as sentence
//! fragments.

use openclaw::{Approval, ApprovalDetails, ApprovalKind, ApprovalScope};

use super::desk::DENY_BEFORE_EXPIRY_MS;

/// Says what is known about a question beyond the gateway's warnings.
pub(crate) fn analysis(approval: &Approval) -> Vec<String> {
    let Some(details) = &approval.details else { return Vec::new() };
    let mut fragments = Vec::new();
    if approval.kind == ApprovalKind::Exec {
        fragments.push(commands(details));
        fragments.push(environment(details));
        fragments.push(binding(approval, details));
    }
    fragments.push(details.scope.as_ref().and_then(reach));
    if approval.kind == ApprovalKind::Exec {
        fragments.push(details.ask.as_deref().map(asks_when));
        fragments.push(silence(approval, details));
    }
    fragments.into_iter().flatten().collect()
}

fn commands(details: &ApprovalDetails) -> Option<String> {
    let inside = match details.nested_commands {
        0 => String::new(),
        1 => ", and 1 more stands inside them".into(),
        count => format!(", and {count} more stand inside them"),
    };
    match (details.commands, details.nested_commands) {
        (None, _) => Some("OpenClaw could not take the command line apart".into()),
        (Some(0 | 1), 0) => None,
        (Some(count @ (0 | 1)), _) => Some(format!("the line has {count} command{inside}")),
        (Some(count), _) => Some(format!("the line has {count} commands{inside}")),
    }
}

fn environment(details: &ApprovalDetails) -> Option<String> {
    let names = details.environment.join(", ");
    match details.environment.len() {
        0 => None,
        1 => Some(format!("it sets the environment variable {names}")),
        _ => Some(format!("it sets the environment variables {names}")),
    }
}

/// A gateway binds what it runs itself without saying so; a node has to be told.
fn binding(approval: &Approval, details: &ApprovalDetails) -> Option<String> {
    match (approval.host.as_deref(), details.is_bound) {
        (Some("node"), true) => {
            Some("the node is bound to exactly this command line, folder and environment".into())
        }
        (Some("node"), false) => Some("the node is not bound to this command line".into()),
        (Some(_) | None, _) => None,
    }
}

fn reach(scope: &ApprovalScope) -> Option<String> {
    Some(match scope {
        ApprovalScope::StandingGrant { automation, .. } => {
            format!("it is asked by the automation “{automation}”")
        }
        ApprovalScope::Message { target, recipients, named, audience } => {
            let whom = if *recipients == 1 { "recipient" } else { "recipients" };
            let kind = audience.as_ref().map(|kind| format!("{kind} ")).unwrap_or_default();
            let names = match named.is_empty() {
                true => String::new(),
                false => format!(", among them {}", named.join(", ")),
            };
            format!("it sends to {recipients} {kind}{whom} through {target}{names}")
        }
        ApprovalScope::Payment { amount, currency, target } => {
            format!("it pays {amount} {currency} to {target}")
        }
        ApprovalScope::Post { target, is_public: true } => format!("it posts publicly to {target}"),
        ApprovalScope::Post { target, is_public: false } => {
            format!("it posts to {target}, not publicly")
        }
    })
}

fn asks_when(ask: &str) -> String {
    match ask {
        "always" => "the policy in force asks about every command".into(),
        "on-miss" => "the policy in force asks about what its allowlist does not cover".into(),
        "off" => "the policy in force asks about nothing, but this command takes a decision".into(),
        other => format!("the policy in force is “{other}”"),
    }
}

/// What the older generation does where nobody answers (`openclaw-facts.md`, H8).
fn silence(approval: &Approval, details: &ApprovalDetails) -> Option<String> {
    let runs = match (approval.security.as_deref(), details.ask.as_deref()) {
        (Some(_) | None, _) if details.is_newer => return None,
        (Some("full"), _) => "this version runs it when nobody answers",
        (Some("allowlist"), Some("always")) => {
            "this version runs what its allowlist covers when nobody answers"
        }
        (Some(_) | None, _) => return None,
    };
    let seconds = DENY_BEFORE_EXPIRY_MS / 1000;
    Some(format!("{runs}, so it is denied {seconds} s before it expires"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(kind: ApprovalKind, newer: bool, request: &Value) -> Vec<String> {
        let mut approval = json!({"id": "a", "createdAtMs": 1, "request": request});
        if newer {
            approval["approvalKind"] = "exec".into();
        }
        analysis(&openclaw::parse_approval(kind, &approval).unwrap())
    }

    #[test]
    fn the_older_gateway_is_said_to_run_what_nobody_answers() {
        let request = |security, ask| json!({"security": security, "ask": ask, "commandAnalysis": {"commandCount": 1}});
        let full = request("full", "always");
        assert_eq!(
            of(ApprovalKind::Exec, false, &full),
            [
                "the policy in force asks about every command",
                "this version runs it when nobody answers, so it is denied 15 s before it expires",
            ]
        );
        assert_eq!(of(ApprovalKind::Exec, true, &full).len(), 1, "the newer one denies it");
        let listed = of(ApprovalKind::Exec, false, &request("allowlist", "always"));
        assert!(listed[1].starts_with("this version runs what its allowlist covers"), "{listed:?}");
        assert_eq!(of(ApprovalKind::Exec, false, &request("allowlist", "on-miss")).len(), 1);
    }

    #[test]
    fn the_commands_of_a_line_are_counted_where_there_are_several() {
        let counted = |commands, nested| {
            let count = json!({"commandCount": commands, "nestedCommandCount": nested});
            of(ApprovalKind::Exec, true, &json!({"commandAnalysis": count}))
        };
        assert_eq!(counted(1, 0), [""; 0]);
        assert_eq!(counted(3, 0), ["the line has 3 commands"]);
        assert_eq!(counted(1, 1), ["the line has 1 command, and 1 more stands inside them"]);
        assert_eq!(counted(2, 2), ["the line has 2 commands, and 2 more stand inside them"]);
        let unknown = of(ApprovalKind::Exec, true, &json!({"commandAnalysis": null}));
        assert_eq!(unknown, ["OpenClaw could not take the command line apart"]);
    }

    #[test]
    fn what_is_set_for_a_command_and_whether_a_node_is_bound_is_said() {
        let request = json!({"host": "node", "envKeys": ["LD_PRELOAD"], "systemRunBinding": null,
            "commandAnalysis": {"commandCount": 1}});
        assert_eq!(
            of(ApprovalKind::Exec, true, &request),
            [
                "it sets the environment variable LD_PRELOAD",
                "the node is not bound to this command line",
            ]
        );
    }

    #[test]
    fn what_a_plugin_declares_to_reach_is_said() {
        for (scope, said) in [
            (
                json!({"kind": "message-send", "target": "email", "recipientCount": 3,
                    "recipients": ["a@example.com", "b@example.com"], "audience": "external"}),
                "it sends to 3 external recipients through email, among them a@example.com, b@example.com",
            ),
            (
                json!({"kind": "payment", "amount": "49.99", "currency": "EUR", "target": "Stripe"}),
                "it pays 49.99 EUR to Stripe",
            ),
            (
                json!({"kind": "external-post", "target": "github", "visibility": "public"}),
                "it posts publicly to github",
            ),
        ] {
            assert_eq!(of(ApprovalKind::Plugin, true, &json!({"scope": scope})), [said]);
        }
    }
}
