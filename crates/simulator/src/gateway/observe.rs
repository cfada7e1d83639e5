//! What happened at a gateway, for those who test against it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::approvals::{Approval, Kind};
use super::sessions::{Row, RowBody};
use super::wire::Credential;
use super::{ConnectRefusal, Gateway};

/// Beginning of the ids of runs that go on after an approval of the older generation.
const FOLLOW_UP: &str = "exec-approval-followup:";

/// One attempt to connect.
#[derive(Clone, Debug)]
pub struct RecordedConnect {
    /// Its `client` object.
    pub client: Value,
    /// Scopes that it asked for.
    pub scopes: Vec<String>,
    /// Capabilities that it claimed.
    pub caps: Vec<String>,
    /// Device that it came from, if it named one.
    pub device_id: Option<String>,
    /// How it was let in, or why not; absent when its parameters were no parameters.
    pub outcome: Option<Result<Credential, ConnectRefusal>>,
    /// When it came.
    pub at: Instant,
}

/// One call, in the order of arrival.
#[derive(Clone, Debug)]
pub struct RecordedCall {
    /// Number of the connection it came on; a later connection has a higher one.
    pub connection: u64,
    /// Method.
    pub method: String,
    /// Parameters as they were sent.
    pub params: Value,
    /// When it came.
    pub at: Instant,
}

/// One run.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// Its id.
    pub run_id: String,
    /// Canonical key of its session.
    pub session_key: String,
    /// The message that it answers.
    pub message: String,
    /// How it ended.
    pub outcome: RunOutcome,
    /// When it was started.
    pub started_at: Instant,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// Not yet.
    Running,
    /// With a `final`.
    Final,
    /// With an `error`.
    Failed,
    /// With an `aborted`.
    Aborted,
    /// Without a word, because the gateway was killed.
    Lost,
}

/// An approval that waits for a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingApproval {
    /// Its id.
    pub id: String,
    /// Canonical key of the session whose agent asks.
    pub session_key: String,
    /// The command; absent when a plugin asks.
    pub command: Option<String>,
}

/// A client that is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// Its number; a later connection has a higher one.
    pub connection: u64,
    /// Device that it came from, if it named one.
    pub device_id: Option<String>,
    /// Scopes that it has.
    pub scopes: Vec<String>,
    /// How it proved that it may connect.
    pub credential: Credential,
}

/// A decision about a request of a device, a node or a sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessDecision {
    /// Request that was decided.
    pub request_id: String,
    /// It was allowed; else it was denied.
    pub allowed: bool,
    /// Number of the connection that decided; none: another surface.
    pub connection: Option<u64>,
}

/// What happened since the gateway was started.
#[derive(Default)]
pub(super) struct Record {
    pub(super) connects: Vec<RecordedConnect>,
    pub(super) calls: Vec<RecordedCall>,
    pub(super) runs: Vec<RunRecord>,
    pub(super) restarts: Vec<Instant>,
    pub(super) access_decisions: Vec<AccessDecision>,
    violations: Vec<String>,
}

impl Record {
    pub(super) fn violate(&mut self, what: String) {
        tracing::debug!(what, "a client broke the rules");
        self.violations.push(what);
    }

    pub(super) fn ended(&mut self, run: &str, outcome: RunOutcome) {
        let running =
            |record: &&mut RunRecord| record.run_id == run && record.outcome == RunOutcome::Running;
        if let Some(record) = self.runs.iter_mut().rev().find(running) {
            record.outcome = outcome;
        }
    }

    pub(super) fn lost(&mut self, run: &str) {
        self.ended(run, RunOutcome::Lost);
    }
}

impl Gateway {
    /// Lists the attempts to connect, in order.
    pub fn connects(&self) -> Vec<RecordedConnect> {
        self.house.look(|state| state.record.connects.clone())
    }

