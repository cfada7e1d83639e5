//! What a gateway knows about a question of an agent beyond what is asked.

use serde_json::Value;

use super::text::{borrowed, filled};
use crate::{ApprovalDetails, ApprovalScope};

/// Reads the details of an approval: the payload of `*.approval.requested`, or one item of
/// `*.approval.list`. What is strange is left out.
pub(super) fn details(approval: &Value) -> ApprovalDetails {
    let request = approval.get("request").unwrap_or(&Value::Null);
    let count = |name: &str| request.get("commandAnalysis")?.get(name)?.as_u64();
    ApprovalDetails {
        is_newer: approval.get("approvalKind").is_some(),
        agent: filled(request, "agentId"),
        plugin: filled(request, "pluginId"),
        binary: filled(request, "resolvedPath"),
        ask: filled(request, "ask"),
        commands: count("commandCount"),
        nested_commands: count("nestedCommandCount").unwrap_or(0),
        environment: texts(request, "envKeys"),
        is_bound: request.get("systemRunBinding").is_some_and(Value::is_object),
        scope: request.get("scope").and_then(scope),
    }
}

fn scope(scope: &Value) -> Option<ApprovalScope> {
    let target = || filled(scope, "target");
    Some(match borrowed(scope, "kind")? {
        "standing-grant" => ApprovalScope::StandingGrant {
            automation: filled(scope, "automation")?,
            days: scope.get("expiresInDays").and_then(Value::as_u64),
        },
        "message-send" => ApprovalScope::Message {
            target: target()?,
            recipients: scope.get("recipientCount").and_then(Value::as_u64)?,
            named: texts(scope, "recipients"),
            audience: filled(scope, "audience"),
        },
        "payment" => ApprovalScope::Payment {
            amount: filled(scope, "amount")?,
            currency: filled(scope, "currency")?,
            target: target()?,
        },
        "external-post" => ApprovalScope::Post {
            target: target()?,
            is_public: borrowed(scope, "visibility") == Some("public"),
        },
        _ => return None,
    })
}

fn texts(object: &Value, name: &str) -> Vec<String> {
    let items = object.get(name).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(ToOwned::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::any_json::any_json;

    #[test]
    fn a_request_of_the_older_generation_tells_program_policy_and_commands() {
        let details = details(&json!({"id": "a", "request": {
            "agentId": "main", "ask": "on-miss", "command": "echo a; ls /",
            "commandAnalysis": {"commandCount": 2, "nestedCommandCount": 0, "riskKinds": [],
                "warningLines": []},
            "resolvedPath": "/usr/bin/echo", "systemRunBinding": null,
        }}));
        let expected = ApprovalDetails {
            agent: Some("main".into()),
            binary: Some("/usr/bin/echo".into()),
            ask: Some("on-miss".into()),
            commands: Some(2),
            ..ApprovalDetails::default()
        };
        assert_eq!(details, expected);
    }

    #[test]
    fn a_request_for_a_node_tells_that_it_is_bound_and_what_is_set() {
        let details = details(&json!({"approvalKind": "exec", "request": {
            "host": "node", "commandAnalysis": null, "envKeys": ["LANG", 7, "LD_PRELOAD"],
            "systemRunBinding": {"argv": ["ls"]},
        }}));
        assert!(details.is_newer && details.is_bound);
        assert_eq!((details.commands, details.environment.len()), (None, 2));
    }

    #[test]
    fn what_a_decision_reaches_is_read_in_each_form() {
        for (given, expected) in [
            (
                json!({"kind": "standing-grant", "automation": "lab", "command": "ls"}),
                Some(ApprovalScope::StandingGrant { automation: "lab".into(), days: None }),
            ),
            (
                json!({"kind": "standing-grant", "automation": "lab", "expiresInDays": 30}),
                Some(ApprovalScope::StandingGrant { automation: "lab".into(), days: Some(30) }),
            ),
            (
                json!({"kind": "message-send", "target": "email", "recipientCount": 3,
                    "recipients": ["alice@example.com"], "audience": "external"}),
                Some(ApprovalScope::Message {
                    target: "email".into(),
                    recipients: 3,
                    named: vec!["alice@example.com".into()],
                    audience: Some("external".into()),
                }),
            ),
            (
                json!({"kind": "payment", "amount": "49.99", "currency": "EUR", "target": "Stripe"}),
                Some(ApprovalScope::Payment {
                    amount: "49.99".into(),
                    currency: "EUR".into(),
                    target: "Stripe".into(),
                }),
            ),
            (
                json!({"kind": "external-post", "target": "github", "visibility": "public"}),
                Some(ApprovalScope::Post { target: "github".into(), is_public: true }),
            ),
            (json!({"kind": "payment", "amount": 49.99}), None),
            (json!({"kind": "novelty"}), None),
            (json!(null), None),
        ] {
            assert_eq!(scope(&given), expected, "{given}");
        }
    }

    proptest! {
        #[test]
        fn strange_details_never_stand_in_the_way_of_a_request(
            names in prop::collection::vec(prop::sample::select(vec!["agentId", "pluginId",
                "resolvedPath", "ask", "commandAnalysis", "envKeys", "systemRunBinding", "scope"]), 0..8),
            value in any_json(),
        ) {
            let strange = |name: &str| (name.to_owned(), value.clone());
            let request: serde_json::Map<String, Value> =
                names.iter().map(|name| strange(name)).collect();
            let approval = json!({"id": "a", "createdAtMs": 1, "request": request});
            let read = crate::parse_approval(crate::ApprovalKind::Exec, &approval);
            prop_assert!(read.is_some());
        }
    }
}
