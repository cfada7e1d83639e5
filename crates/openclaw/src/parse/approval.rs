//! Questions of agents to their owner.

use serde_json::Value;

use super::approval_details::details;
use super::text::{borrowed, filled};
use super::{Malformed, value};
use crate::{Approval, ApprovalKind, Decision, Event, Resolution, RunId, SessionKey, ToolCallId};

/// How long a gateway waits for a decision, in milliseconds; for a request without its times.
const LIFETIME_MS: u64 = 30 * 60 * 1000;
/// Whom a gateway names when the run that asked was stopped.
const SCOPE_CLOSED: &str = "approval-scope-closed";

/// Reads an approval: the payload of `*.approval.requested`, or one item of `*.approval.list`.
///
/// None when it has no id, or says nothing about its time.
pub fn parse_approval(kind: ApprovalKind, approval: &Value) -> Option<Approval> {
    let request = approval.get("request").unwrap_or(&Value::Null);
    let time = |name| approval.get(name).and_then(Value::as_u64);
    let (created_at_ms, expires_at_ms) = match (time("createdAtMs"), time("expiresAtMs")) {
        (Some(created), Some(expires)) => (created, expires),
        (Some(created), None) => (created, created.saturating_add(LIFETIME_MS)),
        (None, Some(expires)) => (expires.saturating_sub(LIFETIME_MS), expires),
        (None, None) => return None,
    };
    Some(Approval {
        id: filled(approval, "id")?,
        kind,
        session_key: filled(request, "sessionKey").map(SessionKey::new),
        run_id: filled(request, "runId").map(RunId::new),
        tool_call_id: filled(request, "toolCallId").map(ToolCallId::new),
        command: filled(request, "command"),
        cwd: filled(request, "cwd"),
        host: filled(request, "host"),
        title: filled(request, "title"),
        description: filled(request, "description"),
        severity: filled(request, "severity"),
        warnings: warnings(request),
        security: filled(request, "security"),
        details: Some(Box::new(details(approval))),
        allowed: allowed(request),
        created_at_ms,
        expires_at_ms,
    })
}

pub(super) fn read_exec(payload: &str) -> Result<Event, Malformed> {
    read_requested(ApprovalKind::Exec, payload)
}

pub(super) fn read_plugin(payload: &str) -> Result<Event, Malformed> {
    read_requested(ApprovalKind::Plugin, payload)
}

pub(super) fn read_resolved(payload: &str) -> Result<Event, Malformed> {
    let payload = value(payload)?;
    let decision = borrowed(&payload, "decision").and_then(decision);
    let how = match (borrowed(&payload, "resolvedBy"), decision) {
        (Some(SCOPE_CLOSED), _) => Resolution::Withdrawn,
        (None, Some(Decision::Deny) | None) => Resolution::Expired,
        (Some(_), _) | (None, Some(Decision::AllowOnce | Decision::AllowAlways)) => {
            Resolution::Decided
        }
    };
    Ok(Event::ApprovalResolved { id: filled(&payload, "id").ok_or(Malformed)?, decision, how })
}

fn read_requested(kind: ApprovalKind, payload: &str) -> Result<Event, Malformed> {
    parse_approval(kind, &value(payload)?).map(Event::ApprovalRequested).ok_or(Malformed)
}

