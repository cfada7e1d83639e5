//! What of the pending questions outlives the process.

use journal::Table;
use openclaw::Approval;
use sap::SessionId;
use serde::{Deserialize, Serialize};

use super::super::ledger::Ledger;
use super::{Desk, Pending, Verdict};

/// A question, or a decision about one that is not known yet, as it is written down.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Shown<'a> {
    Pending {
        approval: &'a Approval,
        session: &'a SessionId,
        verdict: Option<Verdict>,
        ends_at_ms: u64,
    },
    Early(sap::Decision),
}

/// A question, or a decision about one that is not known yet, as it is read back.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApprovalRecord {
    /// The person was asked.
    Pending {
        /// The question.
        approval: Box<Approval>,
        /// Session that it belongs to.
        session: SessionId,
        /// What was decided here and the gateway had not confirmed.
        verdict: Option<Verdict>,
        /// When it ends: Unix time in milliseconds.
        ends_at_ms: u64,
    },
    /// The phone decided before the question was known.
    Early(sap::Decision),
}

impl Desk {
    /// Shows the ledger what must outlive the process, where it changed.
    pub(crate) fn keep(&mut self, ledger: &mut Ledger) {
        for id in std::mem::take(&mut self.changed) {
            if let Some(decision) = self.early.get(&id) {
                ledger.put(Table::Approvals, id, &Shown::Early(*decision));
            } else if let Some(pending) = self.pending.get(&id)
                && let Some(session) = &pending.session
            {
                let Pending { approval, verdict, ends_at_ms, .. } = pending;
                let (verdict, ends_at_ms) = (*verdict, *ends_at_ms);
                let shown = Shown::Pending { approval, session, verdict, ends_at_ms };
                ledger.put(Table::Approvals, id, &shown);
            } else {
                // Questions that the person was not asked come again with the gateway's list.
                ledger.remove(Table::Approvals, id);
            }
        }
    }

    /// Takes back what an earlier process left.
    pub(crate) fn take_back(&mut self, id: &str, record: ApprovalRecord) {
        self.note(id);
        match record {
            ApprovalRecord::Pending { approval, session, verdict, ends_at_ms } => {
                self.known += 1;
                let session = Some(session);
                let number = self.known;
                let pending = Pending { approval: *approval, session, verdict, ends_at_ms, number };
                self.pending.insert(id.to_owned(), pending);
            }
            ApprovalRecord::Early(decision) => {
                self.early.insert(id.to_owned(), decision);
            }
        }
    }
}
