//! Approvals at the gateway.

use openclaw::{Approval, ApprovalKind, Decision, Event, Generation, Resolution, RunId};
use openclaw::{SessionKey, ToolCallId};
use serde_json::{Value, json};

use super::script::Tool;
use super::{Gateway, refused};
use crate::clock::{MINUTE, Millis, unix_ms};

/// How long an approval lives.
const LIFE: Millis = 30 * MINUTE;

/// One approval.
#[derive(Debug)]
pub(crate) struct Question {
    /// Its id.
    pub(crate) id: String,
    /// The session's key.
    pub(crate) session: String,
    /// The run that asks.
    pub(crate) run: String,
    /// The message that the run answers.
    pub(crate) about: Option<String>,
    /// The tool call that asks.
    pub(crate) tool: Tool,
    /// When it was asked.
    pub(crate) asked: Millis,
    /// When it expires.
    pub(crate) expires: Millis,
    /// Silence is consent (older generation).
    pub(crate) runs_unanswered: bool,
    /// It may be allowed for good.
    pub(crate) always: bool,
    /// How it stands.
    pub(crate) state: State,
}

/// How an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It waits.
    Pending,
    /// It was decided.
    Decided(Decision, By),
    /// Nobody decided; whether it ran all the same.
    Expired { ran: bool },
    /// The run that asked was stopped.
    Withdrawn,
    /// The gateway restarted.
    Gone,
}

/// Who decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The bridge.
    Bridge,
    /// Somebody else.
    Other,
}

impl Gateway {
    /// An agent asks.
    pub(crate) fn ask(
        &mut self,
        session: &str,
        run: &str,
        about: Option<String>,
        tool: &Tool,
    ) -> String {
        self.counter += 1;
        let id = format!("approval-{}", self.counter);
        let question = Question {
            id: id.clone(),
            session: session.to_owned(),
            run: run.to_owned(),
            about,
            tool: tool.clone(),
            asked: self.now,
            expires: self.now + LIFE,
            runs_unanswered: self.generation == Generation::Older && self.rng.bool(),
            always: self.rng.bool(),
            state: State::Pending,
        };
        self.tell(Event::ApprovalRequested(self.approval(&question)));
        self.questions.insert(id.clone(), question);
        id
    }

    fn approval(&self, question: &Question) -> Approval {
        let newer = self.generation == Generation::Newer;
        let security = if question.runs_unanswered { "full" } else { "allowlist" };
        Approval {
            id: question.id.clone(),
            kind: ApprovalKind::Exec,
            session_key: Some(SessionKey::new(question.session.as_str())),
            run_id: newer.then(|| RunId::new(question.run.as_str())),
            tool_call_id: newer.then(|| ToolCallId::new(question.tool.call.as_str())),
            command: Some(question.tool.command.clone()),
            cwd: None,
            host: Some("gateway".into()),
            title: None,
            description: None,
            severity: None,
            warnings: Vec::new(),
            security: Some(security.into()),
            details: None,
            allowed: offered(question),
            created_at_ms: unix_ms(question.asked),
            expires_at_ms: unix_ms(question.expires),
        }
    }

    /// Answers `exec.approval.list`.
    pub(crate) fn list(&self, kind: ApprovalKind) -> Value {
        let pending = self.questions.values().filter(|question| question.state == State::Pending);
        match kind {
            ApprovalKind::Plugin => json!([]),
            ApprovalKind::Exec => pending.map(|question| self.listed(question)).collect(),
        }
    }

    fn listed(&self, question: &Question) -> Value {
        let mut item = json!({"id": question.id, "createdAtMs": unix_ms(question.asked),
            "expiresAtMs": unix_ms(question.expires), "request": {
                "command": question.tool.command, "host": "gateway",
                "sessionKey": question.session, "allowedDecisions": offered(question)}});
        if self.generation == Generation::Newer {
            item["request"]["runId"] = question.run.as_str().into();
            item["request"]["toolCallId"] = question.tool.call.as_str().into();
        }
        item
    }

    /// Takes a decision.
    pub(crate) fn resolve(
        &mut self,
        id: &str,
        decision: Decision,
        by: By,
    ) -> Result<Value, openclaw::CallError> {
        let unknown = || refused("APPROVAL_NOT_FOUND", "unknown or expired approval id", false);
        let question = self.questions.get_mut(id).ok_or_else(unknown)?;
        match question.state {
            State::Pending => {}
            State::Decided(earlier, _) if earlier == decision => return Ok(json!({"ok": true})),
            State::Withdrawn if decision == Decision::Deny => return Ok(json!({"ok": true})),
            State::Decided(..) | State::Withdrawn => {
                return Err(refused(
                    "APPROVAL_ALREADY_RESOLVED",
                    "approval already resolved",
                    false,
                ));
            }
            State::Expired { .. } | State::Gone => return Err(unknown()),
        }
        if decision == Decision::AllowAlways && !question.always {
            let reason = "APPROVAL_ALLOW_ALWAYS_UNAVAILABLE";
            return Err(refused(reason, "allow-always is unavailable", false));
        }
        question.state = State::Decided(decision, by);
        let how = Resolution::Decided;
        let decision_told = Some(decision);
        self.tell(Event::ApprovalResolved { id: id.to_owned(), decision: decision_told, how });
        self.go_on(id, decision != Decision::Deny);
        Ok(json!({"ok": true}))
    }

    /// Somebody else decides, if there is still something to decide.
    pub(crate) fn settle_elsewhere(&mut self, id: &str, decision: Decision, now: Millis) {
        self.now = now;
        // Whoever comes too late is told so; that is none of the bridge's business.
        let _ = self.resolve(id, decision, By::Other);
    }

    /// Lets approvals expire.
    pub(crate) fn expire_questions(&mut self) {
        let now = self.now;
        let due =
            |question: &&Question| question.state == State::Pending && question.expires <= now;
        let due: Vec<String> = self.questions.values().filter(due).map(|q| q.id.clone()).collect();
        for id in due {
            let Some(question) = self.questions.get_mut(&id) else { continue };
            let ran = question.runs_unanswered;
            question.state = State::Expired { ran };
            if self.generation == Generation::Newer {
                let (decision, how) = (Some(Decision::Deny), Resolution::Expired);
                self.tell(Event::ApprovalResolved { id: id.clone(), decision, how });
            }
            self.go_on(&id, ran);
        }
    }

    /// The run that asked was stopped: the newer generation withdraws the question.
    pub(crate) fn withdraw(&mut self, run: &str) {
        let asked =
            |question: &&mut Question| question.run == run && question.state == State::Pending;
        let mut withdrawn = Vec::new();
        for question in self.questions.values_mut().filter(asked) {
            question.state = State::Withdrawn;
            withdrawn.push(question.id.clone());
        }
        for id in withdrawn {
            let (decision, how) = (Some(Decision::Deny), Resolution::Withdrawn);
            self.tell(Event::ApprovalResolved { id, decision, how });
        }
    }
}

fn offered(question: &Question) -> Vec<Decision> {
    let mut offered = vec![Decision::AllowOnce];
    offered.extend(question.always.then_some(Decision::AllowAlways));
    offered.push(Decision::Deny);
    offered
}