fn warnings(request: &Value) -> Vec<String> {
    let listed = |pointer| {
        request.pointer(pointer).and_then(Value::as_array).into_iter().flatten().filter_map(
            |line| line.as_str().filter(|line| !line.trim().is_empty()).map(ToOwned::to_owned),
        )
    };
    let mut warnings: Vec<String> = Vec::new();
    let said = filled(request, "warningText").into_iter();
    for warning in said.chain(listed("/commandAnalysis/warningLines")) {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    // Most lines name their kind of risk already.
    for kind in listed("/commandAnalysis/riskKinds") {
        if !warnings.iter().any(|warning| warning.contains(&kind)) {
            warnings.push(kind);
        }
    }
    warnings
}

/// Offers what the gateway offers. Refusing is always possible, so an offer of which we know
/// nothing still leaves that.
fn allowed(request: &Value) -> Vec<Decision> {
    let Some(offered) = request.get("allowedDecisions").and_then(Value::as_array) else {
        return vec![Decision::AllowOnce, Decision::Deny];
    };
    let mut allowed: Vec<Decision> =
        offered.iter().filter_map(|word| decision(word.as_str()?)).collect();
    if allowed.is_empty() {
        allowed.push(Decision::Deny);
    }
    allowed
}

fn decision(word: &str) -> Option<Decision> {
    match word {
        "allow-once" => Some(Decision::AllowOnce),
        "allow-always" => Some(Decision::AllowAlways),
        "deny" => Some(Decision::Deny),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_plugins_question_is_read_with_its_words() {
        let approval = parse_approval(
            ApprovalKind::Plugin,
            &json!({"id": "plugin:50fa5088", "createdAtMs": 10, "expiresAtMs": 20, "request": {
                "pluginId": null, "title": "Plugin asks", "description": "May I?",
                "severity": "warning", "toolName": null, "toolCallId": null, "sessionKey": null,
            }}),
        )
        .unwrap();
        assert_eq!(approval.title.as_deref(), Some("Plugin asks"));
        assert_eq!(approval.severity.as_deref(), Some("warning"));
        assert_eq!((approval.session_key, approval.tool_call_id), (None, None));
        assert_eq!(approval.allowed, [Decision::AllowOnce, Decision::Deny]);
    }

    #[test]
    fn decisions_of_the_future_are_not_offered_but_refusing_always_is() {
        let allowed = |offered: Value| {
            let approval = json!({"id": "a", "createdAtMs": 1, "expiresAtMs": 2,
                "request": {"allowedDecisions": offered}});
            parse_approval(ApprovalKind::Exec, &approval).unwrap().allowed
        };
        assert_eq!(
            allowed(json!(["allow-week", "allow-always", 7, "deny"])),
            [Decision::AllowAlways, Decision::Deny]
        );
        assert_eq!(allowed(json!(["allow-week"])), [Decision::Deny]);
        assert_eq!(allowed(json!(null)), [Decision::AllowOnce, Decision::Deny]);
    }

    #[test]
    fn every_warning_is_told_once() {
        let approval = json!({"id": "a", "createdAtMs": 1, "expiresAtMs": 2, "request": {
            "warningText": "careful",
            "commandAnalysis": {
                "warningLines": ["careful", " ", "Contains inline-eval: python3 -c"],
                "riskKinds": ["inline-eval", "shell"],
            },
        }});
        let warnings = parse_approval(ApprovalKind::Exec, &approval).unwrap().warnings;
        assert_eq!(warnings, ["careful", "Contains inline-eval: python3 -c", "shell"]);
    }

    #[test]
    fn a_missing_time_follows_from_the_other() {
        let times = |approval: Value| {
            parse_approval(ApprovalKind::Exec, &approval)
                .map(|approval| (approval.created_at_ms, approval.expires_at_ms))
        };
        assert_eq!(times(json!({"id": "a", "createdAtMs": 1000})), Some((1000, 1_801_000)));
        assert_eq!(times(json!({"id": "a", "expiresAtMs": 1_801_000})), Some((1000, 1_801_000)));
        assert_eq!(times(json!({"id": "a"})), None);
        assert_eq!(times(json!({"createdAtMs": 1, "expiresAtMs": 2})), None);
    }

    #[test]
    fn who_resolved_an_approval_tells_how_it_ended() {
        let how = |decision: &str, by: Value| {
            let payload = json!({"id": "a", "decision": decision, "resolvedBy": by, "ts": 1});
            match read_resolved(&payload.to_string()) {
                Ok(Event::ApprovalResolved { how, .. }) => how,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(how("deny", json!("Desk one")), Resolution::Decided);
        assert_eq!(how("allow-once", json!(null)), Resolution::Decided);
        assert_eq!(how("deny", json!(null)), Resolution::Expired);
        assert_eq!(how("deny", json!("approval-scope-closed")), Resolution::Withdrawn);
    }
}
