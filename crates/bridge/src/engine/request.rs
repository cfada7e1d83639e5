//! How an agent's question is put to the person: the exact command, where, how risky, and what a
//! denial means.

use openclaw::{Approval, ApprovalKind, SessionKey};
use sap::{Action, ApprovalId, InteractionId, RequestApproval, SessionId, Severity, TaskId};

use super::analysis::analysis;
use super::desk::Pending;
use super::grant::grant;
use super::limits::{MAX_TEXT, cut};
use super::redact::Redactor;
use crate::PendingApproval;

/// Length of the short id that the gateway shows elsewhere (`exec.approval.*`, first eight digits).
const SLUG: usize = 8;

/// Builds the cloud's request for an approval.
pub(crate) fn request(
    approval: &Approval,
    session_id: SessionId,
    interaction_id: Option<InteractionId>,
    tool_call_id: Option<TaskId>,
    redactor: &Redactor,
) -> RequestApproval {
    let shown = |text: &str| cut(&redactor.own(text), MAX_TEXT);
    RequestApproval {
        session_id,
        interaction_id,
        approval_id: ApprovalId::new(approval.id.as_str()),
        approval_slug: slug(&approval.id),
        action: match approval.kind {
            ApprovalKind::Exec => Action::ShellExec,
            ApprovalKind::Plugin => Action::PluginInvoke,
        },
        tool_call_id,
        title: shown(&title(approval)),
        severity: severity(approval),
        command: approval.command.as_deref().map(shown),
        host: approval.host.as_deref().map(shown),
        message: shown(&message(approval)),
    }
}

/// Describes a question of one of our sessions for this computer's screen.
pub(crate) fn pending_approval(pending: &Pending, redactor: &Redactor) -> Option<PendingApproval> {
    let approval = &pending.approval;
    let shown = |text: &str| redactor.own(text);
    let details = approval.details.as_ref();
    Some(PendingApproval {
        id: approval.id.clone(),
        title: shown(&title(approval)),
        message: description(approval).map(shown),
        command: approval.command.as_deref().map(shown),
        binary: details.and_then(|details| details.binary.as_deref()).map(shown),
        cwd: approval.cwd.as_deref().map(shown),
        host: approval.host.as_deref().map(shown),
        agent: agent(approval).map(shown),
        session: pending.session.clone()?,
        session_key: approval.session_key.as_ref().map(|key| shown(key.as_str())),
        warnings: approval.warnings.iter().map(|warning| shown(warning)).collect(),
        analysis: analysis(approval).iter().map(|fragment| shown(fragment)).collect(),
        grant: grant(approval).as_deref().map(shown),
        severity: severity(approval),
        offers: approval.allowed.clone(),
        created_at_ms: approval.created_at_ms,
        expires_at_ms: pending.ends_at_ms,
        deciding: pending.verdict.map(|verdict| verdict.decision),
    })
}

fn slug(id: &str) -> Option<String> {
    let id = id.strip_prefix("plugin:").unwrap_or(id);
    id.is_char_boundary(SLUG).then(|| id.get(..SLUG).map(ToOwned::to_owned)).flatten()
}

pub(crate) fn title(approval: &Approval) -> String {
    match (approval.kind, approval.title.as_deref().map(str::trim)) {
        (_, Some(title)) if !title.is_empty() => title.to_owned(),
        (ApprovalKind::Exec, _) => "Run a command".into(),
        (ApprovalKind::Plugin, _) => "Let a plugin act".into(),
    }
}

/// Names the agent that asks: what the gateway says, as its rules go by that, else that of the
/// session.
pub(crate) fn agent(approval: &Approval) -> Option<&str> {
    let of_session = approval.session_key.as_ref().and_then(SessionKey::agent);
    let details = approval.details.as_ref();
    details.and_then(|details| details.agent.as_deref()).or(of_session)
}

/// How much is at stake: what a plugin says, else whether the gateway warns.
pub(crate) fn severity(approval: &Approval) -> Severity {
    match approval.severity.as_deref() {
        Some("critical") => Severity::Critical,
        Some("high" | "danger" | "error") => Severity::High,
        Some("low" | "info") => Severity::Low,
        Some(_) | None if approval.warnings.is_empty() => Severity::Medium,
        Some(_) | None => Severity::High,
    }
}

fn description(approval: &Approval) -> Option<&str> {
    approval.description.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn message(approval: &Approval) -> String {
    let mut sentences = Vec::new();
    sentences.extend(description(approval).map(ToOwned::to_owned));
    if approval.kind == ApprovalKind::Exec {
        let place = match approval.host.as_deref() {
            Some("gateway") | None => "the computer that runs OpenClaw".to_owned(),
            Some(host) => host.to_owned(),
        };
        sentences.push(match &approval.cwd {
            Some(cwd) => format!("The agent wants to run this command on {place}, in {cwd}."),
            None => format!("The agent wants to run this command on {place}."),
        });
    }
    for warning in &approval.warnings {
        sentences.push(format!("OpenClaw warns: {warning}"));
    }
    sentences.push(match approval.kind {
        ApprovalKind::Exec => {
            "If you deny, the command does not run and the agent is told so.".into()
        }
        ApprovalKind::Plugin => "If you deny, nothing is done and the agent is told so.".into(),
    });
    sentences.join("\n")
}