    /// Lists the calls, in order, without `connect`.
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.house.look(|state| state.record.calls.clone())
    }

    /// Lists the calls of one method, in order.
    pub fn calls_of(&self, method: &str) -> Vec<RecordedCall> {
        self.calls().into_iter().filter(|call| call.method == method).collect()
    }

    /// Finds the latest call of one method.
    pub fn last_call_of(&self, method: &str) -> Option<RecordedCall> {
        self.house.look(|state| {
            state.record.calls.iter().rev().find(|call| call.method == method).cloned()
        })
    }

    /// Lists the runs, in the order of their start.
    pub fn runs(&self) -> Vec<RunRecord> {
        self.house.look(|state| state.record.runs.clone())
    }

    /// Lists when the gateway was started again.
    pub fn restarts(&self) -> Vec<Instant> {
        self.house.look(|state| state.record.restarts.clone())
    }

    /// Lists what the agent said to a message, part by part, for each time that it heard it: also
    /// when the gateway repeated the message after a restart. What a run of the older generation
    /// heard and said is told when the run has ended.
    pub fn answers_to(&self, session_key: &str, message: &str) -> Vec<Vec<String>> {
        self.house.look(|state| {
            let rows = state.sessions.get(session_key).map_or(&[][..], |session| &session.rows);
            let hears = |row: &Row| match &row.body {
                RowBody::User { text, .. } => text.ends_with(message),
                RowBody::Assistant { .. }
                | RowBody::Partial { .. }
                | RowBody::Failure { .. }
                | RowBody::ToolResult { .. } => false,
            };
            let heard = rows.iter().enumerate().filter(|(_, row)| hears(row));
            heard.map(|(at, _)| rows[at + 1..].iter().map_while(said).flatten().collect()).collect()
        })
    }

    /// Lists what clients did against the rules: unknown fields, session keys in other forms than
    /// the canonical one, an `Origin` header, a flawed device proof, frames that are none.
    pub fn violations(&self) -> Vec<String> {
        self.house.look(|state| state.record.violations.clone())
    }

    /// Lists the approvals that wait for a decision.
    pub fn pending_approvals(&self) -> Vec<PendingApproval> {
        self.house.look(|state| {
            let pending = state.approvals.iter().filter(|(_, a)| a.verdict.is_none());
            pending.map(|(id, approval)| pending_approval(id, approval)).collect()
        })
    }

    /// Lists the decisions about requests of devices, nodes and senders, in order.
    pub fn access_decisions(&self) -> Vec<AccessDecision> {
        self.house.look(|state| state.record.access_decisions.clone())
    }

    /// Lists the clients that are connected.
    pub fn connected(&self) -> Vec<Connected> {
        self.house.look(|state| {
            let connections = state.wire.connections.iter();
            connections
                .map(|(number, connection)| Connected {
                    connection: *number,
                    device_id: connection.device_id.clone(),
                    scopes: connection.scopes.clone(),
                    credential: connection.credential,
                })
                .collect()
        })
    }

    /// Counts the clients that are connected.
    pub fn connections(&self) -> usize {
        self.house.look(|state| state.wire.connections.len())
    }

    /// Waits until a look at the gateway gives something; gives nothing when the deadline passes
    /// first.
    pub async fn wait_for<T>(
        &self,
        deadline: Duration,
        look: impl Fn(&Self) -> Option<T>,
    ) -> Option<T> {
        let found = self.house.until(|| look(self));
        tokio::time::timeout(deadline, found).await.ok()
    }
}

/// What a row says in answer to the message before it; none where the next message begins.
fn said(row: &Row) -> Option<Option<String>> {
    match &row.body {
        // What follows an approval is told to the agent in a row of its own, without a key.
        RowBody::User { key, .. } => {
            (key.is_none() && row.run_id.starts_with(FOLLOW_UP)).then_some(None)
        }
        RowBody::Assistant { text, .. } | RowBody::Partial { text, .. } => Some(Some(text.clone())),
        RowBody::Failure { told, .. } => Some(Some(told.clone())),
        RowBody::ToolResult { .. } => Some(None),
    }
}

fn pending_approval(id: &str, approval: &Approval) -> PendingApproval {
    PendingApproval {
        id: id.to_owned(),
        session_key: approval.session_key.clone(),
        command: (approval.kind == Kind::Exec).then(|| approval.command.clone()),
    }
}
